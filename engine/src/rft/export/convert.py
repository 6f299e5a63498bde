"""A row of the project in the shape that each target reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from rft.dialect import instructed_by

Row = Mapping[str, Any]


def _inspect(row: Row) -> dict[str, Any]:
    """A sample of Inspect's json_dataset; the grader's row is in its metadata."""
    return {
        "id": row["id"],
        "input": instructed_by(row["messages"], "system"),
        "target": json.dumps(row.get("reference_answer"), ensure_ascii=False),
        "metadata": {"item": row},
    }


def _json_column(row: Row) -> dict[str, Any]:
    """A row for TRL: the grader's row as text, since tables would unify its nested types."""
    prompt = instructed_by(row["messages"], "system")
    return {"prompt": prompt, "item": json.dumps(row, ensure_ascii=False)}


def _verl(row: Row) -> dict[str, Any]:
    reference = json.dumps(row.get("reference_answer"), ensure_ascii=False)
    return {
        "data_source": "rft",
        "prompt": instructed_by(row["messages"], "system"),
        "ability": "task",
        "reward_model": {"style": "rule", "ground_truth": reference},
        "extra_info": {"id": row["id"], "item": json.dumps(row, ensure_ascii=False)},
    }


def _evaluation_row(row: Row) -> dict[str, Any]:
    """An EvaluationRow of eval-protocol; the grader's row is in its dataset_info, as text."""
    return {
        "messages": instructed_by(row["messages"], "system"),
        "ground_truth": json.dumps(row.get("reference_answer"), ensure_ascii=False),
        "input_metadata": {
            "row_id": row["id"],
            "dataset_info": {"item": json.dumps(row, ensure_ascii=False)},
        },
    }


def _bedrock(row: Row) -> dict[str, Any]:
    return {**row, "messages": instructed_by(row["messages"], "system")}


def _as_it_is(row: Row) -> dict[str, Any]:
    return {**row, "messages": instructed_by(row["messages"], "developer")}


CONVERT: dict[str, Callable[[Row], dict[str, Any]]] = {
    "inspect": _inspect,
    "promptfoo": _as_it_is,
    "trl": _json_column,
    "verl": _verl,
    "fireworks": _evaluation_row,
    "bedrock": _bedrock,
    "verifiers": _as_it_is,
    "foundry": _as_it_is,
    "tinker": _as_it_is,
}


def test_case(row: Row) -> dict[str, Any]:
    """A test of promptfoo. It names the row only: promptfoo expands templates and file:// in it."""
    return {"description": row["id"], "vars": {"row": row["id"]}}


def inlined(schema: Any, definitions: Mapping[str, Any] | None = None) -> Any:
    """A JSON schema without $defs: Inspect's schema class has none.

    A schema that holds itself stays as it is, with its definitions.
    """
    if definitions is None:
        definitions = schema.get("$defs", {})
        try:
            return inlined({k: v for k, v in schema.items() if k != "$defs"}, definitions)
        except RecursionError:
            return schema
    if isinstance(schema, list):
        return [inlined(entry, definitions) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {key: inlined(value, definitions) for key, value in schema.items()}
