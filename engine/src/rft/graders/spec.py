"""OpenAI's grader JSON as strict models: read, checked, hashed, and written for a vendor."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from rft.errors import UserError
from rft.graders import template
from rft.graders.formula import Formula, FormulaError
from rft.graders.source import MAX_SOURCE_BYTES, source_fields, source_problems
from rft.jsonl import TextError, read_text
from rft.validation import field_problems


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _Published(_Strict):
    """Fields of vendors' published graders that leave the reward alone."""

    pass_threshold: float | None = None
    """For evals: from where on an answer passes."""
    invalid_grade: float | None = None
    """Of an early version of the contract: the score of an answer that cannot be graded."""


class StringCheck(_Published):
    """1 if the rendered input relates to the reference as `operation` says, else 0."""

    type: Literal["string_check"]
    name: str
    operation: Literal["eq", "ne", "like", "ilike"]
    input: str
    reference: str


class TextSimilarity(_Published):
    """How like the reference the rendered input is, in [0, 1]; similarity.py has the metrics."""

    type: Literal["text_similarity"]
    name: str
    input: str
    reference: str
    evaluation_metric: Literal[
        "fuzzy_match", "bleu", "gleu", "meteor", "cosine",
        "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l",
    ]  # fmt: skip


class PythonGrader(_Published):
    """A source with grade(sample, item) -> float, as the hosted image runs it."""

    type: Literal["python"]
    name: str
    source: str
    image_tag: str | None = None
    _file: str = PrivateAttr("source")


class LocalGrader(_Strict):
    """Ours: the same function, run with all the project has; in `parts`, never in the reward.

    Only with `hosted: "endpoint"` may it make the reward: it does what no hosted grader can (run
    model-written code), so that a vendor has to call it at an endpoint of the team's own.
    """

    type: Literal["local"]
    name: str
    source: str
    hosted: Literal["endpoint"] | None = None
    _file: str = PrivateAttr("source")


class JudgeMessage(_Strict):
    """One message to a judge; its content is a template, text parts are joined to one."""

    type: Literal["message"] | None = None
    role: Literal["system", "developer", "user", "assistant"]
    content: str

    @field_validator("content", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        parts = value if isinstance(value, list) else [value]
        texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
        strings = [text for text in texts if isinstance(text, str)]
        return "".join(strings) if len(strings) == len(texts) else value


class SamplingParams(_Strict):
    """How a judge is sampled; the plural in max_completions_tokens is the contract's."""

    seed: int | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_completions_tokens: PositiveInt | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = (
        None
    )


class ScoreModel(_Published):
    """The number a model gives, clipped to `range` (default 0 to 1)."""

    type: Literal["score_model"]
    name: str
    model: str
    input: Annotated[list[JudgeMessage], Field(min_length=1)]
    range: list[float] | None = None
    sampling_params: SamplingParams | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest score."""
        low, high = self.range or (0.0, 1.0)
        return low, high

    @field_validator("range")
    @classmethod
    def _two_rising_numbers(cls, value: list[float] | None) -> list[float] | None:
        if value is not None and (len(value) != 2 or not value[0] < value[1]):
            raise ValueError("a range is two numbers, the smaller one first; write [0, 1]")
        return value


class LabelModel(_Published):
    """1 if the label a model chooses is among `passing_labels`, else 0."""

    type: Literal["label_model"]
    name: str
    model: str
    input: Annotated[list[JudgeMessage], Field(min_length=1)]
    labels: Annotated[list[str], Field(min_length=1)]
    passing_labels: Annotated[list[str], Field(min_length=1)]
    sampling_params: SamplingParams | None = None

    @model_validator(mode="after")
    def _labels_are_known(self) -> LabelModel:
        if unknown := [label for label in self.passing_labels if label not in self.labels]:
            raise ValueError(f"passing_labels has {unknown[0]!r}, which is not in labels; add it")
        return self


ModelGrader = ScoreModel | LabelModel
Leaf = StringCheck | TextSimilarity | PythonGrader | ScoreModel | LabelModel | LocalGrader


class MultiGrader(_Published):
    """Several graders by key, and the formula that makes one reward of them.

    A list of graders, as in an early version of the contract, is read as a map of their names.
    """

    type: Literal["multi"]
    name: str | None = None
    graders: dict[str, Annotated[Leaf, Field(discriminator="type")]]
    calculate_output: str

    @field_validator("graders", mode="before")
    @classmethod
    def _by_key(cls, value: Any) -> Any:
        if isinstance(value, list) and all(isinstance(g, dict) and "name" in g for g in value):
            value = {grader["name"]: grader for grader in value}
        for key, grader in value.items() if isinstance(value, dict) else ():
            if isinstance(grader, dict) and grader.get("type") == "multi":
                raise ValueError(
                    f"{key!r} is a multi grader, which cannot stand inside another; put its "
                    "graders here"
                )
        return value


Spec = StringCheck | TextSimilarity | PythonGrader | LocalGrader | ScoreModel | MultiGrader
_ADAPTER: TypeAdapter[Leaf | MultiGrader] = TypeAdapter(
    Annotated[Leaf | MultiGrader, Field(discriminator="type")]
)


def load_spec(path: Path) -> Spec:
    """Read a grader JSON file and put the files its "file://..." sources name in their place.

    Such a name is relative to the JSON file and stays inside its folder. Raises UserError, one
    sentence with the file, the path inside the JSON and the remedy.
    """
    try:
        data = json.loads(read_text(path, str(path)))
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: not valid JSON: {error.msg}; fix it.") from None
    return parse_spec(data, where=str(path), folder=path.parent)


def parse_spec(data: Any, where: str = "grader", folder: Path | None = None) -> Spec:
    """As load_spec, from JSON data. Without a `folder` no "file://" source is allowed."""
    try:
        spec = _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise UserError(f"{where}: {field_problems(error, data)[0]}.") from None
    if isinstance(spec, LocalGrader) and not spec.hosted:
        raise UserError(f"{where}: type: a local grader gives no reward; put it inside a multi.")
    if isinstance(spec, LabelModel):
        raise UserError(f"{where}: type: a label_model gives no reward alone; put it in a multi.")
    if not hosted_leaves(spec):
        raise UserError(f"{where}: graders: at least one must be other than local; add one.")
    for key, leaf in leaves(spec).items():
        start = f"{where}: graders.{key}." if key else f"{where}: "
        if isinstance(leaf, PythonGrader | LocalGrader):
            _inline(leaf, f"{start}source", folder)
        if isinstance(leaf, TextSimilarity) and leaf.evaluation_metric == "cosine":
            raise UserError(
                f"{start}evaluation_metric: 'cosine' asks a vendor's embedding model and is for "
                "evals only; use one of the other metrics or a python grader."
            )
    return spec


def leaves(spec: Spec) -> dict[str, Leaf]:
    """All graders by their key; a grader that stands alone has the key ""."""
    return dict(spec.graders) if isinstance(spec, MultiGrader) else {"": spec}


def hosted_leaves(spec: Spec) -> dict[str, Leaf]:
    """The graders that make the reward, by key."""
    return {
        k: leaf
        for k, leaf in leaves(spec).items()
        if not isinstance(leaf, LocalGrader) or leaf.hosted
    }


def not_hosted(spec: Spec) -> list[str]:
    """Why no vendor can run this grader itself, one sentence each; [] if one can."""
    return [
        f"{leaf.name!r} runs code, which no hosted grader can; it works here as it is, but for a "
        "vendor's training job serve it at an endpoint of your own and name that as the job's "
        "grader."
        for leaf in hosted_leaves(spec).values()
        if isinstance(leaf, LocalGrader)
    ]


def model_graders(spec: Spec) -> dict[str, ModelGrader]:
    """The graders that ask a model, by key."""
    return {k: leaf for k, leaf in leaves(spec).items() if isinstance(leaf, ModelGrader)}


def hosted(spec: Spec) -> dict[str, Any]:
    """The JSON to send to a vendor: without the local graders; a multi that only passes one
    grader's reward on becomes that grader. Raises UserError for what only an endpoint can do."""
    if refused := not_hosted(spec):
        raise UserError(f"The grader cannot be sent: {refused[0]}")
    if not isinstance(spec, MultiGrader):
        return _sent(spec)
    kept = hosted_leaves(spec)
    if len(kept) == 1 and spec.calculate_output.strip() in kept:
        return _sent(kept[spec.calculate_output.strip()])
    multi = spec.model_dump(include={"type", "name", "calculate_output"}, exclude_none=True)
    return multi | {"graders": {key: _sent(leaf) for key, leaf in kept.items()}}


def _sent(leaf: Leaf) -> dict[str, Any]:
    return leaf.model_dump(exclude_none=True, exclude={"invalid_grade"})


def ignored_fields(spec: Spec) -> list[str]:
    """Fields that are allowed and mean nothing for the reward, a sentence each."""
    every = {**leaves(spec), **({"": spec} if isinstance(spec, MultiGrader) else {})}
    return [
        f"{f'graders.{key}.' if key else ''}{name} is read and leaves the reward as it is."
        for key, grader in every.items()
        for name in ("pass_threshold", "invalid_grade")
        if getattr(grader, name, None) is not None
    ]


def spec_hash(spec: Spec) -> str:
    """sha256 (hex) of the canonical JSON with all sources in it, local graders included."""
    text = json.dumps(spec.model_dump(exclude_none=True), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def problems(spec: Spec) -> list[str]:
    """What the platform would refuse or score 0, in sentences; [] if it is fit to be sent."""
    sentences: list[str] = []
    for key, leaf in leaves(spec).items():
        label = key or leaf.name
        if isinstance(leaf, PythonGrader | LocalGrader):
            hosted_image = isinstance(leaf, PythonGrader)
            sentences += source_problems(leaf.source, f"{label}: {leaf._file}", hosted=hosted_image)
        else:
            sentences += [
                f"{label}: a template reads {'.'.join(path)!r}; it must start with item or sample."
                for path in _template_paths(leaf)
                if path[0] not in ("item", "sample")
            ]
    if isinstance(spec, ScoreModel) and not 0 <= spec.bounds[0] < spec.bounds[1] <= 1:
        sentences.append(
            f"range: a reward outside [0, 1] is clipped; put {spec.name!r} into a multi whose "
            "calculate_output leads back to [0, 1], such as (x - 1) / 4."
        )
    if isinstance(spec, MultiGrader):
        sentences += [
            f"graders.{key}: a formula cannot name it; use letters, digits and underscores."
            for key in spec.graders
            if not key.isidentifier()
        ]
        sentences += _formula_problems(spec)
    return sentences


def referenced_fields(spec: Spec) -> set[str]:
    """The top-level fields of the row that the graders read, as far as the text shows it.

    Seen are {{item.x}} in templates and, in sources, item["x"] and item.get("x") on the second
    parameter of grade and explain, also in helper functions that are handed the item. Not seen are
    computed names, copies of the item, and items handed on by keyword.
    """
    fields: set[str] = set()
    for leaf in leaves(spec).values():
        if isinstance(leaf, PythonGrader | LocalGrader):
            fields |= source_fields(leaf.source)
        else:
            read = _template_paths(leaf)
            fields |= {path[1] for path in read if path[0] == "item" and len(path) > 1}
    return fields


def _template_paths(leaf: StringCheck | TextSimilarity | ModelGrader) -> list[list[str]]:
    if isinstance(leaf, ModelGrader):
        return [path for message in leaf.input for path in template.paths(message.content)]
    return template.paths(leaf.input) + template.paths(leaf.reference)


def _inline(leaf: PythonGrader | LocalGrader, where: str, folder: Path | None) -> None:
    leaf.source = leaf.source.removeprefix("\ufeff")
    if not leaf.source.startswith("file://"):
        return
    name = leaf.source.removeprefix("file://")
    if folder is None:
        raise UserError(f"{where}: {leaf.source!r} cannot be read here; give the source itself.")
    try:
        file = (folder / name).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise UserError(f"{where}: {name!r} lies outside {folder}; move the file into it.")
        if file.is_file() and file.stat().st_size >= MAX_SOURCE_BYTES:
            raise UserError(f"{where}: {name!r} has 256 kB or more; make it smaller.")
        leaf.source = read_text(file)
    except TextError as error:
        place = f"line {error.line}: " if error.line else ""
        raise UserError(f"{where}: {name!r} cannot be read: {place}{error.message}") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{where}: {name!r} cannot be read: {error}; correct it.") from None
    leaf._file = name


def _formula_problems(spec: MultiGrader) -> list[str]:
    try:
        formula = Formula(spec.calculate_output, hosted_leaves(spec).keys())
    except FormulaError as error:
        return [f"calculate_output: {error}; local graders do not count."]
    unused = hosted_leaves(spec).keys() - formula.names
    return [f"calculate_output: it does not use {key!r}; use it or remove it." for key in unused]
