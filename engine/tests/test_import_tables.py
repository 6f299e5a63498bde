"""`rft import` of files that a team has already, and `rft export-rows`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from rft import Project
from rft.errors import UserError
from rft.project.columns import choose
from tests.conftest import Outcome
from tests.endpoint import Endpoint
from tests.toy import point_to

Rft = Callable[..., Outcome]
OUT = "task/data/imported.jsonl"
ASK = [{"role": "system", "content": "Backwards."}, {"role": "user", "content": "zebra"}]
ANSWER = {"role": "assistant", "content": '{"backwards": "arbez"}'}
SLOW = pytest.mark.slow
HOSTILE = "=cmd|' /C calc'!A0"


def imported(project: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (project / OUT).read_text().splitlines()]


def left_out(project: Path) -> list[dict[str, str]]:
    path = project / "task/data/imported_left_out.csv"
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def jsonl(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [*ASK, ANSWER]},
        {"messages": ASK, "reference_answer": "arbez"},
        {"messages": ASK, "reference_answer": {"backwards": "arbez"}},
        {"messages": ASK, "answer": "arbez"},
        {"item": {"messages": ASK, "ground_truth": "arbez"}},
        {"prompt": "zebra", "completion": "arbez", "messages": [*ASK, ANSWER]},
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": "Backwards."}],
            "messages": [
                {"role": "user", "content": [{"text": "zebra"}]},
                {"role": "assistant", "content": [{"text": ANSWER["content"]}]},
            ],
        },
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "zebra"}]}, ANSWER]},
    ],
    ids=["sft", "rft", "object", "answer", "eval", "completion", "bedrock", "parts"],
)
def test_a_chat_dataset_becomes_rows_without_ids(rft: Rft, project: Path, row: Any) -> None:
    outcome = rft("import", str(jsonl(project / "theirs.jsonl", row)), "--yes")
    assert outcome.code == 0, outcome.err
    (made,) = imported(project)
    assert (made["word"], made["reference_answer"]) == ("zebra", "arbez")
    assert made["id"].startswith("theirs-")
    assert made["messages"][1]["content"] == "zebra"
    assert (
        "1 row with an id that the file has already" in rft("import", "theirs.jsonl", "--yes").out
    )


def test_columns_are_shown_and_must_be_accepted(rft: Rft, project: Path) -> None:
    (project / "t.csv").write_text("Word;Gold;note\nzebra;arbez;x\n")
    outcome = rft("import", "t.csv", "--map", "Gold=reference_answer")
    assert outcome.code == 2
    assert "Word  ->  word" in outcome.out
    assert "note  ->  (left out)" in outcome.out
    assert "add --yes" in outcome.err
    assert not (project / OUT).exists()


def test_a_table_is_read_by_names_and_by_map(rft: Rft, project: Path) -> None:
    (project / "t.csv").write_text("Text,Solution,No\nzebra,arbez,7\nox,,8\n")
    assert rft("import", "t.csv", "--map", "No=id", "--yes").code == 0
    first, second = imported(project)
    assert (first["id"], first["word"], first["reference_answer"]) == ("7", "zebra", "arbez")
    assert second["reference_answer"] is None


@SLOW  # imports openpyxl and pyarrow
def test_workbooks_and_parquet_are_read_with_formulas_as_their_results(
    rft: Rft, project: Path
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    book = openpyxl.Workbook()
    for row in (["id", "word", "reference_answer"], [1, "zebra", "arbez"], [2, "ox", "=1+1"]):
        book.active.append(row)
    book.save(project / "t.xlsx")
    parquet.write_table(
        pa.table({"id": [3.0], "word": ["cat"], "reference_answer": ["tac"]}), project / "t.parquet"
    )
    outcome = rft("import", "t.xlsx", "t.parquet", "--yes")
    assert [row["id"] for row in imported(project)] == ["1", "2", "3"]
    assert "1 row without a reference_answer" in outcome.out  # Excel never computed this formula


def test_what_cannot_be_used_is_listed_by_line_field_and_reason(rft: Rft, project: Path) -> None:
    rows = [
        {"messages": [*ASK, ANSWER]},
        {"messages": [*ASK, ANSWER, ASK[1]]},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        {"messages": [*ASK, ANSWER], "id": "a"},
        {"messages": [*ASK, ANSWER], "id": "a"},
        {"messages": [ASK[0], {"role": "user", "content": ""}, ANSWER]},
    ]
    path = jsonl(project / "theirs.jsonl", *rows)
    path.write_text(path.read_text() + "{not json\n")
    outcome = rft("import", "theirs.jsonl", "--yes")
    assert "2 rows added" in outcome.out
    assert "6 left out, listed in task/data/imported_left_out.csv" in outcome.out
    places = {(entry["line"], entry["field"]) for entry in left_out(project)}
    assert places == {
        *(("2", "messages"), ("3", "messages[0]"), ("4", "messages[0].content")),
        *(("6", "id"), ("7", "word"), ("8", "")),
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--map", "nope=word"), "no such column; name one of: Frage, gold."),
        (("--map", "Frage=nope"), "no such field of a row; name one of: id, word"),
        (("--map", "gold=reference_answer"), "no column for word; add --map COLUMN=word"),
        (("--map", "gold"), "use COLUMN=FIELD"),
        (("--map", "gold=", "--set", "nope=1"), "--set nope: no such field of a row"),
    ],
)
def test_a_wrong_name_lists_the_right_ones(
    rft: Rft, project: Path, arguments: tuple[str, ...], message: str
) -> None:
    (project / "t.csv").write_text("Frage,gold\nzebra,arbez\n")
    outcome = rft("import", "t.csv", "--yes", *arguments)
    assert outcome.code == 2
    assert message in outcome.err


def test_a_value_for_every_row_stands_in_for_a_column(rft: Rft, project: Path) -> None:
    (project / "t.csv").write_text("gold\narbez\n")
    arguments = ("--map", "gold=reference_answer", "--set", "word=zebra")
    assert rft("import", "t.csv", "--yes", *arguments).code == 0
    assert imported(project)[0]["word"] == "zebra"


NESTED = {"a.b": {"items": [{"text": "zebra"}]}, "gold": '{"given": {"word": "arbez"}}'}


@pytest.mark.parametrize("path", ["a.b.items[0].text", "a.b.items.0.text"])
def test_a_path_leads_into_the_json_of_a_cell(rft: Rft, project: Path, path: str) -> None:
    jsonl(project / "t.jsonl", NESTED)
    arguments = ("--map", f"{path}=word", "--map", "gold.given.word=reference_answer", "--yes")
    assert rft("import", "t.jsonl", *arguments).code == 0
    (row,) = imported(project)
    assert (row["word"], row["reference_answer"]) == ("zebra", "arbez")


@pytest.mark.parametrize(
    ("gold", "reason"),
    [
        ("just text", "gold: is 'just text', not a JSON object with 'given.word'"),
        ('{"given": ["arbez"]}', "gold.given: is a list, not a JSON object with 'word'"),
        ('{"given": 7}', "gold.given: is 7, not a JSON object with 'word'"),
        ('{"given": {"word": ["arbez"]}}', "reference_answer: must be a string, but is ['arbez']"),
    ],
)
def test_a_cell_of_another_shape_is_left_out_and_says_which(
    rft: Rft, project: Path, gold: str, reason: str
) -> None:
    with (project / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["word", "gold"], ["zebra", gold]])
    outcome = rft("import", "t.csv", "--map", "gold.given.word=reference_answer", "--yes")
    assert f"t.csv:2: {reason}" in outcome.out


@pytest.mark.parametrize(
    ("header", "arguments", "message"),
    [
        ("word,gold", ("gold.none=reference_answer",), "gold.none=reference_answer: no row has"),
        ("word,gold", ("gold=word", "word=word"), "word and word would fill the same field twice"),
        ("word,word", ("word=word",), "t.csv:1: two columns are named 'word'"),
    ],
)
def test_a_path_that_leads_nowhere_and_a_name_given_twice_are_refused(
    rft: Rft, project: Path, header: str, arguments: tuple[str, ...], message: str
) -> None:
    (project / "t.csv").write_text(f'{header}\nzebra,"{{}}"\n')
    mapped = [word for text in arguments for word in ("--map", text)]
    outcome = rft("import", "t.csv", *mapped, "--yes")
    assert outcome.code != 0
    assert message in outcome.out + outcome.err


def test_a_hostile_column_name_is_spelled_out(rft: Rft, project: Path) -> None:
    jsonl(
        project / "t.jsonl", {"word": "zebra", "\x1b[31mred" + "x" * 9_000: 1, "[bold]": 2, "": 3}
    )
    out = rft("import", "t.jsonl", "--map", "word=word", "--yes").out
    assert "⟨U+001B⟩[31mred" in out
    assert "[bold]" in out
    assert max(map(len, out.splitlines())) < 200


def test_the_columns_can_be_refused_from_python(project: Path) -> None:
    path = jsonl(project / "theirs.jsonl", {"messages": [*ASK, ANSWER]})
    with pytest.raises(UserError, match="nothing was imported"):
        Project.open(project).import_rows([path], confirm=lambda columns: False)


def test_a_reference_that_gold_does_not_give_back_is_left_out(rft: Rft, project: Path) -> None:
    schema = project / "task/schema.py"
    text = schema.read_text().replace("backwards=item.ref", 'backwards="x" + item.ref')
    schema.write_text(text)
    jsonl(project / "theirs.jsonl", {"messages": [*ASK, ANSWER]})
    outcome = rft("import", "theirs.jsonl", "--yes")
    assert outcome.code == 1
    assert "no reference gives this answer back in gold()" in outcome.out


@pytest.mark.parametrize("name", ["rows.csv", pytest.param("rows.parquet", marks=SLOW)])
def test_exported_rows_come_back_as_they_were(rft: Rft, project: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path = project / "task/data/test.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[0] |= {"word": HOSTILE, "reference_answer": "-1"}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert rft("export-rows", "test", "--out", name).code == 0
    assert rft("import", name, "--map", "id=id", "--yes").code == 0
    fields = ("id", "word", "reference_answer")
    for made, row in zip(imported(project), rows, strict=True):
        assert [made[f] for f in fields] == [row[f] for f in fields]


def test_no_cell_of_a_csv_file_is_a_formula(rft: Rft, project: Path, endpoint: Endpoint) -> None:
    point_to(project, endpoint.url)
    path = project / "task/data/validation.jsonl"
    path.write_text(path.read_text().replace('"word": "adobe"', f'"word": {json.dumps(HOSTILE)}'))
    rft("eval")
    assert "8 lines written to exports/answers.csv" in rft("export-rows", "--run", "base").out
    rft("export-rows")
    for name in ("answers", "rows"):
        text = (project / f"exports/{name}.csv").read_text(encoding="utf-8-sig")
        cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    assert f"'{HOSTILE}" in cells


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "rows.pickle"), "ends in .csv or .parquet"),
        (("--out", "../rows.csv"), "name a file in the project"),
        (("everything",), "'everything' is not a split"),
        (("--run", "nobody"), "No run of 'nobody'"),
    ],
)
def test_what_cannot_be_exported_says_why(
    rft: Rft, project: Path, arguments: tuple[str, ...], message: str
) -> None:
    outcome = rft("export-rows", *arguments)
    assert outcome.code == 2
    assert message in outcome.err


def test_a_part_of_a_part_of_the_row_may_be_a_column() -> None:
    class Price(BaseModel):
        amount: float
        currency: str

    class Invoice(BaseModel):
        total: Price | None = None
        lines: list[Price] = []

    class Item(BaseModel):
        id: str
        reference_answer: Invoice

    columns = ["id", "Amount", "reference_answer.total.currency"]
    assert choose(columns, Item).fields == {
        "id": "id",
        "Amount": "reference_answer.total.amount",
        "reference_answer.total.currency": "reference_answer.total.currency",
    }


def test_the_parts_of_a_reference_may_be_columns_of_their_own(rft: Rft, project: Path) -> None:
    schema = project / "task/schema.py"
    text = schema.read_text().replace("reference_answer: str", "reference_answer: Answer | None")
    text = text.replace(
        "class Item", "class Answer(BaseModel):\n    backwards: str\n\nclass Item", 1
    )
    schema.write_text(
        text.replace(
            "return Answer(backwards=item.reference_answer)", "return item.reference_answer"
        )
    )
    (project / "t.csv").write_text("Word,Backwards\nzebra,arbez\nox,\n")
    outcome = rft("import", "t.csv", "--map", "Word=word", "--yes")
    assert "Backwards  ->  reference_answer.backwards" in outcome.out
    assert [row["reference_answer"] for row in imported(project)] == [{"backwards": "arbez"}, None]
