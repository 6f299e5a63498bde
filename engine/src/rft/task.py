"""The contract of task/: what each of the team's files defines, and what they import from rft.

Task code imports from this module and from `rft.sandbox` only. The Protocols say which names the
engine looks up in which file; a file defines them as plain functions and classes:

    # task/schema.py
    from pydantic import BaseModel

    class Item(BaseModel):
        id: str
        word: str
        messages: list[dict[str, str]]
        reference_answer: str

    class Answer(BaseModel):
        backwards: str

    def messages(item: Item) -> list[dict[str, str]]:
        return [{"role": "user", "content": f"Spell {item.word} backwards, as JSON."}]

    def gold(item: Item) -> Answer:
        return Answer(backwards=item.reference_answer)

A hook that raises is reported with file and line. `rft check` runs every hook once.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from rft.cache import cache_folder
from rft.errors import OutsideError, RftError, UserError
from rft.findings import shown_path
from rft.jsonl import TextError, read_text
from rft.validation import field_problems, repeated_column

__all__ = [
    "Answers",
    "Figures",
    "Floors",
    "GraderSource",
    "Importer",
    "Message",
    "Metrics",
    "OptionalSchema",
    "OutsideError",
    "Problem",
    "RftError",
    "Row",
    "Schema",
    "SearchFunction",
    "TextError",
    "UserError",
    "Widget",
    "cache_folder",
    "csv_rows",
    "field_problems",
    "read_text",
    "text_lines",
]

Row = dict[str, Any]
"""A row as it stands in the data file."""
Message = dict[str, str]
"""{"role": "developer" or "user", "content": text}"""
Answers = list[tuple[Row, dict[str, Any]]]
"""(row, sample) of every graded answer of a run. The sample is as `grade` gets it, with its stored
grade ({"reward": float, "parts": {name: float}}) under "grade"."""
Figures = dict[str, dict[str, float]]
"""Heading -> name -> figure, in the order to be shown in."""
SearchFunction = Callable[[str], Iterable[tuple[str, str]]]
"""Words -> (value, what it means) of what they may stand for, best first; for a value, itself."""
Widget = str | Mapping[str, str] | Sequence[str] | SearchFunction
"""How one field of an answer is filled in on the review page: "code:python" (or another language),
"money" or "percent" (of an integer of hundredths), values to pick from, with or without what they
mean, a search, or "each" of a list: one entry for each value of its entries' first field."""


class Schema(Protocol):
    """What task/schema.py must define."""

    Item: type[BaseModel]
    """The row. Fields `id`, `messages` and `reference_answer` are the contract's; the others are
    the team's."""
    Answer: type[BaseModel]
    """What the model answers; it becomes the response format, so keep to what strict JSON schemas
    allow: no open dictionaries (write a list of {name, value} instead)."""

    def messages(self, item: Any) -> list[Message]:
        """The prompt of a row, without anything of the reference answer.

        With PROMPT_VARIANTS it takes a second argument `prompt_variant`, one of them.

        >>> messages(item)
        [{"role": "developer", "content": "Answer as JSON."}, {"role": "user", "content": "..."}]
        """

    def gold(self, item: Any) -> BaseModel:
        """The reference answer of a row as an Answer. The grader must give it 1.

        >>> gold(item)
        Answer(backwards="eboda")
        """


class OptionalSchema(Protocol):
    """What task/schema.py may define beside that."""

    PROMPT_VARIANTS: Sequence[str]
    """Names of the prompt variants; `task.prompt_variant` in rft.toml chooses, else the first."""
    GROUP_FIELD: str
    """A field of the row whose equal values must stay in one split, such as the patient."""

    def check_item(self, item: Any) -> list[str]:
        """What is wrong with a row that its types allow, a sentence each: fault; remedy.

        >>> check_item(item)
        ["codes[1]: E11.9 stands twice; remove one."]
        """

    def labels(self, item: Any) -> list[str]:
        """The labels of the reference answer, to find data in which guessing one pays.

        >>> labels(item)
        ["E11.9", "I10"]
        """

    def slices(self, item: Any) -> dict[str, str]:
        """The groups that reports break the reward down by.

        >>> slices(item)
        {"difficulty": "hard", "topic": "dates"}
        """

    def judged_weights(self, item: Any) -> dict[str, float]:
        """Judged criterion -> weight; `rft judge` compares the judge's verdicts on these.

        >>> judged_weights(item)
        {"j1": 0.1, "j2": 0.05}
        """

    def reordered(self, item: Any) -> Row:
        """The row with its judged criteria in reversed order: the judge must decide the same."""

    def display(self, item: Any, answer: Any) -> list[str]:
        """An Answer as an expert reads it in reports, a line each; "name: value" lines are paired.

        >>> display(item, Answer(codes=["E11.9"], fee=125000))
        ["E11.9 Type 2 diabetes mellitus without complications", "fee: $1,250.00"]
        """

    def review_fields(self, item: Any) -> dict[str, Widget]:
        """Help for experts who fill in an Answer on the review page, by field.

        `codes[]` is every entry of a list, `fees[visit].fee` the entry whose first field is
        "visit".

        >>> review_fields(item)
        {"codes[]": search_codes, "fees": "each", "fees[].name": ["visit"], "fees[].fee": "money"}
        """

    def judged_criteria(self, item: Any) -> dict[str, str]:
        """Judged criterion -> its sentence, as experts read it on the review page.

        >>> judged_criteria(item)
        {"j1": "It names the statute that applies."}
        """


class GraderSource(Protocol):
    """What the source of a python or local grader (task/grader.py) defines."""

    def grade(self, sample: dict[str, Any], item: Row) -> float:
        """The reward in [0, 1]. It must not raise, whatever the answer or the row holds.

        `sample`: `output_text`, `output_json` (None when the text is not JSON), `choices`, ...
        `item`: the row. A local grader raises OutsideError when its tool failed and nothing can be
        said of the answer, which is then graded again instead of scoring 0.

        >>> grade({"output_text": '{"backwards": "eboda"}'}, {"reference_answer": "eboda"})
        1.0
        """

    def explain(self, sample: dict[str, Any], item: Row) -> dict[str, float]:
        """The figures behind the reward, by name; may be left out.

        >>> explain(sample, item)
        {"readable": 1.0, "exact": 0.0}
        """


class Floors(Protocol):
    """What task/floors.py defines; the file may be left out."""

    def floors(self, item: Row) -> dict[str, str]:
        """Answers that need no model, by name; a trained model must beat their rewards.

        >>> floors(item)
        {"empty": "", "always the commonest label": '{"label": "yes"}'}
        """


class Metrics(Protocol):
    """What task/metrics.py defines; the file may be left out."""

    def metrics(self, answers: Answers, train: list[Row]) -> Figures:
        """Figures over all answers of a run; `train`: the rows of the training split.

        >>> metrics(answers, train)
        {"F1": {"samples": 0.31, "micro": 0.28}}
        """

    def agreement(self, by_coder: dict[str, Answers]) -> Figures:
        """Figures of the agreement of people, for runs of `--model human`; may be left out."""


class Importer(Protocol):
    """What task/importer.py defines, for `rft import`."""

    OPTIONS: dict[str, str]
    """Name of each `--set NAME=VALUE` -> what it does, in a phrase with an example."""

    def load(self, paths: list[Path], options: dict[str, str]) -> Iterable[Row | Problem]:
        """Rows without `messages` for the files, and a Problem for each thing that gives none.

        >>> list(load([Path("cases.csv")], {}))
        [{"id": "1", "word": "adobe", "reference_answer": "eboda"}, Problem("cases.csv", 3, "...")]
        """


@dataclass(frozen=True)
class Problem:
    """Something that could not be imported: a sentence with the remedy, and its place."""

    file: str
    line: int | None
    """None when the whole file is meant."""
    message: str

    @classmethod
    def of(cls, error: TextError) -> Problem:
        """The problem of a file that `text_lines` or `csv_rows` cannot read."""
        return cls(error.file, error.line, error.message)


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a UTF-8 file, split at line feeds only, a byte order mark dropped.

    Raises TextError, with file and line, for a file that is not UTF-8 or cannot be read.
    """
    lines = read_text(path).split("\n")
    if not lines[-1]:
        lines.pop()
    yield from ((number, line.removesuffix("\r")) for number, line in enumerate(lines, 1))


def csv_rows(path: Path, delimiter: str = ",") -> list[tuple[int, dict[str | None, Any]]]:
    """(line on which it begins, cells by column) of each row of a CSV file with a header.

    As csv.DictReader: cells beyond the header are a list under None, absent ones are None. Cells
    may hold line breaks and be of any length. `delimiter`: between cells; "" takes a comma, or the
    semicolon or tab that the header has more often. Raises TextError as `text_lines` does, and
    for a header that names a column twice.
    """
    # Not str.splitlines(): a cell may hold U+2028 and other characters that it splits at.
    lines = read_text(path).removesuffix("\n").split("\n")
    longest = csv.field_size_limit(2**31 - 1)
    delimiter = delimiter or max(",;\t", key=lines[0].count)
    reader = csv.DictReader((line + "\n" for line in lines), delimiter=delimiter)
    rows = []
    begin = 1
    try:
        if twice := repeated_column(list(reader.fieldnames or [])):
            raise TextError(shown_path(path), 1, twice)
        begin = reader.line_num + 1
        for row in reader:
            rows.append((begin, row))
            begin = reader.line_num + 1
    except csv.Error as error:
        reason = str(error).partition(" - ")[0]  # what follows is advice to programmers
        message = f"not valid CSV: {reason}; save it again as CSV."
        raise TextError(shown_path(path), begin, message) from None
    finally:
        csv.field_size_limit(longest)
    return rows
