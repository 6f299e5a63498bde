"""The shipped rows: their number and mix, and that no trick solves them."""

from __future__ import annotations

import json
from collections import Counter
from statistics import mean, median

import designs
import pytest

from task import floors, grader, importer, schema
from task.metrics import metrics
from tests.conftest import SPLITS, TASK, Row, answer, read_rows

Splits = dict[str, list[Row]]


@pytest.mark.parametrize(("split", "least"), [("train", 120), ("validation", 40), ("test", 60)])
def test_there_are_enough_rows(rows_by_split: Splits, split: str, least: int) -> None:
    assert len(rows_by_split[split]) >= least


def test_prompts_are_short(rows: list[Row]) -> None:
    lengths = [sum(len(m["content"]) for m in row["messages"]) for row in rows]
    assert median(lengths) < 3200
    assert max(lengths) < 8000


def test_every_split_has_the_protocols(rows_by_split: Splits) -> None:
    for split in SPLITS:
        assert len({row["protocol"] for row in rows_by_split[split]}) >= 8


def test_no_protocol_dominates(rows_by_split: Splits) -> None:
    for split in SPLITS:
        counts = Counter(row["protocol"] for row in rows_by_split[split])
        assert max(counts.values()) / counts.total() < 0.2


def test_some_rows_bind_nothing(rows_by_split: Splits) -> None:
    """About one row in eleven, in several protocols."""
    for split in SPLITS:
        empty = [row for row in rows_by_split[split] if not row["reference_answer"]]
        assert 0.08 <= len(empty) / len(rows_by_split[split]) <= 0.12
        assert len({row["protocol"] for row in empty}) >= 3


def test_rows_range_from_small_to_large(rows_by_split: Splits) -> None:
    for split in SPLITS:
        sizes = [len(row["reference_answer"]) for row in rows_by_split[split]]
        assert sum(0 < size <= 8 for size in sizes) >= len(sizes) / 10
        assert max(sizes) >= 30


def test_every_situation_is_in_every_split(rows_by_split: Splits) -> None:
    """Rows with and without tie-offs, parameters, slices and joins."""
    for split in SPLITS:
        items = [schema.Item.model_validate(row) for row in rows_by_split[split]]
        for name in ("sets a parameter", "has a tie-off", "slice or join"):
            assert {schema.slices(item)[name] for item in items} == {"yes", "no"}


def test_most_parameters_stay_unset(rows: list[Row]) -> None:
    offered = sum(len(row["vip"]["params"]) for row in rows)
    names = [{p["name"] for p in row["vip"]["params"]} for row in rows]
    used = sum(
        pair["name"] in params
        for row, params in zip(rows, names, strict=True)
        for pair in row["reference_answer"]
    )
    assert used / offered < 0.4


def test_some_settings_ask_for_the_default(rows: list[Row]) -> None:
    """A sentence may ask for the default; the parameter must then stay unset."""
    asked = [r for r in rows if "Time-out: 1000 cycles." in r["settings"]]
    assert asked
    assert all("TIMEOUT" in row["must_not_bind"] for row in asked)


def test_one_naming_style_is_kept_for_the_test_split(rows_by_split: Splits) -> None:
    styles = {split: {row["style"] for row in rows_by_split[split]} for split in SPLITS}
    assert designs.HELD_OUT_STYLE in styles["test"]
    assert designs.HELD_OUT_STYLE not in styles["train"] | styles["validation"]


def mean_floor(rows: list[Row], name: str) -> float:
    return mean(grader.grade({"output_text": floors.floors(row)[name]}, row) for row in rows)


def test_empty_earns_only_the_rows_that_bind_nothing(rows: list[Row]) -> None:
    for row in rows:
        assert grader.grade(answer([]), row) == float(not row["reference_answer"])


def test_binding_everything_is_never_close_to_gold(rows: list[Row]) -> None:
    for row in rows:
        text = floors.floors(row)["bind everything"]
        assert grader.grade({"output_text": text}, row) <= 0.95


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("empty", 0.08, 0.12),
        ("suffix heuristic", 0.2, 0.6),
        ("suffix heuristic, widths fitted", 0.3, 0.65),
        ("bind everything", 0.2, 0.5),
    ],
)
def test_no_trick_without_a_model_solves_the_splits(
    rows_by_split: Splits, name: str, low: float, high: float
) -> None:
    for split in SPLITS:
        assert low <= mean_floor(rows_by_split[split], name) <= high


def test_the_datasheet_has_the_measured_floors(rows_by_split: Splits) -> None:
    """The table in DATASHEET.md gives the current scores of the floors."""
    text = (TASK / "data/DATASHEET.md").read_text(encoding="utf-8")
    for name in floors.floors(rows_by_split["test"][0]):
        figures = [f"{mean_floor(rows_by_split[split], name):.3f}" for split in SPLITS]
        assert f"| {name} | {' | '.join(figures)} |" in text


def test_the_datasheet_counts_right(rows_by_split: Splits) -> None:
    text = (TASK / "data/DATASHEET.md").read_text(encoding="utf-8")
    golds = [[len(r["reference_answer"]) for r in rows_by_split[split]] for split in SPLITS]
    prompts = [
        [sum(len(m["content"]) for m in r["messages"]) for r in rows_by_split[split]]
        for split in SPLITS
    ]
    table = {
        "rows": [str(len(gold)) for gold in golds],
        "rows with 1 to 8 pairs": [str(sum(0 < n <= 8 for n in gold)) for gold in golds],
        "pairs to bind, median and most": [f"{median(n):.0f}, {max(n)}" for n in golds],
        "prompt length in characters, median and most": [
            f"{median(n):.0f}, {max(n)}" for n in prompts
        ],
    }
    for name, figures in table.items():
        assert f"| {name} | {' | '.join(figures)} |" in text


def test_there_are_enough_probes() -> None:
    assert len(read_rows(TASK / "probes.jsonl")) >= 30


def test_the_heuristic_fits_widths_and_binding_everything_leaves_nothing_out(row: Row) -> None:
    texts = {name: json.loads(text)["predicted"] for name, text in floors.floors(row).items()}
    assert {"name": "W", "value": "16"} in texts["suffix heuristic, widths fitted"]
    names = {x["name"] for x in [*row["vip"]["ports"], *row["vip"]["params"]]}
    assert {pair["name"] for pair in texts["bind everything"]} == names


def test_rows_are_grouped_by_protocol_and_by_naming(row: Row) -> None:
    other = row | {"protocol": "memory", "style": "upper"}
    figures = metrics([(row, answer(row["reference_answer"])), (other, answer([]))], [])
    assert figures["F1 by protocol"] == {"memory": 0.0, "stream": 1.0}
    assert figures["F1 by naming"] == {"prefix": 1.0, "upper": 0.0}
    assert figures["elaborates, by protocol"] == {"memory": 1.0, "stream": 1.0}


def test_a_run_without_answers_has_no_figures() -> None:
    assert metrics([], []) == {}


def test_the_catalogue_names_each_vip_once() -> None:
    catalogue = importer._catalogue(TASK / "tools/vips.jsonl")
    assert max(Counter((entry.protocol, entry.role) for entry in catalogue).values()) == 1
    for vip in (entry.vip for entry in catalogue):
        names = [port.name for port in vip.ports] + [param.name for param in vip.params]
        assert max(Counter(names).values()) == 1, vip.name


def test_ids_and_prompts_are_unique(rows: list[Row]) -> None:
    assert max(Counter(row["id"] for row in rows).values()) == 1
    assert max(Counter(row["messages"][1]["content"] for row in rows).values()) == 1


def test_no_design_is_in_two_splits(rows_by_split: Splits) -> None:
    """This holds for designs and for families of designs made from one another."""
    names = [{row["dut"]["name"] for row in rows_by_split[split]} for split in SPLITS]
    families = [{row["design"] for row in rows_by_split[split]} for split in SPLITS]
    for sets in (names, families):
        assert len(set.union(*sets)) == sum(map(len, sets))


def test_stored_prompts_are_the_ones_the_schema_builds(rows: list[Row]) -> None:
    for row in rows:
        assert row["messages"] == schema.messages(schema.Item.model_validate(row))
