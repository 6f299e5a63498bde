"""`rft export`: what each target gets, what it is refused, and that a reward stays what it is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft.completions import to_sample
from rft.export.target import TARGETS, table
from rft.reading import read_text
from tests.conftest import Outcome
from tests.test_docs import DOCS

Rft = Callable[..., Outcome]
TOY = {"type": "python", "name": "toy", "source": "file://grader.py"}
JUDGE = {
    "type": "score_model",
    "name": "judge",
    "model": "m",
    "input": [{"role": "user", "content": "{{sample.output_text}}"}],
}
STRING = {
    "type": "string_check",
    "name": "s",
    "input": "{{sample.output_text}}",
    "reference": "{{item.reference_answer}}",
    "operation": "eq",
}
SIMILARITY = {
    "type": "text_similarity",
    "name": "t",
    "input": "{{sample.output_text}}",
    "reference": "{{item.reference_answer}}",
    "evaluation_metric": "fuzzy_match",
}
LOCAL = {"type": "local", "name": "l", "source": "file://grader.py", "hosted": "endpoint"}
WITHOUT_RFT = [name for name, target in TARGETS.items() if not target.with_rft]
PORTABLE = [name for name in TARGETS if name not in ("inspect", "promptfoo", "verl", "tinker")]
ODD = [
    "", " ", "{}", '{"a": 1}', '```json\n{"a": 1}\n```', '<think>x</think>\n{"a": 1}',
    '<think>never closed {"a": 1}', 'x</think>{"a": 1}', "[THINK]x[/THINK] 1", "NaN", "[" * 3000,
    "<|channel|>analysis<|message|>x<|end|><|channel|>final<|message|>{}<|return|>", "\ud800",
    "null", "1e999", "\ufeff{}", "\x1b[2J\r\x00{}", None, {"a": 1},
    [{"type": "reasoning", "reasoning": "x"}, {"type": "text", "text": "{"}, {"text": "}"}],
]  # fmt: skip
"""Contents of a model's message."""


def set_grader(project: Path, *leaves: dict[str, Any], formula: str = "") -> None:
    """One grader alone, or several with a formula."""
    multi = {
        "type": "multi",
        "graders": {leaf["name"]: leaf for leaf in leaves},
        "calculate_output": formula,
    }
    text = json.dumps(multi if formula else leaves[0])
    (project / "task/grader.json").write_text(text)


def run_there(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run Python in an export, without this library."""
    return subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=folder, capture_output=True, text=True
    )


@pytest.mark.parametrize("content", ODD)
def test_the_shared_file_reads_an_answer_as_a_run_does(content: Any) -> None:
    reply = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
    assert read_text(content, "stop") == to_sample(reply, 0.0).for_grader()


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_gets_the_grader_byte_for_byte_and_the_rows(
    rft: Rft, project: Path, target: str
) -> None:
    assert rft("export", target).code == 0
    folder = project / "exports" / target
    (grader,) = folder.rglob("grader_1.py")
    assert grader.read_bytes() == (project / "task/grader.py").read_bytes()
    assert len((folder / "train.jsonl").read_text().splitlines()) == 22
    assert (folder / "README.md").exists()


@pytest.mark.parametrize("target", ["foundry", "bedrock"])
def test_what_needs_no_engine_gives_the_projects_rewards(
    rft: Rft, project: Path, target: str
) -> None:
    rft("export", target)
    script = project / "exports" / target / "try_locally.py"
    done = subprocess.run([sys.executable, "-S", str(script)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "rewards are the project's own" in done.stdout


def test_a_changed_reward_is_found(rft: Rft, project: Path) -> None:
    rft("export", "foundry")
    grader = project / "exports/foundry/rft_reward/grader_1.py"
    grader.write_text(grader.read_text().replace("return 1.0", "return 0.9"))
    done = run_there(project / "exports/foundry", "import try_locally as t; print(t.main())")
    assert done.stdout.endswith("1\n")
    assert "0.9, in the project 1.0" in done.stdout


@pytest.mark.parametrize("target", WITHOUT_RFT)
@pytest.mark.parametrize("leaf", [STRING, SIMILARITY, LOCAL], ids=lambda leaf: leaf["type"])
def test_what_needs_rft_is_refused_where_rft_cannot_be(
    rft: Rft, project: Path, target: str, leaf: dict[str, Any]
) -> None:
    set_grader(project, leaf)
    outcome = rft("export", target)
    assert outcome.code == 2
    assert f"{TARGETS[target].title} cannot carry {leaf['type']} '{leaf['name']}'" in outcome.err
    assert not (project / "exports").exists()


@pytest.mark.parametrize("target", [name for name, target in TARGETS.items() if target.with_rft])
@pytest.mark.parametrize("leaf", [SIMILARITY, LOCAL], ids=["text_similarity", "local"])
def test_what_needs_rft_is_carried_where_rft_can_be(
    rft: Rft, project: Path, target: str, leaf: dict[str, Any]
) -> None:
    set_grader(project, leaf)
    assert rft("export", target).code == 0


@pytest.mark.parametrize("target", WITHOUT_RFT)
def test_a_judge_in_a_weighted_sum_is_left_out_and_that_is_said(
    rft: Rft, project: Path, target: str
) -> None:
    set_grader(project, TOY, JUDGE, formula="0.7*toy + 0.3*judge")
    assert "left out: judge, which asks a model" in rft("export", target).out
    assert "Left out: judge" in (project / "exports" / target / "README.md").read_text()


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "foundry"])
def test_a_reward_that_needs_a_judge_is_refused_without_one(
    rft: Rft, project: Path, target: str
) -> None:
    set_grader(project, TOY, JUDGE, formula="min(toy, judge)")
    outcome = rft("export", target)
    assert outcome.code == 2
    assert "cannot do without the grader that asks a model (calculate_output" in outcome.err


@pytest.mark.parametrize("target", WITHOUT_RFT)
def test_a_configured_judge_is_not_left_out_silently(rft: Rft, project: Path, target: str) -> None:
    set_grader(project, TOY, JUDGE, formula="0.7*toy + 0.3*judge")
    with (project / "rft.toml").open("a") as file:
        file.write('[judge]\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m"\n')
    assert "--without-judge" in rft("export", target).err
    assert rft("export", target, "--without-judge").code == 0


@pytest.mark.parametrize("target", TARGETS)
def test_finish_reason_is_read_where_the_target_tells_it(
    rft: Rft, project: Path, target: str
) -> None:
    grader = project / "task/grader.py"
    grader.write_text(grader.read_text() + '\nREASON = "finish_reason"\n')
    assert rft("export", target).code == (0 if TARGETS[target].finish_reason else 2)


@pytest.mark.parametrize("target", ["trl", "foundry"])
@pytest.mark.parametrize("name", ["output_tools", "tool_calls"])
def test_a_grader_that_reads_tool_calls_is_refused(
    rft: Rft, project: Path, target: str, name: str
) -> None:
    grader = project / "task/grader.py"
    grader.write_text(grader.read_text() + f'\nCALLS = "{name}"\n')
    outcome = rft("export", target)
    assert outcome.code == (0 if TARGETS[target].vendor else 2)
    assert (f"The grader reads {name}, which TRL does not tell" in outcome.err) == (target == "trl")


def test_rows_with_tools_are_refused(rft: Rft, project: Path) -> None:
    schema = project / "task/schema.py"
    schema.write_text(
        schema.read_text().replace("    word: str", "    word: str\n    tools: list = []")
    )
    path = project / "task/data/train.jsonl"
    rows = [json.loads(line) | {"tools": [{"type": "function"}]} for line in path.open()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "Row 'amber' has tools" in rft("export", "trl").err


@pytest.mark.parametrize("name", ["{{a}}", "{%a%}", "file://a"])
def test_an_id_that_promptfoo_would_expand_is_refused(rft: Rft, project: Path, name: str) -> None:
    path = project / "task/data/train.jsonl"
    path.write_text(path.read_text().replace('"id": "amber"', f'"id": "{name}"'))
    outcome = rft("export", "promptfoo")
    assert (outcome.code, f"Row '{name}': promptfoo would expand" in outcome.err) == (2, True)


def test_a_folder_of_another_kind_is_left_alone(rft: Rft, project: Path) -> None:
    (project / "mine").mkdir()
    (project / "mine/file").write_text("")
    outcome = rft("export", "trl", "--output", "mine")
    assert (outcome.code, list((project / "mine").iterdir())) == (2, [project / "mine/file"])


def test_a_second_export_replaces_the_first(rft: Rft, project: Path) -> None:
    rft("export", "trl")
    (project / "exports/trl/rft_reward/old.py").write_text("")
    (project / "exports/trl/mine.yaml").write_text("")
    assert rft("export", "trl").code == 0
    assert not (project / "exports/trl/rft_reward/old.py").exists()
    assert (project / "exports/trl/mine.yaml").exists()


def test_an_unknown_target_is_refused(rft: Rft) -> None:
    assert "Unknown target 'axolotl'; use one of inspect" in rft("export", "axolotl").err


def test_the_page_has_the_table_of_the_code() -> None:
    assert table() in (DOCS / "exports.md").read_text(encoding="utf-8")


def test_promptfoos_scorer_takes_each_shape_of_a_messages_content(rft: Rft, project: Path) -> None:
    rft("export", "promptfoo")
    right, row = '{"backwards": "eboda"}', {"id": "adobe", "reference_answer": "eboda"}
    contents = [right, [{"type": "text", "text": right}], None]
    lines = [json.dumps({"content": c, "finish": "stop", "item": row}) for c in contents]
    command = [sys.executable, "-S", str(project / "exports/promptfoo/score.py")]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True)
    assert [json.loads(line)["reward"] for line in done.stdout.splitlines()] == [1.0, 1.0, 0.0]


# the portable reward ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returned", "reward", "errors"),
    [("0.25", 0.25, 0), ("7", 1.0, 1), ("float('nan')", 0.0, 1), ("'1.0'", 0.0, 1),
     ("True", 0.0, 1), ("1 / 0", 0.0, 1)],
)  # fmt: skip
def test_a_grader_that_fails_scores_zero_and_is_counted(
    rft: Rft, project: Path, returned: str, reward: float, errors: int
) -> None:
    rft("export", "trl")
    folder = project / "exports/trl"
    (folder / "rft_reward/grader_1.py").write_text(
        f"def grade(sample, item):\n    return {returned}"
    )
    code = "from rft_reward import score; s = score('x', {}); print(s.reward, len(s.errors))"
    assert run_there(folder, code).stdout.split() == [str(reward), str(errors)]


def test_a_grader_that_cannot_run_there_gives_no_score(rft: Rft, project: Path) -> None:
    rft("export", "trl")
    folder = project / "exports/trl"
    source = "import rdkit\ndef grade(sample, item):\n    return 1.0"
    (folder / "rft_reward/grader_1.py").write_text(source)
    done = run_there(folder, "from rft_reward import score; score('x', {})")
    assert "NoScoreError: rdkit is not installed here" in done.stderr


def test_several_graders_and_their_formula_are_carried(rft: Rft, project: Path) -> None:
    half = {"type": "python", "name": "half", "source": "def grade(s, i):\n    return 0.5\n"}
    set_grader(project, TOY, half, formula="min(toy, half) ^ 2")
    rft("export", "trl")
    code = (
        "from rft_reward import score; from rft_reward.trial import cases, report;"
        "report('here', [score(c.text, c.item).reward for c in cases()])"
    )
    out = run_there(project / "exports/trl", code).stdout
    assert out.startswith("here: ")
    assert out.count("\n") == 1


def test_a_judge_that_fails_gives_no_score(rft: Rft, project: Path) -> None:
    set_grader(project, TOY, JUDGE, formula="0.7*toy + 0.3*judge")
    with (project / "rft.toml").open("a") as file:
        file.write('[judge]\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m"\n')
    rft("export", "trl")
    code = "from rft_reward import score; score('x', {'id': 'i', 'reference_answer': 'y'})"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=project / "exports/trl", capture_output=True, text=True)
    assert "NoScoreError: model_grader_server_error" in done.stderr
