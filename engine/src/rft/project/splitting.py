"""`Project.split_rows`: distribute rows over train, validation and test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rft.dataset.load import Row, load_split
from rft.dataset.partition import Member, Partition, partition
from rft.dataset.row_checks import MISSING, canonical, lookup
from rft.display import names
from rft.errors import CheckError, UserError
from rft.files import write_bytes
from rft.project.loader import split_path

if TYPE_CHECKING:
    from rft.project import Project

SHARES = (60.0, 20.0, 20.0)
NEAR = 0.7


@dataclass(frozen=True)
class SplitResult:
    """Where the rows went."""

    rows: dict[str, int]
    """Rows added to each split."""
    totals: dict[str, int]
    """Rows in each split now."""
    present: int
    """Rows that a split held before, by id; they stay where they are."""
    partition: Partition
    rare: list[str]
    """Labels that not every split has."""
    problems: list[str]
    """Rows that were left out, and why."""

    def __str__(self) -> str:
        return "\n".join([*self.problems, *self.lines()])

    def lines(self) -> list[str]:
        """The summary and what comes next, a line each."""
        added = ", ".join(f"{name} {count:,}" for name, count in self.rows.items())
        totals = ", ".join(f"{name} {count:,}" for name, count in self.totals.items())
        lines = [f"rows added: {added}; in all: {totals}; left out: {len(self.problems):,}"]
        if self.present:
            lines.append(f"{self.present:,} rows were in a split already and stay there")
        if families := self.partition.families:
            together = sum(map(len, families))
            lines.append(
                f"{together:,} rows have relations (the same group, or nearly the same prompt); "
                f"each of the {len(families):,} families is in one split, the largest has "
                f"{len(families[0]):,} rows"
            )
        lines += [
            f"related rows were in different splits before: {names(family)}; move them into one"
            for family in self.partition.straddling
        ]
        if self.rare:
            lines.append(
                f"labels too rare to be in every split: {names(self.rare)}; add rows that have them"
            )
        return [*lines, "next: rft check"]


def split_rows(
    project: Project,
    paths: Sequence[Path],
    shares: Sequence[float] = SHARES,
    *,
    seed: int = 0,
    near: float = NEAR,
    replace: bool = False,
) -> SplitResult:
    """Add the rows in `paths` to train, validation and test.

    `shares`: of the three splits, in any unit. Rows with the same group (GROUP_FIELD) or prompts
    alike by `near` (see `partition`) go to the same split, also to that of a row that is there
    already; labels are spread evenly. `replace`: the splits hold the rows in `paths` only. Rows
    that do not fit the schema, and repeated ids, are left out. Raises UserError for shares or
    paths that cannot be used and CheckError when no row can be.
    """
    from rft.project import SPLITS

    _check(paths, shares, near)
    problems: list[str] = []
    rows: dict[str, tuple[Row, str | None]] = {}
    if not replace:
        for name in SPLITS:
            path = split_path(project.settings, name)
            if path.exists() and path.stat().st_size:
                rows |= {row.id: (row, name) for row in project.rows(name)}
    before = dict.fromkeys(SPLITS, 0)
    for _, home in rows.values():
        before[str(home)] += 1
    present = 0
    for path in paths:
        split, findings = load_split(path.stem, path, project.task.item)
        faults = [f for f in findings if f.severity == "error" and f.code != "messages-missing"]
        problems += [f"left out: {fault}" for fault in faults]
        for row in split.rows:
            if row.id in rows:
                present += 1
            else:
                rows[row.id] = (row, None)
    if len(rows) == sum(before.values()) and not present:
        raise CheckError("\n".join([*problems, "no row can be used; correct them and try again."]))
    members = [_member(project, row, home) for row, home in rows.values()]
    target = dict(zip(SPLITS, (share / sum(shares) for share in shares), strict=True))
    result = partition(members, target, seed=seed, near=near)
    home_of = {item_id: home or result.split_of[item_id] for item_id, (_, home) in rows.items()}
    added = dict.fromkeys(SPLITS, 0)
    for name in result.split_of.values():
        added[name] += 1
    for name in SPLITS:
        if added[name] or replace:
            fresh = [row for row, home in rows.values() if home_of[row.id] == name != home]
            _write(project, name, fresh, replace=replace)
    totals = {name: before[name] + added[name] for name in SPLITS}
    rare = _rare(members, home_of, [name for name in SPLITS if target[name]])
    return SplitResult(added, totals, present, result, rare, problems)


def _check(paths: Sequence[Path], shares: Sequence[float], near: float) -> None:
    if len(shares) != 3 or min(shares) < 0 or sum(shares) <= 0:
        raise UserError(
            "--shares: give three numbers that are not negative, for train, validation and test, "
            "such as 60,20,20."
        )
    if not 0 < near <= 1:
        raise UserError(f"--near {near:g}: give a share above 0 and up to 1.")
    for path in paths:
        if not path.is_file():
            raise UserError(f"{path} does not exist; name a file of rows, or run rft import first.")


def _member(project: Project, row: Row, home: str | None) -> Member:
    task = project.task
    group = lookup(row.data, task.group_field) if task.group_field else None
    return Member(
        row.id,
        "\n".join(message["content"] for message in task.messages(row.item)),
        None if group in (None, MISSING) else canonical(group),
        frozenset(task.labels(row.item)) if task.labels else frozenset(),
        home,
    )


def _write(project: Project, split: str, rows: Sequence[Row], *, replace: bool) -> None:
    """Write the rows behind those of the split, whose bytes stay, or instead of them."""
    path = split_path(project.settings, split)
    before = path.read_bytes() if path.exists() and not replace else b""
    if before and not before.endswith(b"\n"):
        before += b"\n"
    lines = [
        json.dumps(
            row.data | {"messages": project.task.messages(row.item)}, ensure_ascii=False
        ).encode()
        + b"\n"
        for row in rows
    ]
    write_bytes(path, before + b"".join(lines))


def _rare(members: Sequence[Member], home_of: dict[str, str], splits: Sequence[str]) -> list[str]:
    def labels(split: str) -> Iterator[str]:
        for member in members:
            if home_of[member.id] == split:
                yield from member.labels

    sets: list[set[str]] = [set(labels(split)) for split in splits]
    return sorted(set().union(*sets) - sets[0].intersection(*sets))
