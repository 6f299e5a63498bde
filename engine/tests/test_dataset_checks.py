"""Checks on many rows: what two rows share, what a split has too much or too little of."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from rft.dataset import Finding, check_splits, load_split


class Item(BaseModel):
    """Anything goes, so that the checks and not the schema find the faults."""

    model_config = ConfigDict(extra="allow")
    id: str
    messages: list[dict[str, Any]]


Check = Callable[..., list[Finding]]


def row(number: int, **fields: Any) -> dict[str, Any]:
    name = "".join(chr(97 + int(digit)) for digit in str(number))
    prompt = [{"role": "user", "content": f"What is {name}?"}]
    return {"id": name, "messages": prompt, "reference_answer": name, "group": name} | fields


def rows(count: int, start: int = 0, **fields: Any) -> list[dict[str, Any]]:
    return [row(number, **fields) for number in range(start, start + count)]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Write splits given by name, load them and check them; messages() agrees with every row.

    `lines` stands in for files of many thousand lines.
    """

    def run(
        splits: dict[str, list[dict[str, Any]]], lines: int | None = None, **options: Any
    ) -> list[Finding]:
        loaded = []
        for name, content in splits.items():
            path = tmp_path / f"{name}.jsonl"
            path.write_text("".join(json.dumps(r) + "\n" for r in content))
            split, findings = load_split(name, path, Item)
            assert not findings
            loaded.append(dataclasses.replace(split, lines=lines or split.lines))
        return check_splits(loaded, **{"messages_fn": lambda item: item.messages} | options)

    return run


def ask(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


def test_clean_splits_give_no_finding(check):
    splits = {"train": rows(30), "validation": rows(20, 100), "test": rows(20, 200)}
    assert check(splits, group_field="group", grader_fields={"reference_answer"}) == []


class TestRowsInTwoPlaces:
    def test_a_row_in_two_splits_is_reported_once_where_it_stands_later(self, check):
        splits = {"train": rows(20), "test": [*rows(20, 100), row(3)]}
        (finding,) = check(splits, group_field="group")
        assert (finding.code, finding.line) == ("split-overlap", 21)
        assert "train.jsonl:4" in finding.message

    def test_an_overlap_with_another_gold_says_so(self, check):
        splits = {"train": rows(20), "test": [*rows(20, 100), row(3, reference_answer="?")]}
        (finding,) = check(splits)
        assert "with another reference answer" in finding.message

    def test_an_id_used_in_two_splits_is_an_error(self, check):
        splits = {"train": rows(20), "test": [*rows(20, 100), row(99, id="d")]}
        (finding,) = check(splits)
        assert (finding.code, finding.severity, finding.line) == ("duplicate-id", "error", 21)

    def test_every_further_copy_names_the_first(self, check):
        copies = [row(5, id=f"copy{n}") for n in range(3)]
        findings = check({"train": rows(20) + copies})
        assert [f.line for f in findings] == [21, 22, 23]
        assert all("line 6" in f.message for f in findings)

    def test_golds_that_differ_only_in_the_order_of_a_list_do_not_conflict(self, check):
        pair = [row(50, reference_answer=["a", "b"]), row(50, id="o", reference_answer=["b", "a"])]
        (finding,) = check({"train": rows(20) + pair})
        assert (finding.code, finding.severity) == ("repeated-prompt", "warning")

    def test_rows_that_differ_in_their_ids_alone_do_not_conflict(self, check):
        fields = {"id", "messages", "reference_answer"}
        (finding,) = check({"train": [*rows(20), row(5, id="o")]}, grader_fields=fields)
        assert finding.code == "repeated-prompt"

    def test_another_field_of_the_grader_conflicts_like_the_gold(self, check):
        pair = [row(50, limit=1), row(50, id="other", limit=2)]
        everyone = [r | {"limit": 0} for r in rows(20)]
        (finding,) = check({"train": everyone + pair}, grader_fields={"limit"})
        assert (finding.code, finding.field) == ("conflicting-gold", "limit")

    @pytest.mark.parametrize("text", ["WHAT  is it, 7?", "what is it,\n812?", "what is it, 3?"])
    def test_near_copies_across_splits_are_warned_of(self, check, text):
        splits = {"train": [*rows(20), row(50, **ask("What is it, 3?"))], "test": rows(20, 100)}
        splits["test"][4] = row(60, **ask(text))
        (finding,) = check(splits)
        assert (finding.code, finding.severity, finding.line) == ("near-copy", "warning", 5)

    def test_near_copies_inside_a_split_are_fine(self, check):
        pair = [row(50, **ask("Is it 3?")), row(51, **ask("Is it 4?"))]
        assert check({"train": rows(20) + pair}) == []

    def test_a_group_in_two_splits_is_reported_once_with_its_rows(self, check):
        test = rows(20, 100)
        test[6]["group"] = test[9]["group"] = "c"
        (finding,) = check({"train": rows(20), "test": test}, group_field="group")
        assert (finding.code, finding.line, finding.field) == ("shared-group", 7, "group")
        assert "2 row(s)" in finding.message
        assert "train.jsonl:3" in finding.message

    def test_a_group_may_stand_deep_in_the_row_and_be_anything(self, check):
        splits = {"train": rows(20, dut={"top": [1]}), "test": rows(20, 100, dut={"top": [1]})}
        (finding,) = check(splits, group_field="dut.top")
        assert "20 row(s)" in finding.message


class TestReferenceFields:
    def test_a_field_no_row_has_is_one_finding(self, check):
        (finding,) = check({"train": rows(20)}, grader_fields={"reference_answer", "rubric"})
        assert (finding.field, finding.line) == ("rubric", None)
        assert "correct the grader" in finding.remedy

    def test_a_field_some_rows_lack_is_a_finding_for_each(self, check):
        content = rows(20, rubric={"max": 1})
        content[3]["rubric"] = {}
        del content[8]["rubric"]
        findings = check({"train": content}, grader_fields={"rubric.max"})
        assert [(f.line, f.field) for f in findings] == [(4, "rubric.max"), (9, "rubric.max")]

    def test_null_counts_as_missing_in_the_gold_but_not_elsewhere(self, check):
        content = rows(20, limit=1)
        content[2]["reference_answer"] = content[5]["limit"] = None
        (finding,) = check({"train": content}, grader_fields={"reference_answer", "limit"})
        assert (finding.line, finding.message) == (3, "is null, but the grader reads it")

    def test_list_places_are_understood(self, check):
        content = rows(20, reference_answer=[{"name": "x"}])
        content += [row(50, reference_answer=[])]
        findings = check({"train": content}, grader_fields={"reference_answer[0].name"}, skew=1)
        assert [f.line for f in findings] == [21]

    def test_a_group_field_no_row_has_is_one_finding(self, check):
        (finding,) = check({"train": rows(20)}, group_field="design")
        assert "GROUP_FIELD" in finding.remedy


class TestRowLimits:
    @pytest.mark.parametrize(
        ("profile", "split", "count", "code"),
        [
            ("bedrock", "train", 99, "too-few-rows"),
            ("bedrock", "train", 20_001, "too-many-rows"),
            ("openai", "train", 50_001, "too-many-rows"),
            ("openai", "validation", 1_001, "too-many-rows"),
            ("foundry", "validation", 1_001, "too-many-rows"),
        ],
    )
    def test_more_or_fewer_rows_than_a_back_end_takes(self, check, profile, split, count, code):
        (finding,) = check({split: rows(20)}, profile=profile, lines=count)
        assert (finding.code, finding.severity, finding.line) == (code, "warning", None)
        assert f"{count:,}" in finding.message

    @pytest.mark.parametrize(
        ("profile", "split", "count"),
        [
            ("bedrock", "train", 100),
            ("openai", "validation", 1_000),
            ("openai", "test", 1_001),
            ("local", "train", 20),
            ("compatible", "validation", 1_001),
        ],
    )
    def test_counts_at_the_limit_are_fine(self, check, profile, split, count):
        assert check({split: rows(20)}, profile=profile, lines=count) == []

    def test_fewer_than_twenty_rows_are_warned_of(self, check):
        (finding,) = check({"train": rows(19)}, profile="local")
        assert (finding.code, finding.severity) == ("few-rows", "warning")

    def test_a_split_without_rows_gives_no_second_finding(self, tmp_path):
        split, findings = load_split("train", tmp_path / "none.jsonl", Item)
        checked = check_splits([split], messages_fn=lambda i: i.messages, profile="bedrock")
        assert (len(findings), checked) == (1, [])


class TestSkew:
    def test_a_gold_answer_of_most_rows_is_warned_of_with_its_share(self, check):
        content = rows(9) + rows(11, 50, reference_answer={"code": "yes"})
        (finding,) = check({"train": content})
        assert (finding.code, finding.severity) == ("gold-skew", "warning")
        assert "11 of 20" in finding.message
        assert "55%" in finding.message

    def test_half_the_rows_are_not_most(self, check):
        assert check({"train": rows(10) + rows(10, 50, reference_answer="yes")}) == []

    def test_the_threshold_is_a_parameter(self, check):
        content = rows(14) + rows(6, 50, reference_answer="yes")
        assert check({"train": content}) == []
        assert [f.code for f in check({"train": content}, skew=0.25)] == ["gold-skew"]

    def test_a_common_label_is_warned_of_with_the_f1_of_guessing_it(self, check):
        content = rows(20)
        labels = {r["id"]: ["E11", r["id"], r["id"] * 2] for r in content[:12]}
        (finding,) = check({"train": content}, labels_fn=lambda i: labels.get(i.id, [i.id]))
        assert finding.code == "label-skew"
        assert "12 of 20 rows (60%)" in finding.message
        assert "0.30" in finding.message  # 12 rows x 2/(1+3), over 20 rows

    def test_skewed_golds_are_not_reported_again_as_labels(self, check):
        content = rows(5) + rows(15, 50, reference_answer="yes")
        findings = check({"train": content}, labels_fn=lambda i: [i.reference_answer])
        assert [f.code for f in findings] == ["gold-skew"]

    def test_a_handful_of_rows_says_nothing_of_skew(self, check):
        findings = check({"train": rows(9, reference_answer="yes")})
        assert [f.code for f in findings] == ["few-rows"]

    def test_rows_without_labels_are_fine(self, check):
        assert check({"train": rows(20)}, labels_fn=lambda item: []) == []


class TestLengths:
    def test_long_prompts_among_long_ones_are_not_outliers(self, check):
        content = [row(n, **ask(f"{n} " + "x" * 20_000)) for n in range(20)]
        assert check({"train": content}) == []

    def test_ten_times_the_median_is_fine_while_it_is_short(self, check):
        assert check({"train": [*rows(20), row(50, **ask("x" * 7_000))]}) == []

    def test_an_outlier_is_reported_with_its_length_and_the_median(self, check):
        (finding,) = check({"train": [*rows(20), row(50, **ask("x" * 250_000))]})
        assert finding.line == 21
        assert "250,005" in finding.message
        assert "median" in finding.message

    def test_prompts_over_the_context_are_one_finding_that_admits_its_estimate(self, check):
        content = rows(30) + [row(50 + n, **ask(f"{n}" + "x" * 4_000)) for n in range(3)]
        (finding,) = check({"train": content}, context_tokens=1_000)
        assert (finding.code, finding.severity) == ("over-context", "warning")
        assert "3 of 33" in finding.message
        assert "estimated from 3.5 characters per token" in finding.message

    def test_many_prompts_over_the_context_are_an_error(self, check):
        content = rows(20) + [row(50 + n, **ask(f"{n}" + "x" * 4_000)) for n in range(9)]
        (finding,) = check({"train": content}, context_tokens=1_000)
        assert finding.severity == "error"


class TestTheTeamsOwnCode:
    def test_its_sentences_become_findings_with_line_field_and_remedy(self, check):
        def check_item(item: Any) -> list[str]:
            return ["group is 'c'; rename it.", "Something else is odd."] if item.id == "c" else []

        first, second = check({"train": rows(20)}, check_item=check_item)
        assert str(second).endswith("train.jsonl:3: group is 'c'; rename it.")
        assert (first.line, first.field, first.remedy) == (3, None, "correct the row")

    @pytest.mark.parametrize("name", ["messages_fn", "check_item", "labels_fn"])
    def test_a_crash_in_it_is_a_finding_with_the_line(self, check, name):
        def crash(item: Any) -> Any:
            if item.id == "d":
                raise ValueError("no such thing")
            return {"messages_fn": item.messages, "check_item": [], "labels_fn": [item.id]}[name]

        (finding,) = check({"train": rows(20)}, **{name: crash})
        assert (finding.code, finding.line) == ("schema-code", 4)
        assert name.removesuffix("_fn") in finding.message
        assert "no such thing" in finding.message

    def test_tool_calls_need_no_content(self, check):
        turns = [
            {"role": "user", "content": "Look it up."},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
            {"role": "tool", "content": "42"},
            {"role": "user", "content": "So?"},
        ]
        assert check({"train": [*rows(20), row(50, messages=turns)]}) == []

    def test_an_allowed_prompt_that_is_stale_is_only_a_warning(self, check):
        findings = check({"train": rows(20)}, messages_fn=lambda item: item.messages * 2)
        assert {(f.code, f.severity) for f in findings} == {("stale-messages", "warning")}
        assert len(findings) == 20

    def test_findings_come_by_file_and_line_whichever_check_they_are_from(self, check):
        splits = {"train": rows(20), "test": rows(20, 100)}
        for content in splits.values():
            content[2]["id"] += " odd"
            content[8]["id"] = content[1]["id"]
        findings = check(splits)
        assert [(Path(f.file).stem, f.line) for f in findings] == [
            ("test", 3),
            ("test", 9),
            ("train", 3),
            ("train", 9),
        ]
