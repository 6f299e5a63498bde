"""What a save changes in the project's files. Each holds the lock and reads what is there first.

A save that finds the row changed since the page was opened raises Conflict and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rft.dataset import Row
from rft.dataset.write import replace_row
from rft.errors import UserError
from rft.files import write_bytes
from rft.human import HumanAnswer
from rft.jsonl import BOM, JsonReader, ProblemError
from rft.judging.calibration import BaseKind, CalibrationLine, Kind
from rft.review.desk import Desk
from rft.review.log import Case, Review, answer_key, append, now
from rft.review.values import same
from rft.runs import digest
from rft.validation import sentence


class Conflict(Exception):
    """The row has changed since the page was opened."""


class Doubt(Exception):
    """The corrected row would not pass the task's own checks; `problems` say why."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Marked:
    """An answer that is marked, as calibration.jsonl identifies it."""

    item_id: str
    kind: Kind
    of: BaseKind | None
    output_text: str

    @property
    def key(self) -> tuple[str, str]:
        """As in the log."""
        return self.item_id, answer_key(self.kind, self.of, self.output_text)


def version(row: Row) -> str:
    """What a page keeps of a row to know later whether it has changed."""
    return digest(row.data)[:16]


def checked_answer(desk: Desk, value: Any) -> Any:
    """An answer as the Answer model writes it.

    Raises UserError, in a sentence for an expert, when it does not fit the model or cannot be
    stored in a line of JSON.
    """
    try:
        answer = desk.task.answer.model_validate(value)
    except ValidationError as error:
        raise UserError(f"{sentence(error)}.") from None
    data = answer.model_dump(mode="json")
    _line({"answer": data})
    return data


def save_opinion(
    desk: Desk, split: str, item_id: str, seen: str, coder: str, answer: Any, comment: str
) -> None:
    """Keep what an expert holds the right answer to be, beside the reference answer."""
    with desk.lock():
        row = _unchanged(desk, split, item_id, seen)
        append(desk.log, _opinion(desk, row, coder, answer, comment))


def settle_reference(
    desk: Desk,
    split: str,
    item_id: str,
    seen: str,
    coder: str,
    answer: Any,
    comment: str,
    *,
    anyway: bool = False,
) -> None:
    """Make an answer the reference answer of its row, and end the disagreement about it.

    The old answer stays in the log. Raises Doubt, unless `anyway`, when the task's check_item
    finds more fault with the row than before.
    """
    with desk.lock():
        row = _unchanged(desk, split, item_id, seen)
        before = desk.reference(row)
        if not same(before, answer):
            data = _with_reference(desk, row, answer)
            if not anyway and (problems := _new_problems(desk, row, data)):
                raise Doubt(problems)
            append(desk.log, _opinion(desk, row, coder, answer, comment))
            replace_row(desk.split(split)[0], row, data)
        review = _opinion(desk, row, coder, answer, comment)
        append(desk.log, review.model_copy(update={"settled": True}))


def save_blind(desk: Desk, item_id: str, coder: str, answer: Any) -> None:
    """Keep an expert's own answer in human.jsonl, in place of an earlier one of theirs."""
    line = _line({"item_id": item_id, "coder": coder, "answer": answer})

    def mine(data: dict[str, Any]) -> bool:
        return data.get("item_id") == item_id and data.get("coder") == coder

    HumanAnswer.model_validate({"item_id": item_id, "coder": coder, "answer": answer})
    with desk.lock():
        _put(desk.human, mine, lambda _: line, line)


def save_marks(
    desk: Desk,
    marked: Marked,
    coder: str,
    labels: dict[str, bool],
    comment: str,
    *,
    settle: bool = False,
) -> None:
    """Keep an expert's marks of an answer, and its labels in calibration.jsonl where all agree.

    An answer that only the page brought into calibration.jsonl is taken out again while experts
    disagree; a line of the team's keeps its labels until `settle`.
    """
    with desk.lock():
        present = desk.labels_on_file().get(marked.key)
        review = Review(
            item_id=marked.item_id,
            task="judge",
            coder=coder,
            time=now(),
            value=labels,
            before=present,
            settled=settle,
            comment=comment,
            kind=marked.kind,
            of=marked.of,
            output_text=marked.output_text,
        )
        append(desk.log, review)
        case = desk.cases("judge").get(marked.key, Case())
        agreed = len({digest(value) for value in case.votes.values()}) == 1
        if settle or (case.made_here and agreed):
            _write_labels(desk, marked, labels)
        elif case.made_here and present is not None:
            _put(desk.calibration, _is_line_of(marked), lambda _: None)


def _unchanged(desk: Desk, split: str, item_id: str, seen: str) -> Row:
    row = desk.row(split, item_id)
    if version(row) != seen:
        raise Conflict
    return row


def _opinion(desk: Desk, row: Row, coder: str, answer: Any, comment: str) -> Review:
    return Review(
        item_id=row.id,
        task="gold",
        coder=coder,
        time=now(),
        value=answer,
        before=desk.reference(row),
        comment=comment,
    )


def _with_reference(desk: Desk, row: Row, answer: Any) -> dict[str, Any]:
    """The row with another reference answer, in the form in which the schema's gold() reads it.

    That is the answer itself, what its only field holds, or its JSON text: whichever comes back.
    Raises UserError when none does.
    """
    forms = [answer, json.dumps(answer, ensure_ascii=False)]
    if isinstance(answer, dict) and len(answer) == 1:
        forms[1:1] = answer.values()
    for form in forms:
        data = {**row.data, "reference_answer": form}
        try:
            item = desk.task.item.model_validate(data)
            again = desk.task.gold(item).model_dump(mode="json")
        except (ValidationError, UserError):
            continue
        if same(again, desk.task.answer.model_validate(answer).model_dump(mode="json")):
            _line(data)
            return data
    raise UserError(
        f"Row '{row.id[:80]}' cannot hold this answer: gold() of {desk.settings.task.schema_file} "
        "does not give it back; ask whoever keeps the schema to correct the row."
    )


def _new_problems(desk: Desk, row: Row, data: dict[str, Any]) -> list[str]:
    """What the task's check_item says of the new row and did not say of the old one."""
    if (check := desk.task.check_item) is None:
        return []
    old = set(check(row.item))
    item: BaseModel = desk.task.item.model_validate(data)
    return [problem for problem in check(item) if problem not in old]


def _is_line_of(marked: Marked) -> Callable[[dict[str, Any]], bool]:
    def matches(data: dict[str, Any]) -> bool:
        fields = (data.get(name) for name in ("item_id", "kind", "of", "output_text"))
        return tuple(fields) == (marked.item_id, marked.kind, marked.of, marked.output_text)

    return matches


def _write_labels(desk: Desk, marked: Marked, labels: dict[str, bool]) -> None:
    """Set the labels of an answer, and of those made from it by adding what is worth nothing."""
    line = CalibrationLine(
        item_id=marked.item_id,
        kind=marked.kind,
        output_text=marked.output_text,
        labels=labels,
        of=marked.of,
    )
    fresh = _line(line.model_dump(exclude_none=True))
    _put(desk.calibration, _is_line_of(marked), lambda old: _line({**old, "labels": labels}), fresh)

    def made_from(data: dict[str, Any]) -> bool:
        return (data.get("item_id"), data.get("of")) == (marked.item_id, marked.kind)

    _put(desk.calibration, made_from, lambda old: _line({**old, "labels": labels}))


def _put(
    path: Path,
    matches: Callable[[dict[str, Any]], bool],
    change: Callable[[dict[str, Any]], str | None],
    fresh: str | None = None,
) -> None:
    """Change the lines that match (None removes one); where none does, add `fresh` if there is one.

    Other lines keep their bytes, and the file is replaced in one step.
    """
    raw = path.read_bytes() if path.exists() else b""
    reader = JsonReader()
    kept, matched = [], False
    for line in raw.split(b"\n"):
        data = _object(reader, line)
        if data is None or not matches(data):
            kept.append(line)
            continue
        matched = True
        changed = change(data)
        kept += [] if changed is None else [changed.encode()]
    if fresh and not matched:
        kept[len(kept) - (not kept[-1]) :] = [fresh.encode(), b""]
    if (content := b"\n".join(kept)) != raw:
        write_bytes(path, content)


def _object(reader: JsonReader, line: bytes) -> dict[str, Any] | None:
    try:
        return reader.read_object(line.removeprefix(BOM)) if line.strip() else None
    except ProblemError:
        return None


def _line(data: dict[str, Any]) -> str:
    """A line of JSON that every reader of the project takes. Raises UserError for others."""
    line = json.dumps(data, ensure_ascii=False)
    try:
        JsonReader().read_object(line.encode("utf-8", "surrogatepass"))
    except ProblemError as error:
        raise UserError(f"This answer cannot be stored: {error}.") from None
    return line
