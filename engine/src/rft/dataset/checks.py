"""All checks on loaded splits: each row for itself, then the rows beside one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rft.dataset.load import Row, Split
from rft.dataset.row_checks import (
    MISSING,
    domain_problems,
    id_problems,
    leak_problems,
    lookup,
    message_problems,
    reference_problems,
)
from rft.dataset.split_checks import (
    length_findings,
    limit_findings,
    overlap_findings,
    skew_findings,
)
from rft.findings import Finding, Problem, in_order

_WARNINGS = {"odd-id", "stale-messages", "gold-in-prompt"}


def check_splits(
    splits: Sequence[Split],
    *,
    messages_fn: Callable[[Any], list[dict[str, str]]],
    labels_fn: Callable[[Any], list[str]] | None = None,
    check_item: Callable[[Any], list[str]] | None = None,
    group_field: str | None = None,
    grader_fields: set[str] | frozenset[str] = frozenset(),
    profile: str = "compatible",
    context_tokens: int | None = None,
    skew: float = 0.5,
) -> list[Finding]:
    """Every fault of the rows that could be loaded, by file and line.

    `splits` in the order train, validation, test: a row that stands in two of them is reported at
    its later place. `grader_fields` are the paths into the row that the grader reads
    (`reference_answer`, `dut.ports`). `profile` is the endpoint profile, for its row limits.
    `context_tokens` is what a prompt may take, None if unknown. `skew` is the largest share of
    rows that may have the same reference answer or label.
    """
    findings: list[Finding] = []
    for split in splits:
        absent = _absent_fields(split, {*grader_fields, *filter(None, [group_field])})
        findings += [_absent_field(field, group_field).at(split.file) for field in absent]
        for row in split.rows:
            for problem in _row_problems(
                row, messages_fn, check_item, set(grader_fields) - set(absent)
            ):
                findings.append(problem.at(split.file, row.line, warn=problem.code in _WARNINGS))
        findings += limit_findings(split, profile)
        findings += length_findings(split, context_tokens)
        findings += skew_findings(split, labels_fn, skew)
    findings += overlap_findings(splits, set(grader_fields), group_field)
    return in_order(findings)


def _row_problems(
    row: Row,
    messages_fn: Callable[[Any], list[dict[str, str]]],
    check_item: Callable[[Any], list[str]] | None,
    fields: set[str],
) -> Iterator[Problem]:
    yield from id_problems(row)
    yield from message_problems(row, messages_fn)
    yield from reference_problems(row, fields)
    yield from leak_problems(row)
    if check_item:
        yield from domain_problems(row, check_item)


def _absent_fields(split: Split, fields: set[str]) -> list[str]:
    """Fields that not a single row has: one fault of the file, not one of each row."""
    if len(split.rows) < 2:
        return []
    return [f for f in sorted(fields) if all(lookup(r.data, f) is MISSING for r in split.rows)]


def _absent_field(field: str, group_field: str | None) -> Problem:
    if field == group_field:
        message = "no row has this field, which GROUP_FIELD of the schema names"
        remedy = "add it to the rows, or correct GROUP_FIELD"
    else:
        message = "no row has this field, but the grader reads it"
        remedy = "add it to the rows, or correct the grader"
    return Problem("missing-reference", field, message, remedy)
