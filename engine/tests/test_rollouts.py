"""From a completion to a Sample, and the request that asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from rft.completions import to_sample
from rft.config import Sampling, Settings
from rft.dialect import Dialect
from rft.reading import parse_json, split_reasoning
from rft.records import Sample
from rft.rollouts import request, response_format
from tests.endpoint import completion

MESSAGES = [{"role": "developer", "content": "do"}, {"role": "user", "content": "x"}]


class Answer(BaseModel):
    words: list[str]


def settings(profile: str = "local", **sampling: object) -> Settings:
    return Settings.model_validate(
        {
            "root": Path(),
            "project": {"name": "n", "use_case": "u"},
            "endpoint": {"profile": profile},
            "sampling": sampling,
        }
    )


def sample_of(text: str | None, **message: Any) -> Sample:
    return to_sample(completion(text, **message), 0.5)


@pytest.mark.parametrize(
    ("text", "answer", "reasoning"),
    [
        ("plain", "plain", None),
        ("<think>why</think>\n{}", "{}", "why"),
        ("why\n</think>{}", "{}", "why"),
        ("<think>cut off", "", "cut off"),
        ("", "", None),
    ],
)
def test_reasoning_is_kept_beside_the_answer(text: str, answer: str, reasoning: str | None) -> None:
    assert split_reasoning(text) == (answer, reasoning)


def test_the_vendors_reasoning_field_is_kept() -> None:
    assert sample_of("{}", reasoning_content="because").reasoning == "because"


def test_no_content_is_an_empty_answer() -> None:
    assert sample_of(None, refusal="I cannot").output_text == ""


def test_a_lone_surrogate_cannot_break_the_store() -> None:
    assert "\ud800" not in sample_of("a\ud800b").model_dump_json()


@pytest.mark.parametrize("text", ["NaN", "[" * 100_000, "Sure! {}", "", '{"a": Infinity}'])
def test_what_is_not_strict_json_has_no_output_json(text: str) -> None:
    assert "output_json" not in Sample(output_text=text).for_grader()


def test_json_is_parsed_for_the_grader() -> None:
    assert parse_json(' {"a": [1]} ') == {"a": [1]}
    assert Sample(output_text='{"a": 1}').for_grader()["output_json"] == {"a": 1}


def test_the_schema_of_the_answer_is_strict() -> None:
    form = response_format(Answer, Sampling())
    assert form is not None
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["schema"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("choice", "form"), [("none", None), ("json_object", {"type": "json_object"})]
)
def test_weaker_response_formats_can_be_chosen(choice: str, form: object) -> None:
    assert response_format(Answer, Sampling.model_validate({"response_format": choice})) == form


@pytest.mark.parametrize(("profile", "role"), [("local", "system"), ("openai", "developer")])
def test_each_endpoint_gets_the_role_it_understands(profile: str, role: str) -> None:
    chosen = settings(profile)
    body = Dialect(chosen.sampling, profile).body(request(chosen, "m", MESSAGES, None, 1))
    assert [m["role"] for m in body["messages"]] == [role, "user"]


def test_a_temperature_that_is_not_set_is_not_sent() -> None:
    assert "temperature" not in request(settings(), "m", MESSAGES, None, 1)
    assert request(settings(temperature=0.3), "m", MESSAGES, None, 1)["temperature"] == 0.3
