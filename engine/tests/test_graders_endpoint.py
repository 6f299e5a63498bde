"""Promises of local graders that make the reward, such as one that runs model-written code."""

import json

import pytest

from rft.errors import UserError
from rft.graders import hosted, not_hosted, parse_spec, problems
from tests import grader_fixtures
from tests.grader_fixtures import HALF, SERVER, answer, body, linux, local, multi, posix

start, grade = grader_fixtures.start, grader_fixtures.grade


def endpoint(source):
    return local(source) | {"hosted": "endpoint"}


def test_it_may_stand_alone_and_its_parts_keep_their_names(grade):
    found = grade(endpoint(body("return 0.25", explain="{'tests': 0.5}")))
    assert (found.reward, found.parts, found.errors) == (0.25, {"tests": 0.5}, {})


def test_it_counts_in_calculate_output(grade):
    data = multi("0.5*run + 0.5*half", run=endpoint(body("return 1")), half=HALF)
    assert grade(data).reward == 0.75
    assert problems(parse_spec(data)) == []


def test_it_cannot_be_sent_and_the_sentence_says_what_to_do():
    spec = parse_spec(multi("run", run=endpoint(body("return 1"))))
    with pytest.raises(UserError, match=r"cannot be sent: 'l' runs code.*serve it at an endpoint"):
        hosted(spec)
    assert len(not_hosted(spec)) == 1


def test_nothing_is_said_of_other_graders():
    plain = parse_spec(multi("half", half=HALF, extra=local(body("return 1"))))
    assert not_hosted(plain) == []
    assert "extra" not in json.dumps(hosted(plain))


def test_any_other_word_is_refused():
    with pytest.raises(UserError, match="hosted"):
        parse_spec(local(body("return 1")) | {"hosted": "anywhere"})


@pytest.mark.parametrize("kind", ["OutsideError", "UserError"])
def test_the_engines_own_errors_score_nothing(grade, kind):
    """A sandbox that cannot run says nothing about the answer."""
    line = f"from rft.errors import {kind}; raise {kind}('The sandbox failed.')"
    found = grade(endpoint(body(line)))
    assert found.reward is None
    assert found.details == {SERVER: "The sandbox failed."}


def test_its_other_errors_score_0(grade):
    assert grade(endpoint(body("raise ValueError"))).reward == 0.0


@linux
def test_it_may_reserve_addresses_that_it_does_not_use(grade):
    """WebAssembly does; the limit is on memory."""
    assert grade(
        endpoint(body("import mmap; m = mmap.mmap(-1, 16 << 30, prot=0)", "return 1"))
    ).reward
    assert grade(endpoint(body("m = bytearray(5 << 30)", "return 1"))).reward is None


@posix
def test_it_may_put_things_away_when_the_grader_is_closed(start, tmp_path):
    mark = tmp_path / "mark"
    source = body(f"import atexit; atexit.register(open, {str(mark)!r}, 'w')", "return 1")
    grader = start(endpoint(source))
    assert answer(grader, "a").reward == 1.0
    grader.close()
    assert mark.exists()
