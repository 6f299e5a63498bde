"""What the figures over a run promise."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score, multilabel_confusion_matrix
from sklearn.preprocessing import MultiLabelBinarizer

from task.grader import explain
from task.metrics import agreement, alpha, metrics

POOL = ["E11.9", "E11.65", "I10", "I13.0", "S52.531A", "S52.531D", "Z79.4", "R05.1", "J11.1", "B20"]


def row(item_id: str, *gold: str, **fields: Any) -> dict[str, Any]:
    """A bare row."""
    return {"id": item_id, "reference_answer": {"codes": list(gold)}, "messages": [], **fields}


def said(*codes: str) -> dict[str, str]:
    """A bare sample."""
    return {"output_text": json.dumps({"codes": codes})}


@pytest.fixture(scope="module")
def cases() -> tuple[list[Any], Any, Any]:
    """10,000 answers to random rows, and both as scikit-learn takes them."""
    rng = random.Random(4)
    gold = [rng.sample(POOL, rng.randint(0, 5)) for _ in range(10_000)]
    codes = [rng.sample(POOL, rng.randint(0, 6)) for _ in range(10_000)]
    binarizer = MultiLabelBinarizer(classes=POOL)
    # Other spellings and repetitions are the same answer.
    spelt = [[c.lower().replace(".", "") for c in [*some, *some[:1]]] for some in codes]
    answers = [(row(str(n), *g), said(*s)) for n, (g, s) in enumerate(zip(gold, spelt))]  # noqa: B905
    return answers, binarizer.fit_transform(gold), binarizer.fit_transform(codes)


def test_f1_of_each_answer_equals_that_of_scikit_learn(cases: tuple[list[Any], Any, Any]) -> None:
    answers, true, given = cases
    table = multilabel_confusion_matrix(true, given, samplewise=True)
    hits, wrong, missed = table[:, 1, 1], table[:, 0, 1], table[:, 1, 0]
    size = 2 * hits + wrong + missed
    expected = np.where(size, 2 * hits / np.maximum(size, 1), 1.0)
    ours = [explain(sample, row)["f1"] for row, sample in answers]
    assert np.abs(np.array(ours) - expected).max() < 1e-12


@pytest.mark.parametrize("average", ["samples", "micro", "macro"])
def test_f1_over_a_run_equals_that_of_scikit_learn(
    cases: tuple[list[Any], Any, Any], average: str
) -> None:
    answers, true, given = cases
    expected = f1_score(true, given, average=average, zero_division=1.0)
    assert metrics(answers, [])["F1"][average] == pytest.approx(expected, abs=1e-12)


def test_samples_f1_is_the_mean_of_the_parts(cases: tuple[list[Any], Any, Any]) -> None:
    answers = cases[0]
    mean = sum(explain(sample, row)["f1"] for row, sample in answers) / len(answers)
    assert metrics(answers, [])["F1"]["samples"] == pytest.approx(mean, abs=1e-12)


def test_what_is_no_code_is_a_wrong_code() -> None:
    assert metrics([(row("a", "I10"), said("I10", "??"))], [])["F1"]["micro"] == 2 / 3


def test_an_optional_code_is_not_counted() -> None:
    found = metrics([(row("a", "I10", optional=["Z79.4"]), said("I10", "Z79.4"))], [])
    assert found["F1"]["micro"] == found["F1"]["exact match"] == 1


def test_chapters_and_traps_are_told_apart() -> None:
    found = metrics([(row("a", "I10", "E11.9", traps=["history"]), said("I10", "E11.65"))], [])
    assert found["F1 by chapter (micro)"] == {"endocrine": 0.0, "circulatory": 1.0}
    assert found["F1 by trap (mean)"] == {"history": 0.5}


def test_over_coding_is_over_the_rows_that_forbid_something() -> None:
    rows = [row("a", "I10"), row("b", "I10", must_not_code=["E11", "R05"])]
    found = metrics([(r, said("I10", "E11.9")) for r in rows], [])
    assert found["over-coding"] == {"entries coded": 0.5, "answers with any": 1.0}


def test_codes_that_training_never_showed_are_counted() -> None:
    found = metrics([(row("a", "I10", "R05.1"), said("R05.1"))], [row("t", "I10")])
    told = {"share": 0.5, "recall on them": 1, "recall on the others": 0}
    assert found["codes not in train"] == told


def test_the_reach_of_the_candidates_is_told_where_they_are_shown() -> None:
    asked = {"candidates": [{"code": "I10"}], "messages": [{"content": "Candidate codes:"}]}
    reach = metrics([(row("a", "I10", "R05.1", **asked), said())], [])["candidates"]
    assert reach == {"gold codes among them": 0.5, "rows with all": 0, "best F1": 2 / 3}
    assert "candidates" not in metrics([(row("a", "I10", candidates=[]), said())], [])


def test_no_answer_has_no_figures() -> None:
    assert metrics([], []) == {}


def test_coders_that_agree_have_alpha_1() -> None:
    rows = [row("a", "I10"), row("b", "R05.1")]
    same = [(r, said(*r["reference_answer"]["codes"])) for r in rows]
    found = agreement({"A": same, "B": same})["agreement (alpha)"]
    assert found == {"gold and A": 1, "gold and B": 1, "all": 1}


def test_alpha_of_a_worked_case() -> None:
    """Two raters, 4 decisions (2 rows x 2 codes), 1 apart: alpha = 1 - 7 * 2 / (2 * 3 * 5)."""
    first, second = {"a": {"I10"}, "b": {"R05"}}, {"a": {"I10"}, "b": {"R05", "I10"}}
    assert alpha(first, second) == pytest.approx(1 - (8 - 1) * 2 / (2 * 3 * 5))


def test_a_row_that_a_coder_did_not_see_is_no_disagreement() -> None:
    assert alpha({"a": {"I10"}, "b": {"R05"}}, {"a": {"I10"}}) == 1
