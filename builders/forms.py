"""The ways an answer may be written, and which of them are read: one rule for all use cases.

The rule is `read_answer` in each use case's grader.py.
"""

from __future__ import annotations

import json

READ = "The object alone, or in the only fenced block of a text."
UNREAD = "Neither an object alone nor one fenced block."


def readable(text: str) -> dict[str, str]:
    """Texts equivalent to this JSON object, by what is special about each."""
    more = {"note": "unasked", **json.loads(text)}
    return {
        "in a fence": f"```json\n{text}\n```",
        "in a fence without a tag": f"```\n{text}\n```",
        "in a fence with another tag": f'~~~JSON title="answer"\n{text}\n~~~',
        "in a fence, Windows line ends": f"```json\r\n{text}\r\n```\r\n",
        "in a fence on one line": f"```json {text} ```",
        "in a fence with words around it": f"Here it is:\n\n```json\n{text}\n```\n\nDone.",
        "with a key more": json.dumps(more),
    }


def unreadable(text: str) -> dict[str, str]:
    """Texts whose meaning is ambiguous."""
    return {
        "with words around it": f"The answer: {text}",
        "in two fences": f"```json\n{text}\n```\n```json\n{text}\n```",
        "in a fence that does not end": f"```json\n{text}\n",
        "twice": f"{text}\n{text}",
    }
