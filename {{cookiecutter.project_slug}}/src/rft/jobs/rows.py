"""The rows of a split as the lines that a vendor trains on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rft.rollouts import with_roles


def reinforcement_rows(rows: Sequence[Mapping[str, Any]], profile: str) -> list[dict[str, Any]]:
    """Each row as it stands (graders read all of it), with the roles of the profile."""
    return [{**row, "messages": with_roles(row["messages"], profile)} for row in rows]


def supervised_rows(
    rows: Sequence[Mapping[str, Any]], golds: Sequence[str], profile: str
) -> list[dict[str, Any]]:
    """Each row's prompt with its gold answer as the assistant's turn; no field of ours is sent."""
    made = []
    for row, gold in zip(rows, golds, strict=True):
        line: dict[str, Any] = {
            "messages": [
                *with_roles(row["messages"], profile),
                {"role": "assistant", "content": gold},
            ]
        }
        if row.get("tools"):
            line["tools"] = row["tools"]
        made.append(line)
    return made


def to_jsonl(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """One JSON object a line, UTF-8; equal rows give equal bytes, so that uploads can be reused."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
