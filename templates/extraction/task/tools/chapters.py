"""The chapters of ICD-10-CM, to break figures down by."""

from __future__ import annotations

_CHAPTERS = [
    ("A00", "B99", "infectious"), ("C00", "D49", "neoplasms"), ("D50", "D89", "blood"),
    ("E00", "E89", "endocrine"), ("F01", "F99", "mental"), ("G00", "G99", "nervous"),
    ("H00", "H59", "eye"), ("H60", "H95", "ear"), ("I00", "I99", "circulatory"),
    ("J00", "J99", "respiratory"), ("K00", "K95", "digestive"), ("L00", "L99", "skin"),
    ("M00", "M99", "musculoskeletal"), ("N00", "N99", "genitourinary"), ("O00", "O9A", "pregnancy"),
    ("P00", "P96", "perinatal"), ("Q00", "QA0", "congenital"), ("R00", "R99", "symptoms"),
    ("S00", "T88", "injury"), ("U00", "U85", "special"), ("V00", "Y99", "external causes"),
    ("Z00", "Z99", "factors"),
]  # fmt: skip
"""First and last category of each, and a short name. Categories sort as text: 'Q99' < 'QA0'."""

NAMES = [name for _, _, name in _CHAPTERS]


def chapter(code: str) -> str:
    """The chapter of a code by its category; 'none' for a code outside all chapters."""
    category = code[:3]
    return next((name for low, high, name in _CHAPTERS if low <= category <= high), "none")
