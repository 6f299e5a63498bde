"""How the search reads text: the words of a note, or of a term of the code set, as word stems.

Both sides go through `stems`, so that 'haemorrhages' in a note finds 'hemorrhage' in the code set.
Add the words of your own notes to vocabulary.txt (the index is rebuilt when it changes).
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

VOCABULARY = Path(__file__).with_name("vocabulary.txt")
SAID = dict(
    line.split(": ", 1) for line in VOCABULARY.read_text(encoding="utf-8").splitlines() if line
)
"""What notes say (abbreviations, drugs, everyday words) -> the words of the code set for it."""

_SPELLINGS = [
    ("haem", "hem"), ("aem", "em"), ("oed", "ed"), ("oea", "ea"), ("rrhoe", "rrhe"),
    ("oes", "es"), ("paed", "ped"), ("gynae", "gyne"), ("anae", "ane"), ("foet", "fet"),
    ("our", "or"), ("caes", "ces"), ("sulph", "sulf"), ("faec", "fec"), ("isation", "ization"),
    ("ised", "ized"), ("fibre", "fiber"), ("litre", "liter"), ("goitre", "goiter"),
]  # fmt: skip
"""British to American, which the code set writes."""

_WORD = re.compile(r"[a-z0-9]+")
_STOP = frozenset(
    _WORD.findall(
        """
    a an and are as at be been before by but during for from had has have he her him his i in
    into is it its nor not of on or other she since than that the their them then there this to
    was were which who will after any all also code codes specified classified elsewhere
    uncomplicated complication complications unspecified nec nos due identify applicable if use
    """
    )
)
_PLURAL = re.compile(r"(?<=[a-z]{3})(?<!s)s$")
_SUFFIX = re.compile(r"(ically|ical|ic|ous|ive|ions?|ings?|ed|es|al|ly|y|ia|is|e|a|um|us)$")


def stems(text: str) -> list[str]:
    """The stems of a text in its order, words of the vocabulary replaced, stop words left out.

    'Fractures of L radius' -> ['fractur', 'left', 'radi']
    """
    words = (w for found in _WORD.findall(text.lower()) for w in _spelt_out(found))
    return [_stem(word) for word in words if word not in _STOP]


def _spelt_out(word: str) -> list[str]:
    return SAID.get(word, word).split()


@functools.lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    for british, american in _SPELLINGS:
        word = word.replace(british, american)
    word = _PLURAL.sub("", word)
    cut = _SUFFIX.sub("", word)
    return cut if len(cut) >= 4 else word
