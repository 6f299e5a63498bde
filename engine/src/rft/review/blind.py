"""Answer rows without seeing the reference answer: the baseline of people."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from rft.dataset import Row
from rft.errors import UserError
from rft.review.pages import Visit, go, open_row, page, row_context, work_context
from rft.review.saving import checked_answer, save_blind
from rft.review.values import MISSING, Node, canonical, fill, read, refill
from rft.review.worklist import Entry, Worklist, worklist

PATH = "/blind"


def show(visit: Visit) -> Response:
    """GET: a row, and a form that holds the expert's own earlier answer or nothing."""
    work = _work(visit)
    return _page(visit, work, open_row(visit, work))


def save(visit: Visit) -> Response:
    """POST: keep the answer under the expert's name."""
    desk, row = visit.desk, visit.desk.row(visit.split, visit.query("row"))
    shape = desk.shape(row)
    reading = read(shape, visit.form)
    notes: list[str] = []
    if not reading.errors:
        try:
            save_blind(desk, row.id, visit.coder, checked_answer(desk, reading.value))
        except UserError as error:
            notes = [str(error)]
    if reading.errors or notes:
        node = refill(shape, visit.form)
        return _page(visit, _work(visit), row, node, 422, errors=reading.errors, notes=notes)
    after = _work(visit).next_key
    return go(PATH, split=visit.split, show=visit.query("show"), row=after, saved=row.id)


def _work(visit: Visit) -> Worklist:
    answers = visit.desk.people()[0].answers
    titles = visit.desk.titles(visit.split)
    by_row: dict[str, dict[str, str]] = {}
    for (item_id, coder), answer in answers.items():
        by_row.setdefault(item_id, {})[coder] = canonical(answer.model_dump(mode="json"))
    entries = []
    for row in visit.desk.split(visit.split)[0].rows:
        given = by_row.get(row.id, {})
        mine = visit.coder in given
        disputed = mine and len(set(given.values())) > 1  # else it would be a hint
        others = len(given) - mine
        entries.append(Entry(row.id, titles.get(row.id, ""), mine, others, disputed))
    return worklist(entries, visit.query("show"), visit.query("row"))


def _page(
    visit: Visit,
    work: Worklist,
    row: Row | None,
    node: Node | None = None,
    status: int = 200,
    *,
    errors: dict[str, str] | None = None,
    notes: list[str] | None = None,
) -> Response:
    context: dict[str, Any] = work_context(visit, PATH, work, split=visit.split)
    context |= {"errors": errors or {}, "notes": notes or [], "row": None}
    if row:
        own = visit.desk.people()[0].answers.get((row.id, visit.coder))
        value = own.model_dump(mode="json") if own else MISSING
        context |= row_context(visit, row, blind=True) | {
            "node": node or fill(visit.desk.shape(row), value),
            "saved": visit.query("saved"),
            "again": own is not None,
        }
    return page(visit, "blind.html.j2", status, **context)
