"""The search: which codes of the whole code set a note may be about, found by their own terms.

The terms are what simple-icd-10-cm carries: descriptions, inclusion terms, and the phrases that
stand before a code in the notes of other codes ('insulin (Z79.4)'), which serve as an index. They
are weighted by TF-IDF (scikit-learn) and kept in the user's cache folder: building takes seconds,
loading a tenth of a second. The search sees the reference answer only through `must`.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import importlib.util
import itertools
import os
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein
from scipy import sparse

from rft.task import cache_folder
from task.tools import words

SIZE = 40
"""Candidates in a prompt."""
LIBRARY = "simple_icd_10_cm"

_FORMAT = "2"
"""Change this when `build_index` changes: an index of another format is not read."""
_PER_CATEGORY = 4
"""Families of codes taken from one three-character category, so that none fills the list."""
_SEVENTHS = 2
"""7th characters shown of one family."""
_INHERITED = 0.85
"""Weight of a term of a category for a code one level below it."""
_WHOLE_NOTE = 0.3
"""Weight of words found anywhere in the note, relative to those found in one clause."""
_SPELLING = 0.85
"""The likeness to a known word from which an unknown word is read as that word."""
_CLAUSE = re.compile(r"[.;:\n()]|, | - ")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_SYNONYM = re.compile(r"\[([^\[\]]*)\]")
_REFERENCE = re.compile(r"(.*?)\s*\(([A-Z][0-9A][0-9A-Z][^()]*)\)\s*")

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Index:
    """The code set from category downwards (in its own order), and its terms. n codes, m terms."""

    codes: list[str]
    descriptions: list[str]
    parent: Ints
    """(n,) position of the code above; -1 for a category."""
    billable: NDArray[np.bool_]
    extended: NDArray[np.bool_]
    """(n,) True for a code with a 7th character: its family is the code above it."""
    words: list[str]
    idf: NDArray[np.float64]
    terms: sparse.csr_matrix
    """(m, words) weights of the words of each term."""
    owner: Ints
    """(m,) position of the code that a term stands for."""

    @functools.cached_property
    def place(self) -> dict[str, int]:
        """Position of each code."""
        return {code: i for i, code in enumerate(self.codes)}

    @functools.cached_property
    def word_place(self) -> dict[str, int]:
        """Position of each word."""
        return {word: i for i, word in enumerate(self.words)}

    @functools.cached_property
    def billable_below(self) -> dict[str, list[str]]:
        """The billable codes of each three-character category."""
        codes: dict[str, list[str]] = {}
        for i in np.flatnonzero(self.billable):
            codes.setdefault(self.codes[i][:3], []).append(self.codes[i])
        return codes

    def is_billable(self, code: str) -> bool:
        """True for a code that may be submitted as it is."""
        return code in self.place and bool(self.billable[self.place[code]])


def shortlist(
    index: Index, note: str, size: int = SIZE, must: Sequence[str] = ()
) -> list[dict[str, str]]:
    """Return at most `size` candidates in code order, so that a code's place gives nothing away.

    `must`: codes that take the place of the last ones found if they were not found themselves.
    """
    found = search(index, note, size)
    absent = [code for code in dict.fromkeys(must) if code not in found]
    kept = [c for c in found if c in must] + [c for c in found if c not in must]
    chosen = kept[: max(size - len(absent), 0)] + absent
    return [
        {"code": code, "description": index.descriptions[index.place[code]]}
        for code in sorted(chosen)
    ]


def near_misses(index: Index, gold: Sequence[str], most: int = 60) -> list[str]:
    """The billable codes beside each reference code in its category, at most `most` each, closest
    (longest common beginning) first; in code order."""
    near: set[str] = set()
    for code in gold:
        others = [c for c in index.billable_below.get(code[:3], ()) if c not in gold]
        near.update(sorted(others, key=lambda c: (-_common(c, code), c))[:most])
    return sorted(near)


def _common(a: str, b: str) -> int:
    """Length of the common beginning."""
    return sum(
        1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))
    )


def search(index: Index, note: str, size: int = SIZE) -> list[str]:
    """Return billable codes for a note, best first; fewer than `size` when the note says little."""
    clauses = [c.strip() for c in _CLAUSE.split(note) if len(c.strip()) > 2]
    clauses += [f"{a} {b}" for a, b in itertools.pairwise(clauses)]
    whole = _scores(index, [note])
    score = _scores(index, clauses) + _WHOLE_NOTE * whole
    for _ in range(4):  # category to 6th character
        above = np.where(index.parent >= 0, score[index.parent], 0.0)
        score = np.maximum(score, _INHERITED * above)
    # Of equal ones, the code that shares more words with the note, then the unspecified one.
    unspecified = np.array([code.endswith("9") for code in index.codes])
    ranked = np.round(score + 0.05 * whole + 0.02 * (unspecified & (score > 0)), 5)
    ranked[index.extended] = 0  # their families stand for them
    found: list[str] = []
    taken: Counter[str] = Counter()
    said = set(words.stems(note))
    for i in np.argsort(-ranked, kind="stable"):
        family, category = int(i), index.codes[i][:3]
        if ranked[i] <= 0 or len(found) >= size:
            break
        members = _members(index, family, said)
        if members and taken[category] < _PER_CATEGORY:
            taken[category] += 1
            found += members
    return found[:size]


def _members(index: Index, family: int, said: set[str]) -> list[str]:
    """The billable codes of a family: itself, or the likeliest 7th characters of it."""
    if index.billable[family]:
        return [index.codes[family]]
    below = np.flatnonzero((index.parent == family) & index.extended)
    if not below.size:
        return []

    def unlike(i: int) -> int:
        return -len(said & set(words.stems(index.descriptions[i].rpartition(",")[2])))

    first, *_ = ranked = sorted(map(int, below), key=unlike)
    chosen = [first, int(below[0])] if first != below[0] else ranked[:_SEVENTHS]
    return [index.codes[i] for i in chosen]


def _scores(index: Index, texts: Sequence[str]) -> NDArray[np.float64]:
    """(n,) for each code: how well its best term is covered by the best of the texts.

    A term with weights w (a vector) of which the words in W are found counts
    sum(w_W^2)^1.5 / |w|^2: its matched weight, times the root of the share that is matched.
    """
    rows, columns, values = [], [], []
    for row, text in enumerate(texts):
        for column, value in _known(index, words.stems(text)).items():
            rows.append(row)
            columns.append(column)
            values.append(value * index.idf[column])
    shape = (len(texts), len(index.words))
    met = (sparse.csr_matrix((values, (rows, columns)), shape=shape) @ index.terms.T).tocoo()
    square = np.asarray(index.terms.multiply(index.terms).sum(axis=1)).ravel()
    scores = np.zeros(len(index.codes))
    np.maximum.at(scores, index.owner[met.col], met.data**1.5 / square[met.col])
    return scores


def _known(index: Index, stems: Sequence[str]) -> dict[int, float]:
    """Positions of the words, each with 1 or, for a word read as its like, with the likeness."""
    found: dict[int, float] = {}
    for stem in dict.fromkeys(stems):
        if stem in index.word_place:
            found[index.word_place[stem]] = 1.0
        elif len(stem) > 5 and (like := _nearest(stem, tuple(index.words))):
            found.setdefault(*like)
    return found


@functools.lru_cache(maxsize=20_000)
def _nearest(stem: str, known: tuple[str, ...]) -> tuple[int, float] | None:
    scorer = Levenshtein.normalized_similarity
    best = process.extractOne(stem, known, scorer=scorer, score_cutoff=_SPELLING)
    return (best[2], best[1]) if best else None


@functools.cache
def load_index() -> Index:
    """Return the index of the installed code set, from the cache or built (seconds) and cached."""
    path = cache_folder() / f"icd10cm-{version('simple-icd-10-cm')}-{_key()}.npz"
    with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
        return _read(path)
    index = build_index()
    with contextlib.suppress(OSError):  # without a cache the search is only slower
        _write(index, path)
    return index


def _key() -> str:
    """A hash of what the index depends on beside the library's version: data files and words."""
    spec = importlib.util.find_spec(LIBRARY)
    folder = Path(next(iter(spec.submodule_search_locations or ()))) if spec else Path()
    files = [f"{p.name} {p.stat().st_size}" for p in sorted((folder / "data").glob("*.[tx]*"))]
    rules = Path(words.__file__).read_bytes() + words.VOCABULARY.read_bytes()
    return hashlib.sha256("\n".join([_FORMAT, *files]).encode() + rules).hexdigest()[:16]


def build_index() -> Index:
    """Read the code set's terms and weight their words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    icd = importlib.import_module(LIBRARY)
    # A category that is also a block ('B20', 'Z66') is in the list twice.
    codes = list(dict.fromkeys(c for c in icd.get_all_codes() if icd.is_category_or_subcategory(c)))
    place = {code: i for i, code in enumerate(codes)}
    texts, owner = [], []
    seen = set()
    for code, text in _ways(_terms(icd, codes)):
        known = (code, *sorted(set(words.stems(text))))
        if code in place and len(known) > 1 and known not in seen:
            seen.add(known)
            texts.append(text)
            owner.append(place[code])
    vectorizer = TfidfVectorizer(analyzer=words.stems, norm=None, binary=True)
    weights = vectorizer.fit_transform(texts)
    return Index(
        codes=codes,
        descriptions=[icd.get_description(c) for c in codes],
        parent=np.array(
            [place[icd.get_parent(c)] if len(c) > 3 else -1 for c in codes], dtype=np.int32
        ),
        billable=np.array([icd.is_leaf(c) for c in codes]),
        extended=np.array([icd.is_extended_subcategory(c) for c in codes]),
        words=list(vectorizer.get_feature_names_out()),
        idf=vectorizer.idf_,
        terms=sparse.csr_matrix(weights),
        owner=np.array(owner, dtype=np.int32),
    )


def _terms(icd: Any, codes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(code, phrase) of all phrases; 7th characters are left to their families."""
    for code in codes:
        if not icd.is_extended_subcategory(code):
            for text in (icd.get_description(code), *icd.get_inclusion_term(code)):
                yield code, text
            yield from ((code, text) for text in icd.get_includes(code))
    for code in icd.get_all_codes():
        if icd.is_extended_subcategory(code):
            continue
        notes = [*icd.get_excludes1(code), *icd.get_excludes2(code)]
        for text in (icd.get_use_additional_code(code), icd.get_code_first(code)):
            notes += text.splitlines()
        for line in [*notes, *icd.get_code_also(code).splitlines()]:
            if match := _REFERENCE.fullmatch(line.strip()):
                for other in match[2].split(","):
                    yield other.strip().rstrip("-").rstrip("."), match[1]


def _ways(terms: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each term as it is, without what stands in brackets, and each [synonym] of it.

    In the code set, words in round brackets may be there or not: 'hypertension (essential)'.
    """
    for code, text in terms:
        yield code, text
        if "(" in text or "[" in text:
            yield code, _BRACKETS.sub(" ", text)
            yield from ((code, synonym) for synonym in _SYNONYM.findall(text))


def _write(index: Index, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        np.savez(
            file,
            codes=_packed(index.codes),
            descriptions=_packed(index.descriptions),
            words=_packed(index.words),
            parent=index.parent,
            billable=index.billable,
            extended=index.extended,
            idf=index.idf,
            owner=index.owner,
            data=index.terms.data,
            indices=index.terms.indices,
            indptr=index.terms.indptr,
        )
    os.replace(file.name, path)


def _read(path: Path) -> Index:
    with np.load(path, allow_pickle=False) as found:
        vocabulary = _unpacked(found["words"])
        shape = (len(found["owner"]), len(vocabulary))
        matrix = (found["data"], found["indices"], found["indptr"])
        return Index(
            codes=_unpacked(found["codes"]),
            descriptions=_unpacked(found["descriptions"]),
            words=vocabulary,
            terms=sparse.csr_matrix(matrix, shape=shape),
            **{n: found[n] for n in ("parent", "billable", "extended", "idf", "owner")},
        )


def _packed(texts: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(texts).encode(), dtype=np.uint8)


def _unpacked(packed: NDArray[np.uint8]) -> list[str]:
    return packed.tobytes().decode().split("\n")
