"""The criteria of a rubric, and the codes for what a case may lack."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Unit = Literal["cents", "percent_bp", "days", "count"]
Group = Literal["allocation", "basis", "distribution", "gain", "question", "law"]

JUDGED_SHARE = Decimal("0.30")
"""The judged part of the positive weights, the same in every case: grader.json weighs its two
graders with constants."""

MISSING = {
    "opening_basis": "what an owner's basis was when the year began",
    "sale_price": "what was paid for shares or an interest",
    "sale_date": "the day on which shares or an interest were sold",
    "books_at_sale": "the results of the periods before and after a sale",
    "shares_held": "who holds how much",
    "loan_amount": "what an owner has lent",
    "aaa": "the accumulated adjustments account",
    "earnings_and_profits": "accumulated earnings and profits",
    "liabilities": "an owner's share of the liabilities",
    "capital_accounts": "the capital accounts",
}
"""What a case may lack, by the code that an answer lists."""


class Strict(BaseModel):
    """A model that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


class Numeric(Strict):
    """Met when the figure is answered once and within `tolerance` of `expected`; an `expected` of
    null asks for the answer null."""

    kind: Literal["numeric"]
    id: str
    weight: str
    """Decimal string; positive weights of a rubric sum to exactly 1, negative ones are allowed."""
    group: Group
    figure: str
    expected: int | None
    unit: Unit
    tolerance: int = Field(ge=0)
    rounding: Literal["exact", "largest remainder"] = "largest remainder"
    """How the expected value was rounded to its unit; the tolerance allows for other ways."""
    part_of: str = ""
    """The item that the criteria of this name divide; their parts must add up to `total`."""
    total: int | None = None
    text: str


class Missing(Strict):
    """Met when the answer lists exactly these codes of MISSING."""

    kind: Literal["missing"]
    id: str
    weight: str
    group: Group = "question"
    expected: list[str] = Field(min_length=1)
    text: str


class Judged(Strict):
    """Met when a judge finds that the answer does what `text` says."""

    kind: Literal["judged"]
    id: str
    weight: str
    group: Group = "law"
    text: str


Criterion = Annotated[Numeric | Missing | Judged, Field(discriminator="kind")]


def judged_text(rubric: Sequence[Criterion]) -> str:
    """The judged criteria as the judge reads them: `j1 [0.10] sentence`, one per line."""
    return "\n".join(f"{c.id} [{c.weight}] {c.text}" for c in rubric if c.kind == "judged")
