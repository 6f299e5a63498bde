"""`rft review`: what experts save is in the project's files, and nothing else is."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from rft.project import Project
from rft.review.desk import Desk
from tests import review_fixtures
from tests.pages import EVIL, Page
from tests.review_fixtures import Expert, lines, store_run
from tests.toy import row

desk, ada, ben = review_fixtures.desk, review_fixtures.ada, review_fixtures.ben

# Reference answers


def test_an_expert_who_agrees_changes_no_row(ada: Expert, project: Path) -> None:
    data = (project / "task/data/validation.jsonl").read_bytes()
    location = ada.save("/gold", ada.sheet("/gold", row="adobe"), do="save")
    (review,) = lines(project / "task/reviews.jsonl")
    assert (review["item_id"], review["coder"], review["task"]) == ("adobe", "Ada", "gold")
    assert review["value"] == review["before"] == {"backwards": "eboda"}
    assert (project / "task/data/validation.jsonl").read_bytes() == data
    assert "row=basil" in location


def test_a_disagreement_keeps_both_until_somebody_settles_it(
    ada: Expert, ben: Expert, project: Path
) -> None:
    ada.save("/gold", ada.sheet("/gold", row="adobe"), do="save", answer__backwards="EBODA")
    assert lines(project / "task/data/validation.jsonl")[0]["reference_answer"] == "eboda"
    page = ben.open("/gold", row="adobe")
    assert "Experts disagree" in page
    ben.save("/gold", ben.sheet("/gold", row="adobe"), do="use", choice="Ada")
    assert lines(project / "task/data/validation.jsonl")[0]["reference_answer"] == "EBODA"
    assert "Experts disagree" not in ben.open("/gold", row="adobe")
    first, *_ = lines(project / "task/reviews.jsonl")
    assert first["before"] == {"backwards": "eboda"}


def test_check_names_a_disagreement_until_it_is_settled(ada: Expert, project: Path) -> None:
    assert not [note for note in Project.open(project).check().notes if "reviews" in note]
    ada.save("/gold", ada.sheet("/gold", row="adobe"), do="save", answer__backwards="EBODA")
    ada.save("/gold", ada.sheet("/gold", row="basil"), do="save")
    result = Project.open(project).check()
    (finding,) = [f for f in result.findings if f.code == "open-review"]
    assert (finding.severity, finding.line, finding.field) == ("warning", 1, "adobe")
    assert "opinions on the reference answer differ (Ada, the file); settle it" in str(finding)
    assert "reviews: 2 opinions of 1 expert, 1 open disagreement" in result.notes
    ada.save("/gold", ada.sheet("/gold", row="adobe"), do="use", choice="Ada")
    assert not [f for f in Project.open(project).check().findings if f.code == "open-review"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "reviews.jsonl:1: not valid JSON at column 2"),
        ('{"item_id": "adobe", "task": "gold", "time": "t", "value": {}}', "1: coder: is missing"),
        (
            '{"item_id": "nobody", "task": "gold", "coder": "A", "time": "t", "value": {}}',
            "reviews.jsonl:1: item_id: 'nobody' is the id of no row",
        ),
    ],
)
def test_check_names_a_broken_line_of_the_log(
    project: Path, own_task: None, line: str, message: str
) -> None:
    (project / "task/reviews.jsonl").write_text(line + "\n")
    assert message in str(Project.open(project).check())


def test_a_correction_rewrites_its_row_and_no_other_byte(ada: Expert, project: Path) -> None:
    path = project / "task/data/validation.jsonl"
    before = path.read_bytes().split(b"\n")
    ada.save("/gold", ada.sheet("/gold", row="basil"), do="settle", answer__backwards="x")
    after = path.read_bytes().split(b"\n")
    assert [n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [1]
    assert json.loads(after[1]) == row("basil") | {"reference_answer": "x"}


def test_what_changed_meanwhile_is_not_overwritten(ada: Expert, ben: Expert, project: Path) -> None:
    posted = ada.sheet("/gold", row="adobe")
    ben.save("/gold", ben.sheet("/gold", row="adobe"), do="settle", answer__backwards="by Ben")
    page = ada.save("/gold", posted, 409, do="settle", answer__backwards="by Ada")
    assert "was changed while you worked on it" in page
    assert "by Ada" in page
    assert lines(project / "task/data/validation.jsonl")[0]["reference_answer"] == "by Ben"


@pytest.mark.slow
def test_a_correction_that_fails_the_tasks_own_checks_asks_back(
    project: Path, own_task: None
) -> None:
    schema = project / "task/schema.py"
    check = "['It is too short.'] * (len(item.reference_answer) < 3)"
    schema.write_text(f"{schema.read_text()}def check_item(item):\n    return {check}\n")
    ada = Expert(Desk(Project.open(project)), "Ada")
    posted = ada.sheet("/gold", row="adobe")
    assert "It is too short." in ada.save("/gold", posted, 422, do="settle", answer__backwards="x")
    ada.save("/gold", posted, do="settle", answer__backwards="x", anyway="1")
    assert lines(project / "task/data/validation.jsonl")[0]["reference_answer"] == "x"


# Blind answers


def test_a_blind_answer_is_a_line_of_human_jsonl_and_replaces_an_earlier_one(
    ada: Expert, ben: Expert, project: Path
) -> None:
    for expert, text in ((ada, "one"), (ben, "two"), (ada, "three")):
        expert.save("/blind", expert.sheet("/blind", row="coral"), answer__backwards=text)
    answers = {x["coder"]: x["answer"]["backwards"] for x in lines(project / "task/human.jsonl")}
    assert answers == {"Ada": "three", "Ben": "two"}
    assert Project.open(project).check().ok


def test_the_blind_page_does_not_hold_the_reference(ada: Expert) -> None:
    assert "eboda" not in ada.open("/blind", row="adobe")


# Reading


@pytest.fixture
def run(project: Path) -> str:
    """A run whose answers are right, hostile, and suspiciously short."""
    texts = ['{"backwards": "eboda"}', EVIL, "x" * 9_000 + "\x00\x1b\u202e"]
    return store_run(project, {"adobe": texts, "basil": ["{}"]})


@pytest.mark.slow
def test_a_runs_answers_stand_beside_the_reference_with_their_parts(ada: Expert, run: str) -> None:
    page = Page(ada.open("/read", row="adobe", run=run))
    assert page.faults == []
    assert "eboda" in page.read()
    assert "exact" in page.read()


@pytest.mark.slow
@pytest.mark.parametrize("order", ["worst", "disputed", "suspicious", "failed", "all"])
def test_every_order_of_rows_has_a_page(ada: Expert, run: str, order: str) -> None:
    assert Page(ada.open("/read", order=order, run=run)).faults == []


# Hostile content


def test_hostile_text_is_text(ada: Expert, project: Path, run: str) -> None:
    path = project / "task/data/validation.jsonl"
    evil = row(EVIL) | {"reference_answer": EVIL + "\x00\u202e", "id": EVIL}
    path.write_text(json.dumps(evil) + "\n" + path.read_text())
    ada.save("/blind", ada.sheet("/blind", row=EVIL), answer__backwards=EVIL)
    for place in ("/", "/gold", "/blind", "/judge", "/read"):
        page = Page(ada.open(place, **({"row": EVIL} if place in ("/gold", "/blind") else {})))
        assert page.faults == []
        assert "img" not in {tag for tag, _ in page.tags}
        assert {bool(a.get("nonce")) for a in page.attributes("script")} == {True}
    page = Page(ada.open("/read", row="adobe"))
    assert "⟨U+202E⟩" in page.read()
    assert "img" not in {tag for tag, _ in page.tags}


def test_a_hostile_reference_comes_back_unchanged(ada: Expert, project: Path) -> None:
    path = project / "task/data/validation.jsonl"
    path.write_text(
        json.dumps(row("evil") | {"reference_answer": f"\n{EVIL}\r\n\x00\u202e"}) + "\n"
    )
    ada.save("/gold", ada.sheet("/gold", row="evil"), do="save")
    (review,) = lines(project / "task/reviews.jsonl")
    assert review["value"] == review["before"]


# Two experts at once


@pytest.mark.slow
def test_two_experts_at_once_lose_nothing(desk: Desk, project: Path) -> None:
    words = [row(f"w{n:03}") for n in range(100)]
    path = project / "task/data/validation.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in words))
    failed: list[Any] = []

    def work(name: str, rows: range) -> None:
        try:
            expert = Expert(desk, name)
            for n in rows:
                item = f"w{n:03}"
                expert.save("/blind", expert.sheet("/blind", row=item), answer__backwards=name)
                if n % 2:
                    sheet = expert.sheet("/gold", row=item)
                    expert.save("/gold", sheet, do="save", answer__backwards=f"{name} {n}")
        except BaseException as error:
            failed.append(error)

    threads = [
        threading.Thread(target=work, args=("Ada", range(67))),
        threading.Thread(target=work, args=("Ben", range(33, 100))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    answers = lines(project / "task/human.jsonl")
    reviews = lines(project / "task/reviews.jsonl")
    assert len({(a["item_id"], a["coder"]) for a in answers}) == len(answers) == 134
    assert len(reviews) == 67
    assert lines(path) == words


@pytest.mark.slow
def test_a_torn_last_line_of_the_log_costs_one_line(ada: Expert, project: Path) -> None:
    log = project / "task/reviews.jsonl"
    ada.save("/gold", ada.sheet("/gold", row="adobe"), do="save")
    log.write_bytes(log.read_bytes() + b'{"item_id": "basil", "ta')
    ada.save("/gold", ada.sheet("/gold", row="coral"), do="save")
    assert "not valid JSON" in ada.open("/")
    assert "2</b> of 4 done by you" in ada.open("/gold")


def test_mistakes_come_back_with_what_was_entered(project: Path, own_task: None) -> None:
    schema = project / "task/schema.py"
    schema.write_text(
        schema.read_text().replace("backwards: str", "backwards: str\n    count: int")
    )
    text = schema.read_text().replace("item.reference_answer)", "item.reference_answer, count=1)")
    schema.write_text(text)
    ada = Expert(Desk(Project.open(project)), "Ada")
    posted = ada.sheet("/blind", row="adobe")
    page = ada.save("/blind", posted, 422, answer__count="many", answer__backwards="kept")
    assert "This is not a number." in page
    assert "kept" in page
    assert lines(project / "task/human.jsonl") == []


def test_without_the_extra_the_command_says_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch, rft: Any
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    outcome = rft("review")
    assert (outcome.code, "'review' extra" in outcome.err) == (2, True)
