"""The figures over a run equal those of scikit-learn on 10,000 random answers."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score, multilabel_confusion_matrix
from sklearn.preprocessing import MultiLabelBinarizer

from task.grader import explain
from task.metrics import metrics

POOL = ["E11.9", "E11.65", "I10", "I13.0", "S52.531A", "S52.531D", "Z79.4", "R05.1", "J11.1", "B20"]
Cases = tuple[list[Any], Any, Any]


@pytest.fixture(scope="module")
def cases() -> Cases:
    """(row, sample) pairs, and reference and answered codes in the form scikit-learn takes."""
    rng = random.Random(4)
    gold = [rng.sample(POOL, rng.randint(0, 5)) for _ in range(10_000)]
    answered = [rng.sample(POOL, rng.randint(0, 6)) for _ in range(10_000)]
    binarizer = MultiLabelBinarizer(classes=POOL)
    pairs = [
        (
            {"id": str(n), "reference_answer": {"codes": codes}, "messages": []},
            {"output_text": json.dumps({"codes": respelled(answer)})},
        )
        for n, (codes, answer) in enumerate(zip(gold, answered, strict=True))
    ]
    return pairs, binarizer.fit_transform(gold), binarizer.fit_transform(answered)


def respelled(codes: list[str]) -> list[str]:
    """The same answer in another spelling, its first code repeated."""
    return [code.lower().replace(".", "") for code in [*codes, *codes[:1]]]


def test_f1_of_each_answer_equals_that_of_scikit_learn(cases: Cases) -> None:
    pairs, true, given = cases
    table = multilabel_confusion_matrix(true, given, samplewise=True)
    hits, wrong, missed = table[:, 1, 1], table[:, 0, 1], table[:, 1, 0]
    size = 2 * hits + wrong + missed
    expected = np.where(size, 2 * hits / np.maximum(size, 1), 1.0)
    ours = [explain(sample, row)["f1"] for row, sample in pairs]
    assert np.abs(np.array(ours) - expected).max() < 1e-12


@pytest.mark.parametrize("average", ["samples", "micro", "macro"])
def test_f1_over_a_run_equals_that_of_scikit_learn(cases: Cases, average: str) -> None:
    pairs, true, given = cases
    expected = f1_score(true, given, average=average, zero_division=1.0)
    assert metrics(pairs, [])["F1"][average] == pytest.approx(expected, abs=1e-12)


def test_samples_f1_is_the_mean_of_the_parts(cases: Cases) -> None:
    pairs = cases[0]
    mean = sum(explain(sample, row)["f1"] for row, sample in pairs) / len(pairs)
    assert metrics(pairs, [])["F1"]["samples"] == pytest.approx(mean, abs=1e-12)
