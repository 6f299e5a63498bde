"""`rft import-run` and `rft import-eval`: what a team has from elsewhere."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft import runs
from tests.conftest import Outcome

Rft = Callable[..., Outcome]
RIGHT = '{"backwards": "eboda"}'


def promptfoo(path: Path, *results: dict[str, Any]) -> Path:
    """A results file with these results."""
    full = [{"provider": {"id": "openai:m"}, "vars": {"row": "adobe"}} | r for r in results]
    path.write_text(json.dumps({"results": {"results": full}}))
    return path


def raw(text: str | None, reason: str = "stop") -> dict[str, Any]:
    """A result whose provider kept the completion."""
    message = {"message": {"content": text}, "finish_reason": reason}
    return {"response": {"output": text, "raw": {"choices": [message]}}}


def inspect_log(content: Any, **sample: Any) -> dict[str, Any]:
    """An Inspect log of one sample."""
    choice = {"message": {"role": "assistant", "content": content}, "stop_reason": "stop"}
    one = {"id": "adobe", "epoch": 1, "output": {"model": "m", "choices": [choice]}}
    return {"eval": {"model": "openai/m"}, "samples": [one | sample]}


def only_run(project: Path) -> runs.Run:
    """The one run of the project."""
    (run,) = runs.all_runs(project / "runs")
    return run


def test_promptfoos_answers_become_a_run_that_is_graded_here(rft: Rft, project: Path) -> None:
    file = promptfoo(project / "r.json", raw(RIGHT), raw("no") | {"score": 1})
    outcome = rft("import-run", "promptfoo", str(file), "--model", "theirs")
    assert "2 answers, graded with the project's own grader" in outcome.out
    run = only_run(project)
    assert [record.reward for record in run.records()] == [1.0, 0.0]
    assert (run.info.model, run.info.split) == ("theirs", "validation")


def test_an_error_there_has_no_reward_here(rft: Rft, project: Path) -> None:
    file = promptfoo(project / "r.json", raw(RIGHT), {"error": "429: slow down\nat x"})
    assert "1 answers have no reward" in rft("import-run", "promptfoo", str(file)).out
    (_, failed) = only_run(project).records()
    assert (failed.reward, failed.error) == (None, "429: slow down")


@pytest.mark.parametrize(
    "result",
    [
        {"response": {"output": {"backwards": "eboda"}}},
        {"response": {"output": RIGHT}},
        {"response": {"output": "x", "raw": json.dumps(raw(RIGHT)["response"]["raw"])}},
        raw(f"<think>hm</think>{RIGHT}"),
    ],
)
def test_the_answer_is_found_in_each_shape(rft: Rft, project: Path, result: Any) -> None:
    rft("import-run", "promptfoo", str(promptfoo(project / "r.json", result)))
    assert [record.reward for record in only_run(project).records()] == [1.0]


@pytest.mark.parametrize(
    "content", [RIGHT, [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": RIGHT}]]
)
@pytest.mark.parametrize("packed", [False, True])
def test_inspects_log_becomes_a_run(rft: Rft, project: Path, content: Any, packed: bool) -> None:
    file, log = project / "log", inspect_log(content)
    if packed:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("header.json", json.dumps({"eval": log["eval"]}))
            archive.writestr("samples/adobe_epoch_1.json", json.dumps(log["samples"][0]))
    else:
        file.write_text(json.dumps(log))
    assert rft("import-run", "inspect", str(file)).code == 0
    run = only_run(project)
    assert (run.info.model, [r.reward for r in run.records()]) == ("openai/m", [1.0])


def test_the_same_file_makes_one_run(rft: Rft, project: Path) -> None:
    file = promptfoo(project / "r.json", raw(RIGHT))
    for _ in range(2):
        assert rft("import-run", "promptfoo", str(file)).code == 0
    assert len(only_run(project).records()) == 1


def test_a_grader_that_cannot_run_stops_the_import_and_the_answers_are_kept(
    rft: Rft, project: Path
) -> None:
    grader = project / "task/grader.py"
    grader.write_text("import rdkit\n" + grader.read_text())
    file = promptfoo(project / "r.json", *[raw(RIGHT)] * 40)
    outcome = rft("import-run", "promptfoo", str(file))
    assert "answers in a row failed, the last with: python_grader_server_error" in outcome.err
    assert (outcome.code, only_run(project).sample_count() > 8) == (3, True)


def test_a_report_can_be_made_of_it(rft: Rft, project: Path) -> None:
    rft("import-run", "promptfoo", str(promptfoo(project / "r.json", raw(RIGHT), raw("no"))))
    assert rft("report").code == 0


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("promptfoo", "{}", "not results of promptfoo"),
        ("inspect", "[]", "not results of inspect"),
        ("inspect", "no", "not results of inspect"),
        ("langfuse", "{}", "Unknown kind 'langfuse'; use inspect or promptfoo."),
    ],
)
def test_another_file_is_refused(
    rft: Rft, project: Path, kind: str, text: str, message: str
) -> None:
    (project / "f.json").write_text(text)
    outcome = rft("import-run", kind, "f.json")
    assert outcome.code == 2
    assert message in outcome.err


def test_an_inspect_log_that_did_not_end_is_named_so(rft: Rft, project: Path) -> None:
    with zipfile.ZipFile(project / "log.eval", "w") as archive:
        archive.writestr("_journal/start.json", "{}")
    outcome = rft("import-run", "inspect", "log.eval")
    assert (outcome.code, "an evaluation that did not end" in outcome.err) == (2, True)


def test_answers_to_unknown_rows_are_named(rft: Rft, project: Path) -> None:
    file = promptfoo(project / "r.json", raw(RIGHT), raw(RIGHT) | {"vars": {"row": "zebra"}})
    assert (
        "1 ids that no row in task/data has (zebra)"
        in rft("import-run", "promptfoo", str(file)).out
    )


# import-eval -----------------------------------------------------------------------------------


CHECK = {
    "type": "string_check", "name": "Right word", "operation": "eq",
    "input": "{{sample.output_text}}", "reference": "{{item.reference_answer}}", "id": "x-1",
}  # fmt: skip


def take(rft: Rft, project: Path, definition: Any) -> tuple[Outcome, Any]:
    """Import an eval; its outcome and the grader written."""
    (project / "eval.json").write_text(json.dumps(definition))
    outcome = rft("import-eval", "eval.json")
    written = project / "task/grader-imported.json"
    return outcome, json.loads(written.read_text()) if written.exists() else None


def test_an_openai_evals_graders_are_taken(rft: Rft, project: Path) -> None:
    ask = [{"role": "user", "content": "{{item.word}}"}]
    labels = {"labels": ["a"], "passing_labels": ["a"]}
    judge = {"type": "label_model", "name": "label", "model": "m", "input": ask, **labels}
    outcome, grader = take(rft, project, {"testing_criteria": [CHECK, judge]})
    assert outcome.code == 0
    assert list(grader["graders"]) == ["right_word", "label"]
    assert grader["calculate_output"] == "0.5*right_word + 0.5*label"


def test_what_is_not_of_the_contract_is_named(rft: Rft, project: Path) -> None:
    odd = {"type": "pairwise", "name": "odd"}
    outcome, grader = take(rft, project, {"testing_criteria": [CHECK, odd]})
    assert "left out: 'odd' (pairwise)" in outcome.out
    assert grader["type"] == "string_check"


def test_a_promptfoo_configs_checks_are_taken_with_their_weights(rft: Rft, project: Path) -> None:
    shared = [{"type": "icontains", "value": "{{reference_answer}}", "weight": 3}]
    tests = [
        {"assert": [{"type": "contains", "value": "x"}, {"type": "llm-rubric", "value": "good"}]}
    ]
    outcome, grader = take(rft, project, {"defaultTest": {"assert": shared}, "tests": tests})
    assert grader["graders"]["icontains"]["reference"] == "{{item.reference_answer}}"
    assert grader["calculate_output"] == "0.75*icontains + 0.25*contains"
    assert "left out: 'llm-rubric' (llm-rubric): the contract has no such grader" in outcome.out


def test_a_check_of_some_tests_only_is_no_grader(rft: Rft, project: Path) -> None:
    own = [{"assert": [{"type": "equals", "value": v}, {"type": "contains", "value": "x"}]}
           for v in ("a", "b")]  # fmt: skip
    outcome, grader = take(rft, project, {"defaultTest": None, "tests": own})
    assert (grader["type"], grader["operation"]) == ("string_check", "like")
    assert outcome.out.count("left out: 'equals' (equals): only some tests have it") == 2


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"testing_criteria": "x"}, "testing_criteria: must be a list, but is 'x'"),
        ({"testing_criteria": [1]}, "testing_criteria[0]: must be an object, but is 1"),
        ({"tests": [{"assert": ["x"]}]}, "tests[0].assert[0]: must be an object, but is 'x'"),
        ({"assert": [{"type": "equals", "weight": "a"}]}, "assert[0].weight: must be a number"),
        ({"assert": [{"type": "equals", "value": "x", "weight": 0}]}, "its weight is 0"),
        ({"assert": [{"type": "equals", "value": 3}]}, "its value 3 is not text"),
        ({"tests": "file://t.csv"}, "'file://t.csv' is another file"),
        ({"defaultTest": "file://t.yaml"}, "'file://t.yaml' is another file"),
    ],
)
def test_a_definition_of_another_shape_is_refused(
    rft: Rft, project: Path, definition: Any, message: str
) -> None:
    outcome, grader = take(rft, project, definition)
    assert message in outcome.err
    assert (outcome.code in (1, 2), grader) == (True, None)


def test_nothing_to_take_is_an_error(rft: Rft, project: Path) -> None:
    outcome, grader = take(rft, project, {"tests": [{"assert": [{"type": "javascript"}]}]})
    assert (outcome.code, grader) == (1, None)


def test_a_file_that_exists_is_kept(rft: Rft, project: Path) -> None:
    take(rft, project, {"testing_criteria": [CHECK]})
    outcome, _ = take(rft, project, {"testing_criteria": [CHECK]})
    assert "exists; name another file with --output" in outcome.err
