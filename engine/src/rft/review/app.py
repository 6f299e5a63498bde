"""The ASGI application of `rft review`: its pages, the search of a field, the figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from itertools import islice
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from rft.project import SPLITS
from rft.review import blind, gold, marks, reading
from rft.review.agreement import agreement
from rft.review.desk import Desk
from rft.review.gate import Keys, gate
from rft.review.log import Case
from rft.review.pages import NAME_COOKIE, Visit, clean_name, got, page, posted
from rft.review.shapes import search_at
from rft.review.values import canonical

MAX_MATCHES = 20
MAX_QUERY = 200
REFERENCE = "reference"
"""The rater that stands for the reference answers, and for the labels of calibration.jsonl."""
NOUNS = {"gold": "reference answers", "blind": "answers", "judge": "marks"}

Labels = dict[str, dict[tuple[str, ...], Hashable]]


def make_app(desk: Desk, keys: Keys, cookie: str = "rft_review") -> ASGIApp:
    """The application for a project; `cookie`: the name of the one that holds the token."""
    app = Starlette(
        routes=[
            Route("/", got(start), methods=["GET"]),
            Route("/name", posted(name), methods=["POST"]),
            Route("/gold", got(gold.show), methods=["GET"]),
            Route("/gold", posted(gold.save), methods=["POST"]),
            Route("/blind", got(blind.show), methods=["GET"]),
            Route("/blind", posted(blind.save), methods=["POST"]),
            Route("/judge", got(marks.show), methods=["GET"]),
            Route("/judge", posted(marks.save), methods=["POST"]),
            Route("/read", got(reading.show), methods=["GET"]),
            Route("/search", got(search), methods=["GET"]),
            Route("/agreement", got(figures), methods=["GET"]),
        ],
        exception_handlers={404: _unknown},
    )
    app.state.desk, app.state.keys = desk, keys
    return gate(app, keys, cookie)


def start(visit: Visit) -> Response:
    """GET /: who works here, and the four tasks."""
    desk = visit.desk
    log, findings = desk.reviews()
    faults = [str(f) for f in [*findings, *desk.people()[1]] if f.severity == "error"]
    for split in SPLITS:
        faults += [str(f) for f in desk.split(split)[1] if f.severity == "error"]
    return page(
        visit,
        "start.html.j2",
        rows={split: len(desk.split(split)[0].rows) for split in SPLITS},
        experts=sorted({r.coder for r in log} | set(desk.people()[0].coders)),
        judged=desk.task.judged_weights is not None,
        runs=len(desk.runs()),
        faults=faults,
        renaming=bool(visit.query("rename")),
    )


def name(visit: Visit) -> Response:
    """POST /name: keep the expert's name in this browser."""
    given = clean_name(visit.query("name"))
    response = RedirectResponse("/" if given else "/?rename=1", 303)
    if given:
        response.set_cookie(NAME_COOKIE, quote(given), httponly=True, samesite="lax")
    return response


def search(visit: Visit) -> Response:
    """GET /search: what the words in `q` may mean in a field, as [[value, meaning], ...]."""
    row = visit.desk.rows().get(visit.query("row"))
    words = visit.query("q")[:MAX_QUERY].strip()
    look_up = search_at(visit.desk.shape(row), visit.query("path")) if row else None
    if look_up is None or not words:
        return JSONResponse([])
    matches = islice(look_up(words), MAX_MATCHES)
    return JSONResponse([[str(value), str(meaning)] for value, meaning in matches])


def figures(visit: Visit) -> Response:
    """GET /agreement: sentences on how far experts agree on one task."""
    desk, task = visit.desk, visit.query("task")
    labels = {"gold": gold_labels, "blind": blind_labels}.get(task, judge_labels)(desk)
    noun = NOUNS.get(task, NOUNS["judge"])
    files = [desk.log, desk.human, desk.calibration]
    lines = desk.fresh(f"agreement {task}", files, lambda: agreement(labels).lines(noun))
    return JSONResponse(lines)


def gold_labels(desk: Desk) -> Labels:
    """What each expert first held right, and what the reference said then."""
    labels: Labels = defaultdict(dict)
    for (item_id, _), case in desk.cases("gold").items():
        for coder, first, before in _opinions(case):
            labels[coder].setdefault((item_id,), canonical(first))
            labels[REFERENCE].setdefault((item_id,), canonical(before))
    return labels


def blind_labels(desk: Desk) -> Labels:
    """What each expert answered."""
    labels: Labels = defaultdict(dict)
    for (item_id, coder), answer in desk.people()[0].answers.items():
        labels[coder][(item_id,)] = canonical(answer.model_dump(mode="json"))
    return labels


def judge_labels(desk: Desk) -> Labels:
    """How each expert marked each criterion, and what calibration.jsonl said before."""
    labels: Labels = defaultdict(dict)
    for (item_id, about), case in desk.cases("judge").items():
        for coder, value, before in _opinions(case):
            for criterion, met in value.items():
                labels[coder][item_id, about, criterion] = met
            on_file = {} if case.reviews[0].before is None else before
            for criterion, met in on_file.items():
                labels[REFERENCE].setdefault((item_id, about, criterion), met)
    return labels


def _opinions(case: Case) -> list[tuple[str, Any, Any]]:
    """(coder, last opinion, what was on file) of each expert; settling does not count as one."""
    own = {r.coder: (r.coder, r.value, r.before) for r in case.reviews if not r.settled}
    return list(own.values())


async def _unknown(_: Any, __: Exception) -> Response:
    return PlainTextResponse("There is no such page; go back to the start page: /", 404)
