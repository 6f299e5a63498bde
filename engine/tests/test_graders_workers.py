"""Promises of the worker processes: what no grader can do to the rest."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import pytest

from rft.errors import UserError
from rft.graders.source import HOSTED_PACKAGES
from rft.workers import Worker
from tests import grader_fixtures
from tests.grader_fixtures import (
    HALF,
    ITEM,
    RUNTIME,
    SERVER,
    answer,
    body,
    ends,
    linux,
    local,
    multi,
    posix,
    python,
)

start, grade = grader_fixtures.start, grader_fixtures.grade


# What a broken process costs


def test_a_crash_costs_one_grading_and_scores_nothing(start):
    grader = start(body("os._exit(3) if sample['output_text'] == 'crash' else 0", "return 1"))
    rewards = [answer(grader, text).reward for text in ("a", "crash", "a", "crash", "a")]
    assert rewards == [1.0, None, 1.0, None, 1.0]


def test_a_crash_in_a_batch_costs_one_grading(start):
    grader = start(body("os._exit(3) if sample['output_text'] == 'crash' else 0", "return 1"))
    texts = ["a", "crash", "a" * 20_000, "crash", "a"]
    grades = grader.grade_batch([({"output_text": text, "choices": []}, ITEM) for text in texts])
    assert [grade.reward for grade in grades] == [1.0, None, 1.0, None, 1.0]


def test_a_hang_in_a_batch_costs_one_grading(start):
    hang = "time.sleep(60) if sample['output_text'] == 'hang' else 0"
    grader = start(body(hang, "return 1"), timeout_s=0.4)
    answers = [({"output_text": text}, ITEM) for text in ("a", "hang", "a")]
    assert [grade.reward for grade in grader.grade_batch(answers)] == [1.0, None, 1.0]


def test_a_crash_is_told_with_its_exit_code(grade):
    found = grade(body("os._exit(3)"))
    assert (found.errors, found.details) == (
        {SERVER: True},
        {SERVER: "the process ended with code 3"},
    )


@posix
def test_a_kill_is_told_with_its_signal(grade):
    found = grade(body("os.kill(os.getpid(), 9)"))
    assert found.reward is None
    assert found.details[SERVER] == "killed by signal 9"


@posix
def test_an_idle_process_that_was_killed_costs_nothing(start):
    grader = start(body("return 1", explain="{'pid': os.getpid()}"))
    pid = int(answer(grader, "a").parts["pid"])
    os.kill(pid, signal.SIGKILL)
    assert ends(pid)
    assert answer(grader, "a").reward == 1.0


def test_a_hang_ends_at_the_limit_and_costs_one_grading(start):
    hang = "time.sleep(60) if sample['output_text'] == 'hang' else 0"
    grader = start(body(hang, "return 1"), timeout_s=0.4)
    found = [answer(grader, text) for text in ("a", "hang", "a")]
    assert [f.reward for f in found] == [1.0, None, 1.0]
    assert found[1].details[SERVER] == "no answer within 0.4 s"


def test_a_process_at_rest_is_not_timed(start):
    grader = start(body("return 1", explain="{'pid': os.getpid()}"), timeout_s=0.3)
    first = answer(grader, "a").parts
    time.sleep(0.6)
    assert answer(grader, "a").parts == first


def test_a_hang_in_c_code_ends_at_the_limit(grade):
    hang = body("import re", "return re.match('(a+)+$', 'a' * 64 + 'b') is None")
    assert grade(hang, timeout_s=0.4).reward is None


def test_a_process_that_ends_while_it_loads_the_grader_scores_nothing(grade):
    found = grade("import os\nos._exit(1)\n" + body("return 1"))
    assert found.reward is None
    assert "loading" in found.details[SERVER]


@pytest.mark.slow
@linux
def test_a_memory_bomb_ends_at_2_gb_and_costs_one_grading(start):
    bomb = "x = bytearray(3 << 30) if sample['output_text'] == 'bomb' else 0"
    grader = start(body(bomb, "return 1"))
    found = [answer(grader, text) for text in ("a", "bomb", "a")]
    assert [f.reward for f in found] == [1.0, None, 1.0]
    assert found[1].details[SERVER].startswith("out of memory")


def test_an_interrupted_grading_leaves_no_answer_behind_for_the_next(start, monkeypatch):
    grader = start(body("return float(sample['output_text'])"))
    assert answer(grader, "0.1").reward == 0.1

    def interrupted(worker, longest=-1):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Worker, "read_line", interrupted)
        with pytest.raises(KeyboardInterrupt):
            answer(grader, "0.2")
    assert answer(grader, "0.3").reward == 0.3


# What a grader cannot do


@pytest.mark.parametrize(
    "line",
    [
        "print('x' * 3_000_000)",
        "os.write(1, b'{\"reward\": 0.9}\\n' * 1000)",
        "os.write(2, b'x' * 1_000_000)",
        "sys.__stdout__.write('{}\\n' * 1000)",
        "sys.stdin.read(); os.read(0, 100)",
    ],
)
def test_what_a_grader_prints_or_reads_does_not_touch_the_protocol(start, line):
    grader = start(body(line, "return 0.5"))
    assert [answer(grader, "a").reward for _ in range(3)] == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("kind", [python, local])
def test_no_key_of_the_environment_is_visible(grade, monkeypatch, kind):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    seen = kind(body("return float('sk-planted' in str(os.environ))"))
    found = grade(multi("0*c", c=python(body("return 0")), x=seen) if kind is local else seen)
    assert (found.parts.get("x", found.reward), found.errors) == (0.0, {})


@pytest.mark.parametrize("name", ["rft", "pyslang.driver", "openai", "task.schema", "pip"])
@pytest.mark.parametrize("how", ["import {}", "__import__('importlib').import_module('{}')"])
def test_a_package_that_the_hosted_image_lacks_cannot_be_imported(grade, name, how):
    found = grade(body(how.format(name), "return 1"))
    assert found.reward == 0.0
    assert "is not in the hosted image" in found.details[RUNTIME]


def test_a_hosted_package_that_is_missing_here_scores_nothing(grade):
    missing = next((name for name in HOSTED_PACKAGES if not find_spec(name)), None)
    if missing is None:
        pytest.skip("all hosted packages are installed")
    found = grade(f"import {missing}\n" + body("return 1"))
    assert found.reward is None
    assert f"{missing} is not installed here" in found.details[SERVER]


@pytest.mark.parametrize(
    "line",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')",
        "import subprocess; subprocess.run(['true'])",
        "os.system('true')",
        pytest.param("os.fork()", marks=posix),
        "open(sample['output_text'], 'w')",
        "os.open(sample['output_text'], os.O_CREAT)",
        "os.mkdir(sample['output_text'])",
    ],
)
def test_network_processes_and_files_are_refused(grade, tmp_path, monkeypatch, line):
    (tmp_path / "scratch").mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path / "scratch"))
    found = grade(body(line, "return 1"), text=str(tmp_path / "out"))
    details = found.details[RUNTIME]
    assert details.startswith(("PermissionError: a python grader", "urllib.error.URLError"))
    assert not (tmp_path / "out").exists()


def test_temporary_files_and_the_null_device_may_be_written(grade):
    lines = ["import tempfile", "tempfile.NamedTemporaryFile('w').write('x')"]
    found = grade(body(*lines, "print('x', file=open(os.devnull, 'w'))", "return 1"))
    assert (found.reward, found.errors) == (1.0, {})


@posix
def test_every_process_gives_a_set_the_same_order(start):
    explain = "{'pid': os.getpid(), 'hash': hash('x') % 1000}"
    grader = start(body("time.sleep(0.2)", "return 0", explain=explain), workers=2)
    with ThreadPoolExecutor(2) as threads:
        parts = list(threads.map(lambda _: answer(grader, "a").parts, range(4)))
    assert len({p["pid"] for p in parts}) == 2
    assert len({p["hash"] for p in parts}) == 1


def test_an_answer_that_no_json_can_hold_scores_0(grade, start):
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    found = start(body("return 1")).grade({"output_text": "", "output_json": deep}, ITEM)
    assert (found.reward, found.errors) == (0.0, {"sample_parse_error": True})


@pytest.mark.parametrize("text", ["\ud800", "\0", "\n\r\u2028", '"}{', "x" * 3_000_000, "{{item}}"])
def test_any_text_reaches_the_grader_unchanged(start, text):
    grader = start(body("return float(sample['output_text'] == item['gold'])"))
    assert grader.grade({"output_text": text}, {"gold": text}).reward == 1.0


def test_a_row_that_no_json_can_hold_is_the_users_mistake(start):
    with pytest.raises(UserError, match="Row '7' cannot be written as JSON"):
        start(body("return 1")).grade({"output_text": ""}, {"id": "7", "when": object()})


# Many at once, and the end


def test_200_gradings_at_once_each_get_their_own_answer(start):
    source = body("return float(sample['output_text'])", explain="{'n': item['n']}")
    grader = start(source, workers=2)

    def one(n):
        found = grader.grade({"output_text": str(n / 200)}, {"n": n})
        return found.reward, found.parts["n"]

    with ThreadPoolExecutor(200) as threads:
        assert list(threads.map(one, range(200))) == [(n / 200, n) for n in range(200)]


def test_crashes_amid_many_gradings_cost_only_their_own(start):
    crash = "os._exit(1) if int(sample['output_text']) % 10 == 0 else 0"
    grader = start(body(crash, "return 1"), workers=2)
    with ThreadPoolExecutor(8) as threads:
        rewards = list(threads.map(lambda n: answer(grader, str(n)).reward, range(60)))
    assert rewards == [None if n % 10 == 0 else 1.0 for n in range(60)]


@posix
def test_close_ends_every_process_and_what_it_started(start, tmp_path):
    child = "import subprocess; p = subprocess.Popen(['sleep', '60'])"
    source = body(child, "return 0", explain="{'child': p.pid, 'own': os.getpid()}")
    source = source.replace("def grade", "p = None\ndef grade").replace(
        "import sub", "global p; import sub"
    )
    grader = start(multi("half", half=HALF, spawn=local(source)))
    pids = [int(v) for k, v in answer(grader, "a").parts.items() if k.startswith("spawn.")]
    grader.close()
    assert len(pids) == 2
    assert all(ends(pid) for pid in pids)


def test_close_ends_gradings_under_way_without_a_score(start):
    grader = start(body("time.sleep(60)"), workers=2)
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(answer, grader, "a") for _ in range(4)]
        time.sleep(0.2)
        grader.close()
        assert [w.result(10).reward for w in waiting] == [None] * 4


def test_a_closed_grader_says_so(start):
    grader = start(body("return 1"))
    grader.close()
    with pytest.raises(RuntimeError, match="closed"):
        answer(grader, "a")


@posix
@pytest.mark.parametrize("hang", ["0", "re.match('(a+)+$', 'a' * 64 + 'b')"])
def test_no_process_outlives_a_parent_that_is_killed(tmp_path, hang):
    source = f"import os, re\ndef grade(s, i):\n    {'i' if hang == '0' else hang}\n    return 1\n"
    program = f"""
        import os, sys, threading, time
        from rft.graders import Grader, parse_spec
        data = {{"type": "python", "name": "p", "source": {source!r}}}
        grader = Grader(parse_spec(data), timeout_s=0.5)
        threading.Thread(target=grader.grade, args=({{}}, {{}}), daemon=True).start()
        (pool,) = grader._pools.values()
        while not pool.processes.pids():
            time.sleep(0.01)
        print(pool.processes.pids(), flush=True)
        time.sleep(0.2)
        os.kill(os.getpid(), 9)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True
    )
    pids = json.loads(done.stdout)
    assert len(pids) == 1
    assert ends(pids[0])
