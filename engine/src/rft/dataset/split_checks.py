"""Checks that look at many rows: limits, lengths, skew, and rows that stand in two places."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

from rft.dataset.load import MAX_LINE_BYTES, Row, Split
from rft.dataset.partition import digest, plain
from rft.dataset.row_checks import MISSING, canonical, lookup, prompt_text, team_code_problem
from rft.findings import Finding, Problem, quoted, shorten

ROW_LIMITS: dict[str, dict[str, tuple[int, int]]] = {
    "openai": {"train": (1, 50_000), "validation": (1, 1_000)},
    "foundry": {"train": (1, 50_000), "validation": (1, 1_000)},
    "bedrock": {"train": (100, 20_000)},
}
"""Fewest and most rows a back end takes, from the vendors' guides to reinforcement fine-tuning.

OpenAI: developers.openai.com/api/docs/guides/reinforcement-fine-tuning. Foundry takes the same
files. Bedrock: docs.aws.amazon.com/bedrock/latest/userguide/rft-prepare-data-open-weight.html.
"""
FEW_ROWS = 20
MIN_ROWS_FOR_SHARES = 10
"""Below this a share says nothing: in 3 rows, one answer is easily two of them."""
CHARS_PER_TOKEN = 3.5
"""A rough figure for English with code and numbers; tokenisers differ."""
OUTLIER_FACTOR, OUTLIER_CHARS = 10, 8_000

Place = tuple[Split, Row]


def limit_findings(split: Split, profile: str) -> list[Finding]:
    """Row counts with which a back end refuses a job, and splits too small to say much: warnings.

    Lines that could not be read are counted too: they have findings of their own.
    """
    if not split.lines:
        return []  # reported by load
    low, high = ROW_LIMITS.get(profile, {}).get(split.name, (1, None))
    count = f"{split.lines:,} rows"
    if split.lines < low:
        message = f"{count}, but {profile} trains on {low:,} or more"
        return [Problem("too-few-rows", None, message, "add rows").at(split.file, warn=True)]
    if high and split.lines > high:
        message = f"{count}, but {profile} takes at most {high:,} for {split.name}"
        return [Problem("too-many-rows", None, message, "take a sample").at(split.file, warn=True)]
    if split.lines < FEW_ROWS:
        message = f"only {count}: chance decides what so few rows teach or measure"
        remedy = f"collect {FEW_ROWS} or more, better hundreds"
        return [Problem("few-rows", None, message, remedy).at(split.file, warn=True)]
    return []


def length_findings(split: Split, context_tokens: int | None) -> list[Finding]:
    """Prompts far longer than their like, and prompts that a model's context cannot hold."""
    sizes = {row.line: len(prompt_text(row)) for row in split.rows if row.size <= MAX_LINE_BYTES}
    if not sizes:
        return []
    middle = median(sizes.values())
    limit = max(OUTLIER_FACTOR * middle, OUTLIER_CHARS)
    findings = []
    for line, size in sizes.items():
        if size > limit:
            message = (
                f"the prompt has {size:,} characters, the median of the split is {middle:,.0f}"
            )
            remedy = "shorten it or leave the row out"
            findings.append(
                Problem("long-prompt", "messages", message, remedy).at(split.file, line, warn=True)
            )
    budget = (context_tokens or 0) * CHARS_PER_TOKEN
    over = [line for line, size in sizes.items() if budget < size <= limit]
    if context_tokens and over:
        longest = max(over, key=lambda line: sizes[line])
        message = (
            f"{len(over)} of {len(split.rows)} prompts may exceed {context_tokens:,} tokens, the "
            f"longest is on line {longest} (about {sizes[longest] / CHARS_PER_TOKEN:,.0f}; "
            f"estimated from {CHARS_PER_TOKEN} characters per token)"
        )
        problem = Problem("over-context", "messages", message, "shorten them or raise the context")
        findings.append(problem.at(split.file, warn=len(over) <= len(split.rows) / 10))
    return findings


def skew_findings(
    split: Split, labels_fn: Callable[[Any], list[str]] | None, limit: float
) -> list[Finding]:
    """Golds so alike that guessing pays: the same answer, or the same label, again and again."""
    total = len(split.rows)
    if total < MIN_ROWS_FOR_SHARES:
        return []
    golds = Counter(canonical(row.data.get("reference_answer")) for row in split.rows)
    gold, count = golds.most_common(1)[0]
    if gold != "null" and count == total:
        message = f"all {total} rows have the same reference answer {shorten(gold)}"
        remedy = "add rows with other answers: there is nothing to learn here"
        return [Problem("same-gold", "reference_answer", message, remedy).at(split.file)]
    remedy = "balance the rows, or let the grader pay less for it: guessing must not pay"
    if gold != "null" and count > limit * total:
        message = (
            f"{count} of {total} rows have the reference answer {shorten(gold)}: "
            f"giving it always would be right in {count / total:.0%}"
        )
        return [Problem("gold-skew", "reference_answer", message, remedy).at(split.file, warn=True)]
    if labels_fn is None:
        return []
    return _label_skew(split, labels_fn, limit, remedy)


def _label_skew(
    split: Split, labels_fn: Callable[[Any], list[str]], limit: float, remedy: str
) -> list[Finding]:
    label_sets: list[set[str]] = []
    for row in split.rows:
        if row.data.get("reference_answer") is None:
            continue
        try:
            label_sets.append(set(labels_fn(row.item)))
        except Exception as error:
            problem = team_code_problem("labels", error)
            return [problem.at(split.file, row.line)]  # it fails on many rows alike
    counts = Counter(label for labels in label_sets for label in labels)
    if not counts:
        return []
    label, count = min(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    if count <= limit * len(label_sets):
        return []
    # F1 of the answer {label} against gold set G is 2 / (1 + |G|) if the label is in G, else 0.
    score = sum(2 / (1 + len(g)) for g in label_sets if label in g) / len(label_sets)
    message = (
        f"{count} of {len(label_sets)} rows ({count / len(label_sets):.0%}) have the label "
        f"{quoted(label)}: answering only it, always, gives a mean F1 of {score:.2f}"
    )
    return [Problem("label-skew", "reference_answer", message, remedy).at(split.file, warn=True)]


def overlap_findings(
    splits: Sequence[Split], grader_fields: set[str], group_field: str | None
) -> list[Finding]:
    """Rows that stand in two places: copies, repeated prompts and ids, groups across splits.

    A pair of rows is reported once, for the worst that it has in common.
    """
    findings, done = _same_rows(splits, grader_fields)
    if group_field:
        findings += _shared_groups(splits, group_field, done)
    return findings + _near_copies(splits, done)


def _same_rows(
    splits: Sequence[Split], grader_fields: set[str]
) -> tuple[list[Finding], set[tuple[str, int]]]:
    findings: list[Finding] = []
    done: set[tuple[str, int]] = set()
    ids: dict[str, Place] = {}
    prompts: dict[bytes, Place] = {}
    golds = sorted((grader_fields | {"reference_answer"}) - {"id", "messages"})
    for split, row in _places(splits):
        text = prompt_text(row)
        namesake = ids.setdefault(row.id, (split, row))
        twin = prompts.setdefault(digest(text), (split, row)) if text else (split, row)
        problem = None
        if twin[1] is not row:
            problem, warn = _twin_problem(split, row, *twin, golds)
        elif row.id and namesake[1] is not row:
            message = f"{quoted(row.id)} is also the id of {_where(split, *namesake)}"
            remedy = "give every row an id of its own"
            problem, warn = Problem("duplicate-id", "id", message, remedy), False
        if problem:
            findings.append(problem.at(split.file, row.line, warn=warn))
            done.add((split.file, row.line))
    return findings, done


def _twin_problem(
    split: Split, row: Row, other_split: Split, other: Row, golds: list[str]
) -> tuple[Problem, bool]:
    """What is wrong with two rows of the same prompt, and whether it is a warning only."""
    where = _where(split, other_split, other)
    differ = [f for f in golds if _gold(row, f) != _gold(other, f)]
    if split is not other_split:
        message = f"the same prompt as {where}"
        message += ", with another reference answer" if differ else ""
        remedy = "keep the row in one split only"
        return Problem("split-overlap", "messages", message, remedy), False
    if differ:
        message = f"differs from {where}, which has the same prompt"
        remedy = "decide which is right, or put what tells the rows apart into the prompt"
        return Problem("conflicting-gold", differ[0], message, remedy), False
    if row.id == other.id:
        return Problem("duplicate-row", "id", f"a copy of {where}", "remove one of them"), False
    message = f"the same prompt as {where}"
    return Problem("repeated-prompt", "messages", message, "remove one of them"), True


def _shared_groups(
    splits: Sequence[Split], field: str, done: set[tuple[str, int]]
) -> list[Finding]:
    findings: list[Finding] = []
    first: dict[str, Place] = {}
    rows_of: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for split, row in _places(splits):
        value = lookup(row.data, field)
        if value is MISSING or value is None or (split.file, row.line) in done:
            continue
        group = canonical(value)
        if first.setdefault(group, (split, row))[0] is not split:
            rows_of[split.file, group].append(row)
            done.add((split.file, row.line))
    for (file, group), rows in rows_of.items():
        other, example = first[group]
        message = f"{quoted(lookup(rows[0].data, field))} is in {len(rows)} row(s) of this "
        message += f"split and in {other.name} too ({other.file}:{example.line})"
        problem = Problem("shared-group", field, message, "keep the whole group in one split")
        findings.append(problem.at(file, rows[0].line))
    return findings


def _near_copies(splits: Sequence[Split], done: set[tuple[str, int]]) -> list[Finding]:
    findings: list[Finding] = []
    first: dict[bytes, Place] = {}
    for split, row in _places(splits):
        text = prompt_text(row)
        if not text or (split.file, row.line) in done:
            continue
        twin_split, twin = first.setdefault(digest(plain(text)), (split, row))
        if twin_split is not split:
            message = f"but for case, spaces and digits the same prompt as {twin_split.file}"
            message += f":{twin.line}"
            problem = Problem("near-copy", "messages", message, "keep both in the same split")
            findings.append(problem.at(split.file, row.line, warn=True))
    return findings


def _places(splits: Sequence[Split]) -> Iterator[Place]:
    for split in splits:
        for row in split.rows:
            yield split, row


def _where(here: Split, split: Split, row: Row) -> str:
    return f"line {row.line}" if split is here else f"{split.file}:{row.line}"


def _gold(row: Row, field: str) -> str:
    """A field's value as text; the order within lists does not count."""
    return canonical(_sorted(lookup(row.data, field)))


def _sorted(value: Any) -> Any:
    if value is MISSING:
        return None
    if isinstance(value, dict):
        return {key: _sorted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((_sorted(inner) for inner in value), key=canonical)
    return value
