"""Broken data files, one fault each: one finding, on its line, with its field and its remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from rft.dataset import Finding, check_splits, load_split

Rows = list[dict[str, Any]]


class ToyItem(BaseModel):
    """A question with a one-word answer."""

    model_config = ConfigDict(extra="forbid")
    id: str
    messages: list[dict[str, Any]]
    question: str
    topic: str
    level: Literal["easy", "hard"] = "easy"
    weight: float = Field(default=1.0, gt=0)
    hints: list[str | int] = []
    reference_answer: str | None

    @field_validator("topic")
    @classmethod
    def topic_is_one_word(cls, value: str) -> str:
        if " " in value:
            raise ValueError("must be one word")
        if value == "crash":
            raise KeyError("crash")
        return value


def messages(item: ToyItem) -> list[dict[str, str]]:
    return [
        {"role": "developer", "content": "Answer in one word."},
        {"role": "user", "content": item.question},
    ]


def check_item(item: ToyItem) -> list[str]:
    return ["question ends without a question mark; add it."] if "?" not in item.question else []


def clean_row(name: str, number: int) -> dict[str, Any]:
    letter = chr(97 + number)
    question = f"Which {name} animal begins with {letter}?"
    row: dict[str, Any] = {
        "id": f"{name}-{number}",
        "question": question,
        "topic": f"{name}{letter}",
    }
    item = ToyItem(messages=[], reference_answer=None, **row)
    return {**row, "messages": messages(item), "reference_answer": f"{letter}-{name}"}


def text_of(rows: Rows) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def clean() -> dict[str, Rows]:
    return {name: [clean_row(name, i) for i in range(20)] for name in ("train", "validation")}


@pytest.fixture
def check(tmp_path: Path) -> Callable[[dict[str, Rows | str | bytes]], list[Finding]]:
    """Write the splits (rows, text or bytes), load them and run every check."""

    def run(splits: dict[str, Any]) -> list[Finding]:
        loaded, findings = [], []
        for name, content in splits.items():
            text = text_of(content) if isinstance(content, list) else content
            path = tmp_path / f"{name}.jsonl"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            split, found = load_split(name, path, ToyItem)
            loaded.append(split)
            findings += found
        return findings + check_splits(
            loaded,
            messages_fn=messages,
            labels_fn=lambda item: [item.level + item.reference_answer],
            check_item=check_item,
            group_field="topic",
            grader_fields={"reference_answer"},
            profile="openai",
            context_tokens=4_000,
        )

    return run


def test_clean_data_gives_no_finding(check, clean):
    assert check(clean) == []


def edit(line: int, **changes: Any) -> Callable[[Rows], Rows]:
    """Change fields of one row; the prompt follows its question."""

    def apply(rows: Rows) -> Rows:
        row = rows[line - 1] | changes
        if "messages" not in changes and isinstance(row["question"], str):
            row["messages"] = [row["messages"][0], {"role": "user", "content": row["question"]}]
        rows[line - 1] = row
        return rows

    return apply


def drop(line: int, field: str) -> Callable[[Rows], Rows]:
    def apply(rows: Rows) -> Rows:
        del rows[line - 1][field]
        return rows

    return apply


def raw(line: int, change: Callable[[str], str]) -> Callable[[Rows], str]:
    """Change the text of one line."""

    def apply(rows: Rows) -> str:
        lines = text_of(rows).splitlines()
        lines[line - 1] = change(lines[line - 1])
        return "\n".join(lines) + "\n"

    return apply


def put(old: str, new: str) -> Callable[[str], str]:
    return lambda line: line.replace(old, new, 1)


def prompt(*turns: tuple[str, Any]) -> Rows:
    return [{"role": role, "content": content} for role, content in turns]


def turned(line: int, *turns: tuple[str, Any]) -> Callable[[Rows], Rows]:
    return edit(line, messages=prompt(*turns))


def copied(line: int, source: int, **changes: Any) -> Callable[[Rows], Rows]:
    def apply(rows: Rows) -> Rows:
        rows[line - 1] = rows[source - 1] | changes
        return rows

    return apply


def every(**changes: Any) -> Callable[[Rows], Rows]:
    return lambda rows: [row | changes for row in rows]


Q = '"question": "'
# name: (fault, (code, line, field), words of the message, words of the remedy)
BROKEN = {
    "cut-off line": (raw(4, lambda t: t[:50]), ("bad-json", 4, None), "column", "close the string"),
    "single quotes": (
        raw(2, lambda t: t.replace('"', "'")),
        ("bad-json", 2, None),
        "column 2",
        "double quotes",
    ),
    "comma too many": (raw(3, put('"}', '",}')), ("bad-json", 3, None), "column", "comma"),
    "two objects": (
        raw(5, lambda t: t + t),
        ("bad-json", 5, None),
        "extra data",
        "line of its own",
    ),
    "raw tab": (raw(6, put(Q, Q + "\t")), ("bad-json", 6, None), "control character", "\\t"),
    "lone backslash": (raw(6, put(Q, Q + "\\q")), ("bad-json", 6, None), "column", "backslash"),
    "no object": (raw(7, lambda t: f"[{t}]"), ("not-object", 7, None), "array of 1", "{...}"),
    "blank line": (raw(8, lambda t: "  \n" + t), ("blank-line", 8, None), "blank", "remove it"),
    "key twice": (
        raw(9, put("{", '{"topic": "x", ')),
        ("duplicate-key", 9, "topic"),
        "more than once",
        "keep one",
    ),
    "NaN": (edit(10, weight=float("nan")), ("not-finite", 10, "weight"), "NaN", "finite"),
    "huge number": (
        raw(10, put("{", '{"weight": 1e999, ')),
        ("not-finite", 10, "weight"),
        "1e308",
        "finite",
    ),
    "too many digits": (
        raw(10, put("{", '{"weight": ' + "9" * 9_999 + ", ")),
        ("bad-number", 10, None),
        "digits",
        "string",
    ),
    "half an emoji": (
        raw(11, put(Q, Q + "\\ud83d")),
        ("half-character", 11, "question"),
        "surrogate",
        "whole character",
    ),
    "deep JSON": (
        raw(12, put("{", '{"hints": ' + "[" * 99_999 + "]" * 99_999 + ", ")),
        ("too-deep", 12, None),
        "nested",
        "flatten",
    ),
    "rather deep JSON": (
        raw(12, put("{", '{"hints": ' + "[" * 70 + "]" * 70 + ", ")),
        ("too-deep", 12, None),
        "64 levels",
        "flatten",
    ),
    "field missing": (drop(13, "topic"), ("schema", 13, "topic"), "is missing", "add it"),
    "field unknown": (
        edit(14, color="red"),
        ("schema", 14, "color"),
        "not a known field",
        "remove it",
    ),
    "field misspelt": (
        raw(15, put("reference_answer", "reference_anwser")),
        ("schema", 15, "reference_anwser"),
        "'reference_answer' is missing",
        "rename",
    ),
    "wrong type": (edit(16, topic=7), ("schema", 16, "topic"), "a string, but is 7", "correct"),
    "not a choice": (edit(17, level="odd"), ("schema", 17, "level"), "'easy' or 'hard'", "correct"),
    "out of range": (edit(18, weight=-1), ("schema", 18, "weight"), "greater than 0", "correct"),
    "union in a list": (
        edit(19, hints=["a", {}]),
        ("schema", 19, "hints[1]"),
        "string or an integer",
        "correct",
    ),
    "own validator": (
        edit(20, topic="a b"),
        ("schema", 20, "topic"),
        "must be one word",
        "correct",
    ),
    "validator crashes": (
        edit(1, topic="crash"),
        ("schema-code", 1, None),
        "KeyError",
        "raise ValueError",
    ),
    "no messages": (
        drop(2, "messages"),
        ("messages-missing", 2, "messages"),
        "missing",
        "--write-",
    ),
    "empty messages": (
        edit(3, messages=[]),
        ("no-messages", 3, "messages"),
        "empty",
        "--write-mess",
    ),
    "system role": (
        turned(4, ("system", "Be brief."), ("user", "Who?")),
        ("role", 4, "messages[0].role"),
        "'system'",
        "use developer; exports convert it",
    ),
    "unknown role": (
        turned(5, ("human", "Who?")),
        ("role", 5, "messages[0].role"),
        "'human'",
        "developer, user, assistant, tool",
    ),
    "assistant last": (
        turned(6, ("user", "Who?"), ("assistant", "Me.")),
        ("last-role", 6, "messages[1].role"),
        "'assistant'",
        "end the prompt",
    ),
    "no role": (
        edit(7, messages=[{"content": "Who?"}]),
        ("bad-message", 7, "messages[0]"),
        "no role",
        "role",
    ),
    "image part": (
        turned(7, ("user", [{"type": "image_url"}])),
        ("not-text", 7, "messages[0].content"),
        "not plain text",
        "one string",
    ),
    "no content": (
        turned(8, ("user", " ")),
        ("empty-content", 8, "messages[0].content"),
        "is empty",
        "write the text",
    ),
    "stale prompt": (
        turned(9, ("user", "Who was it?")),
        ("stale-messages", 9, "messages"),
        "messages()",
        "--write-messages",
    ),
    "no gold": (
        edit(10, reference_answer=None),
        ("missing-reference", 10, "reference_answer"),
        "the grader reads it",
        "add it to the row",
    ),
    "gold in prompt": (
        edit(11, question="Is it aardvark of Namibia?", reference_answer="aardvark of Namibia?"),
        ("gold-in-prompt", 11, "reference_answer"),
        "word for word",
        "take it out",
    ),
    "own check": (edit(12, question="Who"), ("item", 12, "question"), "ends without", "add it"),
    "odd id": (edit(13, id="a b\n"), ("odd-id", 13, "id"), "odd characters", "letters"),
    "long id": (edit(13, id="i" * 129), ("odd-id", 13, "id"), "128", "letters"),
    "empty id": (edit(13, id=""), ("empty-id", 13, "id"), "is empty", "of its own"),
    "id twice": (edit(14, id="train-2"), ("duplicate-id", 14, "id"), "line 3", "of its own"),
    "row twice": (copied(15, 2), ("duplicate-row", 15, "id"), "a copy of line 2", "remove one"),
    "prompt twice": (
        copied(16, 2, id="new"),
        ("repeated-prompt", 16, "messages"),
        "line 2",
        "remove one",
    ),
    "two references": (
        copied(17, 2, id="new", reference_answer="other"),
        ("conflicting-gold", 17, "reference_answer"),
        "line 2",
        "decide which is right",
    ),
    "giant prompt": (
        edit(18, question="Who? " * 50_000),
        ("long-prompt", 18, "messages"),
        "250,0",
        "shorten",
    ),
    "giant line": (
        edit(18, question="Who? " * 250_000),
        ("long-line", 18, None),
        "bytes",
        "shorten",
    ),
    "one reference": (
        every(reference_answer="yes"),
        ("same-gold", None, "reference_answer"),
        "all 20 rows",
        "other answers",
    ),
    "few rows": (lambda rows: rows[:7], ("few-rows", None, None), "only 7 rows", "20 or more"),
    "no rows": (lambda rows: "", ("empty-file", None, None), "no rows", "one JSON object per line"),
    "BOM": (
        lambda rows: "\ufeff" + text_of(rows),
        ("byte-order-mark", 1, None),
        "byte order mark",
        "without BOM",
    ),
    "Latin-1": (
        lambda rows: text_of(rows).encode().replace(b"begins with d", b"begins with \xe4"),
        ("not-utf8", 4, None),
        "0xe4",
        "save the file as UTF-8",
    ),
    "UTF-16": (
        lambda rows: text_of(rows).encode("UTF-16"),
        ("not-text", None, None),
        "UTF-16",
        "UTF-8",
    ),
    "UTF-16-LE": (
        lambda rows: text_of(rows).encode("UTF-16-LE"),
        ("not-text", None, None),
        "UTF-16",
        "UTF-8",
    ),
    "pretty-printed": (
        lambda rows: json.dumps(rows, indent=2),
        ("not-jsonl", 1, None),
        "several lines",
        "on one line",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_fault_gives_one_finding_with_line_field_and_remedy(name, check, clean):
    fault, place, words, remedy = BROKEN[name]
    (finding,) = check({**clean, "train": fault(clean["train"])})
    assert (finding.code, finding.line, finding.field) == place
    assert f"train.jsonl:{finding.line or ''}" in str(finding)
    assert words in str(finding)
    assert remedy in str(finding).partition("; ")[2]
    assert "\n" not in str(finding)


def test_findings_stand_in_the_order_of_the_lines(check, clean):
    rows = edit(9, level="odd")(edit(2, color=1)(edit(17, topic=3)(clean["train"])))
    findings = check({**clean, "train": rows})
    assert [f.line for f in findings] == [2, 9, 17]
