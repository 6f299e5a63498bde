"""People as a run of their own: the answers in task/human.jsonl."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rft import runs
from rft.comparison.pairs import errors_removed
from tests.conftest import Outcome

Rft = Callable[..., Outcome]
Write = Callable[..., Path]


def line(item_id: str, coder: str, backwards: Any) -> str:
    """One answer of one coder to a row of the toy task."""
    return json.dumps({"item_id": item_id, "coder": coder, "answer": {"backwards": backwards}})


@pytest.fixture
def write(project: Path) -> Write:
    """Writes the lines of human.jsonl."""

    def put(*lines: str) -> Path:
        path = project / "task" / "human.jsonl"
        path.write_text("".join(text + "\n" for text in lines))
        return path

    return put


@pytest.fixture
def two_coders(write: Write) -> Path:
    """A answers all of validation right, B one of four, wrong."""
    words = ("adobe", "basil", "coral", "denim")
    return write(*(line(w, "A", w[::-1]) for w in words), line("basil", "B", "?"))


def only_run(project: Path) -> runs.Run:
    """The one run there is."""
    (run,) = runs.all_runs(project / "runs")
    return run


def test_people_become_a_run(rft: Rft, project: Path, two_coders: Path) -> None:
    outcome = rft("eval", "--model", "human")
    assert outcome.code == 0
    assert "2 coders, 4 rows" in outcome.out
    assert only_run(project).info.model == "human"


def test_k_is_the_place_of_the_coder(rft: Rft, project: Path, two_coders: Path) -> None:
    rft("eval", "--model", "human")
    run = only_run(project)
    rewards = {(r.item_id, run.info.coders[r.k]): r.reward for r in run.records()}
    assert rewards["basil", "A"] == 1.0
    assert rewards["basil", "B"] == 0.0


def test_what_a_coder_did_not_answer_is_not_missing(
    rft: Rft, project: Path, two_coders: Path
) -> None:
    rft("eval", "--model", "human")
    run = only_run(project)
    assert run.missing() == []
    assert run.info.planned == len(run.records()) == 5


def test_rows_that_nobody_answered_are_left_out(rft: Rft, project: Path, write: Write) -> None:
    write(line("adobe", "A", "eboda"))
    assert "mean reward 1.00" in rft("eval", "--model", "human").out
    assert only_run(project).info.item_ids == ["adobe"]


def test_the_same_answers_are_the_same_run_and_others_another(
    rft: Rft, project: Path, two_coders: Path, write: Write
) -> None:
    rft("eval", "--model", "human")
    rft("eval", "--model", "human")
    assert len(only_run(project).records()) == 5
    write(line("adobe", "A", "?"))
    rft("eval", "--model", "human")
    assert len(list(runs.all_runs(project / "runs"))) == 2


def test_ready_refuses_people_and_a_report_shows_them(
    rft: Rft, project: Path, two_coders: Path
) -> None:
    rft("eval", "--model", "human")
    outcome = rft("ready")
    assert outcome.code == 2
    assert "-validation-human holds answers of people, and only a model can be" in outcome.err
    assert "people" in rft("report").out


BAD = [
    ("{", "human.jsonl:1: not valid JSON at column 2"),
    (line("nobody", "A", ""), "human.jsonl:1: item_id: 'nobody' is the id of no row"),
    (line("adobe", "", ""), "human.jsonl:1: coder"),
    (line("adobe", "A", 3), "human.jsonl:1: answer.backwards"),
    ('{"item_id": "adobe", "coder": "A"}', "human.jsonl:1: answer: is missing; add it"),
    ("\n".join([line("adobe", "A", "")] * 2), "human.jsonl:2: coder 'A' has answered 'adobe'"),
]


@pytest.mark.parametrize(("text", "words"), BAD)
def test_a_bad_line_is_named_and_nothing_is_graded(
    rft: Rft, project: Path, write: Write, text: str, words: str
) -> None:
    write(text)
    outcome = rft("eval", "--model", "human")
    assert outcome.code == 1
    assert words in outcome.err
    assert not list(runs.all_runs(project / "runs"))


@pytest.mark.parametrize(("text", "words"), BAD)
def test_check_names_a_bad_line(rft: Rft, write: Write, text: str, words: str) -> None:
    write(text)
    outcome = rft("check")
    assert outcome.code == 1
    assert words in outcome.out


def test_check_counts_the_answers(rft: Rft, two_coders: Path) -> None:
    assert "people: 5 answers of 2 coders" in rft("check").out


def test_without_a_file_the_message_says_what_to_do(rft: Rft) -> None:
    outcome = rft("eval", "--model", "human")
    assert outcome.code == 2
    assert "human.jsonl does not exist or is empty; write one line for each coder" in outcome.err


def test_a_split_that_nobody_answered_is_named(rft: Rft, two_coders: Path) -> None:
    outcome = rft("eval", "--model", "human", "--split", "test")
    assert outcome.code == 2
    assert "answers none of the rows of test" in outcome.err


def test_the_name_is_kept_for_people(rft: Rft, project: Path, two_coders: Path) -> None:
    toml = project / "rft.toml"
    toml.write_text(toml.read_text().replace("[models]", '[models]\nhuman = "x"'))
    assert "give the model another one" in rft("eval", "--model", "human").err


@pytest.mark.parametrize(
    ("model", "human", "share"), [(0.57, 0.45, 0.12 / 0.55), (0.4, 0.4, 0), (1, 0.4, 1)]
)
def test_the_share_of_human_errors_removed(model: float, human: float, share: float) -> None:
    removed = errors_removed(np.full(9, human), np.full(9, model))
    assert removed is not None
    assert removed.value == pytest.approx(share)


def test_of_no_errors_no_share_is_removed() -> None:
    assert errors_removed(np.full(9, 1.0), np.full(9, 0.9)) is None
