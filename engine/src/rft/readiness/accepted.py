"""Overrides: a person lets a check pass, says why, and the run remembers it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from rft.errors import UserError
from rft.files import write_text
from rft.readiness.verdict import Check

FILE = "accepted.json"


class Accepted(BaseModel):
    """One override, as it stands in the run's folder."""

    model_config = ConfigDict(extra="forbid")

    check: str
    verdict: str
    """What was accepted: a no-go is not covered by an accepted warning."""
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
    """Record that the check `name` shall not stand in the way, and why.

    Raises UserError when there is no such check, when nothing is wrong with it, or without a
    reason.
    """
    wanted = _plain(name)
    found = next((c for c in checks if _plain(c.name) == wanted), None)
    if found is None:
        told = ", ".join(f"'{c.name}'" for c in checks if c.open) or "none stands in the way"
        raise UserError(f"There is no check '{name}'; name one of: {told}.")
    if found.verdict not in ("warn", "no-go"):
        raise UserError(f"'{found.name}' is '{found.verdict}'; there is nothing to accept.")
    if not because.strip():
        raise UserError('Say why: rft ready --accept CHECK --because "...".')
    entry = Accepted(
        check=found.name,
        verdict=found.verdict,
        figure=found.figure,
        because=because.strip(),
        when=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    kept = [a for a in read_accepted(folder) if a.check != found.name]
    text = json.dumps([a.model_dump() for a in [*kept, entry]], indent=2) + "\n"
    write_text(folder / FILE, text)


def apply(checks: Sequence[Check], accepted: Sequence[Accepted]) -> list[Check]:
    """The checks with what people accepted; an accepted warning covers no no-go."""
    by_name = {a.check: a for a in accepted}
    told = []
    for check in checks:
        entry = by_name.get(check.name)
        if entry and check.verdict in ("warn", entry.verdict):
            check = replace(check, accepted=entry.because)
        told.append(check)
    return told


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").replace("_", " ").split())
