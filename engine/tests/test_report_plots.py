"""The report's plots, and a run beside others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rft.report import view
from tests.pages import EVIL, Page, Render, answer, beside, row

GRADED = [answer(i, k, reward=(n + k) / 4) for n, i in enumerate("abc") for k in range(2)]


def test_every_plot_of_a_run_with_several_answers_is_there_and_says_what_it_shows(
    render: Render,
) -> None:
    labels = [
        svg["aria-label"] or "" for svg in Page(render(GRADED)).attributes("svg") if "role" in svg
    ]
    expected = (
        "Histogram of 6 rewards",
        "3 rows by mean reward",
        "pass@2",
        "Mean reward by length",
    )
    assert all(any(text in label for label in labels) for text in expected)


def test_plots_take_their_colours_from_the_page(render: Render) -> None:
    drawn = Page(render(GRADED, [row(i, slices={"s": i}) for i in "abc"]))
    shapes = [found for tag, found in drawn.tags if tag in ("path", "text")]
    assert (
        {f.get("fill", "none") for f in shapes}
        == {f.get("stroke", "none") for f in shapes}
        == {"none"}
    )
    used = {name for f in shapes for name in (f.get("class") or "").split()}
    assert {"fill-one", "stroke-soft"} <= used
    assert all(f".{name} " in drawn.read("style") for name in used)


def test_the_name_of_a_slice_in_a_plot_is_text_and_no_formula(render: Render) -> None:
    names = ["a $\\frac{1}{2}$", "b \\alpha_1", "c\ud800\x00\uffff", "你好 🚀"]
    items = [row(f"{n}{k}", slices={"s": name}) for n, name in enumerate(names) for k in "ab"]
    drawn = Page(render([answer(item["id"]) for item in items], items))
    shown = drawn.read("text")
    assert all(name in shown for name in ("a $\\frac{1}{2}$ (2)", "b \\alpha_1 (2)", "你好 🚀 (2)"))


def test_the_same_run_gives_the_same_page(render: Render) -> None:
    assert render(GRADED) == render(GRADED)


def test_a_run_beside_others_tells_verdict_difference_and_their_answers(
    render: Render, tmp_path: Path
) -> None:
    mine, theirs = (
        [answer(f"{n}", reward=reward, output_text=text) for n in range(9)]
        for reward, text in ((0.2, "A"), (0.9, "<b>"))
    )
    standings = beside(tmp_path, mine, theirs, name=EVIL)
    drawn = Page(render(mine, comparison=replace(standings, notes=[EVIL])))
    assert not drawn.faults
    assert len(drawn.attributes("script")) == 1
    assert "B is better than A" in drawn.read()
    assert "+0.70 [" in drawn.read()
    assert drawn.read().count("<b>") == 9


def test_a_slice_that_only_another_run_answered_is_not_shown() -> None:
    items = {i: row(i, slices={"s": i[0]}) for i in ("a1", "a2", "b1", "b2")}
    halves = list(items)[:2], list(items)[2:]
    runs_ = [view.rows(ids, [answer(i) for i in ids], items) for ids in halves]
    (shown,), _ = view.slices(runs_)["s"]
    assert [shown.name, len(shown.means)] == ["a", 2]


def test_a_slice_that_another_run_did_not_answer_is_drawn_without_it(
    render: Render, tmp_path: Path
) -> None:
    mine, theirs = [answer(i) for i in "abcd"], [answer(i) for i in "cd"]
    items = [row(i, slices={"s": "x" if i in "ab" else "y"}) for i in "abcd"]
    drawn = Page(render(mine, items, comparison=beside(tmp_path, mine, theirs)))
    assert "nan" not in drawn.read().lower()
