"""Promises of the graders that ask a model, and of what happens when nobody can be asked."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rft.config import Settings
from rft.errors import UserError
from rft.graders import Judge
from rft.graders.formula import Formula, FormulaError
from tests import grader_fixtures
from tests.endpoint import completion
from tests.grader_fixtures import ITEM, SAME, body, multi, python

start = grader_fixtures.start
MESSAGES = [
    {"role": "developer", "content": "Compare with {{item.gold}}."},
    {"type": "message", "role": "user", "content": "{{ sample.output_text }}"},
]
SCORE = {"type": "score_model", "name": "s", "model": "judge-1", "input": MESSAGES}
LABEL = {**SCORE, "type": "label_model", "labels": ["good", "bad"], "passing_labels": ["good"]}
WITH_LABEL = multi("(same + label) / 2", same=SAME, label=LABEL)


def says(result, **message):
    """The endpoint's answer: this result in the judge's schema, or this text as it is."""
    text = result if isinstance(result, str) else json.dumps({"result": result, "steps": []})
    return lambda asked: (200, completion(text, **message), {})


@pytest.fixture
def judge(endpoint, monkeypatch):
    """Makes a judge who lives at the test's endpoint."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-judge")

    def make(retries=1, concurrency=8, **fields):
        settings = {
            "root": Path(),
            "project": {"name": "n", "use_case": "u"},
            "judge": {"base_url": endpoint.url, **fields},
            "sampling": {"max_retries": retries, "concurrency": concurrency},
        }
        return Judge.of(Settings.model_validate(settings))

    return make


@pytest.fixture
def ask(start, judge, endpoint):
    """One grading of an answer by a grader that may ask the endpoint, which replies so."""

    def run(data, reply, text="a", **fields):
        endpoint.reply = reply
        return start(data, judge=judge(**fields)).grade({"output_text": text}, ITEM)

    return run


# What is asked


def test_the_judge_is_asked_as_the_contract_says(ask, endpoint):
    params = {"seed": 3, "temperature": 0.5, "top_p": 0.9, "reasoning_effort": "low"}
    params |= {"max_completions_tokens": 99}
    ask(dict(SCORE, sampling_params=params), says(1), "{{item.x}}")
    (asked,) = endpoint.bodies
    form = asked.pop("response_format")["json_schema"]
    assert asked == {
        "model": "judge-1",
        "messages": [
            {"role": "system", "content": "Compare with a."},
            {"role": "user", "content": "{{item.x}}"},
        ],
        "seed": 3,
        "temperature": 0.5,
        "top_p": 0.9,
        "max_completion_tokens": 99,
        "reasoning_effort": "low",
    }
    assert form["strict"] is True
    assert form["schema"]["properties"]["result"] == {"type": "number"}
    steps = form["schema"]["properties"]["steps"]["items"]
    assert steps["required"] == ["description", "conclusion"]


def test_a_label_is_asked_for_among_the_labels(ask, endpoint):
    ask(WITH_LABEL, says("x"))
    schema = endpoint.bodies[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["result"] == {"type": "string", "enum": ["good", "bad"]}


def test_the_settings_may_name_another_model_and_keep_the_developers_role(ask, endpoint):
    endpoint_profile = {"profile": "openai", "model": "newer"}
    ask(SCORE, says(1), **endpoint_profile)
    assert endpoint.bodies[0]["model"] == "newer"
    assert endpoint.bodies[0]["messages"][0]["role"] == "developer"


def test_nobody_is_asked_when_a_message_names_what_is_not_there(ask, endpoint):
    lost = {**SCORE, "input": [{"role": "user", "content": "{{sample.output_json.x}}"}]}
    found = ask(lost, says(1))
    assert (found.reward, found.errors) == (0.0, {"invalid_variable_error": True})
    assert endpoint.bodies == []


def test_no_more_requests_are_in_flight_than_allowed(start, judge, endpoint):
    count, most, lock = 0, [], threading.Lock()

    def slow(asked):
        nonlocal count
        with lock:
            count += 1
            most.append(count)
        time.sleep(0.02)
        with lock:
            count -= 1
        return says(1)(asked)

    endpoint.reply = slow
    grader = start(SCORE, judge=judge(concurrency=3))
    with ThreadPoolExecutor(12) as threads:
        list(threads.map(lambda n: grader.grade({"output_text": str(n)}, ITEM), range(24)))
    assert max(most) <= 3


# What the answer is worth


@pytest.mark.parametrize(
    ("result", "reward"), [(0.25, 0.25), (1, 1.0), (7, 1.0), (-3, 0.0), (10**400, 1.0)]
)
def test_the_result_is_the_score_clipped_to_the_range(ask, result, reward):
    found = ask(SCORE, says(result))
    assert (found.reward, found.errors) == (reward, {})


@pytest.mark.parametrize(("result", "part"), [(0, 1.0), (3, 3.0), (9, 5.0)])
def test_a_range_of_its_own_may_be_led_back_by_the_formula(ask, result, part):
    found = ask(multi("(stars - 1) / 4", stars={**SCORE, "range": [1, 5]}), says(result))
    assert (found.parts, found.reward) == ({"stars": part}, (part - 1) / 4)


@pytest.mark.parametrize(
    "said",
    ["", "0.9", "[1]", "{}", "none at all", '{"result": "0.9"}', '{"result": true}',
     '{"result": null}', '{"result": NaN}', '{"result": 1e999}', '{"result": [1]}', "[" * 9999],
)  # fmt: skip
def test_what_is_not_a_number_is_asked_again_and_then_scores_nothing(ask, endpoint, said):
    """Unlike the platform, which scores 0: it is the judge's mistake, not the model's."""
    found = ask(SCORE, says(said))
    assert (found.reward, found.errors) == (None, {"model_grader_parse_error": True})
    assert (len(endpoint.bodies), found.judge_rereads) == (2, 1)


def test_a_judgement_that_can_be_read_at_the_second_try_counts(ask, endpoint):
    replies = iter([says("no JSON"), says(0.5)])
    found = ask(dict(SCORE, sampling_params={"seed": 3}), lambda asked: next(replies)(asked))
    assert (found.reward, found.errors, found.judge_rereads) == (0.5, {}, 1)
    assert [asked["seed"] for asked in endpoint.bodies] == [3, 4]


def test_the_reasons_are_kept_in_bounds(ask):
    step = {"description": "c1: " + "x" * 9999, "conclusion": "met"}
    said = {"result": 1, "steps": [step, "no step", {"description": 3}] + [step] * 999}
    (steps,) = ask(SCORE, says(json.dumps(said))).judge_steps.values()
    assert steps[0] == {"description": "c1: " + "x" * 496, "conclusion": "met"}
    assert len(steps) == 62


@pytest.mark.parametrize("message", [{"refusal": "I cannot"}, {"finish": "content_filter"}])
def test_a_refusal_scores_0_and_is_flagged(ask, message):
    found = ask(SCORE, says("", **message))
    assert (found.reward, found.errors) == (0.0, {"model_grader_refusal_error": True})


@pytest.mark.parametrize(
    ("label", "score", "errors"),
    [
        ("good", 1.0, {}),
        ("bad", 0.0, {}),
        ("Good", None, {"model_grader_parse_error": True}),
        (["good"], None, {"model_grader_parse_error": True}),
    ],
)
def test_a_label_passes_or_does_not(ask, label, score, errors):
    found = ask(WITH_LABEL, says(json.dumps({"result": label})))
    assert (found.parts.get("label"), found.errors) == (score, errors)


def test_the_tokens_are_counted_by_model_and_those_of_an_unreadable_judgement_too(ask):
    found = ask(multi("a + b", a=SCORE, b=LABEL), says(1))  # no label: b is asked twice
    assert found.judge_tokens == {"toy-model": {"prompt_tokens": 21, "completion_tokens": 9}}


# When the endpoint fails


def test_an_endpoint_that_fails_for_good_scores_nothing(ask, endpoint):
    found = ask(multi("same + j", same=SAME, j=SCORE), lambda asked: (500, "down", {}))
    assert (found.reward, found.parts) == (None, {"same": 1.0})
    assert found.errors == {"model_grader_server_error": True}
    assert found.details["model_grader_server_error"].startswith("j: The endpoint answered 500")
    assert len(endpoint.bodies) == 2


@pytest.mark.parametrize(
    "page",
    ["", "<html>busy</html>", '{"choices": [', "[]", "null", "3", '"x"', "{}", '{"choices": 7}',
     '{"choices": [{}]}', '{"choices": [{"message": null}]}', '{"error": {"message": "busy"}}',
     '{"choices": [{"message": {"content": 3}}]}'],
)  # fmt: skip
def test_a_page_that_is_not_a_completion_is_an_outage(ask, page):
    found = ask(SCORE, lambda asked: (200, page, {}))
    assert (found.reward, found.errors) == (None, {"model_grader_server_error": True})


def test_a_passing_fault_leaves_no_trace(ask):
    replies = iter([lambda asked: (503, {}, {"retry-after-ms": "1"}), says(0.5)])
    found = ask(SCORE, lambda asked: next(replies)(asked))
    assert (found.reward, found.errors) == (0.5, {})


@pytest.mark.parametrize(
    ("status", "message"), [(401, "refused the key"), (404, "correct [judge] in rft.toml")]
)
def test_a_wrong_key_or_model_stops_with_a_sentence_that_holds_no_key(ask, status, message):
    with pytest.raises(UserError) as caught:
        ask(SCORE, lambda asked: (status, {"error": {"message": "no: sk-judge"}}, {}))
    assert message in str(caught.value)
    assert "sk-judge" not in str(caught.value)


def test_close_ends_a_judgement_under_way_without_a_score(start, judge, endpoint):
    asked, over = threading.Event(), threading.Event()

    def hang(body):
        asked.set()
        over.wait(30)
        return says(1)(body)

    endpoint.reply = hang
    grader = start(SCORE, judge=judge())
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(grader.grade, {"output_text": "a"}, ITEM)
        assert asked.wait(10)
        grader.close()
        found = waiting.result(10)
    over.set()
    assert (found.reward, found.errors) == (None, {"model_grader_server_error": True})
    with pytest.raises(RuntimeError, match="closed"):
        grader.grade({"output_text": "a"}, ITEM)


# Without a judge


def test_a_weighted_sum_is_taken_over_the_other_parts(start):
    half = python(body("return 0.5"))
    grader = start(multi("0.5*half + 0.3*same + j/5", half=half, same=SAME, j=SCORE))
    found = grader.grade({"output_text": "b"}, ITEM)
    assert found.reward == pytest.approx(0.25 / 0.8)
    assert (found.parts, found.not_graded) == ({"half": 0.5, "same": 0.0}, ["j"])


@pytest.mark.parametrize(
    "data",
    [SCORE, multi("same*j", same=SAME, j=SCORE), multi("min(same, j)", same=SAME, j=SCORE),
     multi("j", j=SCORE), multi("1 - j", j=SCORE), multi("same - same + j", same=SAME, j=SCORE)],
)  # fmt: skip
def test_a_grader_that_cannot_do_without_a_judge_asks_for_one(start, data):
    with pytest.raises(UserError, match=r"needs a judge .* add a section \[judge\]"):
        start(data)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.6*a + 0.4*j", 0.5), ("(a + j) / 2", 0.5), ("a*2 - -j", 1.5), ("0.5*(a+b) + j", 1.5)],
)
def test_the_weights_left_are_scaled_up_to_the_same_total(text, value):
    formula = Formula(text, ["a", "b", "j"])
    assert formula.without(["j"], {"a": 0.5, "b": 1.0}) == pytest.approx(value)


@pytest.mark.parametrize("text", ["a^2 + j", "a*b + j", "a + j + 1", "a/b + j", "abs(a) + j"])
def test_what_is_not_a_weighted_sum_has_no_value_without_a_part(text):
    with pytest.raises(FormulaError, match="not a weighted sum, so it cannot do without j"):
        Formula(text, ["a", "b", "j"]).without(["j"], {"a": 1.0, "b": 1.0})


# What the judge's endpoint takes


def refuses(test, words):
    """An endpoint that refuses what is true of a request, and else judges in a fence."""

    def reply(asked):
        if test(asked):
            return 400, {"error": {"message": words}}, {}
        return says('Here:\n```json\n{"result": 0.5, "steps": []}\n```\n')(asked)

    return reply


def schema_in(asked):
    return asked.get("response_format", {}).get("type") == "json_schema"


def test_a_judge_without_schemas_is_told_the_shape_and_read_in_a_fence(ask, endpoint):
    found = ask(SCORE, refuses(schema_in, "response_format json_schema is not supported"))
    assert (found.reward, found.errors) == (0.5, {})
    assert endpoint.bodies[-1]["response_format"] == {"type": "json_object"}
    assert '"result": a number' in endpoint.bodies[-1]["messages"][-1]["content"]


def test_a_judge_learns_what_its_endpoint_refuses_once(start, judge, endpoint):
    endpoint.reply = refuses(lambda asked: "temperature" in asked, "temperature is not supported")
    grader = start(dict(SCORE, sampling_params={"temperature": 0.2}), judge=judge())
    for text in "ab":
        assert grader.grade({"output_text": text}, ITEM).reward == 0.5
    assert ["temperature" in asked for asked in endpoint.bodies] == [True, False, False]
    assert grader.judge_notes() == ["the endpoint refuses temperature: it is not sent"]


def test_the_judges_fields_can_be_set(ask, endpoint):
    fields = {"response_format": "none", "send_seed": False, "max_tokens_field": "max_tokens"}
    params = {"seed": 3, "max_completions_tokens": 99}
    ask(dict(SCORE, sampling_params=params), says(1), **fields, instruction_role="user")
    (asked,) = endpoint.bodies
    assert asked["max_tokens"] == 99
    assert not {"seed", "response_format", "max_completion_tokens"} & asked.keys()
    assert [message["role"] for message in asked["messages"]] == ["user"]


@pytest.mark.parametrize("message", [{"refusal": ""}, {"finish": "error"}, {"finish": "abort"}])
def test_an_empty_refusal_is_none_and_an_outage_is_not_a_judgement(ask, message):
    found = ask(SCORE, says(0.5, **message))
    assert found.reward == (0.5 if "refusal" in message else None)
    assert "model_grader_refusal_error" not in found.errors
