"""What the pages share: who visits, templates, the list of work, errors as pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from jinja2 import Environment
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from rft.dataset import Row
from rft.errors import RftError
from rft.project import SPLITS
from rft.report import environment, view
from rft.review.desk import Desk
from rft.review.gate import MAX_BODY, is_own_form
from rft.review.highlight import highlight
from rft.review.values import AS_JSON, NEW, Form
from rft.review.worklist import SHOWS, Worklist

NAME_COOKIE = "rft_expert"
MAX_NAME = 40
INSTRUCTING = ("developer", "system")
"""Roles of the messages that tell the model what to do, the same for most rows."""
SHOWN_CHARS = 3_000
"""Characters of a text that are shown before it is folded."""
MOST_CHARS = 200_000
"""Characters of a text that are on the page at all."""


@dataclass(frozen=True)
class Visit:
    """One request of one expert."""

    request: Request
    desk: Desk
    form: Form = field(default_factory=dict)

    @property
    def coder(self) -> str:
        """The expert's name, "" before they gave one."""
        return clean_name(unquote(self.request.cookies.get(NAME_COOKIE, "")))

    def query(self, name: str, default: str = "") -> str:
        """A value of the address, or of the posted form."""
        if name in self.form:
            return self.form[name][0]
        return self.request.query_params.get(name, default)

    @property
    def split(self) -> str:
        """The split whose rows are worked on."""
        name = self.query("split")
        return name if name in SPLITS else self.desk.settings.eval.split


Handler = Callable[[Visit], Response]


def clean_name(name: str) -> str:
    """A name as it is stored: without control characters, of bounded length."""
    text = "".join(c for c in name if c.isprintable())
    return " ".join(text.split())[:MAX_NAME].strip()


def got(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a page that is read."""

    async def endpoint(request: Request) -> Response:
        return await _answered(handler, Visit(request, request.app.state.desk))

    return endpoint


def posted(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a form, which must be this page's own."""

    async def endpoint(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return HTMLResponse("This form is too large to be saved.", 413)
        form: dict[str, list[str]] = {}
        text = body.decode("utf-8", "replace")
        for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=50_000):
            form.setdefault(name, []).append(value)
        if not is_own_form(request, form.get("form_token", [""])[0]):
            return HTMLResponse("This form is not of this page; reload the page.", 403)
        return await _answered(handler, Visit(request, request.app.state.desk, form))

    return endpoint


async def _answered(handler: Handler, visit: Visit) -> Response:
    try:
        if not visit.coder and visit.request.url.path not in ("/", "/name"):
            return RedirectResponse("/", 303)
        return await run_in_threadpool(handler, visit)
    except RftError as error:
        return page(visit, "error.html.j2", status=409, message=str(error))


def page(visit: Visit, template: str, status: int = 200, **context: Any) -> Response:
    """A template as the answer."""
    desk, request = visit.desk, visit.request
    context |= {
        "coder": visit.coder,
        "project": desk.settings.project.name,
        "path": request.url.path,
        "nonce": request.scope["state"]["nonce"],
        "form_token": request.app.state.keys.form,
        "css": _style(),
        "js": Markup(asset("review.js")),
        "split": visit.split,
        "splits": SPLITS,
    }
    return HTMLResponse(_environment().get_template(template).render(context), status)


def go(path: str, **query: str) -> RedirectResponse:
    """A redirect after a save."""
    return RedirectResponse(address(path, **query), 303)


def address(path: str, **query: str) -> str:
    """A page's address, empty values left out."""
    text = urlencode({k: v for k, v in query.items() if v}, quote_via=quote)
    return f"{path}?{text}" if text else path


def work_context(visit: Visit, path: str, work: Worklist, **fixed: str) -> dict[str, Any]:
    """What the bar above each task needs; `fixed`: what the address keeps from row to row."""
    before, after = work.step(-1), work.step(1)

    def at(key: str) -> str:
        return address(path, **fixed, show=work.show, row=key)

    return {
        "work": work,
        "shows": SHOWS,
        "fixed": fixed,
        "at": at,
        "previous": at(before.key) if before else "",
        "next": at(after.key) if after else "",
    }


def row_context(visit: Visit, row: Row, *, blind: bool = False) -> dict[str, Any]:
    """What every page says of a row: the prompt and, unless `blind`, its other fields."""
    seen = view.Row(row.id, row.data, [], [])
    return {
        "row": row,
        "instructions": [m for m in seen.messages if m[0] in INSTRUCTING],
        "messages": [m for m in seen.messages if m[0] not in INSTRUCTING],
        "details": {} if blind else seen.details,
    }


def open_row(visit: Visit, work: Worklist) -> Row | None:
    """The row of the open entry, where entries are rows."""
    return visit.desk.row(visit.split, work.current.key) if work.current else None


@dataclass(frozen=True)
class Shown:
    """An answer to be read."""

    lines: list[str] | None
    """As the task's display() writes it."""
    code: list[tuple[str, Markup]]
    """(field, highlighted) of each field that holds code."""
    value: Any
    """As JSON data, or the text of what is not an answer."""


def shown(desk: Desk, row: Row, answer: Any) -> Shown:
    """How an expert reads an answer to a row."""
    shape = desk.shape(row)
    code = [
        (s.label, highlight(answer[name], s.language))
        for name, s in shape.fields.items()
        if s.kind == "code" and isinstance(answer, dict) and isinstance(answer.get(name), str)
    ]
    return Shown(None if code else desk.display(row, answer), code, answer)


def asset(name: str) -> str:
    """A template, style sheet or script of the pages."""
    return resources.files("rft.review").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _style() -> Markup:
    """The look of the report, and what these pages add to it."""
    family = resources.files("rft.report").joinpath("style.css").read_text(encoding="utf-8")
    return Markup(family + asset("review.css"))


@cache
def _environment() -> Environment:
    made = environment(asset)
    made.globals.update(
        AS_JSON=AS_JSON, NEW=NEW, SHOWN_CHARS=SHOWN_CHARS, MOST_CHARS=MOST_CHARS, address=address
    )
    return made
