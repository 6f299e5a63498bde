"""Rows are distributed so that no relation of a training row is tested."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from rft import Project
from rft.cli import main
from rft.dataset.partition import Member, partition, plain
from tests.toy import make_project, row

SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}
WORDS = [f"{a}{b}{c}" for a in "bdfgklmn" for b in "aeiou" for c in "prstvxz"]
LABELS = ["common"] * 60 + ["frequent"] * 30 + ["rare"] * 10


def made_members(count: int, seed: int) -> list[Member]:
    """Rows of 80 random words behind the same instruction; every fifth is edited into a copy."""
    rng = random.Random(seed)
    members: list[Member] = []
    for n in range(count):
        words = rng.choices(WORDS, k=80)
        labels = frozenset(rng.choices(LABELS, k=2))
        members.append(
            Member(f"r{n}", instructed(words), f"g{n // 3}" if n % 7 == 0 else None, labels)
        )
        if n % 5 == 0:
            words[rng.randrange(80)] = rng.choice(WORDS)
            members.append(Member(f"r{n}-copy", instructed(words), None, labels))
    return members


def instructed(words: list[str]) -> str:
    return "Read the case below and answer as JSON only, with one code. " + " ".join(words)


def similarity(one: str, other: str) -> float:
    """Jaccard over runs of four words, without the instruction's."""
    sets = []
    for text in (one, other):
        words = plain(text).split()[12:]
        sets.append(set(zip(words, words[1:], words[2:], words[3:], strict=False)))
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


@pytest.mark.parametrize("seed", range(3))
def test_no_relation_of_a_row_is_in_another_split(seed: int) -> None:
    members = made_members(150, seed)
    split_of = partition(members, SHARES, seed=seed, near=0.7).split_of
    for one, other in combinations(members, 2):
        related = one.group is not None and one.group == other.group
        if related or similarity(one.text, other.text) >= 0.7:
            assert split_of[one.id] == split_of[other.id]


@pytest.mark.parametrize("count", [3, 10, 61, 150])
def test_shares_are_met_to_within_one_row(count: int) -> None:
    members = made_members(count, 1)
    sizes = Counter(partition(members, SHARES, seed=0, near=0.7).split_of.values())
    for name, share in SHARES.items():
        assert abs(sizes[name] - share * len(members)) <= 1


def test_labels_are_spread_evenly() -> None:
    members = made_members(300, 2)
    split_of = partition(members, SHARES, seed=0, near=0.7).split_of
    for label in ("common", "frequent", "rare"):
        having = [m for m in members if label in m.labels]
        counts = Counter(split_of[m.id] for m in having)
        assert counts["test"] == pytest.approx(0.2 * len(having), abs=0.1 * len(having))


def test_the_seed_decides_and_the_order_does_not() -> None:
    members = made_members(60, 3)
    first = partition(members, SHARES, seed=0, near=0.7).split_of
    assert partition(members[::-1], SHARES, seed=0, near=0.7).split_of == first
    assert partition(members, SHARES, seed=1, near=0.7).split_of != first


def test_rows_that_are_placed_stay_and_draw_their_relations() -> None:
    members = made_members(40, 4)
    original = next(m for m in members if m.id == "r5")
    members[members.index(original)] = Member("r5", original.text, None, original.labels, "test")
    split_of = partition(members, SHARES, seed=0, near=0.7).split_of
    assert "r5" not in split_of
    assert split_of["r5-copy"] == "test"


def test_equal_prompts_are_related_at_any_threshold() -> None:
    members = [Member(f"r{n}", f"Case {n // 2 * 'x'} of {n} rows") for n in range(8)]
    split_of = partition(members, SHARES, seed=0, near=1).split_of
    assert all(split_of[f"r{n}"] == split_of[f"r{n + 1}"] for n in range(0, 8, 2))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.open(make_project(tmp_path / "toy", base_url="http://127.0.0.1:9/v1"))


def write_rows(path: Path, words: list[str]) -> Path:
    path.write_text("".join(json.dumps(row(word)) + "\n" for word in words))
    return path


def test_new_rows_are_added_and_old_ones_keep_their_bytes(project: Project) -> None:
    train = project.root / "task/data/train.jsonl"
    before = train.read_bytes()
    path = write_rows(project.root / "new.jsonl", WORDS[:60])
    result = project.split_rows([path])
    assert train.read_bytes().startswith(before)
    assert result.totals == {"train": 54, "validation": 18, "test": 18}
    assert project.check().ok
    again = project.split_rows([path])
    assert sum(again.rows.values()) == 0
    assert again.present == 60


def test_the_splits_can_be_written_anew(project: Project) -> None:
    path = write_rows(project.root / "new.jsonl", WORDS[:50])
    project.split_rows([path], (8, 1, 1), replace=True)
    assert [len(project.rows(name)) for name in ("train", "validation", "test")] == [40, 5, 5]


def test_unusable_rows_are_left_out_with_their_place(project: Project) -> None:
    path = write_rows(project.root / "new.jsonl", WORDS[:5])
    with path.open("a") as file:
        file.write('{"id": "x", "word": "x", "reference_answer": null}\n')
    result = project.split_rows([path])
    assert sum(result.rows.values()) == 5
    assert "new.jsonl:6: reference_answer" in result.problems[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--shares", "60,40"], "give three numbers"),
        (["--shares", "a,b,c"], "give three numbers"),
        (["--near", "0"], "--near 0: give a share"),
        (["absent.jsonl"], "absent.jsonl does not exist"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(
    project: Project,
    options: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_rows(project.root / "task/data/imported.jsonl", WORDS[:5])
    monkeypatch.setattr("sys.argv", ["rft", "--project", str(project.root), "split", *options])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert words in capsys.readouterr().err
