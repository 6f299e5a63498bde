"""Overrides: a person accepts a check that does not pass and says why; the run keeps it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from rft.errors import UserError
from rft.files import write_text
from rft.verdicts import Check

FILE = "accepted.json"


class Accepted(BaseModel):
    """One override, as it stands in the run's folder."""

    model_config = ConfigDict(extra="forbid")

    check: str
    verdict: str
    """What was accepted: a failure is not covered by an accepted warning."""
    figure: str
    because: str
    when: str


_LIST = TypeAdapter(list[Accepted])


def read_accepted(folder: Path) -> list[Accepted]:
    """The overrides of a run. Raises UserError when the file is damaged."""
    try:
        return _LIST.validate_json((folder / FILE).read_bytes())
    except FileNotFoundError:
        return []
    except ValidationError:
        raise UserError(f"{folder / FILE} is damaged; correct or remove it.") from None


def accept(folder: Path, checks: Sequence[Check], name: str, because: str) -> None:
    """Record that the check `name` is accepted as it is, and why.

    Raises UserError when there is no such check, when it passes, or without a reason.
    """
    wanted = _plain(name)
    check = next((c for c in checks if _plain(c.name) == wanted), None)
    if check is None:
        names = ", ".join(f"'{c.name}'" for c in checks if c.open) or "none is open"
        raise UserError(f"There is no check '{name}'; name one of: {names}.")
    if check.verdict not in ("warn", "fail"):
        raise UserError(f"'{check.name}' is '{check.verdict}'; there is nothing to accept.")
    if not because.strip():
        raise UserError('Give a reason: rft ready --accept CHECK --because "...".')
    entry = Accepted(
        check=check.name,
        verdict=check.verdict,
        figure=check.figure,
        because=because.strip(),
        when=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    kept = [a for a in read_accepted(folder) if a.check != check.name]
    text = json.dumps([a.model_dump() for a in [*kept, entry]], indent=2) + "\n"
    write_text(folder / FILE, text)


def apply(checks: Sequence[Check], accepted: Sequence[Accepted]) -> list[Check]:
    """The checks with what people accepted; an accepted warning does not cover a failure."""
    by_name = {a.check: a for a in accepted}
    result = []
    for check in checks:
        entry = by_name.get(check.name)
        if entry and check.verdict in ("warn", entry.verdict):
            check = replace(check, accepted=entry.because)
        result.append(check)
    return result


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").replace("_", " ").split())
