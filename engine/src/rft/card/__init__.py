"""The model card: one page of Markdown, written from what the runs hold."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined

from rft import display
from rft.display import reveal_control_chars
from rft.redaction import redact_keys

MARK = "<!-- Yours: rft card keeps what follows. -->"
NOTES = f"""{MARK}

## Notes of the team

Intended use, owners, decisions and what to do when the model is wrong.
"""
_MARKUP = re.compile(r"[\\`*\[\]<>|&~$]|(?<!\w)_|_(?!\w)")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def render(values: dict[str, Any], notes: str = NOTES) -> str:
    """The card as Markdown. `values`: what card.md.j2 names; `notes`: the team's own part."""
    environment = Environment(
        autoescape=False,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        md=markdown, number=display.number, p_value=display.p_value, signed=display.signed
    )
    template = resources.files(__name__).joinpath("card.md.j2").read_text(encoding="utf-8")
    page = environment.from_string(template).render(values, front=_front_matter(values))
    return redact_keys(re.sub(r"\n{3,}", "\n\n", page).rstrip("\n") + "\n\n" + notes)


def markdown(value: object) -> str:
    """A value as text in one line of Markdown, with nothing that would start markup."""
    text = " ".join(reveal_control_chars(str(value)).split())
    return _MARKUP.sub(r"\\\g<0>", text)


def _finalize(value: Any) -> Any:
    if value is None:
        return "unknown"
    return value


def _front_matter(values: dict[str, Any]) -> str:
    """The metadata block that model hubs read: YAML, each value written as JSON.

    Source: huggingface.co/docs/hub/model-cards.
    """
    fields: dict[str, Any] = {
        "pipeline_tag": "text-generation",
        "tags": ["rft", "reinforcement-fine-tuning"],
    }
    if _HUB_ID.fullmatch(values["base"] or ""):
        fields["base_model"] = values["base"]
    results = [
        {
            "task": {"type": "text-generation"},
            "dataset": {
                "name": values["project"],
                "type": values["project"],
                "split": run["split"],
            },
            "metrics": [{"type": "mean_reward", "value": round(run["mean"].value, 4)}],
        }
        for run in values["runs"]
        if run["model"] == values["model"]
    ]
    if results:
        fields["model-index"] = [{"name": values["model"], "results": results}]
    return "\n".join(f"{name}: {json.dumps(value)}" for name, value in fields.items())
