"""Load a project: its settings and the team's task. The only place that imports task code."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from dotenv import load_dotenv
from pydantic import BaseModel

from rft import config, graders
from rft.config import Settings
from rft.errors import CheckError, UserError
from rft.hooks import HookError, guarded, place_of, reason_of
from rft.jsonl import read_text
from rft.runs import digest

if TYPE_CHECKING:
    from rft.dataset import Finding, Row, Split

Message = dict[str, str]


@dataclass(frozen=True)
class Task:
    """What task/schema.py hands to the engine; functions a team left out are None."""

    item: type[BaseModel]
    answer: type[BaseModel]
    messages: Callable[[Any], list[Message]]
    gold: Callable[[Any], BaseModel]
    labels: Callable[[Any], list[str]] | None
    slices: Callable[[Any], dict[str, str]] | None
    check_item: Callable[[Any], list[str]] | None
    group_field: str | None
    judged_weights: Callable[[Any], dict[str, float]] | None
    """Row -> judged criterion -> weight; `rft judge` compares the judge's verdicts on these."""
    reordered: Callable[[Any], dict[str, Any]] | None
    """Row -> the row as JSON data with its judged criteria in reversed order."""
    display: Callable[[Any, Any], list[str]] | None
    """Row and Answer -> the answer as an expert reads it, a line each."""
    review_fields: Callable[[Any], dict[str, Any]] | None
    """Row -> field of the answer -> what helps an expert to fill it in on the review page."""
    judged_criteria: Callable[[Any], dict[str, str]] | None
    """Row -> judged criterion -> its sentence, for the review page."""
    prompt_variant: str | None
    """The variant that `messages` builds; None: the schema has one only."""

    def reference_text(self, item: Any) -> str:
        """The reference answer to an item, written as the model would have to write it."""
        return self.gold(item).model_dump_json()


def open_settings(root: Path, file: Path) -> Settings:
    """The settings of the project in `root`, with its .env loaded into the environment."""
    settings = config.load(root / file, root)
    if (root / ".env").exists():
        load_dotenv(stream=StringIO(read_text(root / ".env", ".env")))
    return settings


def load_task(settings: Settings) -> Task:
    """The team's schema, with the prompt variant that rft.toml names.

    Raises UserError naming file, line and remedy when it is missing, broken or incomplete.
    """
    relative = settings.task.schema_file
    if not settings.path(relative).exists():
        raise UserError(
            f"{relative} is missing: this project was made without the template's hooks. Make it "
            "again with hooks (cookiecutter --accept-hooks yes) and copy task/, tests/ and vendor/ "
            "here."
        )
    module = load_module(settings, relative)
    needed = {"Item": "the row", "Answer": "the model's answer", "messages": "the prompt"}
    needed["gold"] = "the reference as an Answer"
    for name, meaning in needed.items():
        if not callable(getattr(module, name, None)):
            raise UserError(f"{relative} defines no {name} ({meaning}); add it.")
    variant = _prompt_variant(getattr(module, "PROMPT_VARIANTS", ()), settings)

    def hook(name: str) -> Callable[..., Any] | None:
        function = getattr(module, name, None)
        return guarded(name, function, relative) if function else None

    messages, gold = hook("messages"), hook("gold")
    assert messages
    assert gold
    return Task(
        item=module.Item,
        answer=module.Answer,
        messages=partial(messages, prompt_variant=variant) if variant else messages,
        gold=gold,
        labels=hook("labels"),
        slices=hook("slices"),
        check_item=hook("check_item"),
        group_field=getattr(module, "GROUP_FIELD", None),
        judged_weights=hook("judged_weights"),
        reordered=hook("reordered"),
        display=hook("display"),
        review_fields=hook("review_fields"),
        judged_criteria=hook("judged_criteria"),
        prompt_variant=variant,
    )


def _prompt_variant(variants: Sequence[str], settings: Settings) -> str | None:
    """The prompt variant that rft.toml names, else the first one of the schema."""
    chosen = settings.task.prompt_variant
    if chosen is None or chosen in variants:
        return chosen or next(iter(variants), None)
    remedy = f"choose {' or '.join(variants)}" if variants else "leave the setting out"
    raise UserError(
        f"task.prompt_variant = '{chosen}' is not in PROMPT_VARIANTS of "
        f"{settings.task.schema_file}; {remedy}."
    )


def load_rows(settings: Settings, task: Task, name: str) -> tuple[Split, list[Finding]]:
    """One split of the project, and what is wrong in its file."""
    from rft.dataset import load_split

    return load_split(name, split_path(settings, name), task.item)


def split_path(settings: Settings, name: str) -> Path:
    """The file of a split."""
    return settings.path(settings.task.data) / f"{name}.jsonl"


def sound_rows(split: Split, findings: Sequence[Finding]) -> list[Row]:
    """The rows of a split of which nothing is wrong.

    Raises CheckError naming the first fault: an unreadable row, or an id that is used twice.
    """
    refuse_errors(findings)
    if len({row.id for row in split.rows}) < len(split.rows):
        raise CheckError(f"{split.path.name} has duplicate ids; rft check names their lines.")
    return list(split.rows)


def refuse_errors(findings: Iterable[Finding]) -> None:
    """Raises CheckError naming the first error among the findings, if there is one."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        more = f" ({len(errors) - 1} more: rft check lists them)" if len(errors) > 1 else ""
        raise CheckError(f"{errors[0]}{more}")


def asked(task: Task, row: Row) -> dict[str, Any]:
    """The row with the prompt that is sent: that of the chosen variant, if there are several."""
    if task.prompt_variant is None:
        return row.data
    return row.data | {"messages": task.messages(row.item)}


def open_grader(
    settings: Settings,
    spec: graders.Spec,
    *,
    judged: bool = True,
    timeout_s: float = graders.TIMEOUT_S,
    workers: int = 2,
) -> graders.Grader:
    """The project's grader, with the judge of rft.toml if it asks a model.

    Unless `judged`, the judge, who costs money, is left out where the reward can be computed
    without it. `timeout_s`: wall clock of one grading; `workers`: gradings at once.
    """
    asks = graders.model_graders(spec) and (judged or graders.needs_judge(spec))
    judge = graders.Judge.of(settings) if asks else None
    return graders.Grader(spec, workers, timeout_s, settings.root, judge, settings=settings.file)


def grader_hash(settings: Settings, spec: graders.Spec) -> str:
    """sha256 of all that decides a reward: the grader's JSON and, if it asks one, the judge."""
    spec_hash = graders.spec_hash(spec)
    if not graders.model_graders(spec):
        return spec_hash
    judge = settings.judge
    return digest([spec_hash, judge and [judge.profile, judge.model]])


def load_module(settings: Settings, relative: Path) -> ModuleType:
    """Import one of the team's files by its path, with the project's root importable.

    Raises UserError when it is missing, HookError with file and line when it fails.
    """
    path = settings.path(relative)
    if not path.exists():
        raise UserError(f"{relative} is missing; restore it or correct [task] in rft.toml.")
    root = str(settings.root)
    if root not in sys.path:
        sys.path.insert(0, root)
    name = ".".join(relative.with_suffix("").parts)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the team's code may raise anything
        place = place_of(error, relative)
        raise HookError(place, reason_of(error)) from error
    return module


def load_floors(settings: Settings) -> Callable[..., Any]:
    """floors() of the file that rft.toml names; without it, a function that gives no answers."""
    file = settings.task.floors
    return load_hook(settings, file, "floors") if settings.path(file).exists() else lambda row: {}


def load_hook(settings: Settings, relative: Path, name: str) -> Callable[..., Any]:
    """A function of one of the team's files; its failures name file and line (HookError).

    Raises UserError when the file is missing, fails, or does not define the function.
    """
    function = getattr(load_module(settings, relative), name, None)
    if not callable(function):
        raise UserError(f"{relative} defines no {name}(); add it (rft.task documents it).")
    return guarded(name, function, relative)
