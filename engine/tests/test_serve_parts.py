"""Parts of the local service that need neither a socket nor torch."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from rft.errors import UserError
from rft.graders import parse_spec
from rft.local.contract import parsed_job
from rft.local.plan import TrainerPlan, make_plan, resolved
from rft.local.store import Job, Store
from rft.local.train.rewards import BAD_STEPS, Batch, Rewards
from rft.records import Grade
from tests.grader_fixtures import HALF, SAME, multi, python


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty state."""
    opened = Store(tmp_path / "state")
    yield opened
    opened.close()


@pytest.fixture
def job(store: Store) -> Job:
    """A job that runs."""
    store.add_job("ftjob-1", {"method": {"type": "supervised"}})
    store.update_job("ftjob-1", status="running")
    return store.job("ftjob-1")


def test_a_step_done_again_replaces_its_event_in_place(store: Store, job: Job) -> None:
    for step, text in ((1, "a"), (2, "b"), (1, "again")):
        store.put_step(job.id, step, text, {"step": step})
    assert [event.message for event in store.events(job.id)] == ["b", "again"]


def test_an_ended_job_never_changes(store: Store, job: Job) -> None:
    assert store.update_job(job.id, status="cancelled")
    assert not store.update_job(job.id, status="succeeded", fine_tuned_model="m")
    assert store.job(job.id).status == "cancelled"


def test_a_status_changes_only_from_the_named_ones(store: Store, job: Job) -> None:
    assert not store.update_job(job.id, only_if=("queued",), status="paused")
    assert store.job(job.id).status == "running"


def test_state_is_for_its_user_alone(store: Store) -> None:
    assert store.folder.stat().st_mode & 0o077 == 0


def plan(
    method: str = "reinforcement", rows: int = 40, own: Any = None, **given: Any
) -> TrainerPlan:
    """The plan of a job with these hyperparameters."""
    part: dict[str, Any] = {"hyperparameters": given}
    if method == "reinforcement":
        part["grader"] = HALF
    body = {"model": "m", "training_file": "f", "method": {"type": method, method: part}}
    return make_plan(parsed_job(body | {"metadata": own or {}}).wire(), rows)


def test_an_epoch_is_rows_over_batch_size() -> None:
    assert plan(batch_size=8, n_epochs=3).steps == 15
    assert plan("supervised", rows=9, batch_size=4, n_epochs=2).steps == 6


def test_compute_multiplier_makes_larger_groups() -> None:
    assert [plan(compute_multiplier=c).group_size for c in (0.001, 1.0, 2.0, 10)] == [2, 8, 16, 64]


def test_the_rate_is_that_of_the_method_times_the_multiplier() -> None:
    full, lora = {"rft_lora_rank": "0"}, {"rft_lora_rank": "8"}
    assert plan(own=lora, learning_rate_multiplier=0.5).learning_rate == pytest.approx(2e-5)
    assert plan(own=full).learning_rate == pytest.approx(2e-6)
    assert plan(own={"rft_learning_rate": "0.01"}).learning_rate == 0.01


@pytest.mark.parametrize("batch", range(1, 20))
def test_micro_batches_divide_a_step(batch: int) -> None:
    made = plan(batch_size=batch, compute_multiplier=0.6)
    assert (made.batch_size * made.group_size) % made.micro_batch == 0


def test_autos_are_resolved_and_stay_so() -> None:
    body = {"model": "m", "training_file": "f"}
    checked = parsed_job(body).wire()
    shown = resolved(checked, make_plan(checked, 40))
    hyperparameters = shown["method"]["supervised"]["hyperparameters"]
    assert "auto" not in hyperparameters.values()
    assert make_plan(shown, 40) == make_plan(checked, 40)


class Scripted:
    """Stands where the grader stands and gives what a test wants; its own tests are elsewhere."""

    def __init__(self, *grades: Grade, spec: Any = HALF) -> None:
        self.spec = parse_spec(spec)
        self.grades = list(grades)
        self.asked = 0

    def grade(self, sample: dict[str, Any], item: dict[str, Any]) -> Grade:
        """The next grade; the last one again and again."""
        self.asked += 1
        return self.grades.pop(0) if len(self.grades) > 1 else self.grades[0]


def rewards(*grades: Grade, spec: Any = HALF) -> tuple[Rewards, Scripted]:
    """A reward function of groups of two, graded one after the other."""
    grader = Scripted(*grades, spec=spec)
    made = Rewards(grader, max_tokens=4, workers=1)  # type: ignore[arg-type]
    made.group_size = 2
    return made, grader


def answers(made: Rewards, count: int) -> list[float | None]:
    """Rewards of `count` answers of three tokens."""
    completions = [[{"role": "assistant", "content": "a"}]] * count
    return made(completions, [[1, 2, 3]] * count, ["{}"] * count)


RAISED = Grade(reward=0.0, errors={"python_grader_runtime_error": True},
               details={"python_grader_runtime_error": "ZeroDivisionError"})  # fmt: skip
AWAY = Grade(reward=None, errors={"model_grader_server_error": True})


def test_an_outage_is_graded_again_and_then_has_no_reward() -> None:
    made, grader = rewards(AWAY, Grade(reward=0.5), AWAY)
    assert answers(made, 2) == [0.5, None]
    assert grader.asked == 5
    assert made.take("train").mean() == 0.5


def test_a_grader_that_raises_ends_the_job_only_after_steps_in_a_row() -> None:
    made, _ = rewards(RAISED)
    for _ in range(BAD_STEPS - 1):
        assert answers(made, 2) == [0.0, 0.0]
    with pytest.raises(UserError, match="ZeroDivisionError"):
        answers(made, 2)


def test_a_good_step_between_forgives() -> None:
    bad, good = [RAISED] * 2 * (BAD_STEPS - 1), [Grade(reward=1.0)] * 2
    made, _ = rewards(*bad, *good, *bad, *good)
    for _ in range(2 * BAD_STEPS):
        answers(made, 2)


def test_when_nothing_can_be_graded_the_job_ends() -> None:
    made, _ = rewards(AWAY)
    for _ in range(BAD_STEPS - 1):
        answers(made, 2)
    with pytest.raises(UserError, match="model_grader_server_error"):
        answers(made, 2)


def test_figures_carry_the_contracts_names() -> None:
    graded = Grade(reward=0.75, parts={"s": 1.0, "p": 0.5})
    made, _ = rewards(graded, spec=multi("0.5 * s + 0.5 * p", s=SAME, p=python("x = 1")))
    answers(made, 4)
    data = made.figures(made.take("train"), None)
    assert data["scores"]["train_reward_mean"] == 0.75
    assert [g["train_reward_mean"] for g in data["scores"]["graders"]] == [1.0, 0.5]
    assert data["errors"]["graders"][0]["train_sample_parse_error_mean"] == 0.0
    assert data["usage"]["samples"]["train_completion_tokens_mean"] == 3.0


def test_the_share_of_groups_that_teach_nothing_is_counted() -> None:
    groups: list[list[float | None]] = [[0.5, 0.5], [0.0, 1.0], [None, 1.0], [0.3, 0.3]]
    assert Batch(groups=groups).flat_share() == 0.75


ROOT = Path(__file__).parents[2]


def test_trl_is_pinned_to_the_minor_version_whose_methods_are_overridden() -> None:
    pyproject = tomllib.loads((ROOT / "engine/pyproject.toml").read_text())
    extra = pyproject["project"]["optional-dependencies"]["train"]
    (trl,) = (r for r in map(Requirement, extra) if r.name == "trl")
    versions = ["1.15.9", "1.16.0", "1.16.9", "1.17.0", "2.0.0"]
    assert list(trl.specifier.filter(versions)) == ["1.16.0", "1.16.9"]
    constraints = (ROOT / "{{cookiecutter.project_slug}}/constraints.txt").read_text()
    (pinned,) = re.findall(r"^trl==(.+)$", constraints, re.MULTILINE)
    assert pinned in trl.specifier
