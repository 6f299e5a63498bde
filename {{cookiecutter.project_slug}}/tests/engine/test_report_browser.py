"""The report in a browser: what the page's script does, without any complaint."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rft import report
from tests.engine.pages import EVIL, Page, answer, beside, page, row

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--enable-logging=stderr",
    "--dump-dom",
]


pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine"),
]
REWARDS = {"a": 0.5, "b": 1.0, "c10": 0.2, "c9": 0.1}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the page of a run lies that stands beside another."""
    folder = tmp_path_factory.mktemp("browser")
    texts = {"b": "a needle here", "c9": EVIL}
    records = [answer(i, reward=r, output_text=texts.get(i, "x")) for i, r in REWARDS.items()]
    others = [answer(i, reward=r) for i, r in {"a": 0.7, "b": 0.0, "c10": 0.2, "c9": 0.2}.items()]
    told = beside(folder, records, others)
    html = page(folder / "run", records, map(row, REWARDS), comparison=told)
    report.write(html, folder / "report.html")
    return (folder / "report.html").as_uri()


@pytest.mark.parametrize(
    ("view_of", "ids"),
    [
        ("", ["a", "b", "c10", "c9"]),
        ("q=NEEDLE", ["b"]),
        ("q=%3Cscript%3E", ["c9"]),
        ("band=low&sort=id", ["c9", "c10"]),
        ("band=gained&sort=-gain", ["a", "c9"]),
        ("band=lost", ["b"]),
        ("band=nonsense&sort=mean", ["c9", "c10", "a", "b"]),
    ],
)
def test_a_linked_view_filters_and_sorts_in_a_browser_without_any_complaint(
    address: str, tmp_path: Path, view_of: str, ids: list[str]
) -> None:
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path}", f"{address}#{view_of}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    rows = [found for found in Page(done.stdout).attributes("details") if "data-id" in found]
    assert [found["data-id"] for found in rows if "hidden" not in found] == ids
    assert f"{len(ids)} of 4 items" in done.stdout
    assert "CONSOLE" not in done.stderr
