"""The report: one file that anybody can open, and that nothing a model wrote can change."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from rft import report
from rft.errors import OutsideError
from rft.glossary import words
from rft.records import Grade, Record
from rft.report import view
from rft.report.diff import Diff, diff_answers
from rft.standings import standings
from rft.stats import rewards_by_item
from tests.pages import EVIL, Page, Render, answer, beside, page, row


def evil(place: str) -> str:
    """Markup that would run a script, and tells where it was found."""
    return f"<script>alert('{place}')</script>\"'><img src=x onerror=alert(1)>"


def hostile(place: str) -> tuple[Record, dict[str, Any]]:
    """A record and a row that hold markup in one place."""
    text, item_id = evil(place), f"id of {place}"
    samples: dict[str, dict[str, Any]] = {
        "answer": {"output_text": text},
        "entry of an answer": {"output_text": json.dumps({"x": [text]})},
        "reasoning": {"reasoning": text},
        "refusal": {"refusal": text},
        "finish reason": {"finish_reason": text},
        "usage key": {"usage": {text: 1}},
        "tool call": {"tool_calls": [{"name": text}]},
    }
    rows: dict[str, dict[str, Any]] = {
        "prompt": {"messages": [{"role": "user", "content": text}]},
        "role": {"messages": [{"role": text, "content": "x"}]},
        "gold": {"reference_answer": text},
        "slice": {"slices": {"protocol": text}},
        "slice key": {"slices": {text: "apb"}},
    }
    grades: dict[str, dict[str, Any]] = {
        "parts key": {"parts": {text: 1}},
        "flag": {"errors": {text: True}},
        "detail of a flag": {"errors": {"flag": True}, "details": {"flag": text}},
        "not graded": {"not_graded": [text]},
        "judge's key": {"judge_steps": {text: [{"description": "d", "conclusion": "c"}]}},
        "judge's reason": {"judge_steps": {"j": [{"description": text, "conclusion": "c"}]}},
        "judge's conclusion": {"judge_steps": {"j": [{"description": "d", "conclusion": text}]}},
    }
    item_id = text if place == "id" else item_id
    record = answer(item_id, **samples.get(place, {}))
    if place in grades:
        record.grade = Grade(reward=1, **grades[place])
    if place == "error":
        record = Record(item_id=item_id, k=0, error=text)
    return record, row(item_id, **rows.get(place, {}))


PLACES = [
    "answer", "entry of an answer", "reasoning", "refusal", "finish reason", "usage key",
    "tool call", "prompt", "role", "gold", "slice", "slice key", "parts key", "flag",
    "detail of a flag", "not graded", "judge's key", "judge's reason", "judge's conclusion", "id",
    "error",
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """One page with markup in every place at once."""
    records, items = zip(*map(hostile, PLACES), strict=True)
    return Page(page(tmp_path_factory.mktemp("hostile") / "run", records, items))


@pytest.mark.parametrize("place", PLACES)
def test_markup_that_a_model_or_a_row_wrote_is_shown_as_text(
    hostile_page: Page, place: str
) -> None:
    assert evil(place) in hostile_page.read().replace('\\"', '"')


def test_markup_that_a_model_or_a_row_wrote_makes_no_element(hostile_page: Page) -> None:
    assert not hostile_page.faults
    assert len(hostile_page.attributes("script")) == 1
    assert not hostile_page.attributes("img")


@pytest.mark.parametrize("given", [{"task": report.Task(EVIL, EVIL)}, {"model": EVIL}])
def test_markup_in_the_names_of_project_and_model_is_shown_as_text(
    render: Render, given: dict[str, Any]
) -> None:
    page = Page(render([answer()], [row()], **given))
    assert EVIL in page.read("title")
    assert len(page.attributes("script")) == 1


def test_no_attribute_holds_an_event_handler_or_an_inline_style(hostile_page: Page) -> None:
    names = {name for _, found in hostile_page.tags for name in found}
    assert not {n for n in names if n.startswith("on") or n == "style"}


def test_the_page_fetches_nothing(render: Render) -> None:
    page = Page(render([answer()], [row()]))
    values = [str(v) for _, found in page.tags for n, v in found.items() if n in ("src", "href")]
    assert not values
    assert not page.attributes("link")
    assert not re.search(r"url\(|@import|fetch\(|https?:", page.read("style") + page.read("script"))


@pytest.mark.parametrize("tag", ["style", "script"])
def test_the_policy_allows_exactly_the_inlined_code(render: Render, tag: str) -> None:
    page = Page(render([answer()], [row()]))
    policy = next(m for m in page.attributes("meta") if "http-equiv" in m)["content"] or ""
    sha = base64.b64encode(hashlib.sha256(page.read(tag).encode()).digest()).decode()
    assert policy.startswith("default-src 'none';")
    assert f"{tag}-src 'sha256-{sha}'" in policy
    assert "unsafe" not in policy


RUNS: dict[str, tuple[list[Record], list[dict[str, Any]]]] = {
    "nothing at all": ([], []),
    "planned items without an answer": ([], [row("a"), row("b")]),
    "one answer": ([answer()], [row()]),
    "two answers to one item": ([answer(), answer(k=1, reward=1)], [row()]),
    "only failures": ([Record(item_id="a", k=0, error="503.")], [row()]),
    "rows that are gone": ([answer("gone")], []),
    "an odd row": ([answer()], [{"id": "a", "messages": "no list", "slices": []}]),
    "text in many scripts": (
        [answer("ü", output_text="مرحبا 你好 🚀")],
        [row("ü", slices={"Sprache": "עברית"})],
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_every_run_makes_a_whole_page_with_a_verdict(render: Render, name: str) -> None:
    records, items = RUNS[name]
    page = Page(render(records, items))
    assert not page.faults
    assert re.search(r"\b(GO|NOT YET|NO-GO)\b", page.read("title"))
    assert "nan" not in page.read().lower()


def test_the_verdict_and_the_next_step_stand_above_everything_else(render: Render) -> None:
    text = Page(render([answer(reward=0)], [row()])).read()
    places = [text.index(t) for t in ("NOT YET", "Next step:", "Key figures", "Rows and answers")]
    assert places == sorted(places)


def test_failed_answers_are_told_apart_from_answers_that_score_0(render: Render) -> None:
    text = Page(render([Record(item_id="a", k=0, error="503."), answer("b", reward=0)])).read()
    assert "1 failed outside the model, not scored" in text
    assert "Failed outside the model, not scored: 503." in text


def test_a_run_that_was_stopped_says_how_much_is_there(render: Render) -> None:
    assert (
        "1 of 6 planned answers"
        in Page(render([answer()], [row()], ids=["a", "b"], samples=3)).read()
    )


def test_characters_that_reorder_hide_or_break_text_are_spelled_out(render: Render) -> None:
    html = render([answer(output_text="a\u202eb\u2066c\u200bd\x00e\U000e0041f")], [row()])
    assert "a⟨U+202E⟩b⟨U+2066⟩c⟨U+200B⟩d⟨U+0000⟩e⟨U+E0041⟩f" in html
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", html)


def test_half_of_a_surrogate_pair_in_a_row_can_be_written(render: Render, tmp_path: Path) -> None:
    html = render([answer()], [row(reference_answer="\ud800")])
    report.write(html, tmp_path / "r.html")
    assert "⟨U+D800⟩" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("reward", "message"), [(0, "0.00"), (0.004, "<0.01"), (0.996, ">0.99"), (1, "1.00")]
)
def test_a_reward_near_0_or_1_is_not_told_as_0_or_1(
    render: Render, reward: float, message: str
) -> None:
    assert f"reward {message}" in Page(render([answer(reward=reward)], [row()])).read()


def test_a_message_that_all_items_share_is_told_once(render: Render) -> None:
    html = render([answer("a"), answer("b")], [row("a"), row("b")])
    assert html.count("<pre>\nBind.") == 1
    assert "The same developer message for every row" in html


def many(items: int, samples: int, text: str) -> tuple[list[Record], list[dict[str, Any]]]:
    """A run with `items` x `samples` answers; the rewards of the items rise from 0 to 1."""
    ids = [f"item-{n:05}" for n in range(items)]
    made = [
        answer(i, k, n / items, output_text=f"{text}{k}")
        for n, i in enumerate(ids)
        for k in range(samples)
    ]
    return made, [
        row(i, reference_answer=[{"name": f"p{n}", "value": "<&>"} for n in range(20)]) for i in ids
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "text", "cut"),
    [((1000, 1), "x" * 300, False), ((125, 8), "<" * 700, True), ((1000, 1), '"<' * 9000, True)],
)
def test_1000_samples_stay_below_3_mb_and_are_all_there(
    render: Render, size: tuple[int, int], text: str, cut: bool
) -> None:
    html = render(*many(*size, text), samples=size[1])
    assert len(html.encode()) < 3_000_000
    assert html.count("<article>") == 1000
    assert ("Cut: " in html) == cut


@pytest.mark.slow
def test_a_larger_run_shows_a_sample_of_its_items_and_says_so(render: Render) -> None:
    html = render(*many(3000, 1, "x" * 2000))
    shown = [float(m) for m in re.findall(r'data-mean="([^"]+)"', html)]
    assert f"{len(shown):,} of 3,000 rows" in html
    assert len(shown) <= 1000
    assert min(shown) == 0
    assert max(shown) > 0.999
    assert len(html.encode()) < 3_000_000
    assert "Histogram of 3,000 rewards" in html


def test_max_items_bounds_the_table(render: Render) -> None:
    html = render(*many(50, 1, "x"), max_items=7)
    assert html.count('class="item"') == 7
    assert "7 of 50 rows" in html


def test_slices_are_told_with_items_mean_and_interval(render: Render) -> None:
    items = [row(i, slices={"protocol": "apb" if i < "c" else "ahb"}) for i in "abcd"]
    text = Page(render([answer(i, reward=i < "c") for i in "abcd"], items)).read()
    assert re.search(r"apb\s*2\s*1\.00 \[0\.\d\d, 1\.00\]", text)


def test_rare_slice_values_are_left_out_and_counted() -> None:
    values = [f"v{n}" for n in range(view.MAX_SLICES + 5)]
    items = {f"{v}{k}": row(f"{v}{k}", slices={"s": v}) for v in values for k in "ab"}
    found = view.slices([view.rows(list(items), [answer(i) for i in items], items)])
    assert len(found["s"][0]) == view.MAX_SLICES
    assert found["s"][1] == 5


@pytest.mark.parametrize(
    ("gold", "given", "expected"),
    [
        ([1, 1, 2], [2, 1], Diff(2, [], ["1"], [])),
        ([{"n": "a", "v": 1}], {"all": [{"v": 1, "n": "a"}]}, Diff(1, [], [], [])),
        ([{"n": "a", "v": 1}], [{"n": "a", "v": 2}], Diff(0, [("a: 1", "a: 2")], [], [])),
        ({"x": 1, "y": [3]}, {"x": 2}, Diff(0, [("x: 1", "x: 2")], ["y: 3"], [])),
        ([], [{"n": "a", "v": 1}], Diff(0, [], [], ["a: 1"])),
        ([], [], Diff(0, [], [], [])),
        ("yes", "no", None),
        ([1], None, None),
    ],
)
def test_gold_and_answer_are_compared_entry_by_entry(
    gold: Any, given: Any, expected: Diff | None
) -> None:
    assert diff_answers(gold, given) == expected


def test_a_page_replaces_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.html"
    report.write("old", path)
    report.write("neu", path)
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    assert path.read_bytes() == b"neu"


def test_a_path_that_cannot_be_written_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutsideError, match=r"report\.html cannot be written"):
        report.write("x", tmp_path / "report.html")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_the_task_and_what_a_reward_means_stand_on_top(render: Render) -> None:
    task = report.Task("Toy", "Share of right letters.")
    text = Page(render([answer("a"), answer("b")], [row("a"), row("b")], task=task)).read()
    assert text.index("Task: Bind.") < text.index("Share of right letters.") < text.index("Next")


def test_a_row_is_known_by_the_first_line_of_its_own_prompt(render: Render) -> None:
    items = [row(i) for i in "ab"]
    for item in items:
        item["messages"][-1]["content"] = f"# Case\n\nNote of patient {item['id']}\nAnswer."
    assert "Note of patient a" in Page(render([answer(i) for i in "ab"], items)).read("bdi")


def test_equal_answers_are_shown_once_with_their_count(render: Render) -> None:
    html = render([answer(k=0), answer(k=1, reward=0.9), answer(k=2)], [row()], samples=3)
    text = Page(html).read()
    assert html.count("<article>") == 2
    assert "Answers 1, 3 2 equal answers" in text


def test_an_unreadable_answer_is_marked_so(render: Render) -> None:
    assert "unreadable" not in Page(render([answer()], [row()])).read("span")
    spans = Page(render([answer(reward=0, output_text="Sorry.")], [row()])).read("span")
    assert "unreadable" in spans


def test_what_the_prompt_does_not_show_stands_beside_the_reference(render: Render) -> None:
    item = row(evidence=[{"code": "E11.9", "why": "stated"}], note="a")
    text = Page(render([answer()], [item])).read("summary")
    assert "evidence" in text
    assert "note" not in text


def test_a_slice_of_one_row_is_not_shown(render: Render) -> None:
    items = [row(i, slices={"kind": "rare" if i == "a" else "usual"}) for i in "abc"]
    tables = Page(render([answer(i) for i in "abc"], items)).read("text")
    assert "usual (2)" in tables
    assert "rare" not in tables


def test_an_answer_is_written_as_an_expert_reads_it(render: Render) -> None:
    def lines(item_id: str, found: Any) -> list[str] | None:
        return [f"fee: ${(found or {'x': 200})['x'] / 100:.2f}"]

    text = Page(render([answer(output_text='{"x": 150}')], [row()], display_answer=lines)).read()
    assert text.index("fee: $2.00") < text.index("fee: $1.50")
    assert "differs fee: $2.00 fee: $1.50" in text


def test_every_heading_of_a_list_or_column_is_a_word_that_the_page_explains(
    tmp_path: Path, render: Render
) -> None:
    """Except plain English, names that the data give, and labels of runs."""
    rows = [row(i, slices={"kind": "x"}) for i in "abcdef"]
    records = [answer(i, reward=n / 5) for n, i in enumerate("abcdef")]
    others = [answer(i, reward=1) for i in "abcdef"]
    alone = standings("m", rewards_by_item(records), {"empty": dict.fromkeys("abcdef", 0.0)}, {})
    html = render(records, rows, standings=alone)
    html += render(records, rows, comparison=beside(tmp_path, records, others))
    headings = re.findall(r'<th scope="col"[^>]*>(.*?)</th>|<dt>(.*?)</dt>', html)
    plain = {a or b for a, b in headings if 'class="word"' not in a + b}
    assert plain == {"A", "B", "answers of", "date", "empty", "model", "value"}


def test_what_a_word_means_is_a_sentence_of_the_glossary_that_its_button_opens(
    render: Render,
) -> None:
    page = Page(render([answer()], [row()]))
    buttons = [b for b in page.attributes("button") if b.get("class") == "word"]
    opened = [p["id"] for p in page.attributes("p") if "popover" in p]
    assert {b["popovertarget"] for b in buttons} == set(opened)
    assert len(opened) == len(set(opened))
    assert {b["title"] for b in buttons} <= set(words().values())


def test_a_word_of_the_glossary_is_one_short_sentence() -> None:
    found = words()
    assert len(found) > 50
    assert [word for word, text in found.items() if not re.fullmatch(r".{1,120}[^.]\.", text)] == []
    assert [word for word, text in found.items() if re.search(r"[.!?] [A-Z]", text)] == []
