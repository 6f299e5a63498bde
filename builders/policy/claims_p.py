"""The claims of the partnership cases."""

from __future__ import annotations

from claims import Claim, Topic

TOPICS = {
    "proration": Topic(
        Claim(
            "Says that the gain on the building goes to the partners of the day of its sale.",
            (
                "The gain on the building goes to those who were partners on the day it was sold.",
                "The building is an extraordinary item and belongs to that day's partners.",
                "Only the partners of the day bear the gain on the building.",
            ),
            (
                "The gain on the building is spread over the year like everything else.",
                "The gain on the building goes to the partners of December 31.",
            ),
        ),
        Claim(
            "Says that the share of liabilities taken over counts as part of what {a} realizes.",
            (
                "{a} also realizes the share of the liabilities that {c} took over.",
                "Relief from the firm's debt is added to the cash.",
                "The amount realized is cash plus the liabilities shifted to {c}.",
            ),
            (
                "{a} realizes the cash and nothing else.",
                "The firm's debt has no bearing on what {a} realizes.",
            ),
        ),
        ("IRC 706(d)", "Reg. 1.706-4"),
        "IRC 1377(a)(1)",
        Claim(
            "Says that {c} bears the day of the sale.",
            (
                "The day of the sale is {c}'s.",
                "{c} is the partner from the day of the sale on, that day included.",
            ),
        ),
    ),
    "interim closing": Topic(
        Claim(
            "Says that the books are closed because the partners agreed on no other method.",
            (
                "As the partners agreed on no method, the books are closed at the sale.",
                "Interim closing is what applies where nothing was agreed.",
                "Without an agreement to prorate, the year has to be cut at the sale.",
            ),
            (
                "As the partners agreed on no method, the year is prorated.",
                "Closing the books would need an agreement, which is missing.",
            ),
        ),
        Claim(
            "Says that the share of liabilities taken over counts as part of what {a} realizes.",
            (
                "{a} also realizes the share of the liabilities that {c} took over.",
                "Relief from the firm's debt is added to the cash.",
                "The amount realized is cash plus the liabilities shifted to {c}.",
            ),
            (
                "{a} realizes the cash and nothing else.",
                "The firm's debt has no bearing on what {a} realizes.",
            ),
        ),
        ("IRC 706(d)", "Reg. 1.706-4"),
        "IRC 1377(a)(2)",
        Claim(
            "Says that {c} bears the day of the sale.",
            (
                "The day of the sale is {c}'s.",
                "{c} is the partner from the day of the sale on, that day included.",
            ),
        ),
    ),
    "outside basis": Topic(
        Claim(
            "Says that a share of the bank loan adds to a partner's basis.",
            (
                "Each partner's share of the bank loan adds to basis.",
                "The firm's borrowing counts as money the partners put in.",
                "The recourse loan raises outside basis in proportion to the interests.",
            ),
            (
                "The bank loan leaves the partners' bases as they are.",
                "Only money a partner lends directly would add to basis.",
            ),
        ),
        Claim(
            "Says that {a}'s loss beyond basis is carried forward.",
            (
                "{a}'s loss beyond basis waits for a later year.",
                "What {a} cannot use now is carried forward.",
                "The excess of {a} is suspended until there is basis.",
            ),
            (
                "{a}'s loss beyond basis is lost for good.",
                "{a} has negative basis at the end of the year.",
            ),
        ),
        ("IRC 704(d)", "Reg. 1.704-1(d)"),
        "IRC 1366(d)(1)",
        Claim(
            "Says that tax-exempt interest does not raise basis.",
            (
                "Tax-exempt interest does not raise the partners' bases.",
                "The bond interest is left out of basis because it is not taxed.",
            ),
        ),
    ),
    "partnership distribution": Topic(
        Claim(
            "Says that draws against the year's income count as distributed on the last day of the "
            "year.",
            (
                "Draws against the year's income count as paid on its last day.",
                "The advances are looked at on December 31, not when they were taken.",
                "For basis, the draws happen at the close of the taxable year.",
            ),
            (
                "Draws count on the day they are taken, before any income.",
                "The advances are loans and never become distributions.",
            ),
        ),
        Claim(
            "Says that {a} recognizes no gain on the land.",
            (
                "{a} recognizes no gain on the land.",
                "Receiving the land is not a taxable event for {a}.",
                "The rise in value of the land is not taxed to {a} for now.",
            ),
            (
                "{a} is taxed on the value of the land.",
                "{a} recognizes the rise in value of the land as capital gain.",
            ),
        ),
        ("IRC 731(a)", "Reg. 1.731-1"),
        "IRC 1368(b)",
        Claim(
            "Says that {b}'s cash is not taxed at all.",
            (
                "{b}'s cash is free of tax in full.",
                "Nothing of what {b} drew is taxed.",
            ),
        ),
    ),
    "special allocation": Topic(
        Claim(
            "Says that the allocation to {a} is respected only down to a capital account of zero.",
            (
                "The allocation to {a} is respected until the capital account is down to zero.",
                "{a} can be given depreciation only as long as the capital account stays at or "
                "above zero.",
                "Beyond an empty capital account the allocation to {a} fails.",
            ),
            (
                "The allocation to {a} is respected whatever becomes of the capital account.",
                "The allocation to {a} fails as a whole.",
            ),
        ),
        Claim(
            "Says that {b} bears the rest of the depreciation.",
            (
                "The rest of the depreciation falls on {b}.",
                "{b} takes what is left of the deduction.",
                "What cannot go to the other partner is reallocated to {b}.",
            ),
            (
                "The rest of the depreciation may be deducted by nobody.",
                "What is left of the deduction waits for next year.",
            ),
        ),
        ("IRC 704(b)", "Reg. 1.704-1(b)(2)(ii)(d)"),
        "IRC 704(c)",
        Claim(
            "Says that {a} has to restore a deficit.",
            (
                "{a} has to make good any deficit on liquidation.",
                "A duty of {a} to restore a deficit supports the allocation.",
            ),
        ),
    ),
}
