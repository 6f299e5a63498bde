"""The job body for each profile, against the contract's tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from rft import graders
from rft.config import ProfileName, Sampling
from rft.errors import UserError
from rft.jobs.body import JobBody, build, job_grader, shown
from rft.jobs.hyper import Method
from rft.jobs.preflight import JobCheck, PlannedJob, preflight
from rft.jobs.rows import reinforcement_rows, supervised_rows
from rft.rollouts import response_format

ARN = "arn:aws:lambda:us-west-2:123456789012:function:rft-reward"
SOURCE = "def grade(sample, item):\n    return 1.0\n"
PYTHON = {"type": "python", "name": "toy", "source": SOURCE}
LOCAL = {"type": "local", "name": "tool", "source": SOURCE}
MULTI = {
    "type": "multi",
    "name": "both",
    "graders": {
        "exact": {
            "type": "string_check",
            "name": "exact",
            "operation": "eq",
            "input": "{{ sample.output_text }}",
            "reference": "{{ item.reference_answer }}",
        },
        "toy": PYTHON,
        "tool": LOCAL,
    },
    "calculate_output": "0.5*exact + 0.5*toy",
}
PROFILES = get_args(ProfileName)
HYPER = {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 0.5}


class Answer(BaseModel):
    """The toy's answer."""

    backwards: str


FORM = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "strict": True,
        "schema": {
            "additionalProperties": False,
            "description": "The toy's answer.",
            "properties": {"backwards": {"title": "Backwards", "type": "string"}},
            "required": ["backwards"],
            "title": "Answer",
            "type": "object",
        },
    },
}


def body(
    profile: ProfileName,
    grader: dict[str, Any] = MULTI,
    method: Method = "reinforcement",
    suffix: str | None = None,
    seed: int = 7,
    metadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    spec = graders.parse_spec(grader)
    made = build(
        profile,
        method,
        "model-1",
        grader=job_grader(spec, profile, ARN),
        response_format=response_format(Answer, Sampling()),
        hyperparameters=HYPER,
        training_file="file-1",
        validation_file="file-2",
        suffix=suffix,
        seed=seed,
        metadata=metadata or {"project": "toy"},
    )
    return made.wire()


SENT_MULTI = {
    "type": "multi",
    "name": "both",
    "graders": {
        "exact": {
            "type": "string_check",
            "name": "exact",
            "operation": "eq",
            "input": "{{sample.output_text}}",
            "reference": "{{item.reference_answer}}",
        },
        "toy": PYTHON,
    },
    "calculate_output": "0.5*exact + 0.5*toy",
}
HOSTED_METHOD = {
    "type": "reinforcement",
    "reinforcement": {
        "grader": SENT_MULTI,
        "response_format": FORM,
        "hyperparameters": HYPER,
    },
}
FULL = {
    "model": "model-1",
    "training_file": "file-1",
    "validation_file": "file-2",
    "suffix": "toy",
    "seed": 7,
    "metadata": {"project": "toy"},
    "method": HOSTED_METHOD,
}
GOLDEN: dict[str, dict[str, Any]] = {
    "local": FULL,
    "compatible": FULL,
    "openai": FULL,
    "foundry": {k: v for k, v in FULL.items() if k not in ("seed", "metadata")},
    "bedrock": {
        "model": "model-1",
        "training_file": "file-1",
        "method": {
            "type": "reinforcement",
            "reinforcement": {
                "grader": {"type": "lambda", "lambda": {"function": ARN}},
                "hyperparameters": HYPER,
            },
        },
    },
}


@pytest.mark.parametrize("profile", PROFILES)
def test_the_body_is_what_the_profile_documents(profile: ProfileName) -> None:
    suffix = None if profile == "bedrock" else "toy"
    assert body(profile, suffix=suffix) == GOLDEN[profile]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_strict_model_reads_its_own_bodies(profile: ProfileName) -> None:
    assert JobBody.model_validate(GOLDEN[profile]).wire() == GOLDEN[profile]


@pytest.mark.parametrize("profile", ["local", "compatible", "openai", "foundry"])
def test_a_supervised_body(profile: ProfileName) -> None:
    sent = body(profile, method="supervised")
    assert sent["method"] == {"type": "supervised", "supervised": {"hyperparameters": HYPER}}


def test_a_multi_that_only_passes_one_reward_on_is_sent_as_that_grader() -> None:
    alone = MULTI | {"graders": {"toy": PYTHON, "tool": LOCAL}, "calculate_output": "toy"}
    assert body("openai", alone)["method"]["reinforcement"]["grader"] == PYTHON


def test_a_grader_that_runs_code_goes_to_our_own_service_only() -> None:
    runs_code = LOCAL | {"hosted": "endpoint"}
    assert body("local", runs_code)["method"]["reinforcement"]["grader"] == runs_code
    with pytest.raises(UserError, match="runs code, which no hosted grader can"):
        body("openai", runs_code)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: body("bedrock", method="supervised"), "documents no supervised job"),
        (lambda: body("bedrock", suffix="x"), "takes no suffix"),
        (lambda: body("openai", suffix="x" * 65), "suffix: string should have at most 64"),
        (lambda: body("openai", metadata={"k" * 65: "v"}), "at most 64"),
        (lambda: body("openai", metadata={"k": "v" * 513}), "at most 512"),
        (lambda: body("openai", metadata={str(n): "" for n in range(17)}), "at most 16"),
        (lambda: body("openai", seed=2**31), "less than or equal to 2147483647"),
        (lambda: job_grader(graders.parse_spec(PYTHON), "bedrock", None), "rft export bedrock"),
    ],
)
def test_what_a_profile_refuses_is_said_here(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make()


def test_the_lambda_must_be_one() -> None:
    sent = GOLDEN["bedrock"] | {
        "method": {
            "type": "reinforcement",
            "reinforcement": {"grader": {"type": "lambda", "lambda": {"function": "rft"}}},
        }
    }
    with pytest.raises(ValidationError, match="ARN"):
        JobBody.model_validate(sent)


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": {"type": "dpo", "dpo": {}}},
        {"n_epochs": 3},
        {"training_file": ""},
        {"seed": "7"},
        {"method": {"type": "reinforcement", "reinforcement": {"grader": {"type": "python"}}}},
        {"method": {"type": "supervised", "reinforcement": {}}},
    ],
)
def test_the_strict_model_refuses_what_the_contract_does_not_hold(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        JobBody.model_validate(FULL | wrong)


def test_the_body_is_shown_without_the_graders_source() -> None:
    text = shown(FULL | {"model": "line\nline"})
    assert "def grade" in text
    assert "return 1.0" not in text
    assert "(the Answer of task/schema.py)" in text


@pytest.mark.parametrize(
    ("profile", "role"), [("openai", "developer"), ("local", "developer"), ("bedrock", "system")]
)
def test_rows_have_the_roles_of_the_profile(profile: str, role: str) -> None:
    row: dict[str, Any] = {
        "id": "a",
        "messages": [
            {"role": "developer", "content": "Do."},
            {"role": "user", "content": "x"},
        ],
        "reference_answer": "y",
        "level": 3,
    }
    (sent,) = reinforcement_rows([row], profile)
    assert sent == row | {"messages": [{"role": role, "content": "Do."}, row["messages"][1]]}
    (taught,) = supervised_rows([row], ['{"a":1}'])
    assert [m["role"] for m in taught["messages"]] == ["system", "user", "assistant"]


# preflight -------------------------------------------------------------------------------------

NOW = date(2026, 11, 25)


def remarks(
    profile: ProfileName,
    model: str = "model-1",
    train: int = 132,
    validation: int = 44,
    grader: dict[str, Any] = PYTHON,
    today: date = NOW,
    **hyper: Any,
) -> list[JobCheck]:
    rows = {"train": train, "validation": validation}
    spec = graders.parse_spec(grader)
    return preflight(PlannedJob(profile, "reinforcement", model, spec, rows, hyper), today)


def sentences(level: str, found: list[JobCheck]) -> str:
    return " ".join(remark.sentence for remark in found if remark.level == level)


JUDGE = {
    "type": "score_model",
    "name": "judge",
    "model": "o4-mini-2025-04-16",
    "input": [{"role": "user", "content": "{{sample.output_text}}"}],
}


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (remarks("bedrock", train=99), "99 train rows, but bedrock takes 100 or more; add 1"),
        (remarks("bedrock", train=20_001), "takes at most 20,000"),
        (remarks("openai", train=50_001), "takes at most 50,000"),
        (remarks("foundry", validation=1_001), "1,001 validation rows"),
        (remarks("openai", validation=0), "validation.jsonl holds no rows"),
        (remarks("local", train=0), "train.jsonl holds no rows"),
        (remarks("openai", today=date(2027, 1, 6)), "has not taken fine-tuning jobs from anyone"),
        (remarks("openai", "o4-mini"), "o4-mini was shut down on 2026-10-23"),
        (remarks("openai", "ft:o4-mini-2025-04-16:me::x"), "was shut down on 2026-10-23"),
        (remarks("foundry", "gpt-5", today=date(2027, 2, 6)), "was shut down on 2027-02-06"),
        (remarks("foundry", "o4-mini", today=date(2027, 4, 16)), "even for customers"),
        (remarks("openai", grader=JUDGE), "judge asks o4-mini-2025-04-16, which was shut down"),
        (remarks("openai", grader=PYTHON | {"source": "x = 1"}), "defines no function grade"),
    ],
)
def test_what_stops_a_job(found: list[JobCheck], sentence: str) -> None:
    assert sentence in sentences("fail", found)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (remarks("openai"), "ran one before 2026-05-07"),
        (remarks("openai", "o3-2025-04-16"), "will be shut down on 2026-12-11"),
        (remarks("foundry", "o4-mini"), "only for customers who had it before 2026-10-16"),
        (remarks("foundry", "gpt-5"), "only for subscriptions that were approved"),
        (remarks("foundry", "llama"), "names o4-mini and gpt-5 only"),
        (remarks("bedrock", "llama"), "show RFT with openai.gpt-oss-20b"),
        (remarks("bedrock", learning_rate_multiplier=1.0), "multiplier below 1"),
    ],
)
def test_what_is_worth_a_warning(found: list[JobCheck], sentence: str) -> None:
    assert sentence in sentences("warn", found)
    assert sentences("fail", found) == ""


@pytest.mark.parametrize(
    "found",
    [
        remarks("local"),
        remarks("compatible", train=3, validation=1),
        remarks("bedrock", "openai.gpt-oss-20b", validation=0, learning_rate_multiplier=0.5),
    ],
)
def test_a_sound_job_passes_without_a_word(found: list[JobCheck]) -> None:
    assert sentences("fail", found) == sentences("warn", found) == ""
