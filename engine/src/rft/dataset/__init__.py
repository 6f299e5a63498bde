"""Rows, splits and every check on them. `load` reads one file, `checks` judges all of them,
`write` refreshes the stored prompts.

    split, findings = load_split("train", Path("task/data/train.jsonl"), Item)
    findings += check_splits([split, ...], messages_fn=messages, ...)

Nothing here stops at the first fault: every finding names file, line, field and remedy.
"""

from rft.dataset.checks import check_splits
from rft.dataset.load import Row, Split, dataset_hash, load_split
from rft.dataset.split_checks import ROW_LIMITS
from rft.dataset.write import write_messages
from rft.findings import Finding

__all__ = [
    "ROW_LIMITS",
    "Finding",
    "Row",
    "Split",
    "check_splits",
    "dataset_hash",
    "load_split",
    "write_messages",
]
