"""What each target can do; refusals and docs/exports.md are made of this one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rft import graders
from rft.errors import UserError
from rft.graders.spec import (
    LocalGrader,
    ModelGrader,
    PythonGrader,
    hosted_leaves,
)

Way = Literal["portable", "rft", "vendor"]
"""Who computes the reward: the grader's own files, the package rft, the vendor from the JSON."""


@dataclass(frozen=True)
class Target:
    """One trainer or evaluator that rft writes an export for."""

    name: str
    title: str
    requirements: tuple[str, ...]
    """Of its environment, pinned."""
    with_rft: bool
    """Whether the package rft can be installed beside it."""
    vendor: bool = False
    """Whether the vendor runs the grader's JSON itself."""
    finish_reason: bool = True
    """Whether the adapter learns why an answer ended."""
    no_score: str = ""
    """What becomes of an answer that cannot be graded, for docs/exports.md."""
    reward_folder: str = "."
    """Where in the export the package rft_reward lies."""

    def way(self, spec: graders.Spec, *, judged: bool) -> Way:
        """Who computes this grader's reward.

        `judged`: whether a judge of the project is to be asked; else a weighted sum goes without
        it, as `rft eval` does. Raises UserError with the grader that the target cannot carry.
        """
        if self.vendor and not graders.not_hosted(spec):
            return "vendor"
        needs = [
            (key, leaf)
            for key, leaf in hosted_leaves(spec).items()
            if not isinstance(leaf, PythonGrader) and (judged or not isinstance(leaf, ModelGrader))
        ]
        if not judged and (why := graders.needs_judge(spec)):
            raise UserError(
                f"{self.title} cannot do without the grader that asks a model ({why}); "
                + ("configure [judge] in rft.toml" if self.with_rft else "use another target")
                + ", or change task/grader.json."
            )
        if needs and not self.with_rft:
            key, leaf = needs[0]
            raise UserError(
                f"{self.title} cannot carry {leaf.type} '{key or leaf.name}': {_reason(leaf)}; "
                f"{_remedy(leaf)}export to {', '.join(_with_rft())}."
            )
        return "rft" if needs else "portable"

    def refuse(self, spec: graders.Spec, rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Raise UserError for what would be read otherwise there than here; `rows` are by id."""
        if self.vendor:
            return
        if with_tools := [key for key, row in rows.items() if row.get("tools")]:
            raise UserError(
                f"Row '{with_tools[0]}' has tools, which no export to {self.title} "
                "carries; remove the field, or train with rft train."
            )
        odd = [i for i in rows if self.name == "promptfoo" and re.search(r"\{[{%#]|^file://", i)]
        if odd:
            raise UserError(
                f"Row '{odd[0]}': promptfoo would expand the template or file:// in its id."
            )
        source = spec.model_dump_json()
        untold = () if self.finish_reason else ("finish_reason",)
        for name in (*untold, "output_tools", "tool_calls"):
            if name in source:
                raise UserError(
                    f"The grader reads {name}, which {self.title} does not tell; decide by the "
                    "text instead, or use another target."
                )


def _reason(leaf: object) -> str:
    if isinstance(leaf, LocalGrader):
        return "it runs code, for which the package rft would have to be installed there"
    return "that takes the package rft, which cannot be installed there"


def _remedy(leaf: object) -> str:
    if isinstance(leaf, LocalGrader):
        return ""
    return (
        "leave it out with --without-judge, or "
        if isinstance(leaf, ModelGrader)
        else ("write it as a python grader, or ")
    )


def _with_rft() -> list[str]:
    return [name for name, target in TARGETS.items() if target.with_rft]


TARGETS = {
    target.name: target
    for target in (
        Target(
            "inspect", "Inspect", ("inspect-ai==0.3.285", "openai==3.54.0"), with_rft=True,
            no_score="unscored",
        ),
        Target(
            "promptfoo", "promptfoo", (), with_rft=True, no_score="an error, apart from failures",
        ),
        Target(
            "verifiers", "verifiers", ("verifiers==0.4.0",), with_rft=False,
            no_score="an error in the trace, without a reward",
        ),
        Target(
            "trl", "TRL", ("trl[peft]==1.16.0",), with_rft=True, finish_reason=False,
            no_score="training stops with the reason",
        ),
        Target(
            "fireworks", "Fireworks", ("eval-protocol==0.3.33",), with_rft=False,
            no_score="is_score_valid is false",
        ),
        Target(
            "verl", "verl", ("verl==0.9.1",), with_rft=True, finish_reason=False,
            no_score="training stops with the reason",
        ),
        Target(
            "foundry", "Foundry", ("openai==3.54.0",), with_rft=True, vendor=True,
            no_score="HTTP 503, which Foundry asks again",
        ),
        Target(
            "tinker", "Tinker", ("tinker==0.38.0", "tinker-cookbook==0.6.1"), with_rft=True,
            finish_reason=False, no_score="training stops with the reason",
        ),
        Target(
            "bedrock", "Bedrock", (), with_rft=False, finish_reason=False,
            no_score="the Lambda fails, which Bedrock asks again", reward_folder="lambda",
        ),
    )
}  # fmt: skip


def table() -> str:
    """The table of docs/exports.md: each target and what its export carries."""
    heads = [
        "target", "python", "multi", "string_check, text_similarity", "score_model, label_model",
        "local (sandbox)", "finish_reason", "an answer that cannot be graded",
    ]  # fmt: skip
    lines = [heads, ["---"] * len(heads)]
    for target in TARGETS.values():
        rft = "by rft" if target.with_rft else "refused"
        vendor = "vendor" if target.vendor else ""
        lines.append([
            f"`{target.name}`",
            vendor or "yes",
            vendor or "yes",
            vendor or rft,
            vendor or (rft if target.with_rft else "left out of a weighted sum, else refused"),
            "by rft, as an endpoint" if vendor else rft,
            "yes" if target.finish_reason else "no; a grader that reads it is refused",
            target.no_score,
        ])  # fmt: skip
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
