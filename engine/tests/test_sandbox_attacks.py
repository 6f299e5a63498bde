"""Nothing in attacks/ succeeds; honest code comes through; in every tier this machine has."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from rft.sandbox import Sandbox, Test, self_test, selftest, tiers
from rft.sandbox import run as running
from tests import attack_range

ALL = [attack for kind in attack_range.CLASSES for attack in attack_range.load(kind)]
EVERYDAY = [attack for attack in ALL if attack.name.partition(":")[0] not in ("wait", "lock")]
USABLE = [tier.name for tier in tiers.survey() if tier.usable]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[attack_range.Range]:
    """What the attacks aim at."""
    with attack_range.open_range(tmp_path_factory.mktemp("range")) as found:
        yield found


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The default tier, with small limits."""
    with Sandbox("auto", 1, attack_range.LIMITS) as found:
        yield found


@pytest.mark.parametrize("attack", EVERYDAY, ids=lambda a: f"{a.kind}-{a.name.partition(':')[0]}")
def test_an_attack_on_the_default_tier_gets_nowhere(place, sandbox, attack):
    assert place.attempt(sandbox, attack) == ""


@pytest.mark.parametrize("control", attack_range.controls(), ids=lambda c: c[0].partition(":")[0])
def test_honest_code_scores_one(sandbox, control):
    _, code, expected = control
    report = sandbox.grade_tests(code, "solve", [Test([], expected)])
    assert report.score == 1, report


@pytest.mark.skipif(not tiers.locks(), reason="this kernel has no Landlock")
def test_the_default_tier_says_that_it_is_locked(sandbox):
    assert sandbox.grade_tests("def f(): return 1", "f", [Test([], 1)]).tier == "wasm+lock"


@pytest.mark.skipif(not tiers.locks(), reason="this kernel has no Landlock")
def test_the_kernel_says_that_every_thread_of_a_worker_is_locked():
    with Sandbox("wasm+lock", 1, attack_range.LIMITS) as sandbox:
        sandbox.grade_tests("def f(): return 1", "f", [Test([], 1)])
        (pid,) = sandbox.processes.pids()
        threads = [t.read_text() for t in Path(f"/proc/{pid}/task").glob("*/status")]
    assert threads
    assert all("Seccomp:\t2" in status and "NoNewPrivs:\t1" in status for status in threads)


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["unlocked", *(name for name in USABLE if name != "wasm")])
def test_no_attack_on_any_usable_tier_gets_anywhere(place, tier):
    """The whole matrix; "unlocked" is WebAssembly alone, as on other systems than Linux."""
    alone = tier == "unlocked"
    with Sandbox("wasm" if alone else tier, 1, attack_range.LIMITS) as sandbox:
        if alone:
            sandbox._plan = dataclasses.replace(sandbox._plan, lock="off")
        for name, code, expected in attack_range.controls():
            assert sandbox.grade_tests(code, "solve", [Test([], expected)]).score == 1, name
        hits = {a.name: how for a in ALL if (how := place.attempt(sandbox, a))}
    assert hits == {}


@pytest.mark.slow
@pytest.mark.parametrize("tier", USABLE)
def test_every_usable_tier_passes_its_self_test(tier):
    faults, _ = self_test(tier)
    assert faults == []


def test_a_tier_that_lets_an_attack_through_is_not_used(monkeypatch: pytest.MonkeyPatch):
    hole = {"add numbers": "def attack(): return 1 + 1"}
    monkeypatch.setattr(selftest, "ATTACKS", hole)
    running._require.cache_clear()
    with pytest.raises(Exception, match=r"failed its self-test .untrusted code can add numbers"):
        Sandbox("wasm", 1)


def test_there_are_enough_attacks_in_every_class():
    assert len(ALL) >= 45
    assert len(attack_range.controls()) == 8
    assert all(len(attack_range.load(kind)) >= 5 for kind in attack_range.CLASSES)


def test_the_range_notices_a_hit(tmp_path: Path):
    with attack_range.open_range(tmp_path) as place:
        place.marker.touch()
        assert place.hit() == "a file was made"
