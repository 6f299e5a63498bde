"""Small JSONL files that people write: probes and human answers, one object a line."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from rft.config import plain_errors

Line = TypeVar("Line", bound=BaseModel)


def load_lines(
    path: Path, model: type[Line], item_ids: Collection[str]
) -> tuple[list[tuple[str, Line]], list[str]]:
    """(place, line) of each usable line, and one sentence for each that is not usable.

    `model` has a field `item_id`, which must name one of `item_ids`. A place is file and line.
    """
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return [], [f"{path.name} cannot be read ({error}); restore it or correct rft.toml."]
    lines: list[tuple[str, Line]] = []
    faults = []
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            continue
        place = f"{path.parent.name}/{path.name}:{number}"
        try:
            line = model.model_validate(json.loads(text))
        except ValidationError as error:
            faults.append(f"{place}: {'; '.join(plain_errors(error))}.")
        except (ValueError, RecursionError) as error:
            faults.append(f"{place}: this line is no JSON object ({error}); correct it.")
        else:
            item_id = getattr(line, "item_id", None)
            if item_id in item_ids:
                lines.append((place, line))
            else:
                faults.append(f"{place}: item_id '{item_id}' is in no split; name a row.")
    return lines, faults
