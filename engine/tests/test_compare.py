"""`rft compare`: what it concludes, what it refuses, and what it shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rft import graders, runs
from rft.comparison import ComparedRun, compare_runs, differences, label
from rft.comparison.pairs import errors_removed
from rft.errors import CheckError
from rft.records import Grade, Record, Sample
from tests.conftest import Outcome
from tests.pages import made_run
from tests.toy import WORDS, row

TRAIN = WORDS["train"].split()
MakeRun = Callable[..., str]
Rft = Callable[..., Outcome]


def record(item_id: str, k: int, reward: float | None, **sample: Any) -> Record:
    sample.setdefault("output_text", f'{{"answer": "{item_id} {reward}"}}')
    sample.setdefault("finish_reason", "stop")
    grade = Grade(reward=reward, parts={"exact": float(reward == 1), "close": reward or 0.0})
    return Record(item_id=item_id, k=k, sample=Sample(**sample), grade=grade)


@pytest.fixture
def run(project: Path) -> MakeRun:
    """Write a run of the toy project's rows with these rewards; gives its folder's name."""

    def make(
        model: str,
        rewards: Mapping[str, Sequence[float | None]],
        split: str = "train",
        **changed: Any,
    ) -> str:
        data = runs.digest([row(w) for w in rewards])
        grader = graders.spec_hash(graders.load_spec(project / "task" / "grader.json"))
        hashes = {"data": data, "grader": grader, "prompt": "p"} | changed.pop("hashes", {})
        sample = changed.pop("sample", {})
        info = runs.RunInfo(
            split=split,
            model=model,
            profile="compatible",
            base_url="",
            item_ids=list(rewards),
            samples_per_item=max(map(len, rewards.values())),
            sampling={"temperature": 1.0, "response_format": "json_schema"} | changed,
            hashes=hashes,
            versions={},
        )
        made = runs.start(project / "runs", info, new=True)
        for item, found in rewards.items():
            for k, reward in enumerate(found):
                made.append(record(item, k, reward, **sample))
        return made.folder.name

    return make


def flat(reward: float, k: int = 2, words: Sequence[str] = TRAIN) -> dict[str, list[float]]:
    """Rewards around one value, a little apart from word to word."""
    return {w: [min(1.0, reward + n % 3 / 20)] * k for n, w in enumerate(words)}


def compared(
    folder: Path, label: str, rewards: Mapping[str, Sequence[float]], **given: Any
) -> ComparedRun:
    records = [record(i, k, r) for i, values in rewards.items() for k, r in enumerate(values)]
    made = made_run(folder / label, records, **given)
    return ComparedRun(label, label, made, made.records())


def test_a_model_that_is_better_on_every_row_is_called_better(run: MakeRun, rft: Rft) -> None:
    run("toy-model", flat(0.2))
    run("tuned-1", flat(0.6))
    outcome = rft("compare", "base", "tuned-1")
    assert outcome.code == 0
    assert "B is better than A: B - A = +0.40 [" in outcome.out
    assert "B is better in 22 rows, worse in 0, the same in 0" in outcome.out
    assert "Errors removed, (B - A) / (1 - A): 5" in outcome.out


def test_two_runs_that_differ_by_luck_are_tied_and_it_says_what_could_be_seen(
    run: MakeRun, rft: Rft
) -> None:
    luck = {w: [(n * 7 % 11) / 11] for n, w in enumerate(TRAIN)}
    run("toy-model", luck)
    run("other", dict(zip(TRAIN, reversed(luck.values()), strict=True)))
    output = rft("compare", "base", "other").out
    assert "A and B are tied" in output
    assert "22 rows show differences from 0." in output


def test_a_run_may_be_named_by_the_path_that_a_shell_completes(run: MakeRun, rft: Rft) -> None:
    first, second = run("toy-model", flat(0.2)), run("toy-model", flat(0.3))
    output = rft("compare", f"runs/{first}/", f"runs/{second}/").out
    assert output == rft("compare", first, second).out


def test_different_numbers_of_answers_are_compared_by_the_means_of_rows(
    run: MakeRun, rft: Rft
) -> None:
    run("toy-model", flat(0.2, k=4))
    run("human", flat(0.2, k=1))
    result = json.loads(rft("compare", "base", "human", "--json").out)
    assert result["pairs"][0]["paired"]["difference"]["value"] == 0
    assert [r["answers"] for r in result["runs"]] == [88, 22]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"hashes": {"grader": "other"}}, " here, other there"),
        ({"hashes": {"data": "other"}}, "data: the same 22 rows with other content"),
        ({"hashes": {"prompt": "other"}}, "prompt: hash p here, other there"),
        ({"split": "validation"}, "split: train here, validation there"),
    ],
)
def test_runs_that_differ_in_more_than_the_answers_are_refused_saying_in_what(
    run: MakeRun, rft: Rft, changed: dict[str, Any], expected: str
) -> None:
    run("toy-model", flat(0.2))
    run("tuned-1", flat(0.6), **changed)
    refused = rft("compare", "base", "tuned-1")
    assert refused.code == 2
    assert expected in refused.err


def test_a_run_on_fewer_rows_is_refused_unless_common_rows_are_asked_for(
    run: MakeRun, rft: Rft
) -> None:
    run("toy-model", flat(0.2))
    run("tuned-1", flat(0.6, words=TRAIN[:10]))
    assert "data: 22 rows here, 10 there, 10 in both" in rft("compare", "base", "tuned-1").err
    assert "10 rows that all runs answered" in rft("compare", "base", "tuned-1", "--common").out


def test_common_rows_that_have_changed_since_are_refused(
    run: MakeRun, rft: Rft, project: Path
) -> None:
    run("toy-model", flat(0.2))
    run("tuned-1", flat(0.6, words=TRAIN[:10]))
    file = project / "task" / "data" / "train.jsonl"
    file.write_text(file.read_text().replace("rebma", "amber"))
    assert "train.jsonl has changed" in rft("compare", "base", "tuned-1", "--common").err


def test_other_prompts_can_be_allowed_and_are_told(run: MakeRun, rft: Rft) -> None:
    run("toy-model", flat(0.2))
    run("tuned-1", flat(0.6), hashes={"prompt": "other"})
    assert "different prompts" in rft("compare", "base", "tuned-1", "--any-prompt").out


def test_of_several_runs_of_a_model_the_newest_that_fits_is_taken(run: MakeRun, rft: Rft) -> None:
    run("toy-model", flat(0.1))
    run("tuned-1", flat(0.6))
    run("toy-model", flat(0.9, words=TRAIN[:3]))
    assert "B is better than A: B - A = +0.50" in rft("compare", "base", "tuned-1").out


def test_a_newer_run_that_does_not_fit_is_named_with_the_reason(run: MakeRun, rft: Rft) -> None:
    run("toy-model", flat(0.1))
    run("tuned-1", flat(0.6))
    newer = run("toy-model", flat(0.9, words=TRAIN[:3]))
    output = " ".join(rft("compare", "base", "tuned-1").out.split())
    assert f"A: the newer run {newer} does not fit B (data: 3 rows here, 22 there" in output


def test_a_newer_run_of_another_grader_makes_the_others_out_of_date(run: MakeRun, rft: Rft) -> None:
    run("toy-model", flat(0.1), hashes={"grader": "old"})
    old = run("tuned-1", flat(0.6), hashes={"grader": "old"})
    newer = run("toy-model", flat(0.1))
    refused = rft("compare", "base", "tuned-1")
    assert refused.code == 2
    assert f"{newer}, the newest run of 'base', was graded by another grader than {old}" in (
        refused.err
    )
    assert "rft eval --model tuned-1" in refused.err


def test_runs_of_an_earlier_grader_are_compared_saying_so(run: MakeRun, rft: Rft) -> None:
    for model in ("toy-model", "tuned-1"):
        run(model, flat(0.1), hashes={"grader": "old"})
    assert "the grader has changed since" in rft("compare", "base", "tuned-1").out


def test_thirty_runs_are_all_compared(run: MakeRun, rft: Rft) -> None:
    names = [run(f"m{n}", flat(n / 40, words=TRAIN[:6])) for n in range(30)]
    result = json.loads(rft("compare", *names, "--json").out)
    assert len(result["runs"]) == 30
    assert [result["runs"][n]["label"] for n in (0, 25, 26, 29)] == ["A", "Z", "AA", "AD"]
    assert len(result["pairs"]) == 29


def test_labels_go_on_after_z() -> None:
    assert [label(n) for n in (0, 25, 26, 27, 701, 702)] == ["A", "Z", "AA", "AB", "ZZ", "AAA"]


def test_verdict_and_interval_of_a_pair_agree_after_the_correction(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    runs_ = [
        compared(tmp_path, f"{n}", {f"{i}": [float(rng.random() < 0.4 + n / 9)] for i in range(40)})
        for n in range(4)
    ]
    for pair in compare_runs(runs_, {}).pairs:
        difference, removed = pair.paired.difference, pair.errors_removed
        assert (pair.verdict == "b") == (pair.p_value < 0.05) == (difference.low > 0)
        assert removed is not None
        assert (removed.low > 0) == (difference.low > 0)


@pytest.mark.parametrize("beside", ["tuned-1", "base"])
def test_a_report_after_both_evaluations_puts_base_first(
    run: MakeRun, rft: Rft, project: Path, beside: str
) -> None:
    name = run("toy-model", flat(0.2))
    run("tuned-1", flat(0.6))
    assert rft("report", "--with", beside).out.endswith(f"report: runs/{name}/report.html\n")
    assert "B is better than A" in (project / "runs" / name / "report.html").read_text()


def test_people_are_one_more_run_and_every_model_is_compared_with_them(
    run: MakeRun, rft: Rft
) -> None:
    run("toy-model", flat(0.2))
    run("tuned-1", flat(0.6))
    run("human", flat(0.8, k=1), hashes={"prompt": "none"})
    result = json.loads(rft("compare", "base", "tuned-1", "human", "--json").out)
    pairs = [(p["a"], p["b"], p["verdict"]) for p in result["pairs"]]
    assert pairs == [("A", "B", "b"), ("C", "A", "a"), ("C", "B", "a")]


def test_people_need_not_have_answered_every_row(run: MakeRun, rft: Rft) -> None:
    run("toy-model", flat(0.2))
    run("human", flat(0.8, k=1, words=TRAIN[:9]))
    output = rft("compare", "base", "human").out
    assert "9 rows that all runs answered" in output
    assert "B: people answered 9 of the rows" in output


def test_slices_lengths_and_parts_are_told_with_corrected_p_values(run: MakeRun, rft: Rft) -> None:
    run("toy-model", flat(0.2))
    run("tuned-1", flat(0.6))
    (pair,) = json.loads(rft("compare", "base", "tuned-1", "--json").out)["pairs"]
    keys = {s["key"] for s in pair["slices"]}
    assert keys == {"length", "length of A's answers", "part of the grade"}
    tested = [s for s in pair["slices"] if s["p_value"] is not None]
    assert all(s["p_value"] >= s["paired"]["p_value"] for s in tested)
    assert all(s["paired"]["items"] >= 6 for s in tested)


def test_rows_won_and_lost_are_shown_with_both_answers(run: MakeRun, rft: Rft) -> None:
    run("toy-model", flat(0.2))
    run("tuned-1", flat(0.6) | {"amber": [0.0, 0.0]})
    output = rft("compare", "base", "tuned-1", "--show", "1").out
    assert "B is worse in 1 row:\n  amber: 0.20 -> 0.00  (length 5)" in output
    assert 'A 0.20: {"answer": "amber 0.2"}' in output
    assert 'B 0.00: {"answer": "amber 0.0"}' in output


def test_the_answers_shown_of_a_row_are_the_two_that_differ_most(run: MakeRun, rft: Rft) -> None:
    run("toy-model", {w: [0, 0.1, 0, 0] for w in TRAIN})
    run("tuned-1", {w: [0, 0.1, 0.8, 0] for w in TRAIN})
    (pair,) = json.loads(rft("compare", "base", "tuned-1", "--json").out)["pairs"]
    assert [pair["wins"][0][label]["reward"] for label in "ab"] == [0, 0.8]


def test_an_answer_cannot_move_the_cursor_or_colour_the_terminal(run: MakeRun, rft: Rft) -> None:
    (
        run("toy-model", flat(0.2)),
        run("tuned-1", flat(0.6), sample={"output_text": "\x1b[2J\u202eno"}),
    )
    output = rft("compare", "base", "tuned-1").out
    assert "⟨U+001B⟩[2J⟨U+202E⟩no" in output
    assert "\x1b" not in output


def test_answers_that_grew_or_became_unreadable_are_pointed_out(run: MakeRun, rft: Rft) -> None:
    run("toy-model", flat(0.2))
    run("tuned-1", flat(0.0), sample={"output_text": "word " * 50})
    output = rft("compare", "base", "tuned-1").out
    assert "! Answers grew" in output
    assert "! More unreadable answers" in output


def test_a_model_that_knows_its_training_rows_by_heart_is_pointed_out(
    run: MakeRun, rft: Rft
) -> None:
    held_out = WORDS["validation"].split()
    run("tuned-1", flat(0.9))
    run("toy-model", flat(0.2, words=held_out), split="validation")
    run("tuned-1", flat(0.3, words=held_out), split="validation")
    output = rft("compare", "base", "tuned-1", "--split", "validation").out
    assert "! B is better on its training rows" in output


@pytest.mark.parametrize(("order", "code"), [(("base", "tuned-1"), 0), (("tuned-1", "base"), 1)])
def test_ci_can_be_made_to_fail_on_a_worse_model(
    run: MakeRun, rft: Rft, order: tuple[str, str], code: int
) -> None:
    run("toy-model", flat(0.2))
    run("tuned-1", flat(0.6))
    assert rft("compare", *order, "--quiet", "--fail-if-worse").code == code


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["base"], "Name two runs or more"),
        (["base", "base"], "The same run is named twice"),
        (["base", "nobody"], "No run of 'nobody' is in runs/"),
    ],
)
def test_names_that_mean_no_two_runs_are_one_sentence(
    run: MakeRun, rft: Rft, names: list[str], expected: str
) -> None:
    run("toy-model", flat(0.2))
    refused = rft("compare", *names)
    assert refused.code == 2
    assert expected in refused.err


def test_the_output_fits_80_columns(
    run: MakeRun, rft: Rft, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("toy-model", flat(0.2))
    run("org/a-model-with-a-long-name:ft-2026-11-25", flat(0.6))
    run("human", flat(0.8))
    monkeypatch.setenv("COLUMNS", "80")
    output = rft("compare", "base", "org/a-model-with-a-long-name:ft-2026-11-25", "human").out
    assert max(map(len, output.splitlines())) <= 80


def test_a_report_can_put_a_run_beside_others(run: MakeRun, rft: Rft, project: Path) -> None:
    name = run("toy-model", flat(0.2))
    run("tuned-1", flat(0.6))
    output = rft("report", name, "--with", "tuned-1").out
    assert output.endswith(f"report: runs/{name}/report.html\n")
    page = (project / "runs" / name / "report.html").read_text()
    assert "B is better than A" in page


def test_items_that_one_run_lacks_are_left_out_of_all(tmp_path: Path) -> None:
    a = compared(tmp_path, "A", {"x": [0.0], "y": [1.0]})
    b = compared(tmp_path, "B", {"y": [1.0], "z": [0.0]})
    result = compare_runs([a, b], {})
    assert result.items == ["y"]
    assert [m.value for m in result.means] == [1, 1]


def test_runs_without_an_item_in_common_cannot_be_compared(tmp_path: Path) -> None:
    a, b = compared(tmp_path, "A", {"x": [0.0]}), compared(tmp_path, "B", {"y": [1.0]})
    with pytest.raises(CheckError, match="no row in common"):
        compare_runs([a, b], {})


def test_a_slice_of_five_items_is_not_tested_for_it_could_never_be_shown(tmp_path: Path) -> None:
    ids = [f"{n}" for n in range(11)]
    a, b = (compared(tmp_path, n, {i: [r] for i in ids}) for n, r in (("A", 0.0), ("B", 1.0)))
    result = compare_runs(
        [a, b], {i: {"slices": {"s": "five" if int(i) < 5 else "six"}} for i in ids}
    )
    p_values = {s.value: s.p_value for s in result.pairs[0].slices if s.key == "s"}
    assert np.isnan(p_values["five"])
    assert p_values["six"] < 0.05


def test_the_share_of_errors_removed_is_that_of_the_means_within_its_interval() -> None:
    rng = np.random.default_rng(0)
    a = rng.random(60)
    result = errors_removed(a, a + 0.3 * (1 - a))
    assert result is not None
    assert result.value == pytest.approx(0.3)
    assert result.low <= 0.3 <= result.high <= 1


@pytest.mark.parametrize("size", [0, 1, 40])
def test_where_nothing_lacks_no_error_can_be_removed(size: int) -> None:
    assert errors_removed(np.ones(size), np.zeros(size)) is None


def test_a_wholly_known_gain_still_has_an_interval() -> None:
    result = errors_removed(np.zeros(20), np.full(20, 0.5))
    assert result is not None
    assert result.high - result.low > 0.05


def test_runs_of_the_same_make_do_not_differ(tmp_path: Path) -> None:
    info = compared(tmp_path, "A", {"x": [1.0]}).run.info
    assert differences(info, info) == {}
