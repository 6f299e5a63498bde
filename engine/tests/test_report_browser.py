"""The report in a browser: what its script and its style sheet do, without any complaint."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rft import report
from tests.browser import CHROMIUM, Tab
from tests.pages import EVIL, answer, beside, page, row

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine"),
]
REWARDS = {"a": 0.5, "b": 1.0, "c10": 0.2, "c9": 0.1}
SHOWN = (
    "[...document.querySelectorAll('details.item')].filter(d => !d.hidden).map(d => d.dataset.id)"
)
FOCUS = "document.activeElement.closest('details.item').dataset.id"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the page of a run lies that stands beside another."""
    folder = tmp_path_factory.mktemp("browser")
    texts = {"b": "a needle here", "c9": EVIL}
    records = [answer(i, reward=r, output_text=texts.get(i, "x" * 300)) for i, r in REWARDS.items()]
    others = [answer(i, reward=r) for i, r in {"a": 0.7, "b": 0.0, "c10": 0.2, "c9": 0.2}.items()]
    rows = [row(i, slices={"a long name of a slice" * 3: i}) for i in REWARDS]
    standings = beside(folder, records, others, name="a-model-with-a-long-name" * 3)
    report.write(page(folder / "run", records, rows, comparison=standings), folder / "report.html")
    return (folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    made = Tab(tmp_path_factory.mktemp("profile"))
    yield made
    made.close()


@pytest.fixture
def tab(browser: Tab, address: str) -> Iterator[Tab]:
    """The page, freshly loaded; at the end of a test it must not have complained."""
    browser.open(address)
    yield browser
    assert browser.complaints == []


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
def test_a_linked_view_filters_and_sorts(
    tab: Tab, address: str, view_of: str, ids: list[str]
) -> None:
    tab.open(f"{address}#{view_of}")
    assert tab.js(SHOWN) == ids
    assert tab.js("document.getElementById('count').textContent") == f"{len(ids)} of 4 rows"


def test_words_typed_after_a_slash_filter_and_make_the_link(tab: Tab) -> None:
    tab.press("/needle")
    assert tab.js(SHOWN) == ["b"]
    assert tab.js("location.hash") == "#q=needle"


def test_j_and_k_go_from_item_to_item_and_enter_opens(tab: Tab) -> None:
    tab.press("jjjk")
    assert tab.js(FOCUS) == "b"
    tab.press("\r")
    assert tab.js("document.querySelector('details.item[open]').dataset.id") == "b"


def test_nothing_is_wider_than_a_phone(tab: Tab) -> None:
    tab.call(
        "Emulation.setDeviceMetricsOverride",
        width=390,
        height=800,
        deviceScaleFactor=1,
        mobile=True,
    )
    tab.js("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert tab.js("document.documentElement.scrollWidth") == 390
    tab.call("Emulation.clearDeviceMetricsOverride")


def test_plots_follow_the_dark_mode(tab: Tab) -> None:
    colour = "getComputedStyle(document.querySelector('svg .fill-ink')).fill"
    seen = []
    for scheme in ("light", "dark"):
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        tab.call("Emulation.setEmulatedMedia", features=media)
        seen.append(tab.js(colour))
    assert seen == ["rgb(29, 33, 39)", "rgb(230, 232, 235)"]


def test_what_stands_folded_behind_a_plot_is_printed_and_answers_are_not(tab: Tab) -> None:
    tab.call("Page.printToPDF")
    assert tab.js("[...document.querySelectorAll('.plots details')].every(d => d.open)")
    assert tab.js("document.querySelectorAll('details.item[open]').length") == 0


def test_a_word_explains_itself_to_the_keyboard_and_to_a_finger(tab: Tab) -> None:
    shown = "document.querySelector(':popover-open')?.textContent ?? ''"
    tab.js("document.querySelector('.figures .word').focus()")
    tab.press("\r")
    assert tab.js(shown).startswith("mean reward: ")
    tab.js("document.querySelector('.facts .word').click()")
    assert not tab.js(shown).startswith("mean reward: ")
    tab.js("document.querySelector('.facts .word').click()")
    assert tab.js(shown) == ""
