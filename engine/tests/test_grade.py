"""`rft grade`, and what `rft eval` and `rft check` say of flags and judges."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome
from tests.endpoint import Endpoint, completion
from tests.toy import GRADER, point_to

Rft = Callable[..., Outcome]
RIGHT = '{"backwards": "eboda"}'
JUDGE = {
    "type": "score_model",
    "name": "style",
    "model": "judge-1",
    "input": [{"role": "user", "content": "JUDGE {{sample.output_text}}"}],
}
TOY = {"type": "python", "name": "toy", "source": "file://grader.py"}


def use(project: Path, spec: dict[str, Any]) -> None:
    (project / "task" / "grader.json").write_text(json.dumps(spec))


def judged(formula: str = "0.8*toy + 0.2*style") -> dict[str, Any]:
    graders = {"toy": TOY, "style": JUDGE}
    return {"type": "multi", "name": "both", "graders": graders, "calculate_output": formula}


def with_judge(project: Path, url: str) -> None:
    toml = project / "rft.toml"
    toml.write_text(toml.read_text() + f'[judge]\nbase_url = "{url}"\napi_key_env = "JUDGE_KEY"\n')


@pytest.fixture
def served(project: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """The endpoint answers the toy task rightly and judges every answer 0.5."""
    monkeypatch.setenv("JUDGE_KEY", "sk-judge")
    point_to(project, endpoint.url)
    solve = endpoint.reply

    def reply(body: dict[str, Any]) -> Any:
        if body["messages"][-1]["content"].startswith("JUDGE"):
            return 200, completion('{"result": 0.5, "steps": []}'), {}
        return solve(body)

    endpoint.reply = reply
    return endpoint


def test_one_grading_is_shown_with_its_parts(rft: Rft) -> None:
    outcome = rft("grade", "--item", "adobe", "--sample", RIGHT)
    assert outcome.code == 0
    assert [line.split() for line in outcome.out.splitlines()][1:2] == [["exact", "1", "1"]]
    assert "reward: 1 (python," in outcome.out


def test_the_answer_may_come_from_a_file_or_standard_input(
    rft: Rft, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "answer.txt").write_text(RIGHT)
    assert "reward: 1 " in rft("grade", "--item", "adobe", "--file", "answer.txt").out
    monkeypatch.setattr(sys, "stdin", io.StringIO(RIGHT))
    assert "reward: 1 " in rft("grade", "--item", "adobe").out


def test_an_empty_answer_is_an_answer(rft: Rft) -> None:
    assert "reward: 0 " in rft("grade", "--item", "adobe", "--sample", "").out


@pytest.mark.parametrize("item", ["amber", "adobe", "apple"])
def test_rows_of_every_split_are_found(rft: Rft, item: str) -> None:
    answer = json.dumps({"backwards": item[::-1]})
    assert "reward: 1 " in rft("grade", "--item", item, "--sample", answer).out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--item", "adob", "--sample", ""], "No row has the id 'adob'; similar ids: adobe; "),
        (["--item", "zzzzz", "--sample", ""], "No row has the id 'zzzzz'; rft check"),
        (["--item", "adobe", "--file", "absent"], "absent cannot be read: "),
        (["--item", "adobe", "--file", "x", "--sample", ""], "both name an answer; give one"),
    ],
)
def test_a_mistake_is_one_sentence(rft: Rft, arguments: list[str], sentence: str) -> None:
    outcome = rft("grade", *arguments)
    assert outcome.code == 2
    assert sentence in outcome.err


def test_json_has_the_shape_of_graders_run(rft: Rft, project: Path, served: Endpoint) -> None:
    use(project, judged())
    with_judge(project, served.url)
    found = json.loads(rft("grade", "--item", "adobe", "--sample", RIGHT, "--json").out)
    metadata = found.pop("metadata")
    assert found == {
        "reward": pytest.approx(0.9),
        "sub_rewards": {"toy": 1.0, "style": 0.5},
        "model_grader_token_usage_per_model": {
            "toy-model": {"prompt_tokens": 7, "completion_tokens": 3}
        },
    }
    assert metadata.pop("execution_time") > 0
    errors = metadata.pop("errors")
    assert len(errors) == 14
    assert not any(errors.values())
    assert metadata == {
        "name": "both",
        "type": "multi",
        "scores": {"exact": 1.0, "toy": 1.0, "style": 0.5},
        "token_usage": 10,
        "sampled_model_name": "toy-model",
    }


def test_flags_are_named_with_what_happened(rft: Rft, project: Path) -> None:
    (project / "task" / "grader.py").write_text("def grade(sample, item):\n    return 1 / 0\n")
    arguments = ("grade", "--item", "adobe", "--sample", "x")
    assert "flag: python_grader_runtime_error: ZeroDivisionError" in rft(*arguments).out
    errors = json.loads(rft(*arguments, "--json").out)["metadata"]["errors"]
    assert errors["python_grader_runtime_error"] is True
    assert errors["python_grader_runtime_error_details"].startswith("ZeroDivisionError")


def test_a_judge_that_is_down_scores_nothing_and_is_an_outside_failure(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    use(project, judged())
    with_judge(project, served.url)
    served.reply = lambda body: (400, {"error": {"message": "no such thing"}}, {})
    outcome = rft("grade", "--item", "adobe", "--sample", RIGHT)
    assert outcome.code == 3
    assert "reward: none" in outcome.out
    assert "nothing was scored (model_grader_server_error: style: The endpoint" in outcome.err


def test_without_a_judge_its_part_is_said_not_to_be_graded(rft: Rft, project: Path) -> None:
    use(project, judged())
    outcome = rft("grade", "--item", "adobe", "--sample", RIGHT)
    assert "not graded (no judge)" in outcome.out
    assert "reward: 1 " in outcome.out


def test_a_grader_that_needs_a_judge_says_so_at_once(rft: Rft, project: Path) -> None:
    use(project, JUDGE)
    for command in (["check"], ["grade", "--item", "adobe", "--sample", ""]):
        outcome = rft(*command)
        assert outcome.code == 2
        assert "add a section [judge]" in outcome.err


def test_check_asks_no_judge_and_says_so(rft: Rft, project: Path, served: Endpoint) -> None:
    use(project, judged())
    with_judge(project, served.url)
    outcome = rft("check")
    assert outcome.code == 0
    assert "the rewards below leave out style" in outcome.out
    assert served.bodies == []


def test_check_asks_the_judge_when_the_reward_needs_it_and_says_so(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    use(project, JUDGE)
    with_judge(project, served.url)
    outcome = rft("check")
    assert outcome.code == 1
    assert "judge: asked for every answer below" in outcome.out
    assert "probe 'empty' scores 0.5, allowed is 0.0 to 0.0" in outcome.out


def test_eval_sums_up_flags_and_what_the_judge_cost(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    fault = "    if item['word'] == 'basil':\n        1 / 0\n    try:"
    broken = GRADER.replace("    try:", fault, 1)
    (project / "task" / "grader.py").write_text(broken)
    use(project, judged())
    with_judge(project, served.url)
    out = rft("eval").out
    assert "flags: python_grader_runtime_error 2\n" in out
    assert "judge tokens: 80 by toy-model" in out
    assert "not graded" not in out


def test_eval_says_what_was_not_graded_and_a_judge_makes_another_run(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    use(project, judged())
    out = rft("eval").out
    assert "mean reward 1.00 " in out
    assert "not graded: style in 8 answers, because rft.toml has no [judge]" in out
    with_judge(project, served.url)
    assert "mean reward 0.90 " in rft("eval").out
    written = [p.read_text() for p in (project / "runs").rglob("*") if p.is_file()]
    assert len(list((project / "runs").iterdir())) == 2
    assert not any("sk-judge" in text for text in written)


def test_ready_and_report_go_on_from_a_judged_run(
    rft: Rft, project: Path, served: Endpoint
) -> None:
    use(project, judged())
    rft("eval")
    assert "0.00 at least" in rft("ready", "--all").out
    rft("report")
    (page,) = (project / "runs").rglob("report.html")
    assert "style not graded" in page.read_text()


def test_a_broken_judge_section_names_its_field(rft: Rft, project: Path) -> None:
    toml = project / "rft.toml"
    toml.write_text(toml.read_text() + '[judge]\nprofile = "nowhere"\n')
    outcome = rft("grade", "--item", "adobe", "--sample", "")
    assert outcome.code == 2
    assert "rft.toml: judge.profile: " in outcome.err


def test_an_unreadable_answer_is_called_so_and_the_reference_stands_beside(rft: Rft) -> None:
    shown = rft("grade", "--item", "adobe", "--sample", "I think it is eboda.").out
    assert "unreadable: the answer is not JSON" in shown
    assert f"reference answer: {RIGHT}".replace(": ", ":")[18:] in shown.replace(": ", ":")
    assert "unreadable" not in rft("grade", "--item", "adobe", "--sample", RIGHT).out
