"""The claims of the S-corporation cases."""

from __future__ import annotations

from claims import Claim, Topic

TOPICS = {
    "per-share-per-day": Topic(
        Claim(
            "Says that the seller counts as the shareholder on the day of the sale.",
            (
                "{a} still counts as the shareholder on the very day of the sale.",
                "The day of disposition belongs to the seller.",
                "The days run for {a} through the sale date, that day included.",
            ),
            (
                "{c} already counts as the shareholder on the day of the sale.",
                "The day of disposition belongs to the buyer.",
            ),
        ),
        Claim(
            "Says that each item is spread evenly over the days of the whole year.",
            (
                "Every item is spread in equal amounts over all days of the year.",
                "It does not matter when the money was earned: each day of the year bears the same "
                "amount.",
                "An equal portion of each item is assigned to each day of the taxable year.",
            ),
            (
                "Each item goes to whoever held the shares when it was earned.",
                "The capital gain falls on the day the land was sold and is not spread.",
            ),
        ),
        ("IRC 1377(a)(1)", "Reg. 1.1377-1(a)(1)"),
        "IRC 1377(a)(2)",
        Claim(
            "Says that the books are closed on the day of the sale.",
            (
                "The books are closed as of the sale, so two short years result.",
                "We close the books on the day {a} sold.",
            ),
        ),
    ),
    "closing of the books": Topic(
        Claim(
            "Says that the year is treated as two taxable years, the first ending on the day of "
            "the sale.",
            (
                "The year is treated as two taxable years; the first ends with the day of the "
                "sale.",
                "There are two periods, cut at the end of the day on which {a} sold.",
                "The taxable year is split in two, the earlier part closing on the sale date.",
            ),
            (
                "The year is split at the end of the month of the sale.",
                "The taxable year stays one whole in spite of the sale.",
            ),
        ),
        Claim(
            "Says that {c} bears no item of the first period.",
            (
                "{c} bears nothing of what was earned in the first period.",
                "Nothing from the time before the purchase reaches {c}.",
                "For {c} only the second period counts.",
            ),
            (
                "{c} bears a part of the first period as well.",
                "{c} takes up items of the whole year in proportion to days.",
            ),
        ),
        ("IRC 1377(a)(2)", "Reg. 1.1377-1(b)"),
        "IRC 1377(a)(1)",
        Claim(
            "Says that the election is not available.",
            (
                "The election is not available here and must be disregarded.",
                "No election to close the books can be made on these facts.",
            ),
        ),
    ),
    "election not available": Topic(
        Claim(
            "Says that {a}'s interest does not end with the sale.",
            (
                "{a} keeps shares, so the interest does not end.",
                "{a} remains a shareholder after the sale.",
                "The sale does not terminate {a}'s entire interest.",
            ),
            (
                "With the sale {a}'s interest in the corporation comes to an end.",
                "{a} is no longer a shareholder after the sale.",
            ),
        ),
        Claim(
            "Says that less than 20 percent of the stock was sold.",
            (
                "Less than a fifth of the outstanding stock changed hands.",
                "The block sold stays under the 20 percent mark.",
                "Fewer than 20 percent of the shares were disposed of.",
            ),
            (
                "More than a fifth of the outstanding stock changed hands.",
                "The block sold passes the 20 percent mark.",
            ),
        ),
        ("IRC 1377(a)(1)", "Reg. 1.1377-1(a)(1)"),
        "IRC 1377(a)(2)",
        Claim(
            "Says that the signed statement closes the books.",
            (
                "Since everybody signed, the books are closed on that day.",
                "The signed statement is a valid election, which cuts the year in two.",
            ),
        ),
    ),
    "distribution beyond basis": Topic(
        Claim(
            "Says that the distribution is taken into account before the loss.",
            (
                "The distribution comes first, the loss after it.",
                "Basis pays for the distribution before any of the loss is allowed.",
                "In the order of adjustments, losses stand behind distributions.",
            ),
            (
                "The loss comes first, the distribution after it.",
                "Basis is reduced by the loss before the distribution is measured.",
            ),
        ),
        Claim(
            "Says that the part of the distribution beyond stock basis is gain from a sale.",
            (
                "What {a} receives beyond basis is gain, as if stock had been sold.",
                "The excess over stock basis is taxed as gain from a sale or exchange.",
                "Beyond basis, the cash counts as proceeds of a sale of stock.",
            ),
            (
                "What {a} receives beyond basis is an ordinary dividend.",
                "The excess over stock basis is simply carried to next year.",
            ),
        ),
        ("IRC 1368(b)", "Reg. 1.1367-1(f)"),
        "IRC 1368(c)",
        Claim(
            "Says that tax-exempt interest does not raise stock basis.",
            (
                "Tax-exempt interest does not raise the basis of the stock.",
                "The bond interest is left out of basis because it is not taxed.",
            ),
        ),
    ),
    "distribution before 1997": Topic(
        Claim(
            "Says that in this year losses were taken into account before distributions.",
            (
                "In this year the loss still came before the distribution.",
                "Under the ordering of that time, basis was reduced by losses first.",
                "The law of the year puts distributions behind losses.",
            ),
            (
                "In this year as today, the distribution comes before the loss.",
                "Basis pays for the distribution before any of the loss is allowed.",
            ),
        ),
        Claim(
            "Says that the rule was changed for years beginning after 1996.",
            (
                "For years beginning after 1996 the order was turned round.",
                "The change came only with taxable years after December 31, 1996.",
                "The 1996 Act reversed this, but only for later years.",
            ),
            (
                "The order has been the same since subchapter S was written.",
                "The order was turned round in 2018.",
            ),
        ),
        ("IRC 1368(d)", "Reg. 1.1367-1(e)"),
        "IRC 1368(c)",
        Claim(
            "Says that tax-exempt interest does not raise stock basis.",
            (
                "Tax-exempt interest does not raise the basis of the stock.",
                "The bond interest is left out of basis because it is not taxed.",
            ),
        ),
    ),
    "earnings and profits": Topic(
        Claim(
            "Says that the part beyond the accumulated adjustments account is a dividend as far as "
            "earnings and profits reach.",
            (
                "What exceeds the accumulated adjustments account is a dividend out of the old "
                "earnings and profits.",
                "Once the account is used up, the C-year earnings are paid out as a dividend.",
                "The second layer is a taxable dividend from accumulated earnings and profits.",
            ),
            (
                "What exceeds the accumulated adjustments account is capital gain at once.",
                "The C-year earnings come out first, as a dividend, before the account.",
            ),
        ),
        Claim(
            "Says that tax-exempt interest stays out of the accumulated adjustments account.",
            (
                "Tax-exempt interest does not enter the accumulated adjustments account.",
                "The municipal interest is kept out of the AAA.",
                "The account takes no notice of exempt income.",
            ),
            (
                "Tax-exempt interest is added to the accumulated adjustments account.",
                "The municipal interest enters the AAA like any other income.",
            ),
        ),
        ("IRC 1368(c)", "Reg. 1.1368-1(d)(1)"),
        "IRC 1368(b)(2)",
        Claim(
            "Says that the dividend reduces stock basis.",
            (
                "The dividend also reduces the basis of the stock.",
                "Stock basis goes down by the whole payment, dividend included.",
            ),
        ),
    ),
    "debt basis": Topic(
        Claim(
            "Says that losses are allowed against stock basis before debt basis.",
            (
                "The loss is set against stock first, then against the note.",
                "Only what the stock cannot absorb reaches the loan.",
                "Stock basis is exhausted before the basis of the loan is touched.",
            ),
            (
                "The loss is set against the note first, then against stock.",
                "Stock and note bear the loss in equal parts.",
            ),
        ),
        Claim(
            "Says that {b}'s loss beyond basis is carried forward.",
            (
                "{b}'s loss beyond basis waits for a later year.",
                "What {b} cannot use now is carried forward without limit of time.",
                "The excess of {b} is suspended until there is basis.",
            ),
            (
                "{b}'s loss beyond basis is lost for good.",
                "{b} may carry the excess back to the preceding year.",
            ),
        ),
        ("IRC 1366(d)(1)", "Reg. 1.1366-2(a)(1)"),
        "IRC 465(a)",
        Claim(
            "Treats {b}'s guarantee as basis.",
            (
                "{b}'s guarantee adds to basis like a loan.",
                "Having guaranteed the bank's loan, {b} has debt basis in its amount.",
            ),
        ),
    ),
    "restored debt basis": Topic(
        Claim(
            "Says that a net increase restores debt basis before stock basis.",
            (
                "A net increase restores the note before it adds to stock.",
                "Debt basis is refilled first, stock comes after it.",
                "What the loss took from the loan is given back ahead of the stock.",
            ),
            (
                "A net increase adds to stock before it restores the note.",
                "Debt basis, once reduced, is never restored.",
            ),
        ),
        Claim(
            "Says that the loss carried forward counts as incurred in the second year.",
            (
                "The loss carried forward is treated as incurred in the second year.",
                "In the later year the old loss comes up again as if it arose then.",
                "The suspended loss is a loss of the following year.",
            ),
            (
                "The loss carried forward may only be used against capital gain.",
                "The suspended loss goes back to the year in which it arose.",
            ),
        ),
        ("IRC 1367(b)(2)(B)", "Reg. 1.1367-2(c)"),
        "IRC 1368(c)",
        Claim(
            "Says that the distribution is a taxable dividend.",
            (
                "The distribution is taxed as a dividend.",
                "{a} has dividend income from the distribution.",
            ),
        ),
    ),
    "two notes": Topic(
        Claim(
            "Says that the excess reduces both notes in proportion to their bases.",
            (
                "The excess is shared between the notes in proportion to their bases.",
                "Both loans give way at the same rate.",
                "Each note bears that part of the excess which its basis is of both together.",
            ),
            (
                "The excess uses up the older note before the newer one.",
                "Each note bears half of the excess whatever its size.",
            ),
        ),
        Claim(
            "Says that the nondeductible expenses reduce basis before the loss.",
            (
                "Fines and dues reduce basis ahead of the loss.",
                "The nondeductible items are taken off before the loss is looked at.",
                "First the expenses that nobody may deduct, then the loss.",
            ),
            (
                "Fines and dues leave basis as it is.",
                "The nondeductible items are taken off after the loss.",
            ),
        ),
        ("IRC 1367(b)(2)(A)", "Reg. 1.1367-2(b)"),
        "IRC 1368(b)",
        Claim(
            "Treats the co-signed bank loan as basis.",
            (
                "The bank loan that {a} co-signed counts as basis too.",
                "By co-signing, {a} has further debt basis in the bank loan.",
            ),
        ),
    ),
    "missing fact": Topic(
        Claim(
            "Asks the client for {lack}.",
            (
                "Please let us have {lack}.",
                "Before we go on: could you tell us {lack}?",
                "We have to ask the client for {lack}.",
            ),
            (
                "Nothing needs to be asked; the file is complete.",
                "We need no further information from the client.",
            ),
        ),
        Claim(
            "Says that some of the figures cannot be given yet.",
            (
                "Some of the figures cannot be given yet.",
                "Part of the result has to stay open for now.",
                "We leave blank what cannot be worked out so far.",
            ),
            (
                "All figures are final.",
                "Every figure asked for can be worked out from the file.",
            ),
        ),
        ("IRC 1377(a)", "Reg. 1.1377-1"),
        "IRC 1368(b)",
        Claim(
            "Says that {lack} is assumed.",
            (
                "In place of {lack} we put an assumed value.",
                "We have assumed {lack} and worked on from there.",
            ),
        ),
    ),
}
