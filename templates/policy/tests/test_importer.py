"""Import of your own cases: good cases are kept, bad lines are named."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rft.task import Problem
from task.grader import grade
from task.importer import OPTIONS, load
from task.schema import Item, check_item, messages

Found = tuple[list[dict[str, Any]], list[Problem]]
CASE = {"id": "1", "facts": "Jane owns 40 of 150 shares.", "question": "Who bears what?"}
RUBRIC = [
    "[+0.20] Jane's ownership is 26.67%",
    "[+0.40] Jane's share of the income is $127,500",
    "[+0.10] loss_jane = minus $40.25",
    "[+0.30] Names section 1377(a)(1) as an authority",
]


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., Found]:
    """Import one case with these rubric lines; return rows and problems."""

    def run(rubric: Any, options: dict[str, str] | None = None, **fields: Any) -> Found:
        path = tmp_path / "cases.jsonl"
        path.write_text(json.dumps({**CASE, "rubric": rubric, **fields}) + "\n")
        out = list(load([path], {"confirm": "yes"} | (options or {})))
        return [o for o in out if isinstance(o, dict)], [o for o in out if isinstance(o, Problem)]

    return run


def test_lines_with_a_figure_become_numeric_criteria(found: Callable[..., Found]) -> None:
    (row,), problems = found(RUBRIC)
    assert problems == []
    assert [(c.get("expected"), c["weight"]) for c in row["rubric"]] == [
        (2667, "0.20"),
        (12_750_000, "0.40"),
        (-4025, "0.10"),
        (None, "0.30"),
    ]


def test_a_line_without_a_figure_becomes_a_judged_criterion(found: Callable[..., Found]) -> None:
    (row,), _ = found(RUBRIC)
    assert row["rubric"][3]["kind"] == "judged"
    assert row["judged_text"] == "j04 [0.30] Names section 1377(a)(1) as an authority"


def test_a_figure_that_is_not_named_must_be_confirmed(found: Callable[..., Found]) -> None:
    rows, problems = found(RUBRIC, {"confirm": "no"})
    assert rows == []
    assert "rubric line 1 holds a figure without naming it" in problems[0].message
    assert "--set confirm=yes" in problems[0].message


PART = "(part of ordinary income: $900,000)"
SLIPS = [
    [f"[+0.35] jane_income = $480,060 {PART}", f"[+0.35] joe_income = $420,000 {PART}"],
    ["[+0.35] income_jane = $480,060", "[+0.35] income_joe = $420,000"],
    ["[+0.35] Jane's share of it is $480,060", "[+0.35] Joe's share of it is $420,000"],
]


@pytest.mark.parametrize("lines", SLIPS, ids=["marked", "named", "as published"])
def test_the_slip_of_the_published_rubric_is_caught(
    lines: list[str], found: Callable[..., Found]
) -> None:
    """Twice 4/15, rounded to 26.67 % before it is multiplied: 900,060 instead of 900,000."""
    rows, problems = found([*lines, RUBRIC[3]], facts="Ordinary income was $900,000.")
    assert rows == []
    assert "add up to $900,060.00, not to the total of $900,000.00" in problems[0].message


def test_lines_that_are_not_parts_of_an_amount_are_left_alone(found: Callable[..., Found]) -> None:
    lines = ["[+0.35] Jane's share of it is $480,060", "[+0.35] Joe's share of it is $300,000"]
    (row,), _ = found([*lines, RUBRIC[3]], facts="Ordinary income was $900,000.")
    assert {c.get("part_of", "") for c in row["rubric"]} == {""}


def test_right_parts_of_a_total_are_taken(found: Callable[..., Found]) -> None:
    part = "(part of ordinary income: $900,000)"
    lines = [f"[+0.35] a_income = $240,000 {part}", f"[+0.35] b_income = $660,000 {part}"]
    (row,), problems = found([*lines, RUBRIC[3]])
    assert problems == []
    assert {c.get("total") for c in row["rubric"][:2]} == {90_000_000}


def test_weights_can_be_shifted_to_the_shares_of_the_graders(found: Callable[..., Found]) -> None:
    lines = [*RUBRIC[:2], "[+0.10] a = $1", "[+0.20] Cites section 1377", "[+0.10] Says why"]
    (row,), problems = found(lines, {"shares": "rescale"})
    judged = [Decimal(c["weight"]) for c in row["rubric"] if c["kind"] == "judged"]
    assert problems == []
    assert sum(judged) == Decimal("0.30")


def test_a_rubric_without_a_judged_line_is_reported(found: Callable[..., Found]) -> None:
    _, problems = found(["[+0.50] a = $1", "[+0.50] b = $2"])
    assert "add a line without a figure" in problems[0].message


def test_two_claims_in_one_line_are_reported(found: Callable[..., Found]) -> None:
    line = "[+0.30] Names IRC 1377(a)(1) and says that the seller owns the day of the sale"
    _, problems = found([*RUBRIC[:3], line])
    assert "seems to make two claims" in problems[0].message


def test_an_imported_case_is_valid_and_its_gold_scores_one(found: Callable[..., Found]) -> None:
    (row,), _ = found("\n".join(RUBRIC))
    assert check_item(Item.model_validate(row)) == []
    assert grade({"output_json": row["reference_answer"]}, row) == 1.0


def test_the_prompt_of_an_imported_case_hides_the_figures(found: Callable[..., Found]) -> None:
    (row,), _ = found(RUBRIC)
    prompt = messages(Item.model_validate(row))[1]["content"]
    assert "Jane's share of the income is ___" in prompt
    assert "127,500" not in prompt
    assert "loss_jane (cents)" in prompt


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[+0.10] Splits $10 and $20", "holds 2 figures"),
        ("0.10 Jane has $5", "not of the form"),
        ("[-0.10] Jane has $5", "name its figure"),
    ],
)
def test_a_line_that_cannot_be_used_is_reported_and_costs_the_case(
    line: str, words: str, found: Callable[..., Found]
) -> None:
    rows, problems = found([*RUBRIC, line])
    assert rows == []
    assert "rubric line 5" in problems[0].message
    assert words in problems[0].message
    assert problems[0].line == 1


def test_a_case_with_two_bad_lines_is_one_problem(found: Callable[..., Found]) -> None:
    rows, problems = found(["no weight", *RUBRIC, "[+0.10] $1 and $2"], {})
    assert (rows, len(problems)) == ([], 1)


def test_the_other_lines_can_be_raised_to_one(found: Callable[..., Found]) -> None:
    lines = [*RUBRIC[:2], "[+0.10] $1 and $2", RUBRIC[3]]
    (row,), problems = found(lines, {"incomplete": "rescale", "shares": "rescale"})
    assert len(problems) == 1
    assert sum(Decimal(c["weight"]) for c in row["rubric"]) == 1


def test_a_named_line_may_take_points_away(found: Callable[..., Found]) -> None:
    (row,), problems = found([*RUBRIC, "[-0.20] loss_jane = $0"])
    assert problems == []
    assert row["rubric"][4]["weight"] == "-0.20"
    assert grade({"output_json": row["reference_answer"]}, row) == 1.0


def test_weights_that_do_not_sum_to_one_are_reported(found: Callable[..., Found]) -> None:
    rows, problems = found(RUBRIC[:2])
    assert rows == []
    assert "sum to 0.60" in problems[0].message


def test_the_tolerance_can_be_set(found: Callable[..., Found]) -> None:
    (row,), _ = found(RUBRIC, {"tolerance": "5000"})
    assert [c["tolerance"] for c in row["rubric"][:3]] == [1, 5000, 5000]


@pytest.mark.parametrize("field", ["id", "facts", "question", "rubric"])
def test_a_missing_field_is_reported(field: str, found: Callable[..., Found]) -> None:
    rows, problems = found(**{"rubric": RUBRIC, field: None})
    assert rows == []
    assert f"Field {field} is" in problems[0].message


def test_a_csv_is_read_and_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    rubric = "\n".join(RUBRIC)
    path.write_text(f'id,facts,question,rubric\n1,F,Q,"{rubric}"\n2,,Q,"{rubric}"\n')
    row, problem = load([path], {"confirm": "yes"})
    assert isinstance(row, dict)
    assert isinstance(problem, Problem)
    assert (problem.line, problem.message) == (6, "Field facts is missing or is not text.")


@pytest.mark.parametrize("text", ["{", "[1]", "\ufeff{"])
def test_a_line_that_is_not_a_case_is_reported(text: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(text + "\n" + json.dumps({**CASE, "rubric": RUBRIC}))
    problem, row = load([path], {"confirm": "yes"})
    assert isinstance(problem, Problem)
    assert isinstance(row, dict)
    assert problem.line == 1


@pytest.mark.parametrize("name", ["none.jsonl", "cases.docx"])
def test_a_file_that_cannot_be_read_is_reported(name: str, tmp_path: Path) -> None:
    (tmp_path / "cases.docx").write_text("x")
    (problem,) = load([tmp_path / name], {})
    assert isinstance(problem, Problem)
    assert problem.file.endswith(name)


def test_bad_options_are_reported(found: Callable[..., Found]) -> None:
    assert "no option 'x'" in found(RUBRIC, {"x": "1"})[1][0].message
    assert "whole number" in found(RUBRIC, {"tolerance": "a"})[1][0].message
    assert "give no or yes" in found(RUBRIC, {"confirm": "maybe"})[1][0].message
    assert all(len(text) > 20 for text in OPTIONS.values())
