"""Mark judged criteria met or not met on answers: the labels that a judge is examined on."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from rft.dataset import Row
from rft.judging.calibration import is_examined_on
from rft.records import parse_answer
from rft.review.desk import Desk
from rft.review.log import Case
from rft.review.pages import Visit, go, page, row_context, shown, work_context
from rft.review.saving import Marked, save_marks
from rft.review.worklist import Entry, Worklist, worklist

PATH = "/judge"
CALIBRATION = "calibration"
"""The source that holds the answers of calibration.jsonl; others are runs."""


def show(visit: Visit) -> Response:
    """GET: an answer with the criteria to mark."""
    answers = _answers(visit)
    return _page(visit, answers, _work(visit, answers))


def save(visit: Visit) -> Response:
    """POST: keep the marks; `do` is save, or settle to end a disagreement with these marks."""
    answers = _answers(visit)
    work = _work(visit, answers)
    if work.current is None:
        return go(PATH)
    marked = answers[work.current.key]
    criteria = visit.desk.criteria(visit.desk.rows()[marked.item_id])
    marks = {name: visit.query(f"mark.{name}") for name in criteria}
    if open_ones := [name for name, mark in marks.items() if mark not in ("met", "not met")]:
        errors = dict.fromkeys(open_ones, "Choose met or not met.")
        return _page(visit, answers, work, 422, errors=errors, marks=marks)
    labels = {name: mark == "met" for name, mark in marks.items()}
    comment = visit.query("comment").strip()[:2_000]
    settle = visit.query("do") == "settle"
    save_marks(visit.desk, marked, visit.coder, labels, comment, settle=settle)
    after = _work(visit, answers).next_key
    fixed = {"source": _source(visit), "show": visit.query("show")}
    return go(PATH, **fixed, row=after, saved=marked.item_id)


def _source(visit: Visit) -> str:
    """Where the answers to mark come from: calibration.jsonl, or the run of this name."""
    desk, name = visit.desk, visit.query("source")
    if name == CALIBRATION or (not name and desk.calibration_lines()):
        return CALIBRATION
    return desk.run(name).folder.name if desk.runs() else CALIBRATION


def _answers(visit: Visit) -> dict[str, Marked]:
    """The answers to mark by their key, those to one row together.

    Of calibration.jsonl those that were made from another one by adding words are left out: their
    labels are that one's.
    """
    desk, rows = visit.desk, visit.desk.rows()
    source = _source(visit)
    answers: dict[str, Marked] = {}
    if source == CALIBRATION:
        lines = [line for line in desk.calibration_lines() if not line.made_from]
        marked = [Marked(line.item_id, line.kind, None, line.output_text) for line in lines]
    else:
        records = desk.records(desk.run(source))
        marked = [
            Marked(r.item_id, "model", None, r.sample.output_text)
            for r in records
            if r.sample and r.item_id in rows
        ]
    for one in marked:
        answers[f"{one.item_id}/{one.key[1]}"] = one
    return answers


def _work(visit: Visit, answers: dict[str, Marked]) -> Worklist:
    desk = visit.desk
    cases = desk.cases("judge")
    present = desk.labels_on_file()
    entries, numbers = [], dict[str, int]()
    for key, marked in answers.items():
        numbers[marked.item_id] = numbers.get(marked.item_id, 0) + 1
        case = cases.get(marked.key, Case())
        coders = {review.coder for review in case.reviews}
        mine = visit.coder in coders
        disputed = mine and case.disputed(present.get(marked.key))
        title = f"answer {numbers[marked.item_id]} to {marked.item_id}"
        entries.append(Entry(key, title, mine, len(coders - {visit.coder}), disputed))
    return worklist(entries, visit.query("show"), visit.query("row"))


def _page(
    visit: Visit,
    answers: dict[str, Marked],
    work: Worklist,
    status: int = 200,
    *,
    errors: dict[str, str] | None = None,
    marks: dict[str, str] | None = None,
) -> Response:
    desk, source = visit.desk, _source(visit)
    context: dict[str, Any] = work_context(visit, PATH, work, source=source)
    context |= {
        "errors": errors or {},
        "sources": [CALIBRATION, *(run.folder.name for run in desk.runs())],
        "source": source,
        "row": None,
    }
    if work.current:
        marked = answers[work.current.key]
        row = desk.rows()[marked.item_id]
        case = desk.cases("judge").get(marked.key, Case())
        own = next((r for r in reversed(case.reviews) if r.coder == visit.coder), None)
        chosen = {n: "met" if met else "not met" for n, met in (own.value if own else {}).items()}
        answer = parse_answer(marked.output_text)
        context |= row_context(visit, row) | {
            "criteria": desk.criteria(row),
            "marks": marks or chosen,
            "comment": visit.query("comment") or (own.comment if own else ""),
            "answer": _shown(desk, row, answer, marked.output_text),
            "reference": shown(desk, row, desk.reference(row)),
            "examined": is_examined_on(row.id),
            "judged": desk.task.judged_weights is not None,
            "others": _others(desk, marked, case, visit.coder) if own else [],
            "saved": visit.query("saved"),
        }
    return page(visit, "judge.html.j2", status, **context)


def _shown(desk: Desk, row: Row, answer: Any, text: str) -> Any:
    return shown(desk, row, text if answer is None else answer)


def _others(desk: Desk, marked: Marked, case: Case, coder: str) -> list[dict[str, Any]]:
    """The marks of others, and of the file; shown once this expert has saved their own."""
    others = [
        {"name": name, "labels": value, "comment": case.comments.get(name, "")}
        for name, value in case.votes.items()
        if name != coder
    ]
    present = desk.labels_on_file().get(marked.key)
    if present is not None and not case.made_here:
        by = f"settled by {case.settled_by}" if case.settled_by else "on file"
        others.append({"name": by, "labels": present, "comment": ""})
    return others
