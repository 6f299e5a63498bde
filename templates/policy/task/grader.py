"""The reward of the criteria that code decides: figures, and what an answer says is missing.

One file, standard library only: this text is what a hosted python grader runs. No function raises,
whatever it is handed; `grade` is in [0, 1]. Judged criteria are left to the other grader.

A figure counts when it is answered once, as an integer (or a float without a fraction) or null.
Digits in quotes, fractions of a cent, booleans, NaN and a name given twice are not values: a reader
could not tell what was meant, and listing every number of a case would pay.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

_MOST_CODES = 50
FALSE_CLAIM = 0.1
"""What each fact costs that an answer calls missing although the case states it."""


def grade(sample: dict[str, Any], item: dict[str, Any]) -> float:
    """Reward in [0, 1]: the share of the rubric's points that are met, less 0.1 for each fact that
    is said to be missing and is stated."""
    share = _share(_criteria(item), verdicts(sample, item)) or 0.0
    return max(0.0, round(share - _penalty(sample, item), 12))


def explain(sample: dict[str, Any], item: dict[str, Any]) -> dict[str, float]:
    """The parts: for each group of the rubric the share of its points met, and `answered`, the
    share of the figures asked for that have exactly one readable value; and `false_claims`, what
    the facts cost that are said to be missing and are not."""
    criteria, met = _criteria(item), verdicts(sample, item)
    parts = {}
    for group in sorted({c["group"] for c in criteria}):
        share = _share([c for c in criteria if c["group"] == group], met)
        if share is not None:
            parts[group] = share
    asked = {c["figure"] for c in criteria if "figure" in c}
    answered = asked & set(values(sample))
    parts["answered"] = len(answered) / len(asked) if asked else 0.0
    parts["false_claims"] = _penalty(sample, item)
    return parts


def verdicts(sample: object, item: object) -> dict[str, bool]:
    """For each criterion that code decides, by its id, whether the answer meets it.

    A numeric one is met by a value within the tolerance, or by null where null is expected; a
    missing one by exactly the codes expected.
    """
    given, missing = values(sample), _codes(sample)
    met = {}
    for c in _criteria(item):
        if "figure" not in c:
            met[c["id"]] = missing == c["expected"]
        elif c["figure"] not in given:
            met[c["id"]] = False
        else:
            value, expected = given[c["figure"]], c["expected"]
            if value is None or expected is None:
                met[c["id"]] = value is expected
            else:
                met[c["id"]] = abs(value - expected) <= c["tolerance"]
    return met


def values(sample: object) -> dict[str, int | None]:
    """The answer's figures by name. A name given twice, or with an unreadable value, has none."""
    listed = (read_answer(sample) or {}).get("figures")
    figures: dict[str, int | None] = {}
    names: set[str] = set()
    for figure in listed if isinstance(listed, list) else []:
        name = figure.get("name") if isinstance(figure, dict) else None
        if not isinstance(name, str):
            continue
        if name in names:
            figures.pop(name, None)
            continue
        names.add(name)
        value = figure.get("value", "")
        if value is None or _integer(value) is not None:
            figures[name] = _integer(value)
    return figures


def _penalty(sample: object, item: object) -> float:
    """FALSE_CLAIM times the entries of `missing` that the case does not lack, at most 1.

    1 for a `missing` that is not a list, which claims no one knows what.
    """
    claimed = (read_answer(sample) or {}).get("missing")
    if claimed is None:
        return 0.0
    if not isinstance(claimed, list):
        return 1.0
    reference = item.get("reference_answer") if isinstance(item, dict) else None
    lacking = reference.get("missing") if isinstance(reference, dict) else None
    codes = (
        {code for code in lacking if isinstance(code, str)} if isinstance(lacking, list) else set()
    )
    for criterion in _criteria(item):
        codes |= set() if "figure" in criterion else criterion["expected"]
    stated = {json.dumps(code) for code in claimed[:1000]} - {json.dumps(code) for code in codes}
    return min(1.0, round(FALSE_CLAIM * len(stated), 12))


def _codes(sample: object) -> frozenset[str] | None:
    listed = (read_answer(sample) or {}).get("missing")
    if not isinstance(listed, list) or len(listed) > _MOST_CODES:
        return None
    return frozenset(listed) if all(isinstance(code, str) for code in listed) else None


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None


# --- Reading an answer: the same text in the grader of every use case ---------------------------

MAX_ANSWER_CHARS = 200_000
_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)", re.MULTILINE)
_TAG = re.compile(r'`*[ \t]*[^\s{]*(?:[ \t]*\{(?!\s*["}])[^{}\n]*\})?(?:[ \t]+[^\s{].*)?[ \t]*\n?')


def read_answer(sample: object) -> dict[str, Any] | None:
    """The JSON object that a sample answers with; None: the answer is unreadable.

    The object stands alone in the text, or in its only fenced block, with any tag, any line ends
    and any words around the block. No block, or two, with words around them: unreadable. Keys that
    were not asked for do no harm. sample["output_json"], if there is one, is the answer parsed.
    """
    if not isinstance(sample, dict):
        return None
    answer, text = sample.get("output_json"), sample.get("output_text")
    if answer is None and isinstance(text, str) and len(text) <= MAX_ANSWER_CHARS:
        answer = _parse_json(text)
        if answer is None:
            answer = _parse_json(fenced_block(text) or "")
    return answer if isinstance(answer, dict) else None


def fenced_block(text: str) -> str | None:
    """What stands in the only fenced block of a text; None if it has no block or several."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = _FENCE.split(text)
    if len(parts) < 3:  # a fence may stand within a line
        parts = text.split("```")
    return _TAG.sub("", parts[1], count=1) if len(parts) == 3 else None


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text.strip("\ufeff\u200b\u00a0 \t\r\n\f"))
    except (ValueError, RecursionError):
        return None


# --- End of the reading -------------------------------------------------------------------------


def _criteria(item: object) -> list[dict[str, Any]]:
    """The readable criteria of a row that code decides: id, group, weight, and what is expected."""
    rubric = item.get("rubric") if isinstance(item, dict) else None
    criteria = []
    for number, line in enumerate(rubric if isinstance(rubric, list) else []):
        if not isinstance(line, dict) or (weight := _weight(line.get("weight"))) is None:
            continue
        group, name = line.get("group"), line.get("id")
        criterion: dict[str, Any] = {"group": group if isinstance(group, str) else "rubric"}
        criterion |= {"id": name if isinstance(name, str) else f"#{number}", "weight": weight}
        expected = line.get("expected")
        if line.get("kind") == "missing":
            if isinstance(expected, list) and all(isinstance(code, str) for code in expected):
                criteria.append({**criterion, "expected": frozenset(expected)})
            continue
        figure, tolerance = line.get("figure"), _integer(line.get("tolerance", 0))
        if line.get("kind", "numeric") != "numeric" or not isinstance(figure, str):
            continue
        if tolerance is None or "expected" not in line:
            continue
        if expected is not None and _integer(expected) is None:
            continue
        criterion |= {"figure": figure, "expected": _integer(expected), "tolerance": tolerance}
        criteria.append(criterion)
    return criteria


def _weight(weight: object) -> Decimal | None:
    if isinstance(weight, bool) or not isinstance(weight, str | int | float):
        return None
    try:
        parsed = Decimal(str(weight)[:20])
    except (InvalidOperation, ValueError):
        return None
    # Outside this range a quotient could overflow.
    return parsed if parsed.is_finite() and 1e-6 <= abs(parsed) <= 1000 else None


def _share(criteria: list[dict[str, Any]], met: dict[str, bool]) -> float | None:
    """Points met over the positive points, in [0, 1]; None when there are no positive points."""
    got = sum((c["weight"] for c in criteria if met[c["id"]]), Decimal(0))
    positive = sum((c["weight"] for c in criteria if c["weight"] > 0), Decimal(0))
    return float(min(Decimal(1), max(Decimal(0), got / positive))) if positive else None
