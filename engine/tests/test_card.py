"""`rft card`: the model card says what the runs hold, and what they do not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rft import Project
from rft.card import NOTES, markdown
from rft.errors import UserError
from rft.jobs import store
from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.toy import make_project, point_to

Rft = Callable[..., Outcome]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy project after two models answered the test rows and a job was sent; with its card."""
    root = make_project(tmp_path_factory.mktemp("card") / "toy")
    with Endpoint() as endpoint:
        point_to(root, endpoint.url)
        for model in ("base", "org/tuned"):
            Project.open(root).evaluate(model, split="test")
    info = store.JobInfo(
        identity="i", profile="openai", base_url="", method="reinforcement", start_from="toy-model",
        name="tuned", job_id="ftjob-1", status="succeeded", tuned_model="org/tuned", overruled=True,
    )  # fmt: skip
    job = store.start(root / "runs" / "train", info)
    job.write_body({"method": {"reinforcement": {"hyperparameters": {"n_epochs": 3}}}})
    steps = [{"step": 1, "valid_mean_reward": 0.25}, {"step": 9, "valid_mean_reward": 0.5}]
    job.append_events({"id": str(n), "type": "metrics", "data": s} for n, s in enumerate(steps))
    Project.open(root).card("org/tuned")
    return root


@pytest.fixture(scope="module")
def card(root: Path) -> str:
    return (root / "MODEL_CARD.md").read_text()


def section(card: str, heading: str) -> str:
    return card.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_the_front_matter_names_the_model_and_its_figure(card: str) -> None:
    fields = dict(line.split(": ", 1) for line in card.split("---\n")[1].splitlines())
    ((entry),) = json.loads(fields["model-index"])
    assert entry["name"] == "org/tuned"
    assert entry["results"][0]["dataset"]["split"] == "test"


def test_every_split_is_there_with_rows_and_hash(card: str, root: Path) -> None:
    for split in Project.open(root).splits()[0]:
        row = f"| {split.name} | `task/data/{split.name}.jsonl` | {len(split.rows)} | "
        assert f"{row}`{split.sha256[:12]}` |" in section(card, "Data")


def test_figures_are_those_of_the_commands(card: str, root: Path) -> None:
    opened, figures = Project.open(root), section(card, "Figures")
    comparison = opened.compare("base", "org/tuned", split="test")
    assert all(f"| 8 | {mean} |" in figures for mean in comparison.means)
    assert "| org/tuned | toy-model | +0.00 [-1.00, +1.00] | 1.000 | tied |" in figures
    assert f"**{opened.ready(comparison.runs[0].run.folder.name).verdict}**" in figures


def test_the_job_is_there_with_its_settings_and_course(card: str) -> None:
    training = section(card, "Training")
    assert "hyperparameters: n_epochs 3" in training
    assert "validation reward: 0.250 at step 1, 0.500 at step 9" in training
    assert "was sent although rft ready said no" in section(card, "Known limits")


def test_what_was_not_measured_is_said(card: str) -> None:
    missing = section(card, "Not measured")
    assert "No people's answers" in missing
    assert "safety" in missing
    assert "comparison" not in missing


def test_the_teams_own_part_survives(project: Path) -> None:
    (project / "MODEL_CARD.md").write_text(f"# Old\n{NOTES}\nOwner: Ada.\n")
    result = Project.open(project).card()
    text = result.path.read_text()
    assert text.endswith(f"{NOTES}\nOwner: Ada.\n")
    assert "# Old" not in text


def test_a_run_of_the_present_grader_is_preferred(root: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(root, tmp_path / "copy")
    (first,) = copy.glob("runs/*-toy-model")
    other = shutil.copytree(first, first.with_name("20991231-000000-test-toy-model"))
    info = json.loads((other / "run.json").read_text())
    info["hashes"]["grader"] = "another"
    (other / "run.json").write_text(json.dumps(info))
    text = Project.open(copy).card(output="CARD.md").path.read_text()
    assert f"`{first.name}`" in text
    assert other.name not in text


def test_a_file_of_somebody_else_is_not_overwritten(project: Path) -> None:
    (project / "MODEL_CARD.md").write_text("# Ours\n")
    with pytest.raises(UserError, match="name another file with --output"):
        Project.open(project).card()


def test_a_project_without_runs_has_a_card_that_says_so(rft: Rft, project: Path) -> None:
    done = rft("card", "--output", "docs/CARD.md")
    assert "not measured: No answers of toy-model (rft eval)." in done.out
    assert "No training job was sent" in (project / "docs" / "CARD.md").read_text()


def test_markup_in_a_name_stays_text() -> None:
    assert markdown("<b>|\n[x](y)") == r"\<b\>\| \[x\](y)"
