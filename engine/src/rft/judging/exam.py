"""Put the calibration answers before the judge and keep every judgement as it is made.

An examination is a run as in runs.py, below runs/judge: its items are the calibration answers, each
once as it stands and, where the schema can reorder a row's criteria, once more with them reversed;
its samples are the repeated calls; its grader is the judge alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rft import runs
from rft.evaluate import Breaker
from rft.graders import Grader
from rft.graders.formula import Formula, FormulaError
from rft.graders.spec import MultiGrader, ScoreModel, Spec, hosted_leaves
from rft.judging.calibration import CalibrationLine, Weights, expected_score
from rft.records import Grade, Record, Sample

KEY = "judge"
UNREADABLE = "model_grader_parse_error"
REORDERED_KINDS = ("excellent", "fair", "poor", "confidently_wrong")
CHARS_PER_TOKEN = 4.0
_MET = re.compile(r"\W*(not met|unmet|met)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Question:
    """One calibration answer to be judged, with the row that the judge reads."""

    line: CalibrationLine
    row: dict[str, Any]
    weights: Weights
    reversed: bool = False

    @property
    def answer(self) -> str:
        """What identifies the answer, in whichever order its criteria are."""
        text = runs.digest([self.line.output_text, self.line.of])[:8]
        return f"{self.line.item_id}/{self.line.kind}/{text}"

    @property
    def key(self) -> str:
        """What identifies it in a run: the same words about the same row give the same key."""
        turned = "/reversed" if self.reversed else ""
        return f"{self.answer}{turned}/{runs.digest(self.row)[:8]}"


@dataclass(frozen=True)
class Judgement:
    """What the judge said of one answer, once."""

    question: Question
    k: int
    score: float | None
    """In [0, 1]; None if what the judge said could not be read."""
    met: dict[str, bool]
    """Criterion -> verdict, as far as the judge's steps give one."""
    readable: bool
    """A number, and a verdict on every criterion, at the first asking."""

    @property
    def implied(self) -> float | None:
        """The score that its own verdicts amount to; None without one on each criterion."""
        if self.met.keys() != self.question.line.labels.keys():
            return None
        return expected_score(self.met, self.question.weights)


def examined(leaf: ScoreModel) -> MultiGrader:
    """The judge as a grader of its own, its range mapped to [0, 1]."""
    low, high = leaf.bounds
    formula = f"({KEY} - {low}) / ({high} - {low})"
    return MultiGrader(type="multi", name=KEY, graders={KEY: leaf}, calculate_output=formula)


def part_of_reward(spec: Spec, leaf: ScoreModel) -> float:
    """How much the reward moves when the judge's score goes from the bottom of its range to the
    top, all other parts being 0; 1 where that is unknown."""
    if not isinstance(spec, MultiGrader):
        return 1.0
    key = next(name for name, one in spec.graders.items() if one is leaf)
    low, high = leaf.bounds
    others = dict.fromkeys(hosted_leaves(spec), 0.0)
    try:
        formula = Formula(spec.calculate_output, others)
        return abs(formula.evaluate(others | {key: high}) - formula.evaluate(others | {key: low}))
    except (FormulaError, ArithmeticError, ValueError):
        return 1.0


def missing(run: runs.Run) -> list[tuple[str, int]]:
    """(key, k) of every judgement still to be asked for. An unreadable one has been paid for."""
    unreadable = {(r.item_id, r.k) for r in run.stream() if _unreadable(r)}
    return [key for key in run.missing() if key not in unreadable]


def replay(run: runs.Run, root: Path) -> int:
    """Copy what earlier examinations below `root` stored of this judge; returns how many.

    That is of the same judge, model and prompt, and of the same words about the same row: labels
    may have changed, and answers may have been added. The caller holds the run's lock.
    """
    wanted = set(missing(run))
    copied = 0
    for earlier in reversed(list(runs.all_runs(root))):
        if not wanted:
            break
        if earlier.folder == run.folder or _asked(earlier.info) != _asked(run.info):
            continue
        for record in earlier.stream():
            key = record.item_id, record.k
            if key in wanted and (record.reward is not None or _unreadable(record)):
                run.append(record)
                wanted.discard(key)
                copied += 1
    return copied


def _asked(info: runs.RunInfo) -> tuple[str, ...]:
    """Who is asked, and how."""
    return info.profile, info.model, info.base_url, info.hashes["prompt"]


def put_questions(
    run: runs.Run,
    questions: Sequence[Question],
    grader: Grader,
    workers: int,
    on_record: Callable[[Record], None],
) -> None:
    """Fill the run. `on_record` is called with each judgement after it is on disk.

    Raises OutsideError when the endpoint fails too often in a row; everything until then is kept.
    """
    by_key = {question.key: question for question in questions}
    breaker = Breaker(workers)

    def one(key: str, k: int) -> Record:
        question = by_key[key]
        sample = Sample(output_text=question.line.output_text, finish_reason="stop")
        grade = grader.grade(sample.for_grader(), question.row)
        return Record(item_id=key, k=k, grade=grade)

    threads = ThreadPoolExecutor(workers)
    try:
        for done in as_completed([threads.submit(one, *job) for job in missing(run)]):
            record = done.result()
            run.append(record)
            on_record(record)
            if not _unreadable(record):
                breaker.note(record)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)  # closing the grader ends what runs


def judgements(records: Sequence[Record], questions: Sequence[Question]) -> Iterator[Judgement]:
    """Every judgement that was obtained, with the verdicts in its steps."""
    by_key = {question.key: question for question in questions}
    for record in records:
        if record.grade is None or not (record.reward is not None or _unreadable(record)):
            continue
        question = by_key[record.item_id]
        met = _verdicts(record.grade, question.line.labels)
        whole = record.reward is not None and met.keys() == question.line.labels.keys()
        yield Judgement(
            question,
            record.k,
            record.reward,
            met,
            readable=whole and not record.grade.judge_rereads,
        )


def _verdicts(grade: Grade, criteria: Mapping[str, bool]) -> dict[str, bool]:
    """Criterion -> verdict from the steps: "<id>: ..." described, "met" or "not met" concluded."""
    verdicts: dict[str, bool] = {}
    for step in grade.judge_steps.get(KEY, []):
        name = step["description"].partition(":")[0].strip(" *`\"'-")
        said = _MET.match(step["conclusion"])
        if name in criteria and name not in verdicts and said:
            verdicts[name] = said[1].lower() == "met"
    return verdicts


def _unreadable(record: Record) -> bool:
    return record.grade is not None and UNREADABLE in record.grade.errors
