"""The rows of a split as the lines that a vendor trains on.

OpenAI's contract knows the developer's role in rows for reinforcement and the system's in chats for
supervised training (FineTuneReinforcementRequestInput and FineTuneChatRequestInput of its OpenAPI
file), whatever role its endpoints take; Bedrock knows the system's only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rft.dataset import Row
from rft.dialect import instructed_by
from rft.jobs.hyper import Method


def share(rows: Sequence[Row], method: Method, warm_share: float | None, seed: int) -> list[Row]:
    """The training rows of a method: a seeded `warm_share` of them is the warm start's, the rest
    reinforcement's, which learns little from rows that a warm start has shown it. None: all."""
    if warm_share is None:
        return list(rows)

    def key(row: Row) -> str:
        return hashlib.sha256(f"{seed}/{row.id}".encode()).hexdigest()

    warm = {row.id for row in sorted(rows, key=key)[: round(len(rows) * warm_share)]}
    return [row for row in rows if (row.id in warm) == (method == "supervised")]


def reinforcement_rows(rows: Sequence[Mapping[str, Any]], profile: str) -> list[dict[str, Any]]:
    """Each row with all its fields (graders read them) and the roles of the profile."""
    role = "system" if profile == "bedrock" else "developer"
    return [{**row, "messages": instructed_by(row["messages"], role)} for row in rows]


def supervised_rows(
    rows: Sequence[Mapping[str, Any]], references: Sequence[str]
) -> list[dict[str, Any]]:
    """Each row's prompt and tools with its reference answer as the assistant's turn; no other
    field is sent."""
    return [
        {
            "messages": [
                *instructed_by(row["messages"], "system"),
                {"role": "assistant", "content": reference},
            ]
        }
        | ({"tools": row["tools"]} if row.get("tools") else {})
        for row, reference in zip(rows, references, strict=True)
    ]


def to_jsonl(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """One JSON object a line, UTF-8; equal rows give equal bytes, so that uploads can be reused."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
