"""The possible statements of an analysis about a case: claims, each phrased in several ways.

A claim is a judged criterion. Its phrasings are pieces of text that are known to meet or to miss
it, so that model answers and calibration answers can be assembled with labels that are right by
construction. No phrasing addresses another claim of its topic. {a}, {b}, {c} are the
people of the case, {lack} is the fact that is missing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One judged criterion: the sentence a judge decides, and how it is said right or wrong."""

    text: str
    met: tuple[str, ...]
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Topic:
    """The claims of a kind of case. `rule` and `use` earn points, `never` costs some."""

    rule: Claim
    use: Claim
    sections: tuple[str, str]
    """The authority, in two spellings of the same rule; naming one of them is enough."""
    wrong_section: str
    never: Claim

    @property
    def authority(self) -> Claim:
        """The claim that the right section is named."""
        one, two = self.sections
        return Claim(
            f"Names {one} or {two} as an authority.",
            (
                f"Authority: {one}.",
                f"This rests on {two}.",
                f"See {one} and {two}.",
                f"The governing provision is section {one.removeprefix('IRC ')} of the Code."
                if one.startswith("IRC ")
                else f"The governing provision is {one}.",
            ),
            (
                f"Authority: {self.wrong_section}.",
                f"This rests on {self.wrong_section}.",
                f"The governing provision is {self.wrong_section}.",
            ),
        )


LACKS = {
    "opening_basis": "the seller's opening stock basis",
    "sale_price": "the price of the shares",
    "sale_date": "the date of the sale",
    "books_at_sale": "the income of the two periods",
}
"""The missing facts in the wording of the claims."""
