"""Answers with the project's own rewards, by which an export is tried in the target's engine."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rft import graders
from rft.project.scoring import grade_samples
from rft.reading import read_text

CASES = 200


@dataclass(frozen=True)
class Answer:
    """What a model may have answered to a row."""

    name: str
    item: str
    """Id of the row."""
    text: str
    finish_reason: str = "stop"


def odd_answers(item: str, reference: str, seed: int) -> Iterator[Answer]:
    """A reference answer in the forms that models give it, and broken in the ways they break it."""
    chance = random.Random(seed)
    cut = chance.randrange(1, max(len(reference), 2))
    start, end = sorted(chance.sample(range(len(reference) + 1), 2))
    forms = {
        "reference": reference,
        "empty": "",
        "blank": " \n\t",
        "fenced": f"```json\n{reference}\n```",
        "fenced between words": f"Here it is:\n\n```\n{reference}\n```\nDone.",
        "words before": f"The answer is {reference}",
        "think": f"<think>\nFirst I look.\n</think>\n\n{reference}",
        "think closed only": f"First I look.\n</think>\n{reference}",
        "think, never closed": f"<think>\nFirst I look. {reference}",
        "analysis channel": "<|channel|>analysis<|message|>I look.<|end|><|start|>assistant"
        f"<|channel|>final<|message|>{reference}<|return|>",
        "part missing": reference[:start] + reference[end:],
        "twice": f"{reference}\n{reference}",
        "in a list": f"[{reference}]",
        "NaN": '{"a": NaN}',
        "brackets": "[" * 3000,
        "template": "{{item.reference_answer}} {% for x in y %} file:///etc/passwd",
        "odd characters": "\ufeff\u2028\x00\x1b[2J\x07\r\U0001f600" + reference,
        "null": "null",
        "number": "1e999",
    }
    yield from (Answer(name, item, text) for name, text in forms.items())
    yield Answer("cut off", item, reference[:cut], "length")


def choose(probes: Sequence[Answer], references: Mapping[str, str], most: int) -> list[Answer]:
    """All probes, then odd forms of the reference answers, up to `most`."""
    answers = list(probes)
    for n, (item, reference) in enumerate(references.items()):
        if len(answers) >= most:
            break
        answers += odd_answers(item, reference, n)
    return answers[:most]


def with_rewards(
    answers: Sequence[Answer],
    rows: Mapping[str, Mapping[str, Any]],
    grader: graders.Grader,
    *,
    finish_reason: bool,
) -> dict[str, Any]:
    """The content of cases.json: the rows that are answered, and each answer with its reward."""
    grades = grade_samples(
        [
            (read_text(a.text, a.finish_reason if finish_reason else None), dict(rows[a.item]))
            for a in answers
        ],
        grader,
    )
    return {
        "items": {answer.item: rows[answer.item] for answer in answers},
        "cases": [
            vars(answer) | {"reward": grade.reward}
            for answer, grade in zip(answers, grades, strict=True)
        ],
    }
