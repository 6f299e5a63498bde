"""JSONL files of the team's that are no rows: each line read, each fault with file and line."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rft.config import plain_errors


class Line(BaseModel):
    """What each line's model adds its fields to."""

    model_config = ConfigDict(extra="forbid")

    item_id: str
    place: str = Field(default="", exclude=True)
    """File and line, for messages."""


L = TypeVar("L", bound=Line)


def read_lines(path: Path, model: type[L], item_ids: Collection[str]) -> tuple[list[L], list[str]]:
    """The usable lines of a file, and one sentence for each line that is not usable.

    `item_ids`: the rows that a line may name.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return [], [f"{path.name} cannot be read ({error}); restore it or correct rft.toml."]
    found, faults = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{path.parent.name}/{path.name}:{number}"
        try:
            read = model.model_validate(json.loads(line) | {"place": place})
        except ValidationError as error:
            faults.append(f"{place}: {'; '.join(plain_errors(error))}.")
        except (ValueError, TypeError, RecursionError) as error:
            faults.append(f"{place}: this line is no JSON object ({error}); correct it.")
        else:
            if read.item_id in item_ids:
                found.append(read)
            else:
                faults.append(f"{place}: item_id '{read.item_id}' is in no split; name a row.")
    return found, faults
