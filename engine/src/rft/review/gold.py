"""Check the reference answers: agree, propose another answer, settle a disagreement."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from rft.dataset import Row
from rft.errors import UserError
from rft.review.desk import Desk
from rft.review.log import Case
from rft.review.pages import Visit, go, open_row, page, row_context, shown, work_context
from rft.review.saving import (
    Conflict,
    Doubt,
    checked_answer,
    save_opinion,
    settle_reference,
    version,
)
from rft.review.values import Node, fill, read, refill, same
from rft.review.worklist import Entry, Worklist, worklist

PATH = "/gold"
CHANGED = "The row was changed while you worked on it. Check your answer against it and save again."


def show(visit: Visit) -> Response:
    """GET: a row with its reference answer in the form."""
    work = _work(visit)
    return _page(visit, work, open_row(visit, work))


def save(visit: Visit) -> Response:
    """POST: `do` is save (an opinion), settle (the form), or use (`choice`: a coder's answer)."""
    desk, row = visit.desk, visit.desk.row(visit.split, visit.query("row"))
    case = desk.cases("gold").get((row.id, ""), Case())
    node: Node | None = None
    comment = visit.query("comment").strip()[:2_000]
    try:
        if visit.query("do") == "use":
            choice = visit.query("choice")
            answer = case.votes.get(choice) if choice else desk.reference(row)
        else:
            shape = desk.shape(row)
            node = refill(shape, visit.form)
            reading = read(shape, visit.form)
            if reading.errors:
                return _again(visit, row, node, errors=reading.errors)
            answer = checked_answer(desk, reading.value)
        seen = visit.query("version")
        if visit.query("do") == "save":
            save_opinion(desk, visit.split, row.id, seen, visit.coder, answer, comment)
        else:
            anyway = bool(visit.query("anyway"))
            settle_reference(
                desk, visit.split, row.id, seen, visit.coder, answer, comment, anyway=anyway
            )
    except Conflict:
        return _again(visit, desk.row(visit.split, row.id), node, 409, notes=[CHANGED])
    except Doubt as doubt:
        return _again(visit, row, node, 422, doubts=doubt.problems)
    except UserError as error:
        return _again(visit, row, node, 422, notes=[str(error)])
    after = _work(visit).next_key
    return go(PATH, split=visit.split, show=visit.query("show"), row=after, saved=row.id)


def _work(visit: Visit) -> Worklist:
    desk = visit.desk
    cases, titles = desk.cases("gold"), desk.titles(visit.split)
    entries = []
    for row in desk.split(visit.split)[0].rows:
        case = cases.get((row.id, ""), Case())
        coders = {review.coder for review in case.reviews}
        disputed = bool(case.votes) and case.disputed(desk.reference(row))
        others = len(coders - {visit.coder})
        mine = visit.coder in coders
        entries.append(Entry(row.id, titles.get(row.id, ""), mine, others, disputed))
    return worklist(entries, visit.query("show"), visit.query("row"))


def _again(visit: Visit, row: Row, node: Node | None, status: int = 422, **notes: Any) -> Response:
    """The page with what was entered, and why it was not saved."""
    return _page(visit, _work(visit), row, node, status, **notes)


def _page(
    visit: Visit,
    work: Worklist,
    row: Row | None,
    node: Node | None = None,
    status: int = 200,
    *,
    errors: dict[str, str] | None = None,
    notes: list[str] | None = None,
    doubts: list[str] | None = None,
) -> Response:
    context = work_context(visit, PATH, work, split=visit.split)
    context |= {"errors": errors or {}, "notes": notes or [], "doubts": doubts or [], "row": None}
    if row:
        desk = visit.desk
        case = desk.cases("gold").get((row.id, ""), Case())
        reference = desk.reference(row)
        mine = case.votes.get(visit.coder, reference)
        context |= row_context(visit, row) | {
            "node": node or fill(desk.shape(row), mine),
            "proposed": not same(mine, reference),
            "version": version(row),
            "comment": visit.query("comment") or case.comments.get(visit.coder, ""),
            "reference": shown(desk, row, reference),
            "opinions": _opinions(desk, row, case, reference),
            "settled": next((r for r in reversed(case.reviews) if r.settled), None),
            "saved": visit.query("saved"),
            "choice": visit.query("choice") if visit.query("do") == "use" else None,
        }
    return page(visit, "gold.html.j2", status, **context)


def _opinions(desk: Desk, row: Row, case: Case, reference: Any) -> list[dict[str, Any]]:
    """Each answer that somebody holds right, with who does; empty while nobody disagrees."""
    if not case.disputed(reference):
        return []
    groups: list[dict[str, Any]] = [
        {"value": reference, "coders": [], "choice": "", "comments": []}
    ]
    for coder, value in case.votes.items():
        group = next((g for g in groups if same(g["value"], value)), None)
        if group is None:
            group = {"value": value, "coders": [], "choice": coder, "comments": []}
            groups.append(group)
        group["coders"].append(coder)
        if case.comments.get(coder):
            group["comments"].append((coder, case.comments[coder]))
    return [group | {"shown": shown(desk, row, group["value"])} for group in groups]
