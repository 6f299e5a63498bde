"""The sandbox gives honest verdicts, tells its own failures from the code's, and repeats itself."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rft.errors import UserError
from rft.sandbox import SCRIPT, Call, Limits, Sandbox, Test, build, equal, tiers
from rft.sandbox import run as running
from rft.sandbox.guest.runner import encode
from rft.sandbox.protocol import Answers, Unreadable, decode
from tests.grader_fixtures import ends
from tests.toy import point_to

LIMITS = Limits(fuel=2_000_000_000, timeout_s=30, memory_mb=256)
DOUBLE = "def double(x): return x * 2\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The default tier with two workers."""
    with Sandbox(limits=LIMITS) as found:
        yield found


@pytest.mark.parametrize(
    ("found", "expected", "same"),
    [
        (1, 1, True),
        (True, 1, False),
        (1.0, 1, False),
        (1, 1.0, False),
        ("16", 16, False),
        (0.1 + 0.2, 0.3, True),
        (float("nan"), float("nan"), False),
        (float("inf"), float("inf"), False),
        ([1, [2]], [1, [2]], True),
        ((1, 2), [1, 2], False),
        ({"a": 1}, {"a": True}, False),
        ({1: "a"}, {True: "a"}, False),
        ({1, 2}, {2, 1}, True),
        ({True}, {1}, False),
        (b"a", "a", False),
        (None, 0, False),
    ],
)
def test_values_are_equal_only_with_their_types(found, expected, same):
    assert equal(found, expected) is same


def test_a_tuple_may_count_as_a_list_when_asked():
    assert equal([(1, 2)], [[1, 2]], tuple_is_list=True)


def test_partial_credit_is_the_share_of_the_weights(sandbox):
    tests = [Test([1], 2), Test(["a"], "aa", weight=2), Test([3], 7, name="odd one")]
    report = sandbox.grade_tests(DOUBLE, "double", tests)
    assert (report.score, report.passed) == (0.75, 2)
    assert report.tests[2].note == "expected 7; returned 6"


def test_an_exception_can_be_what_is_expected(sandbox):
    code = "class Odd(ValueError): pass\ndef f(x): raise Odd(x)"
    tests = [Test([1], raises="ValueError"), Test([1], raises="KeyError"), Test([1], None)]
    passed = [test.passed for test in sandbox.grade_tests(code, "f", tests).tests]
    assert passed == [True, False, False]


def test_a_script_is_judged_by_what_it_prints(sandbox):
    code = "n = int(input())\nprint(n * 2)\nif __name__ == '__main__': print('end')"
    tests = [Test(stdin="4\n", stdout="8\nend"), Test(stdin="5\n", stdout="9\nend")]
    assert sandbox.grade_tests(code, SCRIPT, tests).score == 0.5


def test_arguments_changed_in_place_can_be_tested(sandbox):
    code = "def sort(values): values.sort()"
    tests = [Test([[3, 1]], None, expected_args=[[1, 3]])]
    assert sandbox.grade_tests(code, "sort", tests).score == 1


def test_a_probe_turns_behaviour_into_data(sandbox):
    code = "class Stack(list):\n    def top(self): return self[-1]"
    probe = "def drive(parts):\n    s = Stack(parts)\n    return [s.top(), len(s)]"
    report = sandbox.grade_tests(code, "drive", [Test([[5, 6]], [6, 2])], probe=probe)
    assert report.score == 1


def test_after_a_call_that_kills_the_interpreter_the_next_ones_count(sandbox):
    code = "import os\ndef f(x):\n    if x == 1: os._exit(0)\n    while x == 2: pass\n    return x"
    run = sandbox.run(code, [Call("f", [x]) for x in range(4)])
    assert [call.status for call in run.calls] == ["value", "crashed", "fuel", "value"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("def f(:", "broken"),
        ("raise OSError('at load')", "broken"),
        ("g = 1", "broken"),
        ("f = 1", "raised"),
        ("def f(): return object()", "not_data"),
        ("def f(): return float('nan')", "not_data"),
        ("def f(): return bytearray(1 << 30)", "memory"),
        ("def f(): return 'x' * 2_000_000", "not_data"),
        ("f = lambda: '\ud800'", "broken"),
    ],
)
def test_each_way_to_fail_has_its_name(sandbox, code, status):
    assert sandbox.run(code, [Call("f")]).calls[0].status == status


def test_the_same_code_uses_the_same_fuel_and_gives_the_same_answers(sandbox):
    code = "import random\ndef f(): return [random.random(), list({'a', 'b', 'c'}), hash('x')]"
    first, second = (sandbox.run(code, [Call("f")]) for _ in range(2))
    assert (first.fuel, first.calls) == (second.fuel, second.calls)


@pytest.mark.slow
def test_many_threads_share_the_workers(sandbox):
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: sandbox.run(DOUBLE, [Call("double", [n])]), range(40)))
    assert [answer.calls[0].value for answer in answers] == [2 * n for n in range(40)]


def test_a_worker_killed_from_outside_costs_nothing(sandbox):
    for pid in sandbox.processes.pids():
        os.kill(pid, signal.SIGKILL)
    assert sandbox.run(DOUBLE, [Call("double", [4])]).calls[0].value == 8


def test_a_sandbox_that_cannot_start_is_an_error_without_a_score(monkeypatch):
    with Sandbox("wasm", 1, LIMITS) as sandbox:
        monkeypatch.setattr(build, "WORKER", Path(__file__))
        report = sandbox.grade_tests(DOUBLE, "double", [Test([1], 2)])
    assert (report.outcome, report.score) == ("error", None)
    assert report.problem.startswith("The sandbox failed")


def test_a_compiled_guest_that_was_changed_is_not_loaded(monkeypatch, tmp_path):
    real = build.guest()
    copy = tmp_path / "guest.cwasm"
    copy.write_bytes(real.path.read_bytes() + b"x")
    with Sandbox("wasm", 1, LIMITS, self_test=False) as sandbox:
        sandbox._plan = tiers.Plan("wasm", build.Guest(copy, real.sha256, real.wasmtime))
        run = sandbox.run(DOUBLE, [Call("double", [1])])
    assert "is not the one that was built" in run.problem


def test_a_cache_others_may_write_is_refused(monkeypatch, tmp_path):
    if os.name != "posix":
        pytest.skip("permissions are the profile folder's there")
    (tmp_path / "sandbox").mkdir(mode=0o777)
    (tmp_path / "sandbox").chmod(0o777)
    (tmp_path / "sandbox" / "planted").touch()
    monkeypatch.setenv("RFT_CACHE", str(tmp_path))
    with pytest.raises(UserError, match=r"could be written by others"):
        build.guest()


def test_a_tier_that_is_not_there_is_refused_with_reason_and_remedy(monkeypatch):
    monkeypatch.setattr(tiers, "bwrap_path", lambda: None)
    tiers._probe.cache_clear()
    with pytest.raises(UserError, match=r"'bwrap' cannot be used here .*To fix it"):
        Sandbox("bwrap")
    tiers._probe.cache_clear()


def test_a_missing_extra_is_one_sentence(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    tiers._probe.cache_clear()
    with pytest.raises(UserError, match=r"wasmtime is not installed.*pip install"):
        Sandbox("wasm")
    tiers._probe.cache_clear()


def test_what_goes_in_comes_out():
    value = {"a": [1, -2.5, (None, True)], 2: {b"x", "y"}, (1, 2): 10**50}
    assert equal(decode(json.loads(json.dumps(encode(value)))), value)


@pytest.mark.parametrize(
    "wire",
    [
        {"float": "nan"},
        {"float": "1", "int": "1"},
        {"int": "f" * 4000},
        {"any": []},
        {"dict": [[1]]},
        {"set": [[1]]},
        {"tuple": "x"},
        1.5,
        1 << 80,
        "\ud800",
        {"set": list(range(5000))},
        {"bytes": "0"},
    ],
)
def test_what_is_not_of_the_protocol_is_not_read(wire):
    with pytest.raises((Unreadable, ValueError, TypeError)):
        decode(wire)


def _line(**said: object) -> bytes:
    return json.dumps(said).encode()


def test_the_first_answer_is_final_and_a_second_one_spoils_it():
    answers = Answers([Call("f"), Call("f")], LIMITS)
    good = json.dumps({"status": "value", "value": 1})
    answers.take(_line(i=0, reply=good))
    answers.take(_line(i=1, reply=good))
    answers.take(_line(i=1, reply=good))
    assert [answers.results[i].status for i in (0, 1)] == ["value", "violation"]


@pytest.mark.parametrize("line", [b"[" * 100_000, b"{}", b'{"i": 9}', b'{"i": true}', b"\xff", b""])
def test_an_answer_to_no_question_spoils_the_rest(line):
    answers = Answers([Call("f")], LIMITS)
    assert not answers.take(line)
    assert answers.results[0].status == "violation"


@pytest.mark.parametrize("status", ["fuel", "timeout", "passed", "missing", None, 1, []])
def test_the_guest_cannot_claim_what_only_the_host_knows(status):
    answers = Answers([Call("f")], LIMITS)
    answers.take(_line(i=0, reply=json.dumps({"status": status, "value": 1})))
    assert answers.results[0].status == "violation"


@pytest.mark.slow
def test_code_that_only_waits_is_timed_out_once_the_sandbox_is_seen_to_be_well():
    code = "import select\ndef f():\n    select.poll().poll(3600_000)"
    with Sandbox("wasm", 1, Limits(timeout_s=1)) as sandbox:
        run = sandbox.run(code, [Call("f"), Call("f")])
    assert (run.outcome, [call.status for call in run.calls]) == ("ok", ["timeout", "missing"])


def test_a_sandbox_that_is_not_well_blames_nobody(monkeypatch):
    code = "import select\ndef f():\n    select.poll().poll(3600_000)"
    monkeypatch.setattr(running, "_CONTROL", code.replace("f()", "control(n)"))
    with Sandbox("wasm", 1, Limits(timeout_s=0.5)) as sandbox:
        assert sandbox.run(code, [Call("f")]).outcome == "error"


def test_closing_ends_the_processes_and_further_use():
    sandbox = Sandbox("wasm", 1, LIMITS)
    sandbox.run(DOUBLE, [Call("double", [1])])
    (pid,) = sandbox.processes.pids()
    sandbox.close()
    assert ends(pid)
    with pytest.raises(RuntimeError, match=r"closed"):
        sandbox.run(DOUBLE, [Call("double", [1])])


def test_closing_ends_every_worker_and_whoever_waits_for_one():
    sandbox = Sandbox("wasm", 2, LIMITS)
    with ThreadPoolExecutor(6) as threads:
        waiting = [threads.submit(sandbox.run, DOUBLE, [Call("double", [n])]) for n in range(12)]
        waiting[0].result()
        sandbox.close()
    assert not sandbox.processes.pids()
    assert all(future.done() for future in waiting)


def test_doctor_names_every_tier_and_the_one_in_force(rft, project, endpoint):
    point_to(project, endpoint.url)
    outcome = rft("doctor")
    assert outcome.code == 0, outcome.err
    assert all(name in outcome.out for name in ("wasm+lock", "landlock", "bwrap", "In force"))


def test_doctor_refuses_rather_than_taking_a_weaker_tier(rft, project, monkeypatch):
    settings = project / "rft.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f'{text}\n[sandbox]\ntier = "bwrap"\n', encoding="utf-8")
    monkeypatch.setattr(tiers, "bwrap_path", lambda: None)
    tiers._probe.cache_clear()
    outcome = rft("doctor")
    tiers._probe.cache_clear()
    assert outcome.code == 1
    assert "Untrusted code is not run" in outcome.out
