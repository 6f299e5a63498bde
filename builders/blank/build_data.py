"""The twelve messages of the example, and the probes of its grader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import forms

from task.schema import Answer, Item, messages

MESSAGES = {
    "train": [
        ("I ordered the blue lamp on Monday. Which day will it be delivered?", "orders", False),
        ("Please send my parcel to the new address below; I move out on Friday.", "orders", True),
        ("The shoes are too small. May I exchange them for a larger pair?", "returns", False),
        ("You took the money twice, and my rent is due the day after tomorrow.", "returns", True),
        ("How do I connect the speaker to a second phone?", "technical", False),
        ("The alarm clock does not ring, and I have a flight tomorrow. Help!", "technical", True),
    ],
    "validation": [
        ("Can I add a second towel to the order that I placed an hour ago?", "orders", False),
        ("My kettle arrived with a cracked lid. I'd like to send it back.", "returns", False),
        ("The heater will not start and our guests come on Saturday.", "technical", True),
    ],
    "test": [
        ("Will the cake stand reach me before my daughter's party this Sunday?", "orders", True),
        ("Two weeks ago I sent the coat back. Where is my refund?", "returns", False),
        ("What size of battery does the torch take? I lost the manual.", "technical", False),
    ],
}


def build(task: Path) -> None:
    """Write the rows and the probes below `task`."""
    rows = {
        split: [_row(f"{split}-{n:02}", *message) for n, message in enumerate(listed, 1)]
        for split, listed in MESSAGES.items()
    }
    (task / "data").mkdir(parents=True, exist_ok=True)
    for split, listed in rows.items():
        _write(task / "data" / f"{split}.jsonl", listed)
    _write(task / "probes.jsonl", _probes(rows["validation"][1]))


def _row(name: str, text: str, team: str, urgent: bool) -> dict[str, Any]:
    answer = Answer.model_validate({"team": team, "urgent": urgent})
    item = Item(id=name, text=text, reference_answer=answer)
    return {**item.model_dump(), "messages": messages(item)}


def _probes(row: dict[str, Any]) -> list[dict[str, Any]]:
    right = row["reference_answer"]
    text = json.dumps(right)
    every = json.dumps({"team": "orders returns technical", "urgent": False})
    parts = "0.7 for the team, 0.3 more for urgent."
    probes = [
        _probe("gold", row, text, 1, "The reference answer earns everything."),
        _probe("urgent is wrong", row, json.dumps(right | {"urgent": True}), 0.7, parts),
        _probe("urgent is a number", row, json.dumps(right | {"urgent": 0}), 0.7, parts),
        _probe("team is wrong", row, json.dumps(right | {"team": "orders"}), 0, parts),
        _probe("all teams at once", row, every, 0, "Naming every team is not an answer."),
        _probe("a list of answers", row, json.dumps([right]), 0, forms.UNREAD),
        _probe("empty", row, "", 0, "Nothing is nothing."),
    ]
    probes += [_probe(f"gold {n}", row, t, 1, forms.READ) for n, t in forms.readable(text).items()]
    return probes + [
        _probe(f"gold {n}", row, t, 0, forms.UNREAD) for n, t in forms.unreadable(text).items()
    ]


def _probe(name: str, row: dict[str, Any], text: str, reward: float, why: str) -> dict[str, Any]:
    ends = {"min": reward, "max": reward}
    return {"name": name, "item_id": row["id"], "output_text": text, **ends, "why": why}


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
