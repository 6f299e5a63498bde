"""`rft pack`: runs, decisions and jobs in a folder for git, and back."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rft import Project, runs
from rft.errors import UserError
from rft.files import write_text
from rft.jobs import store
from rft.project import pack
from rft.readiness.accepted import FILE as ACCEPTED
from rft.records import Grade, Record, Sample
from tests.conftest import Outcome

Rft = Callable[..., Outcome]
DECISION = {"check": "c", "verdict": "warn", "figure": "1", "because": "known", "when": "today"}


def answer(k: int, text: str = "x") -> Record:
    return Record(item_id="adobe", k=k, sample=Sample(output_text=text), grade=Grade(reward=0.5))


@pytest.fixture
def run(project: Path) -> runs.Run:
    """A run of two answers, the second stored first, with a decision; beside it a job."""
    made = runs.start(
        project / "runs",
        runs.RunInfo(
            split="validation",
            model=f"{project}/model.gguf",
            profile="local",
            base_url="",
            item_ids=["adobe"],
            samples_per_item=2,
            sampling={},
            hashes={},
            versions={},
        ),
    )
    for record in (answer(1), answer(0)):
        made.append(record.model_copy(update={"grade": None}))
        made.append(record, sample_stored=True)
    write_text(made.folder / ACCEPTED, json.dumps([DECISION]))
    write_text(made.folder / "report.html", "made again")
    info = store.JobInfo(
        identity="i", profile="openai", base_url="", method="supervised", start_from="m", name="t"
    )
    job = store.start(project / "runs" / "train", info)
    job.write_body({"model": "m"})
    job.append_events([{"id": "e1"}])
    write_text(job.folder / "train.jsonl", "rows")
    return made


@pytest.fixture
def packed(project: Path, run: runs.Run) -> Project:
    """The toy project with everything packed."""
    opened = Project.open(project)
    opened.pack()
    return opened


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_what_cannot_be_made_again_is_packed_and_nothing_else(packed: Project) -> None:
    names = sorted(Path(name).name for name in contents(packed.root / "evidence"))
    assert names == [ACCEPTED, "body.json", "events.jsonl.gz", "job.json", "records.jsonl.gz",
                     "run.json"]  # fmt: skip


def test_a_colleague_gets_the_same_answers_decisions_and_jobs(
    packed: Project, run: runs.Run
) -> None:
    before = run.records()
    shutil.rmtree(packed.root / "runs")
    packed.pack(restore=True)
    restored = runs.latest(packed.root / "runs")
    assert restored.records() == before
    assert json.loads((restored.folder / ACCEPTED).read_text()) == [DECISION]
    (job,) = store.all_jobs(packed.root / "runs" / "train")
    assert job.body() == {"model": "m"}


def test_packing_again_changes_no_byte(packed: Project) -> None:
    before = contents(packed.root / "evidence")
    assert packed.pack().written == []
    shutil.rmtree(packed.root / "evidence")
    packed.pack()
    assert contents(packed.root / "evidence") == before


def test_neither_keys_nor_paths_of_this_machine_are_packed(
    project: Path, run: runs.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_API_KEY", "sk-not-for-git")
    run.append(answer(2, f"sk-not-for-git in {project}"))
    Project.open(project).pack()
    for name, content in contents(project / "evidence").items():
        text = gzip.decompress(content) if name.endswith(".gz") else content
        assert b"sk-not-for-git" not in text
        assert str(project).encode() not in text


def test_new_answers_and_decisions_are_added_either_way(packed: Project, run: runs.Run) -> None:
    run.append(answer(2))
    assert packed.pack().written == [run.folder.name]
    (run.folder / runs.RECORDS).write_text(answer(0).model_dump_json() + "\n")
    assert packed.pack(restore=True).written == [run.folder.name]
    assert len(run.records()) == 3


@pytest.mark.parametrize("restore", [False, True])
def test_a_folder_that_holds_more_is_never_replaced(
    packed: Project, run: runs.Run, restore: bool
) -> None:
    if restore:
        run.append(answer(2))
    else:
        (run.folder / runs.RECORDS).write_text(answer(0).model_dump_json() + "\n")
    before = contents(packed.root)
    with pytest.raises(UserError, match="move one of the two folders away"):
        packed.pack(restore=restore)
    assert contents(packed.root) == before


def test_only_the_named_run_is_packed(project: Path, run: runs.Run) -> None:
    assert Project.open(project).pack(run.folder.name).written == [run.folder.name]


def test_damaged_evidence_is_named(packed: Project, run: runs.Run) -> None:
    (packed.root / "evidence" / run.folder.name / "records.jsonl.gz").write_bytes(b"x")
    shutil.rmtree(packed.root / "runs")
    with pytest.raises(UserError, match=r"records\.jsonl.* cannot be read"):
        packed.pack(restore=True)


def test_evidence_that_is_not_json_is_named(packed: Project, run: runs.Run) -> None:
    path = packed.root / "evidence" / run.folder.name / "records.jsonl.gz"
    path.write_bytes(gzip.compress(b"{torn\n"))
    with pytest.raises(UserError, match=r"records\.jsonl holds text that is not JSON"):
        packed.pack(restore=True)


def test_a_long_run_is_packed_part_by_part_and_comes_back_whole(
    project: Path, run: runs.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack, "_CHUNK", 2)
    for k in range(2, 7):
        run.append(answer(k, f"answer {k} in {project}"))
    opened, before = Project.open(project), run.records()
    assert run.folder.name in opened.pack().written
    assert opened.pack().written == []
    shutil.rmtree(project / "runs")
    opened.pack(restore=True)
    restored = runs.latest(project / "runs").records()
    assert [r.k for r in restored] == [r.k for r in before]
    assert [r.sample and r.sample.output_text for r in restored[-1:]] == ["answer 6 in ."]


def test_the_command_says_what_it_wrote_and_what_comes_next(rft: Rft, run: runs.Run) -> None:
    done = rft("pack")
    assert "2 written to evidence/, 0 there already" in done.out
    assert "next: git add evidence" in done.out
    assert rft("pack", "--restore").code == 0


def test_nothing_to_pack_is_the_users_mistake(rft: Rft) -> None:
    done = rft("pack")
    assert (done.code, "run `rft eval` first" in done.err) == (2, True)
