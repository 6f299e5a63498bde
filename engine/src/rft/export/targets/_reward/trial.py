"""Answers whose reward in the project is known, for try_locally.py."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILES = [folder / "cases.json" for folder in Path(__file__).resolve().parents[1:3]]


@dataclass(frozen=True)
class Case:
    """One answer of a model, the row it answers, and its reward in the project."""

    name: str
    text: str
    finish_reason: str
    item: dict[str, Any]
    reward: float | None
    """None: the project cannot score it either."""


def cases() -> list[Case]:
    """All stored answers."""
    file = next(file for file in FILES if file.exists())
    data = json.loads(file.read_text(encoding="utf-8"))
    return [Case(**case | {"item": data["items"][case["item"]]}) for case in data["cases"]]


def report(engine: str, rewards: Sequence[float | None]) -> int:
    """Compare with the project's rewards and print; 0 when all are equal to 1e-12, else 1."""
    differences = [
        f"  {case.name} ({case.item['id']}): {reward}, in the project {case.reward}"
        for case, reward in zip(cases(), rewards, strict=True)
        if (reward is None) != (case.reward is None)
        or abs((reward or 0.0) - (case.reward or 0.0)) > 1e-12
    ]
    same = len(rewards) - len(differences)
    print(f"{engine}: {same} of {len(rewards)} rewards are the project's own")
    print(*differences[:20], sep="\n", end="\n" if differences else "")
    return 1 if differences else 0
