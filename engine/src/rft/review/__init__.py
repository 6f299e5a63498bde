"""`rft review`: a local page on which experts check, answer, mark and read, without a terminal.

What experts save goes to plain files of the project: corrections to the rows themselves, blind
answers to task/human.jsonl, marks to task/calibration.jsonl, and every opinion that is not settled
yet to task/reviews.jsonl. Everything that rows, answers and settings hold is text on the page.
"""
