"""Exact arithmetic of S corporations and partnerships: allocations, basis, distributions, gain.

Input and output are integer cents; between them are fractions, so rounding loses nothing.
Losses, deductions and distributions are positive numbers. Each function names the section it
follows; tests/test_solver.py works the examples of the regulations.
"""

from solver.accounts import Layers, distribute
from solver.ownership import (
    Lot,
    closing_of_the_books,
    extraordinary,
    may_close_the_books,
    per_share_per_day,
)
from solver.partner import (
    Interest,
    PartnerOutcome,
    PartnerYear,
    contributed,
    in_kind,
    partner_year,
    sale_of_interest,
    spread_loss,
)
from solver.rounding import days, pro_rata, round_to_total
from solver.shareholder import (
    Basis,
    Outcome,
    Shares,
    gain_on_sale,
    reduce_notes,
    restore_notes,
    roll,
)
from solver.special import Capital, capped_deduction

__all__ = [
    "Basis",
    "Capital",
    "Interest",
    "Layers",
    "Lot",
    "Outcome",
    "PartnerOutcome",
    "PartnerYear",
    "Shares",
    "capped_deduction",
    "closing_of_the_books",
    "contributed",
    "days",
    "distribute",
    "extraordinary",
    "gain_on_sale",
    "in_kind",
    "may_close_the_books",
    "partner_year",
    "per_share_per_day",
    "pro_rata",
    "reduce_notes",
    "restore_notes",
    "roll",
    "round_to_total",
    "sale_of_interest",
    "spread_loss",
]
