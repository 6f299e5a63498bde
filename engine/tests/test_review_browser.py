"""The review page in a browser: keys, lists that grow, the search, two browsers, a phone."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")
import uvicorn

from rft.project import Project
from rft.review.app import make_app
from rft.review.desk import Desk
from rft.review.gate import Keys
from tests.browser import CHROMIUM, Tab
from tests.pages import EVIL
from tests.review_fixtures import lines, store_run
from tests.toy import make_project, row

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine"),
]
SCHEMA = """
class Answer(BaseModel):
    backwards: str
    words: list[str] = []

def gold(item):
    return Answer(backwards=item.reference_answer)

def review_fields(item):
    known = {"adobe": "clay", "adorn": "make pretty"}
    return {"words[]": lambda text: [(w, m) for w, m in known.items() if w.startswith(text)]}
"""
PAGES = ("/", "/gold", "/blind", "/judge", "/read", "/read?row=adobe")
AT = "new URLSearchParams(location.search).get('row')"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy project with lists and a search, a hostile row, and a run."""
    root = make_project(tmp_path_factory.mktemp("review") / "toy")
    schema = root / "task/schema.py"
    schema.write_text(schema.read_text() + SCHEMA)
    data = root / "task/data/validation.jsonl"
    evil = row(EVIL) | {"reference_answer": "x" * 9_000 + EVIL}
    data.write_text(data.read_text() + json.dumps(evil) + "\n")
    store_run(root, {"adobe": ['{"backwards": "eboda"}', EVIL * 300]})
    return root


@pytest.fixture(scope="module")
def address(project: Path) -> Iterator[str]:
    """The page of the project, served."""
    keys, listener = Keys.new(), socket.create_server(("127.0.0.1", 0))
    app = make_app(Desk(Project.open(project)), keys)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/?token={keys.token}"
    server.should_exit = True
    thread.join()


def arrive(tab: Tab, address: str, name: str) -> None:
    """Open the address and give a name, with the keyboard."""
    tab.open(address)
    tab.press(name)
    tab.hit("Enter")
    tab.press("\r")
    tab.wait("document.querySelector('.who') !== null")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, address: str) -> Iterator[Tab]:
    made = Tab(tmp_path_factory.mktemp("profile"))
    arrive(made, address, "Ada")
    yield made
    made.close()


@pytest.fixture
def tab(browser: Tab) -> Iterator[Tab]:
    """Ada's browser; at the end of a test the page must not have complained."""
    yield browser
    assert browser.complaints == []


def at(address: str, path: str) -> str:
    return address.partition("/?token")[0] + path


def test_a_row_is_answered_with_the_keyboard_alone(tab: Tab, address: str, project: Path) -> None:
    tab.open(at(address, "/blind?row=adobe"))
    tab.press("e")
    tab.press("eboda")
    tab.js("document.querySelector('[data-search]').focus()")
    tab.press("ad")
    tab.wait("document.querySelectorAll('.matches li').length == 2")
    tab.hit("ArrowDown")
    tab.hit("ArrowDown")
    tab.hit("Enter")
    tab.wait("document.querySelector('.meaning').textContent == 'make pretty'")
    tab.hit("Enter")  # a second entry
    tab.press("other")
    tab.hit("Enter", ctrl=True)
    tab.wait(f"{AT} == 'basil'")
    (answer,) = lines(project / "task/human.jsonl")
    assert answer["answer"] == {"backwards": "eboda", "words": ["adorn", "other"]}


def test_keys_go_from_row_to_row_without_saving(tab: Tab, address: str) -> None:
    tab.open(at(address, "/gold?row=adobe"))
    for key, there in (("j", "basil"), ("s", "coral"), ("k", "basil")):
        tab.press(key)
        tab.wait(f"{AT} == '{there}' && document.readyState == 'complete'")


def test_the_button_says_what_saving_means(tab: Tab, address: str) -> None:
    tab.open(at(address, "/gold?row=adobe"))
    button = "document.querySelector('[data-save]').textContent"
    assert tab.js(button) == "The reference is right"
    tab.press("e")
    tab.press("x")
    assert tab.js(button) == "Propose this answer"
    tab.js("document.querySelector('[name=\"answer.backwards\"]').value = 'eboda'")
    tab.js("document.querySelector('[data-sheet]').dispatchEvent(new Event('input'))")
    assert tab.js(button) == "The reference is right"


def test_a_number_marks_a_criterion(tab: Tab, address: str, project: Path) -> None:
    tab.open(at(address, "/judge"))
    tab.press("11")
    tab.hit("Enter", ctrl=True)
    tab.wait("location.search.includes('saved')")
    (line,) = lines(project / "task/calibration.jsonl")
    assert line["labels"] == {"acceptable": False}


def test_two_browsers_save_side_by_side(
    tab: Tab, address: str, project: Path, tmp_path: Path
) -> None:
    other = Tab(tmp_path)
    arrive(other, address, "Ben")
    for _ in range(4):
        for one in (tab, other):
            one.open(at(address, "/gold?show=todo&split=test"))
            one.hit("Enter", ctrl=True)
        for one in (tab, other):
            one.wait("location.search.includes('saved')")
    other.close()
    reviews = [r for r in lines(project / "task/reviews.jsonl") if r["task"] == "gold"]
    assert len({(r["coder"], r["item_id"]) for r in reviews}) == 8
    tab.js("document.querySelector('[data-agreement]').open = true")
    tab.wait("document.querySelector('[data-agreement] li').textContent.startsWith('4 ')")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(tab: Tab, address: str, width: int) -> None:
    screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    tab.call("Emulation.setDeviceMetricsOverride", **screen)
    for page in (*PAGES, "/gold?show=all"):
        tab.open(at(address, page))
        tab.js("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert tab.js("document.documentElement.scrollWidth") <= width, page
    tab.call("Emulation.clearDeviceMetricsOverride")
