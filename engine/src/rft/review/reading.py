"""Read a run's answers beside the reference answers, the ones that need an expert first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from rft.errors import UserError
from rft.records import Record, parse_answer
from rft.report import view
from rft.review.desk import Desk
from rft.review.pages import Visit, address, page, row_context, shown

PATH = "/read"
PAGE_ROWS = 50
HIGH, SHORT = 0.8, 0.6
"""An answer is suspicious from this reward on, if shorter than this share of the reference."""
ORDERS = {
    "worst": "worst first",
    "disputed": "answers differ most",
    "suspicious": "suspicious: high reward, short answer",
    "failed": "not graded",
    "all": "as in the data",
}


@dataclass(frozen=True)
class Read:
    """One row of a run, with what makes it worth reading."""

    view: view.Row
    suspicious: list[Record]
    """Answers with a high reward that are much shorter than the reference answer."""

    @property
    def failed(self) -> int:
        """Answers without a reward."""
        return sum(record.reward is None for record in self.view.records)


def show(visit: Visit) -> Response:
    """GET: the rows of a run in the chosen order, or one of them with all its answers."""
    desk = visit.desk
    names = [run.folder.name for run in desk.runs()]
    if not names:
        return page(visit, "read.html.j2", run=None, names=[])
    run = desk.run(visit.query("run"))
    order = visit.query("order") if visit.query("order") in ORDERS else "worst"
    every = _rows(desk, run.folder.name)
    chosen = _ordered(every, order)
    fixed = {"run": run.folder.name, "order": order}
    context: dict[str, Any] = {
        "names": names,
        "run": run.folder.name,
        "info": run.info,
        "order": order,
        "orders": ORDERS,
        "total": len(every),
        "count": len(chosen),
        "at": lambda key: address(PATH, **fixed, row=key),
    }
    if key := visit.query("row"):
        return _one(visit, run.info.split, chosen, key, context)
    number = visit.query("page", "1")
    last = max(1, -(-len(chosen) // PAGE_ROWS))
    here = max(1, min(int(number[:9]), last)) if number.isdecimal() else 1
    return page(
        visit,
        "read.html.j2",
        rows=chosen[(here - 1) * PAGE_ROWS : here * PAGE_ROWS],
        here=here,
        last=last,
        page_at=lambda n: address(PATH, **fixed, page=str(n)),
        **context,
    )


def _rows(desk: Desk, name: str) -> list[Read]:
    run = desk.run(name)
    rows = {row.id: row for row in desk.split(run.info.split)[0].rows}
    data = {item_id: row.data for item_id, row in rows.items()}
    reads = []
    for one in view.rows(run.info.item_ids, desk.records(run), data):
        row = rows.get(one.item_id)
        length = len(desk.task.reference_text(row.item)) if row else 0
        suspicious = [
            r
            for r in one.records
            if r.sample and (r.reward or 0) >= HIGH and len(r.sample.output_text) < SHORT * length
        ]
        reads.append(Read(one, suspicious))
    return reads


def _ordered(rows: list[Read], order: str) -> list[Read]:
    if order == "worst":
        return sorted(rows, key=lambda r: 2.0 if r.view.mean is None else r.view.mean)
    if order == "disputed":
        spread = [r for r in rows if r.view.spread]
        return sorted(spread, key=lambda r: -(r.view.spread or 0))
    if order == "suspicious":
        return sorted((r for r in rows if r.suspicious), key=lambda r: -len(r.suspicious))
    return [r for r in rows if r.failed] if order == "failed" else rows


def _one(
    visit: Visit, split: str, chosen: list[Read], key: str, context: dict[str, Any]
) -> Response:
    desk = visit.desk
    ids = [r.view.item_id for r in chosen]
    known = next((r for r in chosen if r.view.item_id == key), None)
    if known is None:
        known = next((r for r in _rows(desk, context["run"]) if r.view.item_id == key), None)
        ids = [key]
    if known is None:
        raise UserError(f"The run has no row '{key[:80]}'; choose another one.")
    row = desk.row(split, key)
    at = ids.index(key)
    answers = []
    for group in known.view.answers:
        sample = group.record.sample
        parsed = parse_answer(sample.output_text) if sample else None
        text = sample.output_text if sample else ""
        read = view.Row(key, row.data, [], [], display=lambda _, a: _lines(desk, row, a))
        answers.append(
            {
                "record": group.record,
                "numbers": group.numbers,
                "shown": shown(desk, row, text if parsed is None else parsed),
                "diff": read.diff(group.record),
                "suspicious": group.record in known.suspicious,
            }
        )
    context |= row_context(visit, row) | {
        "known": known,
        "answers": answers,
        "reference": shown(desk, row, desk.reference(row)),
        "place": at + 1,
        "previous": context["at"](ids[at - 1]) if at else "",
        "next": context["at"](ids[at + 1]) if at + 1 < len(ids) else "",
        "split_of_run": split,
    }
    return page(visit, "answers.html.j2", **context)


def _lines(desk: Desk, row: Any, answer: Any) -> list[str] | None:
    return desk.display(row, desk.reference(row) if answer is None else answer)
