"""Write a tuned model into the [models] table of rft.toml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable, Comment, Table, Whitespace

from rft.errors import UserError
from rft.files import write_text


def write_model_name(path: Path, name: str, model: str) -> str | None:
    """Set models.NAME = "MODEL" in the file and return another id that was there before.

    Comments, order and line ends stay. Raises UserError, which says what to write by hand, when
    the file cannot be changed, OutsideError when the disk refuses.
    """
    try:
        text = path.read_bytes().decode()
        settings = tomlkit.parse(text)
        if "models" not in settings:
            settings["models"] = tomlkit.table()
        models: Any = settings["models"]
        if not hasattr(models, "get"):
            raise ValueError("models is not a table")
        before = models.get(name)
        if before == model:
            return None
        if before is None and isinstance(models, Table):
            _append(models, name, model)
        else:
            models[name] = model
        changed = tomlkit.dumps(settings)
    except (OSError, ValueError, TOMLKitError) as error:
        raise UserError(
            f"{path.name}: models.{name}: cannot be written ({error}); write "
            f"{name} = {json.dumps(model, ensure_ascii=False)} under [models] yourself."
        ) from None
    if "\r\n" in text:
        changed = changed.replace("\r\n", "\n").replace("\n", "\r\n")
    write_text(path, changed)
    return str(before) if before else None


def _append(models: AbstractTable, name: str, model: str) -> None:
    """Add a key behind the last one; comments that end a table mostly belong to the next."""
    body = models.value.body
    last = max((n for n, (key, _) in enumerate(body) if key is not None), default=-1)
    ending = [item for _, item in body[last + 1 :]] if last >= 0 else []
    del body[len(body) - len(ending) :]
    models.append(name, model)
    for item in ending:
        models.add(cast("Comment | Whitespace", item))
