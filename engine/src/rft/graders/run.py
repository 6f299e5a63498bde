"""One grading: the sample and the row go in, a Grade comes out, with the hosted semantics."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rft.errors import UserError
from rft.graders import template
from rft.graders.formula import Formula, FormulaError
from rft.graders.judge import Judge
from rft.graders.pool import GraderPool, Reply
from rft.graders.similarity import Measure, measure
from rft.graders.source import HOSTED_PACKAGES
from rft.graders.spec import (
    LocalGrader,
    ModelGrader,
    MultiGrader,
    PythonGrader,
    Spec,
    StringCheck,
    TextSimilarity,
    hosted_leaves,
    leaves,
    model_graders,
)
from rft.records import Grade

TIMEOUT_S = 120.0
"""Wall clock of one call of a grader."""


@dataclass
class _Grading:
    """One answer on its way through the graders."""

    sample: dict[str, Any]
    item: dict[str, Any]
    grade: Grade
    scores: dict[str, float | None] = field(default_factory=dict)
    data: str | None = ""
    """What the worker processes get; None if the answer cannot be written as JSON."""


class Grader:
    """Runs one grader JSON. A context manager; `grade` may be called from many threads.

    `workers`: processes for python graders, and as many again for local ones; each starts when it
    is first needed. `timeout_s`: wall clock of one call of a grader. `root`: the project's folder,
    from which local graders import (`import task.schema`) and in which they run. `settings`: the
    settings file, for local graders whose `rft.sandbox.Sandbox.of_project()` reads it. `judge`: who
    answers for score_model and label_model. Without one those parts are not graded, which every
    grade says: the reward of a multi whose formula is a weighted sum is then taken over the other
    parts, their weights scaled up to the same total.

    Raises UserError when the grader cannot do without a judge and there is none, or when the
    library of a text metric is missing.

    >>> with Grader(load_spec(Path("task/grader.json"))) as grader:
    ...     grader.grade(sample.for_grader(), row)
    """

    def __init__(
        self,
        spec: Spec,
        workers: int = 2,
        timeout_s: float = TIMEOUT_S,
        root: Path | None = None,
        judge: Judge | None = None,
        settings: Path | None = None,
    ) -> None:
        self.spec = spec
        self._workers = workers
        self._judge = judge
        self._root = (root or Path.cwd()).resolve()
        self._leaves = leaves(spec)
        self._formula: Formula | None = None
        self._broken = ""
        if isinstance(spec, MultiGrader):
            try:
                self._formula = Formula(spec.calculate_output, hosted_leaves(spec).keys())
            except FormulaError as error:  # each grading says so, as on the platform
                self._broken = str(error)
        self.not_graded = [] if judge else list(model_graders(spec))
        if self.not_graded and (why := needs_judge(spec)):
            raise UserError(
                f"The grader needs a judge ({why}); add a section [judge] with base_url and model "
                "to rft.toml."
            )
        self._measures: dict[str, Measure] = {
            leaf.evaluation_metric: measure(leaf.evaluation_metric)
            for leaf in self._leaves.values()
            if isinstance(leaf, TextSimilarity)
        }
        self._pools: dict[type, GraderPool] = {}
        for kind, allowed in ((PythonGrader, list(HOSTED_PACKAGES)), (LocalGrader, None)):
            sources = {
                key: {"source": leaf.source, "file": leaf._file}
                for key, leaf in self._leaves.items()
                if isinstance(leaf, PythonGrader | LocalGrader) and isinstance(leaf, kind)
            }
            if sources:
                self._pools[kind] = GraderPool(
                    sources,
                    allowed=allowed,
                    root=self._root,
                    size=workers,
                    timeout_s=timeout_s,
                    settings=settings,
                )
        kinds = PythonGrader | LocalGrader
        pythons = [k for k, v in hosted_leaves(spec).items() if isinstance(v, kinds)]
        self._plain = pythons[0] if len(pythons) == 1 else None

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def places(self) -> int:
        """Calls of `grade` or `grade_batch` that can work at the same time."""
        return max(self._workers, self._judge.limit if self._judge else 0)

    def close(self) -> None:
        """End all worker processes; the grader cannot be used after that."""
        for pool in self._pools.values():
            pool.close()
        if self._judge:
            self._judge.close()

    def judge_notes(self) -> list[str]:
        """What was learned of the request fields that the judge's endpoint refuses."""
        return self._judge.notes() if self._judge else []

    def grade(self, sample: dict[str, Any], item: dict[str, Any]) -> Grade:
        """Grade one sample (`Sample.for_grader()`) against one row.

        The reward is in [0, 1], or None when a process broke, ran out of time or memory, or lacks a
        package, or when the judge's endpoint failed or its answer cannot be read (see
        judge.py): the answer then has no score. A grader that raises, or returns no
        finite number, scores 0 as on the platform. A reward outside [0, 1], which the platform
        accepts, is clipped and flagged `other_error`, since every statistic here counts on the
        range.
        Raises UserError if the item cannot be written as JSON.
        """
        return self.grade_batch([(sample, item)])[0]

    def grade_batch(self, answers: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> list[Grade]:
        """`grade` for several (sample, item), one after the other, with less effort for each."""
        gradings = [
            _Grading(sample, item, Grade(reward=None, not_graded=self.not_graded))
            for sample, item in answers
        ]
        if self._pools:
            for grading in gradings:
                grading.data = self._data(grading.sample, grading.item)
        readable = [grading for grading in gradings if grading.data is not None]
        for key, leaf in self._leaves.items():
            if isinstance(leaf, PythonGrader | LocalGrader):
                replies = self._pools[type(leaf)].call(key, [g.data or "" for g in readable])
                for grading, reply in zip(readable, replies, strict=True):
                    self._take(reply, key, grading)
            elif key not in self.not_graded:
                for grading in readable:
                    started = time.perf_counter()
                    namespaces = {"sample": grading.sample, "item": grading.item}
                    grading.scores[key] = self._rendered(key, leaf, namespaces, grading.grade)
                    grading.grade.seconds += time.perf_counter() - started
        return [self._graded(grading) for grading in gradings]

    def _take(self, reply: Reply, key: str, grading: _Grading) -> None:
        """Add what a python or local grader said."""
        grading.grade.seconds += reply.seconds
        grading.scores[key] = _score(reply, key, grading.grade)
        prefix = "" if key == self._plain else f"{key}."
        grading.grade.parts |= {prefix + name: value for name, value in reply.parts.items()}

    def _graded(self, grading: _Grading) -> Grade:
        """The finished grade."""
        grade, scores = grading.grade, grading.scores
        if grading.data is None:
            return Grade(reward=0.0, errors={"sample_parse_error": True})
        grade.parts |= {k: v for k, v in scores.items() if k and v is not None}
        reward = self._reward(scores, grade)
        if reward is not None and not 0.0 <= reward <= 1.0:
            _flag(grade, "other_error", f"the reward {reward:g} is outside [0, 1] and was clipped")
            reward = min(max(reward, 0.0), 1.0)
        grade.reward = reward
        return grade

    def _data(self, sample: dict[str, Any], item: dict[str, Any]) -> str | None:
        """Both as JSON for the workers; None if the answer cannot be written so."""
        try:
            sample_json = json.dumps(sample)
        except (TypeError, ValueError, RecursionError):
            return None
        try:
            return f'"sample": {sample_json}, "item": {json.dumps(item)}'
        except (TypeError, ValueError, RecursionError) as error:
            name = item.get("id")
            raise UserError(f"Row {name!r} cannot be written as JSON: {error}; fix it.") from None

    def _rendered(
        self,
        key: str,
        leaf: StringCheck | TextSimilarity | ModelGrader,
        namespaces: dict[str, Any],
        grade: Grade,
    ) -> float | None:
        """The score of a grader made of templates, with its flags set in `grade`."""
        start = f"{key}: " if key else ""
        try:
            if isinstance(leaf, ModelGrader):
                assert self._judge
                verdict = self._judge.verdict(leaf, namespaces)
                if verdict.flag:
                    _flag(grade, verdict.flag, start + verdict.detail)
                if verdict.steps:
                    grade.judge_steps[key] = verdict.steps
                grade.judge_rereads += verdict.rereads
                grade.refused |= verdict.refused
                if verdict.tokens:
                    spent = grade.judge_tokens.setdefault(verdict.model, {})
                    for name, count in verdict.tokens.items():
                        spent[name] = spent.get(name, 0) + count
                return verdict.score
            given = template.render(leaf.input, namespaces)
            reference = template.render(leaf.reference, namespaces)
        except template.MissingVariableError as error:
            _flag(grade, "invalid_variable_error", f"{start}{error}")
            return 0.0
        except RecursionError:
            _flag(grade, "sample_parse_error", f"{start}the answer is nested too deeply")
            return 0.0
        if isinstance(leaf, TextSimilarity):
            return self._measures[leaf.evaluation_metric](given, reference)
        match leaf.operation:
            case "eq":
                return float(given == reference)
            case "ne":
                return float(given != reference)
            case "like":
                return float(reference in given)
            case "ilike":
                return float(reference.casefold() in given.casefold())

    def _reward(self, scores: dict[str, float | None], grade: Grade) -> float | None:
        if not isinstance(self.spec, MultiGrader):
            return scores[""]
        values: dict[str, float] = {}
        for key in hosted_leaves(self.spec).keys() - self.not_graded:
            score = scores[key]
            if score is None:
                return None
            values[key] = score
        if self._formula is None:
            _flag(grade, "formula_parse_error", self._broken)
            return 0.0
        try:
            if self.not_graded:
                return self._formula.without(self.not_graded, values)
            return self._formula.evaluate(values)
        except (ArithmeticError, ValueError) as error:
            _flag(grade, "other_error", f"calculate_output has no value: {error}")
            return 0.0


def needs_judge(spec: Spec) -> str:
    """Why the reward cannot be computed without a judge; "" if it can (see Grader)."""
    if not (absent := model_graders(spec)):
        return ""
    if not isinstance(spec, MultiGrader):
        return "there is no other grader"
    try:
        formula = Formula(spec.calculate_output, hosted_leaves(spec).keys())
    except FormulaError:
        return ""  # the reward is 0 with a judge as well
    try:
        formula.without(absent, dict.fromkeys(spec.graders, 0.0))
    except FormulaError as error:
        return f"calculate_output: {error}"
    return ""


def _flag(grade: Grade, flag: str, text: str) -> None:
    """Set a flag and add to its details."""
    grade.errors[flag] = True
    before = grade.details.get(flag)
    grade.details[flag] = f"{before}; {text}" if before else text


def _score(reply: Reply, key: str, grade: Grade) -> float | None:
    """The score of a python or local grader, with its flags set in `grade`."""
    start = f"{key}: " if key else ""
    if reply.down:
        _flag(grade, "python_grader_server_error", start + reply.down)
        return None
    if reply.error:
        _flag(grade, "python_grader_runtime_error", start + reply.error)
        return 0.0
    if reply.note:
        _flag(grade, "other_error", start + reply.note)
    return reply.reward
