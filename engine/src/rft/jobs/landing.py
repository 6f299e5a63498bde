"""Write a tuned model into the [models] table of rft.toml, and leave every other line as it is.

A careful edit of one line, since a TOML library puts a new key behind the comments that end a
table. The result is read again and must be the old settings with this one change.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from rft.errors import UserError
from rft.jobs.uploads import write_atomically

_KEY = re.compile(r"""\s*["']?(?P<name>[\w-]+)["']?\s*=""")
_VALUE = re.compile(r"""(?P<start>[^=]*=\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*')(?P<rest>.*)""", re.DOTALL)


def land(path: Path, name: str, model: str) -> str | None:
    """Set models.NAME = "MODEL" in the file; gives another id that stood there before.

    Raises UserError, which says what to write by hand, when the file cannot be changed so.
    """
    try:
        text = path.read_bytes().decode()  # line ends stay as they are
        old = tomllib.loads(text)
        models = dict(old.get("models", {}))
        before = models.get(name)
        if before == model:
            return None
        changed = _edited(text, name, model, fresh="models" not in old)
        models[name] = model
        if tomllib.loads(changed) != {**old, "models": models}:
            raise ValueError("its [models] table is written in an unusual way")
    except (OSError, ValueError) as error:
        raise UserError(
            f'{path.name} cannot be changed ({error}); write {name} = "{model}" under [models] '
            "yourself."
        ) from None
    write_atomically(path, changed)
    return str(before) if before else None


def _edited(text: str, name: str, model: str, *, fresh: bool) -> str:
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    value = json.dumps(model, ensure_ascii=False)  # TOML's basic strings are written alike
    if fresh:
        return f"{text.rstrip()}{end}{end}[models]{end}{name} = {value}{end}"
    inside, last = False, -1
    for number, line in enumerate(lines):
        if line.lstrip().startswith("["):
            inside = re.match(r"\s*\[\s*models\s*\]", line) is not None
            last = number if inside else last
        elif inside and (key := _KEY.match(line)):
            last = number
            if key["name"] == name:
                lines[number] = _VALUE.sub(lambda m: m["start"] + value + m["rest"], line, count=1)
                return "".join(lines)
    if last >= 0 and not lines[last].endswith("\n"):
        lines[last] += end
    lines.insert(last + 1, f"{name} = {value}{end}")
    return "".join(lines)
