"""The reward: points of the rubric that the answer's figures meet.

One file, standard library only: this text is what a hosted python grader runs. Neither function
raises, whatever it is handed; `grade` is in [0, 1].
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

_FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL | re.IGNORECASE)


def grade(sample: dict[str, Any], item: dict[str, Any]) -> float:
    """Points met over the sum of the positive points, clipped to [0, 1].

    A criterion is met when its figure is answered exactly once, as an integer within the
    tolerance. Criteria of a kind other than numeric are left out, points and all: a judge has to
    decide those.
    """
    got, positive = _points(sample, item, None)
    return float(min(Decimal(1), max(Decimal(0), got / positive))) if positive else 0.0


def explain(sample: dict[str, Any], item: dict[str, Any]) -> dict[str, float]:
    """The parts: for each group of the rubric the share of its points met, and `answered`, the
    share of the figures asked for that have exactly one readable value."""
    parts = {}
    for group in sorted({c["group"] for c in _criteria(item)}):
        got, positive = _points(sample, item, group)
        if positive:
            parts[group] = float(min(Decimal(1), max(Decimal(0), got / positive)))
    asked = {c["figure"] for c in _criteria(item)}
    answered = asked & set(values(sample))
    parts["answered"] = len(answered) / len(asked) if asked else 0.0
    return parts


def values(sample: object) -> dict[str, int]:
    """The answer's figures by name. One value per name: a name given twice has none, so that
    listing every number of the case under every name earns nothing."""
    answer = _answer(sample)
    listed = answer.get("figures") if isinstance(answer, dict) else None
    found: dict[str, int] = {}
    seen: set[str] = set()
    for figure in listed if isinstance(listed, list) else []:
        name = figure.get("name") if isinstance(figure, dict) else None
        if not isinstance(name, str):
            continue
        if name in seen:
            found.pop(name, None)
            continue
        seen.add(name)
        value = _integer(figure.get("value"))
        if value is not None:
            found[name] = value
    return found


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None


def _answer(sample: object) -> object:
    if not isinstance(sample, dict):
        return None
    answer: object = sample.get("output_json")
    text = sample.get("output_text")
    if answer is None and isinstance(text, str):
        fenced = _FENCE.fullmatch(text)
        try:
            answer = json.loads(fenced.group(1) if fenced else text)
        except (ValueError, RecursionError):
            return None
    return answer


def _criteria(item: object) -> list[dict[str, Any]]:
    """The readable numeric criteria of a row: group, figure, weight, expected, tolerance."""
    rubric = item.get("rubric") if isinstance(item, dict) else None
    found = []
    for line in rubric if isinstance(rubric, list) else []:
        if not isinstance(line, dict) or line.get("kind", "numeric") != "numeric":
            continue
        weight = _weight(line.get("weight"))
        expected, tolerance = _integer(line.get("expected")), _integer(line.get("tolerance", 0))
        figure, group = line.get("figure"), line.get("group", "rubric")
        if None in (weight, expected, tolerance) or not isinstance(figure, str):
            continue
        group = group if isinstance(group, str) else "rubric"
        criterion: dict[str, Any] = {"group": group, "figure": figure, "weight": weight}
        found.append({**criterion, "expected": expected, "tolerance": tolerance})
    return found


def _weight(weight: object) -> Decimal | None:
    if isinstance(weight, bool) or not isinstance(weight, str | int | float):
        return None
    try:
        parsed = Decimal(str(weight)[:20])
    except (InvalidOperation, ValueError):
        return None
    # Outside this range a quotient could overflow.
    return parsed if parsed.is_finite() and 1e-6 <= abs(parsed) <= 1000 else None


def _points(sample: object, item: object, group: str | None) -> tuple[Decimal, Decimal]:
    """Points met and positive points, of one group or of all."""
    answered = values(sample)
    got = positive = Decimal(0)
    for c in _criteria(item):
        if group not in (None, c["group"]):
            continue
        positive += max(Decimal(0), c["weight"])
        value = answered.get(c["figure"])
        if value is not None and abs(value - c["expected"]) <= c["tolerance"]:
            got += c["weight"]
    return got, positive
