"""Distribute rows over splits: related rows stay together, labels are spread evenly.

Rows are related when they have the same group (GROUP_FIELD of the schema) or prompts that are
nearly the same. Whoever trains on a row must not be tested on a relation of it.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

SHINGLE_WORDS = 4
HASHES, BANDS = 128, 32
"""MinHash with 32 bands of 4 finds 99.99 % of the pairs with a similarity of 0.7 or more: the
chance to miss one is (1 - s**4)**32 (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4).
"""
_PRIME = (1 << 61) - 1


@dataclass(frozen=True)
class Member:
    """A row as far as its place depends on it."""

    id: str
    text: str
    """The prompt."""
    group: str | None = None
    labels: frozenset[str] = frozenset()
    split: str | None = None
    """The split that it is in already and stays in."""


@dataclass(frozen=True)
class Partition:
    """Where each row goes."""

    split_of: dict[str, str]
    """Row id -> split, for rows that had none."""
    families: list[list[str]]
    """Ids of related rows, two or more each, the largest family first."""
    straddling: list[list[str]]
    """Families that already stood in two splits."""


def partition(
    members: Sequence[Member], shares: Mapping[str, float], *, seed: int, near: float
) -> Partition:
    """Give every row a split.

    `shares`: split -> its share of all rows, fixed ones counted; they add up to 1. `near`: prompts
    whose word sequences overlap by at least this share (Jaccard, 0 to 1) are related; 1 relates
    prompts only that are equal but for case, spaces and digits. The result depends on the rows'
    ids and the seed, not on their order. Splits get their share to within one row wherever no
    family is larger than what is left of a split.

    Labels are spread by iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011), a family at
    a time: the largest families first, then those with the rarest labels.
    """
    members = sorted(members, key=lambda member: digest(member.id))
    families = _families(members, near)
    places = _Places(members, shares)
    split_of: dict[str, str] = {}
    free, straddling = [], []
    for family in families:
        fixed = Counter(member.split for member in family if member.split)
        if len(fixed) > 1:
            straddling.append(sorted(member.id for member in family))
        fresh = [member for member in family if not member.split]
        if not fixed:
            free.append(fresh)
            continue
        home = min(fixed, key=lambda name: (-fixed[name], name))
        places.take(home, fresh)
        split_of |= {member.id: home for member in fresh}
    rarity = Counter(label for family in free for member in family for label in member.labels)

    def order(family: list[Member]) -> tuple[int, int, bytes]:
        labels = {label for member in family for label in member.labels}
        rarest = min((rarity[label] for label in labels), default=len(members))
        return -len(family), rarest, digest(f"{seed}:{family[0].id}")

    for family in sorted(free, key=order):
        split = places.best(family, rarity)
        places.take(split, family)
        split_of |= {member.id: split for member in family}
    related = [sorted(m.id for m in family) for family in families if len(family) > 1]
    related.sort(key=lambda ids: (-len(ids), ids))
    return Partition(split_of, related, straddling)


class _Places:
    """What each split still wants: rows in all, and rows of each label."""

    def __init__(self, members: Sequence[Member], shares: Mapping[str, float]) -> None:
        self._shares = dict(shares)
        self._rows = dict(_whole_numbers(len(members), shares))
        totals = Counter(label for member in members for label in member.labels)
        self._labels = {
            name: {label: share * count for label, count in totals.items()}
            for name, share in shares.items()
        }
        for member in members:
            if member.split:
                self.take(member.split, [member])

    def take(self, split: str, family: Iterable[Member]) -> None:
        """A split gets these rows."""
        for member in family:
            self._rows[split] -= 1
            for label in member.labels:
                self._labels[split][label] -= 1

    def best(self, family: Sequence[Member], rarity: Mapping[str, int]) -> str:
        """The split with room that most wants the family's rarest label, else rows."""
        labels = {label for member in family for label in member.labels}
        wanted = sorted(labels, key=lambda label: (rarity[label], label))
        roomy = [name for name in self._rows if self._rows[name] >= len(family)]

        def want(name: str) -> tuple[float, ...]:
            return (*(self._labels[name][label] for label in wanted), self._rows[name])

        if roomy:
            return max(roomy, key=want)
        return max(self._rows, key=lambda name: self._rows[name])


def _whole_numbers(total: int, shares: Mapping[str, float]) -> Iterator[tuple[str, int]]:
    """Whole numbers near the shares of a total that add up to it (largest remainders)."""
    exact = {name: share * total for name, share in shares.items()}
    floors = {name: int(value + 1e-9) for name, value in exact.items()}
    rest = total - sum(floors.values())
    largest = sorted(exact, key=lambda name: floors[name] - exact[name])[:rest]
    yield from ((name, count + (name in largest)) for name, count in floors.items())


def _families(members: Sequence[Member], near: float) -> list[list[Member]]:
    """Related rows, in the order of `members`."""
    from scipy.cluster.hierarchy import DisjointSet

    sets = DisjointSet(range(len(members)))
    by_key: dict[tuple[str, str], int] = {}
    for n, member in enumerate(members):
        keys = [("text", plain(member.text))] if member.text else []
        if member.group is not None:
            keys.append(("group", member.group))
        for key in keys:
            sets.merge(by_key.setdefault(key, n), n)
    if near < 1:
        for one, other in _near_pairs([member.text for member in members], near):
            sets.merge(one, other)
    return [[members[n] for n in sorted(subset)] for subset in sets.subsets()]


def plain(text: str) -> str:
    """Lower case, single spaces, every number as 0."""
    return re.sub(r"\d+", "0", " ".join(text.casefold().split()))


def _near_pairs(texts: Sequence[str], near: float) -> Iterator[tuple[int, int]]:
    """Pairs of texts that are at least `near` alike, as far as MinHash finds them.

    Word sequences that more than half of the texts have are instructions, not content; they do not
    count.
    """
    shingles = [_shingles(text) for text in texts]
    counts = Counter(shingle for each in shingles for shingle in each)
    if len(texts) > 2:
        common = {shingle for shingle, count in counts.items() if count > len(texts) / 2}
        shingles = [each - common for each in shingles]
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for n, each in enumerate(shingles):
        if each:
            for key in _bands(each):
                buckets[key].append(n)
    compared: set[tuple[int, int]] = set()
    for bucket in buckets.values():
        # Each row beside the first of its bucket and its neighbour: enough to join a family.
        for before, n in itertools.pairwise(bucket):
            for other in {bucket[0], before}:
                if (other, n) not in compared:
                    compared.add((other, n))
                    shared = len(shingles[other] & shingles[n])
                    if shared >= near * len(shingles[other] | shingles[n]):
                        yield other, n


def _shingles(text: str) -> set[int]:
    words = re.findall(r"\w+", plain(text))
    runs = zip(*(words[n:] for n in range(min(SHINGLE_WORDS, len(words)))), strict=False)
    return {int.from_bytes(digest(" ".join(run))[:8], "big") >> 4 for run in runs}


def _bands(shingles: set[int]) -> Iterator[tuple[int, bytes]]:
    """The keys under which a text meets those that are like it."""
    import numpy as np

    random = np.random.default_rng(0)  # the same hash functions for every text and run
    factors = random.integers(1, _PRIME, HASHES, dtype=np.uint64)
    mixed = np.fromiter(shingles, dtype=np.uint64)[:, None] * factors
    least = (mixed ^ (mixed >> np.uint64(29))).min(axis=0).reshape(BANDS, -1)
    yield from ((band, row.tobytes()) for band, row in enumerate(least))


def digest(text: str) -> bytes:
    """16 bytes for a text, so that 50,000 prompts need little memory."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
