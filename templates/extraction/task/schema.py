"""What a row holds, what the model must answer, and the prompt that asks for it."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from task.tools.chapters import chapter

RELEASES = {"FY2026-April": (date(2026, 4, 1), date(2026, 9, 30))}
"""Releases of the code set and the encounter dates (first, last) they are valid for."""

CODE = re.compile(r"[A-Z][0-9A][0-9A-Z](\.[0-9A-Z]{1,4})?")
"""How a code is written in a row: upper case, a dot after the third character."""

PROMPT_VARIANTS = ("shortlist", "open", "brief")
"""shortlist: choose among candidates found by a search; open: from memory; brief: for the starter
rows, each candidate as its description and, in quotes as in answers, its code."""

_SPELLED = re.compile(r"\b[A-Z][0-9][0-9A-Z]\.[0-9A-Z]{1,4}\b", re.IGNORECASE)


class Strict(BaseModel):
    """A model that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


class Evidence(Strict):
    """Why a code is right: words of the note, and the rule in one line."""

    code: str
    span: str
    why: str


class Candidate(Strict):
    """One line of the shortlist."""

    code: str
    description: str


class Codes(Strict):
    """The reference answer."""

    codes: list[str]


class Item(Strict):
    """One encounter to code."""

    id: str = Field(min_length=1)
    encounter_date: date
    setting: Literal["outpatient", "inpatient"]
    release: str
    note: str = Field(min_length=1)
    candidates: list[Candidate] = Field(default_factory=list)
    """What the search found for the note; the reference codes are often among it, not always. The
    variant `shortlist` shows them; without any the prompt is the open one."""
    reference_answer: Codes
    near_misses: list[str] = Field(default_factory=list)
    """Billable codes in the categories of the reference codes: what may earn partial credit."""
    evidence: list[Evidence] = Field(default_factory=list)
    optional: list[str] = Field(default_factory=list)
    """Codes that some coders add: they neither help nor hurt."""
    must_not_code: list[str] = Field(default_factory=list)
    """Ruled out, negated or past: this code and everything below it is over-coding."""
    traps: list[str] = Field(default_factory=list)
    """What makes the row hard, in the words of data/DATASHEET.md; a figure is given for each."""
    provenance: str = ""
    messages: list[dict[str, str]] = Field(default_factory=list)


class Answer(Strict):
    """What the model answers."""

    codes: list[str]


INSTRUCTIONS = """\
You are a medical coder. Give the ICD-10-CM diagnosis codes for the encounter.
Rules:
- Code what the note documents for this encounter, to the highest specificity it supports.
- Do not code what is denied, ruled out, or only past history (unless a history code applies).
- Outpatient: code symptoms, not diagnoses called possible, probable or suspected. Inpatient: \
a diagnosis still called probable or suspected at discharge is coded as if it existed.
{shortlist}Answer with JSON only: {{"codes": ["...", "..."]}}"""

SHORTLIST = """\
- The candidate codes come from a search; most of them do not apply. Choose among them; where the \
right code is missing, give it from memory. Give the codes alone.
"""


BRIEF = "Give the codes of what the note documents for today. Answer in JSON."


def messages(item: Item, prompt_variant: str = "shortlist") -> list[dict[str, str]]:
    """The prompt: developer then user message, built without the reference answer."""
    shown = item.candidates if prompt_variant != "open" else []
    rules = INSTRUCTIONS.format(shortlist=SHORTLIST if shown else "")
    lines = [f"Encounter: {item.setting}, {item.encounter_date}, code set {item.release}."]
    lines += ["", "Note:", item.note]
    if shown:
        lines += ["", "Candidate codes:", *(f"{c.code} {c.description}" for c in shown)]
    if prompt_variant == "brief":
        rules = BRIEF
        lines = [item.note, *(f'{c.description}: "{c.code}"' for c in shown)]
    return [
        {"role": "developer", "content": rules},
        {"role": "user", "content": "\n".join(lines)},
    ]


def gold(item: Item) -> Answer:
    """The reference answer in the form that the model must use."""
    return Answer(codes=item.reference_answer.codes)


def labels(item: Item) -> list[str]:
    """The reference codes, for the check of label skew."""
    return item.reference_answer.codes


def slices(item: Item) -> dict[str, str]:
    """Groups that reports break the score down by."""
    n = len(item.reference_answer.codes)
    size = "none" if n == 0 else "1" if n == 1 else "2-3" if n <= 3 else "4 or more"
    first = chapter(item.reference_answer.codes[0]) if n else "none"
    return {"setting": item.setting, "reference codes": size, "chapter of the first code": first}


def display(item: Item, answer: Answer) -> list[str]:
    """The codes as reports show them, with their descriptions as far as the row has them."""
    descriptions = {c.code: c.description for c in item.candidates}
    return [f"{c} {descriptions.get(c, '')}".rstrip() for c in map(dotted, answer.codes)]


def review_fields(item: Item) -> dict[str, Any]:
    """How experts fill in an answer on the review page: codes are searched for."""
    return {"codes[]": search_codes}


def search_codes(words: str) -> list[tuple[str, str]]:
    """(code, description) of the codes that begin like `words`, or that their descriptions name."""
    from task.tools import shortlist  # the index takes a second to load

    index = shortlist.load_index()
    start, terms = dotted(words), words.lower().split()
    codes = [
        code
        for code, description in zip(index.codes, index.descriptions, strict=True)
        if code.startswith(start) or all(term in description.lower() for term in terms)
    ][:20] or shortlist.search(index, words, 20)
    notes = {code: "" if index.is_billable(code) else " (not billable)" for code in codes}
    return [(code, index.descriptions[index.place[code]] + notes[code]) for code in codes]


def dotted(code: str) -> str:
    """A code as rows write it: 'e119 ' -> 'E11.9'. Anything else comes back in upper case."""
    bare = code.strip().upper().replace(".", "")
    return bare if len(bare) <= 3 else f"{bare[:3]}.{bare[3:]}"


def below(code: str, root: str) -> bool:
    """True when `code` is `root` or is below it in the code set ('E11.9' below 'E11')."""
    return code.replace(".", "").startswith(root.replace(".", ""))


def check_item(item: Item) -> list[str]:
    """Return what is wrong with a row, one full sentence each."""
    return [*_lists(item), *_note(item), *_release(item)]


def _lists(item: Item) -> list[str]:
    gold = item.reference_answer.codes
    faults: list[str] = []
    named = {
        "reference_answer": gold,
        "optional": item.optional,
        "must_not_code": item.must_not_code,
        "candidates": [c.code for c in item.candidates],
        "near_misses": item.near_misses,
    }
    for name, codes in named.items():
        faults += [
            f"{name} holds '{c}', which is not written like a code; write it as in 'E11.9'."
            for c in codes
            if not CODE.fullmatch(c)
        ]
        faults += [
            f"{name} holds '{c}' twice; remove one of them."
            for c in sorted({c for c in codes if codes.count(c) > 1})
        ]
    faults += [
        f"'{c}' is a reference code and optional; remove one of them."
        for c in gold
        if c in item.optional
    ]
    faults += [
        f"must_not_code lists '{root}', which forbids the reference code '{c}'; remove one of them."
        for root in item.must_not_code
        for c in gold
        if below(c, root)
    ]
    faults += [
        f"The reference holds '{a}' and '{b}', which stands below it: '{a}' is not billable."
        for a in gold
        for b in gold
        if a != b and below(b, a)
    ]
    faults += [
        f"near_misses holds '{c}', which is a reference code or in no category of one; remove it."
        for c in item.near_misses
        if c in gold or c[:3] not in {g[:3] for g in gold}
    ]
    return faults


def _note(item: Item) -> list[str]:
    faults = [
        f"The evidence of '{e.code}' is not in the note word for word: '{e.span}'."
        for e in item.evidence
        if e.span not in item.note or not e.span.strip()
    ]
    gold = item.reference_answer.codes
    faults += [
        f"Evidence is given for '{e.code}', which is not a reference code."
        for e in item.evidence
        if e.code not in gold
    ]
    if item.evidence:
        faults += [
            f"The reference code '{c}' has no evidence; add the words of the note that carry it."
            for c in gold
            if c not in {e.code for e in item.evidence}
        ]
    stated = {m.group() for m in _SPELLED.finditer(item.note)}
    for code in {*gold, *item.optional, *item.must_not_code}:
        bare = code.replace(".", "")
        if len(bare) >= 3 and re.search(rf"\b{re.escape(bare)}\b", item.note, re.IGNORECASE):
            stated.add(bare)
    faults += [
        f"The note states a code ('{text}'), which gives the answer away; describe it in words."
        for text in sorted(stated)
    ]
    return faults


def _release(item: Item) -> list[str]:
    if item.release not in RELEASES:
        known = ", ".join(RELEASES)
        return [f"release '{item.release}' is not one of {known}; add it to RELEASES in schema.py."]
    first, last = RELEASES[item.release]
    if not first <= item.encounter_date <= last:
        return [
            f"encounter_date {item.encounter_date} is outside release {item.release} "
            f"({first} to {last})."
        ]
    return []
