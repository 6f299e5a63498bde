"""F1 is that of scikit-learn, on multisets, and is the same for every spelling of a value."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from sklearn.metrics import precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

from task import grader
from tests.conftest import Row, answer, rebind

UNIVERSE = [(f"p{n}", f"s{m}") for n in range(6) for m in range(3)]
EMPTY: Row = {"dut": {"ports": []}, "vip": {"ports": [], "params": []}}


def reward(row: Row, bindings: list[dict[str, str]]) -> float:
    return grader.grade(answer(bindings), row)


@pytest.mark.parametrize("seed", range(60))
def test_f1_is_scikit_learns_on_sets(seed: int) -> None:
    """Precision, recall and F1 of random pair sets equal those of scikit-learn."""
    rng = random.Random(seed)
    mine, gold = (rng.sample(UNIVERSE, rng.randrange(1, 12)) for _ in range(2))
    matrix = MultiLabelBinarizer(classes=UNIVERSE).fit_transform([gold, mine])
    expected = precision_recall_fscore_support(
        matrix[:1], matrix[1:], average="samples", zero_division=0.0
    )
    assert grader.score(mine, gold, EMPTY) == pytest.approx(expected[:3])


@pytest.mark.parametrize("seed", range(30))
def test_f1_counts_repeated_pairs(seed: int) -> None:
    """With repeated pairs the result is the F1 of multisets: 2 |A and B| / (|A| + |B|)."""
    rng = random.Random(seed)
    mine, gold = (rng.choices(UNIVERSE[:5], k=rng.randrange(1, 9)) for _ in range(2))
    hits = (Counter(mine) & Counter(gold)).total()
    assert grader.score(mine, gold, EMPTY)[2] == pytest.approx(2 * hits / (len(mine) + len(gold)))


def test_order_does_not_matter(rows: list[Row]) -> None:
    rng = random.Random(1)
    for row in rows[::5]:
        gold = row["reference_answer"]
        assert reward(row, rng.sample(gold, len(gold))) == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("8'h0", "8'd0"),
        ("8'h0", "8'b0000_0000"),
        ("8'hFF", "8 'hf_f"),
        ("{a, b}", "{a,b}"),
        ("{{a}, b}", "{a,b}"),
        ("a[3:0]", "a [ 3 : 0 ]"),
        ("a[0+:4]", "a[3:0]"),
        ("a[3-:4]", "a[3:0]"),
        ("a[7:0]", "a"),
        ("{a[7:4], a[3:0]}", "a"),
        ("{2{2'b01}}", "4'b0101"),
        ("{1'b1, 3'd2}", "4'hA"),
        ("4'bzzzz", "4'b?"),
        ("4'b0x", "4'b000x"),
        ("4'hx", "4'bxxxx"),
        ("8'o17", "8'd15"),
        ("'h0000000f", "'d15"),
    ],
)
def test_spelling_does_not_matter(one: str, other: str) -> None:
    """Two spellings of the same bits are the same value (a has 8 bits)."""
    row = {"dut": {"ports": [{"name": "a", "dir": "input", "width": 8}]}, "vip": EMPTY["vip"]}
    assert grader.score([("p", one)], [("p", other)], row)[2] == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("8'h0", "4'h0"),
        ("8'h10", "8'd10"),
        ("{a, b}", "{b, a}"),
        ("a[3:0]", "a[4:1]"),
        ("a[6:0]", "a"),
        ("A", "a"),
        ("4'b0x00", "4'b0z00"),
        ("4'b0x", "4'bx"),
        ("4'b0x", "4'bxx"),
        ("1'b0", "a"),
    ],
)
def test_other_bits_are_another_value(one: str, other: str) -> None:
    row = {"dut": {"ports": [{"name": "a", "dir": "input", "width": 8}]}, "vip": EMPTY["vip"]}
    assert grader.score([("p", one)], [("p", other)], row)[2] == 0.0


def test_a_constant_without_size_takes_its_ports_width(row: Row) -> None:
    """4'b0000 on a 4-bit port may be spelled 0 or '0."""
    gold = row | {"reference_answer": rebind(row, code="4'b0000", ready="1'b1")}
    for zero, one in (("0", "1"), ("'0", "'1"), ("4'd0", "1'h1")):
        assert reward(gold, rebind(row, code=zero, ready=one)) == 1.0


def test_a_parameter_is_a_number_however_it_is_spelled(row: Row) -> None:
    for spelled in ("16", "8'd16", "'h10", "1_6", " 16 "):
        assert reward(row, rebind(row, W=spelled)) == 1.0


def test_a_missing_pair_costs_recall_and_a_further_pair_precision(row: Row) -> None:
    parts = grader.explain(answer(rebind(row, last=None)), row)
    assert [parts["precision"], parts["recall"]] == pytest.approx([1.0, 5 / 6])
    parts = grader.explain(answer(rebind(row, SEED="9")), row)
    assert [parts["precision"], parts["recall"]] == pytest.approx([6 / 7, 1.0])


def test_over_binding_is_the_share_of_forbidden_names(row: Row) -> None:
    """Of six names that must stay unset, three are set."""
    bindings = answer(rebind(row, SEED="1", DEPTH="4", abort="1'b0"))
    assert grader.explain(bindings, row)["over_binding"] == pytest.approx(0.5)
    assert grader.explain(bindings, row | {"must_not_bind": []})["over_binding"] == 0.0


def test_setting_a_default_is_never_free(row: Row) -> None:
    scores = [
        reward(row, rebind(row, **extra))
        for extra in ({}, {"SEED": "1"}, {"SEED": "1", "DEPTH": "4"})
    ]
    assert scores[0] == 1.0
    assert scores[0] > scores[1] > scores[2]


def test_parsed_raw_and_fenced_answers_score_alike(row: Row) -> None:
    text = answer(rebind(row, last=None))["output_text"]
    parsed = {"output_text": "", "output_json": {"predicted": rebind(row, last=None)}}
    for sample in (parsed, {"output_text": text}, {"output_text": f"```json\n{text}\n```"}):
        assert grader.grade(sample, row) == pytest.approx(10 / 11)
