"""Probes: answers whose score is known. They keep the grader honest."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rft.config import Share, plain_errors


class Probe(BaseModel):
    """One line of probes.jsonl: on row `item_id`, `output_text` must score min to max."""

    model_config = ConfigDict(extra="forbid")

    name: str
    item_id: str
    output_text: str
    min: Share
    max: Share
    why: str
    place: str = Field(default="", exclude=True)
    """File and line, for messages."""


def load_probes(path: Path, item_ids: set[str]) -> tuple[list[Probe], list[str]]:
    """The usable probes of a file, and one sentence for each line that is not usable."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return [], [f"{path.name} cannot be read ({error}); restore it or correct rft.toml."]
    probes, faults = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{path.parent.name}/{path.name}:{number}"
        try:
            probe = Probe.model_validate(json.loads(line) | {"place": place})
        except ValidationError as error:
            faults.append(f"{place}: {'; '.join(plain_errors(error))}.")
        except (ValueError, TypeError, RecursionError) as error:
            faults.append(f"{place}: this line is no JSON object ({error}); correct it.")
        else:
            if probe.item_id in item_ids:
                probes.append(probe)
            else:
                faults.append(f"{place}: item_id '{probe.item_id}' is in no split; name a row.")
    return probes, faults
