"""The small parts of a training job: metrics, curves, the estimate, rft.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from rft.config import Settings
from rft.errors import UserError
from rft.jobs.curve import curve, curves, line
from rft.jobs.estimate import estimate
from rft.jobs.metrics import Point, points, read
from rft.jobs.model_names import write_model_name
from rft.records import Record, Sample


@pytest.mark.parametrize(
    ("data", "train", "valid"),
    [
        ({"scores": {"train_reward_mean": 0.4, "valid_reward_mean": 0.3}}, 0.4, 0.3),
        ({"train_mean_reward": 0.4, "full_valid_mean_reward": 0.3}, 0.4, 0.3),
        ({"critic_rewards_mean": 0.4, "actor_entropy": 0.2}, 0.4, None),
        ({"scores": {"train_reward_mean": None}, "train_mean_reward": 0.4}, 0.4, None),
        ({"scores": "none", "train_mean_reward": "0.4"}, None, None),
        ({"train_mean_reward": float("nan")}, None, None),
    ],
)
def test_every_vendors_names_are_read(
    data: dict[str, Any], train: float | None, valid: float | None
) -> None:
    point = read({"step": 3, "total_steps": 9} | data)
    assert point
    assert (point.step, point.train_reward, point.valid_reward) == (3, train, valid)


def test_bedrocks_other_figures_are_read() -> None:
    point = read({"step": 1, "actor_entropy": 0.2, "response_length_mean": 80.0})
    assert point == Point(1, entropy=0.2, length=80.0)


def test_the_largest_grader_error_is_told() -> None:
    graders = [{"train_other_error_mean": 0.1}, {"train_python_grader_runtime_error_mean": 0.4}]
    point = read({"step": 1, "errors": {"graders": graders}})
    assert point
    assert point.errors == 0.4


def test_two_events_of_a_step_are_one_point() -> None:
    events: list[dict[str, Any]] = [
        {"type": "metrics", "data": {"step": 2, "train_mean_reward": 0.2}},
        {"type": "message", "data": None},
        {"type": "metrics", "data": {"step": 1, "train_mean_reward": 0.1}},
        {"type": "metrics", "data": {"step": 2, "full_valid_mean_reward": 0.5}},
        {"type": "metrics", "data": {"no": "step"}},
    ]
    assert points(events) == [Point(1, train_reward=0.1), Point(2, None, 0.2, 0.5)]


def test_a_curve_rises_with_its_values_and_keeps_its_width() -> None:
    assert curve([0.0, 0.5, 1.0], 80, 0, 1) == "▁▅█"
    assert curve([float(n) for n in range(100)], 8, 0, 99) == "▁▂▃▄▅▆▇█"
    assert curve([None, 1.0], 80, 1, 1) == " ▅"


def test_curves_fit_the_terminal() -> None:
    drawn = curves([Point(n, 200, n / 200, 0.5, length=100.0 + n) for n in range(200)], 80)
    assert [text.split()[0] for text in drawn] == ["train", "valid", "tokens"]
    assert max(map(len, drawn)) <= 80


def test_a_step_is_one_line() -> None:
    text = line(Point(3, 9, train_reward=0.25, no_variance=0.5))
    assert text == "step 3 of 9: train reward 0.250, same reward 50%"


ROWS = [{"messages": [{"role": "user", "content": "x" * 350}]}] * 10
GOLDS = ["y" * 35] * 10


def settings(**train: float) -> Settings:
    project = {"name": "toy", "use_case": "toy"}
    return Settings.model_validate({"root": ".", "project": project, "train": train})


def answers() -> list[Record]:
    usage = {"prompt_tokens": 50, "completion_tokens": 5}
    return [Record(item_id="a", k=0, sample=Sample(output_text="", usage=usage))]


def test_tokens_are_those_of_the_latest_run() -> None:
    hyper = {"n_epochs": 2, "compute_multiplier": 0.5}
    found = estimate("reinforcement", ROWS, GOLDS, hyper, answers(), "run-1", settings())
    assert (found.rollouts, found.tokens) == (80, 80 * 55)
    assert "tokens of run-1" in found.lines()[0]


@pytest.mark.parametrize("hyper", [{}, {"n_epochs": "auto"}])
def test_epochs_that_are_not_set_are_those_of_the_forecast(hyper: dict[str, Any]) -> None:
    found = estimate("reinforcement", ROWS, GOLDS, hyper, answers(), "run-1", settings())
    assert (found.epochs, found.rollouts) == (3, 10 * 3 * 8)
    assert "assumed: epochs as in ready.epochs" in found.lines()[1]


def test_without_a_run_tokens_are_counted_in_characters() -> None:
    found = estimate("supervised", ROWS, GOLDS, {"n_epochs": 3}, [], "", settings())
    assert (found.rollouts, found.tokens) == (0, 10 * 3 * 110)


def test_the_price_is_told_when_one_is_named() -> None:
    priced = settings(usd_per_million_tokens=10, usd_per_hour=100)
    found = estimate("supervised", ROWS, GOLDS, {"n_epochs": 1}, answers(), "run-1", priced)
    assert found.usd == pytest.approx((50 + 10) * 10 / 1e6 * 10)
    assert found.lines()[-2:] == [
        "price: about $0.01, at $10 a million tokens",
        "price: $100 for each hour of training",
    ]


def test_no_price_is_made_up() -> None:
    found = estimate("supervised", ROWS, GOLDS, {}, [], "", settings())
    assert found.lines()[-1] == (
        "price: unknown; add usd_per_million_tokens or usd_per_hour to [train] of rft.toml"
    )


TOML = """\
# our project
[project]
name = "x"   # a name

[models]     # names for --model
base = "small"     # or a path
# tuned = "an older one"

# [judge]
# model = "j"

[sampling]
seed = 7
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "rft.toml"
    path.write_text(TOML)
    return path


def test_a_tuned_model_is_one_new_line(toml: Path) -> None:
    assert write_model_name(toml, "tuned", "ft:a:b") is None
    assert toml.read_text() == TOML.replace("or a path\n", 'or a path\ntuned = "ft:a:b"\n')


def test_a_second_model_takes_the_place_of_the_first(toml: Path) -> None:
    toml.write_text(TOML.replace("# tuned", "tuned").replace('one"', 'one"  # mine'))
    assert write_model_name(toml, "tuned", "ft:new") == "an older one"
    assert 'tuned = "ft:new"  # mine\n' in toml.read_text()


def test_the_same_model_changes_nothing(toml: Path) -> None:
    write_model_name(toml, "tuned", "ft:a")
    before = toml.read_bytes()
    assert write_model_name(toml, "tuned", "ft:a") is None
    assert toml.read_bytes() == before


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'", '[models]\nbase = "a"', "[models]"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_file_keeps_what_it_holds(tmp_path: Path, text: str, end: str) -> None:
    path = tmp_path / "rft.toml"
    path.write_bytes(text.replace("\n", end).encode())
    before = tomllib.loads(text)
    write_model_name(path, "tuned", 'odd "id" \\ é')
    found = tomllib.loads(path.read_bytes().decode())
    assert found["models"].pop("tuned") == 'odd "id" \\ é'
    assert found == {"models": {}} | before


@pytest.mark.parametrize(
    "text",
    [
        'models = { base = "a" }\n',
        '[models]\nbase = """a\ntuned=1"""\n',
        'models.base = "a"\n[x]\n',
    ],
)
def test_every_way_to_write_a_table_is_understood(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rft.toml"
    path.write_text(text)
    write_model_name(path, "tuned", "ft:a")
    before = tomllib.loads(text)
    assert tomllib.loads(path.read_text()) == before | {
        "models": before["models"] | {"tuned": "ft:a"}
    }


@pytest.mark.parametrize("text", ["models = 3\n", "[models\n"])
def test_a_file_that_cannot_be_changed_is_left_alone_and_the_line_is_shown(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "rft.toml"
    path.write_text(text)
    with pytest.raises(UserError, match='write tuned = "ft:a" under'):
        write_model_name(path, "tuned", "ft:a")
    assert path.read_text() == text
