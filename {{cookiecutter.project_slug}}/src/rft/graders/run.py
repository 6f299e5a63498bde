"""One grading: the sample and the row go in, a Grade comes out, with the hosted semantics."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

from rft.errors import UserError
from rft.graders import template
from rft.graders.formula import Formula, FormulaError
from rft.graders.pool import Pool, Reply
from rft.graders.spec import (
    HOSTED_PACKAGES,
    LocalGrader,
    MultiGrader,
    PythonGrader,
    Spec,
    StringCheck,
    TextSimilarity,
    hosted_leaves,
    leaves,
)
from rft.records import Grade

Errors = dict[str, bool | str | None]


class Grader:
    """Runs one grader JSON. A context manager; `grade` may be called from many threads.

    `workers`: processes for python graders, and as many again for local ones; each starts when it
    is first needed. `timeout_s`: wall clock of one call of a grader. `root`: the project's folder,
    from which local graders import (`import task.schema`) and in which they run.

    >>> with Grader(load_spec(Path("task/grader.json"))) as grader:
    ...     grader.grade(sample.for_grader(), row)
    """

    def __init__(
        self,
        spec: Spec,
        workers: int = 2,
        timeout_s: float = 120.0,
        root: Path | None = None,
    ) -> None:
        self.spec = spec
        self._root = (root or Path.cwd()).resolve()
        self._leaves = leaves(spec)
        self._pools: dict[type, Pool] = {}
        for kind, allowed in ((PythonGrader, list(HOSTED_PACKAGES)), (LocalGrader, None)):
            sources = {
                key: {"source": leaf.source, "file": leaf._file}
                for key, leaf in self._leaves.items()
                if isinstance(leaf, PythonGrader | LocalGrader) and isinstance(leaf, kind)
            }
            if sources:
                self._pools[kind] = Pool(
                    sources, allowed=allowed, root=self._root, size=workers, timeout_s=timeout_s
                )
        pythons = [k for k, v in hosted_leaves(spec).items() if isinstance(v, PythonGrader)]
        self._plain = pythons[0] if len(pythons) == 1 else None
        self._formula: Formula | None = None
        if isinstance(spec, MultiGrader):
            with contextlib.suppress(FormulaError):  # each grading says so, as on the platform
                self._formula = Formula(spec.calculate_output, hosted_leaves(spec).keys())
        if any(isinstance(leaf, TextSimilarity) for leaf in self._leaves.values()):
            _import_rapidfuzz()

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all worker processes; the grader cannot be used after that."""
        for pool in self._pools.values():
            pool.close()

    def grade(self, sample: dict[str, Any], item: dict[str, Any]) -> Grade:
        """Grade one sample (`Sample.for_grader()`) against one row.

        The reward is in [0, 1], or None when a process broke, ran out of time or memory, or lacks a
        package: then nothing can be said of the answer. A grader that raises, or returns no finite
        number, scores 0 as on the platform. A reward outside [0, 1], which the platform accepts, is
        clipped and flagged `other_error`, since every statistic here counts on the range.
        Raises UserError if the item cannot be written as JSON.
        """
        errors: Errors = {}
        data = self._data(sample, item) if self._pools else ""
        if data is None:
            return Grade(reward=0.0, errors={"sample_parse_error": True})
        seconds = 0.0
        scores: dict[str, float | None] = {}
        explained: dict[str, float] = {}
        for key, leaf in self._leaves.items():
            if isinstance(leaf, PythonGrader | LocalGrader):
                reply = self._pools[type(leaf)].call(key, data)
                seconds += reply.seconds
                scores[key] = _score(reply, key, errors)
                prefix = "" if key == self._plain else f"{key}."
                explained |= {prefix + name: value for name, value in reply.parts.items()}
            else:
                started = time.perf_counter()
                scores[key] = _text_score(leaf, sample, item, errors)
                seconds += time.perf_counter() - started
        parts = explained | {k: v for k, v in scores.items() if k and v is not None}
        reward = self._reward(scores, errors)
        if reward is not None and not 0.0 <= reward <= 1.0:
            _flag(errors, "other_error", f"the reward {reward:g} is outside [0, 1] and was clipped")
            reward = min(max(reward, 0.0), 1.0)
        return Grade(reward=reward, parts=parts, errors=errors, seconds=seconds)

    def _data(self, sample: dict[str, Any], item: dict[str, Any]) -> str | None:
        """Both as JSON for the workers; None if the answer is no JSON (nested too deep, say)."""
        try:
            sample_json = json.dumps(sample)
        except (TypeError, ValueError, RecursionError):
            return None
        try:
            return f'"sample": {sample_json}, "item": {json.dumps(item)}'
        except (TypeError, ValueError, RecursionError) as error:
            name = item.get("id")
            raise UserError(f"Row {name!r} cannot be written as JSON: {error}; mend it.") from None

    def _reward(self, scores: dict[str, float | None], errors: Errors) -> float | None:
        if not isinstance(self.spec, MultiGrader):
            return scores[""]
        values: dict[str, float] = {}
        for key in hosted_leaves(self.spec):
            score = scores[key]
            if score is None:
                return None
            values[key] = score
        if self._formula is None:
            errors["formula_parse_error"] = True
            return 0.0
        try:
            return self._formula.evaluate(values)
        except (ArithmeticError, ValueError) as error:
            _flag(errors, "other_error", f"calculate_output has no value: {error}")
            return 0.0


def _flag(errors: Errors, flag: str, text: str, details: str = "") -> None:
    """Set a flag and add to its details; flags without details of their own use the python ones."""
    errors[flag] = True
    details = details or "python_grader_runtime_error_details"
    before = errors.get(details)
    errors[details] = f"{before}; {text}" if before else text


def _score(reply: Reply, key: str, errors: Errors) -> float | None:
    """The score of a python or local grader, with its flags set in `errors`."""
    start = f"{key}: " if key else ""
    if reply.down:
        flag = "python_grader_server_error"
        _flag(errors, flag, start + reply.down, "python_grader_server_error_type")
        return None
    if reply.error:
        _flag(errors, "python_grader_runtime_error", start + reply.error)
        return 0.0
    if reply.note:
        _flag(errors, "other_error", start + reply.note)
    return reply.reward


def _text_score(
    leaf: StringCheck | TextSimilarity, sample: dict[str, Any], item: dict[str, Any], errors: Errors
) -> float:
    namespaces = {"sample": sample, "item": item}
    try:
        given = template.render(leaf.input, namespaces)
        reference = template.render(leaf.reference, namespaces)
    except template.MissingVariableError:
        errors["invalid_variable_error"] = True
        return 0.0
    if isinstance(leaf, TextSimilarity):
        # The contract names the library, not the function; ratio is its plain similarity, and it
        # does not reward an answer for containing the reference somewhere, as WRatio does.
        return float(_import_rapidfuzz().fuzz.ratio(given, reference)) / 100
    match leaf.operation:
        case "eq":
            return float(given == reference)
        case "ne":
            return float(given != reference)
        case "like":
            return float(reference in given)
        case "ilike":
            return float(reference.casefold() in given.casefold())


def _import_rapidfuzz() -> Any:
    try:
        import rapidfuzz
    except ImportError:
        raise UserError(
            "text_similarity needs the package rapidfuzz; install it (pip install rapidfuzz)."
        ) from None
    return rapidfuzz
