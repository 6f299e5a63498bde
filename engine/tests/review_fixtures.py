"""What the tests of `rft review` share: experts with browsers of their own, in this process."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")
from starlette.testclient import TestClient

from rft import runs
from rft.project import Project
from rft.records import Record, Sample
from rft.review.app import make_app
from rft.review.desk import Desk
from rft.review.gate import Keys

HOST = "http://127.0.0.1:8000"
KEYS = Keys("the-token", "the-form-token")
Posted = dict[str, list[str]]


class Sheet(HTMLParser):
    """The forms of a page as a browser would post them; `forms` in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Posted] = []
        self.buttons: list[str] = []
        self._area, self._select, self._depth = "", "", 0
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        name = given.get("name", "")
        if tag == "form":
            self.forms.append({})
        elif tag == "template":
            self._depth += 1
        elif self._depth or not self.forms:
            return
        elif tag == "input" and name:
            if given.get("type") not in ("radio", "checkbox") or "checked" in given:
                self._put(name, given.get("value", ""))
        elif tag == "textarea":
            self._area = name
            self._put(name, "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            if "selected" in given or self._select not in self.forms[-1]:
                self.forms[-1][self._select] = [given.get("value", "")]
        elif tag == "button" and name:
            self.buttons.append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "template"
        if tag == "textarea":
            self._area = ""
        if tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._area and not self._depth:
            # A browser drops the first line feed of a textarea.
            before = self.forms[-1][self._area][-1]
            self.forms[-1][self._area][-1] = before + (data if before else data.removeprefix("\n"))

    def _put(self, name: str, value: str) -> None:
        self.forms[-1].setdefault(name, []).append(value)


class Expert:
    """Somebody with a browser and a name."""

    def __init__(self, desk: Desk, name: str) -> None:
        self.client = TestClient(make_app(desk, KEYS), base_url=HOST)
        self.client.get("/", params={"token": KEYS.token})
        self.client.post("/name", data={"form_token": KEYS.form, "name": name})

    def open(self, path: str, **query: str) -> str:
        """The HTML of a page."""
        reply = self.client.get(path, params=query)
        assert reply.status_code == 200, reply.text
        return reply.text

    def sheet(self, path: str, **query: str) -> Posted:
        """The form of a page, as it would be posted untouched."""
        return next(f for f in reversed(Sheet(self.open(path, **query)).forms) if "row" in f)

    def save(self, path: str, posted: Posted, status: int = 303, **changes: Any) -> str:
        """Post a form with changes; the address that follows, or the page that comes back."""
        data: Posted = posted | {n.replace("__", "."): [v] for n, v in changes.items()}
        reply = self.client.post(path, data=data, follow_redirects=False)
        assert reply.status_code == status, reply.text
        return reply.headers.get("location", "") if status == 303 else reply.text


@pytest.fixture
def desk(project: Path, own_task: None) -> Desk:
    """The toy project on the page."""
    return Desk(Project.open(project))


@pytest.fixture
def ada(desk: Desk) -> Expert:
    return Expert(desk, "Ada")


@pytest.fixture
def ben(desk: Desk) -> Expert:
    return Expert(desk, "Ben")


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file; none without it."""
    return [json.loads(x) for x in path.read_text().splitlines()] if path.exists() else []


def store_run(project: Path, answers: dict[str, list[str]]) -> str:
    """Keep a graded run of these answers to validation rows; the name of its folder."""
    opened = Project.open(project)
    rows = {r.id: r.data for r in opened.rows()}
    info = runs.RunInfo(
        split="validation",
        model="toy-model",
        profile="compatible",
        base_url="",
        item_ids=list(answers),
        samples_per_item=max(map(len, answers.values())),
        sampling={},
        hashes={"data": "d", "grader": "g", "prompt": "p"},
        versions={},
    )
    run = runs.start(opened.settings.runs, info)
    with opened.open_grader() as grader:
        for item_id, texts in answers.items():
            for k, text in enumerate(texts):
                sample = Sample(output_text=text)
                grade = grader.grade(sample.for_grader(), rows[item_id])
                run.append(Record(item_id=item_id, k=k, sample=sample, grade=grade))
    return run.folder.name
