"""Texts that say nearly the same, by MinHash over character n-grams; datasketch finds the candidates."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

from datasketch import MinHash, MinHashLSH
from scipy.cluster.hierarchy import DisjointSet

from caseflow.errors import BadInput

NGRAM = 3
"""Characters in a row that are compared: two Chinese words, or a syllable of others."""
SIMILAR = 0.5
"""The share of n-grams in common (Jaccard) from which two texts are near duplicates; the default."""
SHORTEST = 10
"""Letters and digits without which a text is compared with none: "路灯不亮" is no repetition."""
PERMUTATIONS = 128
"""Of a sketch; more of them miss fewer pairs and take longer."""
SEED = 1
"""Of the permutations, so that the same texts give the same groups everywhere."""
SOUGHT = 0.8
"""Candidates are sought from this part of the wanted share on, since a sketch only estimates it."""
MISSED, EXTRA = 0.95, 0.05
"""How a missed pair and an extra candidate weigh in cutting a sketch into bands: extra ones cost time."""


def near_duplicates(
    texts: Mapping[str, str], *, similar: float = SIMILAR, least: int = 2
) -> tuple[tuple[str, ...], ...]:
    """Group the texts that say nearly the same.

    Two texts are near duplicates when they have at least that share of their n-grams in common, letters and
    digits alone, width and case aside. A group is all that a chain of near duplicates connects, so that its
    ends may be less alike than that. The candidates come from sketches, which miss a few pairs; each is then
    compared exactly, so that none is in a group by a sketch's error.

    Args:
        texts: by the id of their case, in any order.
        similar: from so much in common on, above 0 and at most 1.
        least: groups of fewer cases are left out.

    Returns:
        The ids of each group, sorted; the largest group first.

    Raises:
        BadInput: ``similar`` out of bounds.
    """
    if not 0 < similar <= 1:
        raise BadInput("bad-option", what="similar", found=str(similar))
    alike: dict[str, list[str]] = defaultdict(list)
    for case_id, text in texts.items():
        if len(plain := plain_text(text)) >= SHORTEST:
            alike[plain].append(case_id)
    words = sorted(alike)
    groups = _connected([_ngrams(word) for word in words], similar)
    gathered = (tuple(sorted(one for number in group for one in alike[words[number]])) for group in groups)
    return tuple(sorted((ids for ids in gathered if len(ids) >= least), key=lambda ids: (-len(ids), ids)))


def plain_text(text: str) -> str:
    """Its letters and digits, in one width and case."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def jaccard(one: frozenset[bytes], other: frozenset[bytes]) -> float:
    """The share of what two sets have in common in all that they have."""
    both = len(one & other)
    return both / (len(one) + len(other) - both)


def _ngrams(word: str) -> frozenset[bytes]:
    return frozenset(word[place : place + NGRAM].encode() for place in range(len(word) - NGRAM + 1))


def _connected(grams: list[frozenset[bytes]], similar: float) -> Iterable[set[int]]:
    """The numbers of the sets that chains of near duplicates connect."""
    sketches: Any = MinHash  # neither library ships types
    index: Any = MinHashLSH(threshold=similar * SOUGHT, num_perm=PERMUTATIONS, weights=(EXTRA, MISSED))
    for number, sketch in enumerate(
        sketches.generator(grams, num_perm=PERMUTATIONS, seed=SEED, hashfunc=crc32)
    ):
        index.insert(number, sketch, check_duplication=False)
    connected: Any = DisjointSet(range(len(grams)))
    for table in index.hashtables:
        for bucket in table.keys():  # noqa: SIM118  # a storage of datasketch's, no dict
            _connect(sorted(table.get(bucket)), grams, similar, connected)
    subsets: list[set[int]] = connected.subsets()
    return subsets


def _connect(numbers: list[int], grams: list[frozenset[bytes]], similar: float, connected: Any) -> None:
    """Connect the near duplicates among those that one bucket of the index holds.

    What is connected already is not compared, so that a letter that thousands send in is no square of them.
    """
    parts: list[list[int]] = []
    for number in numbers:
        near = [part for part in parts if _joins(number, part, grams, similar, connected)]
        if not near:
            parts.append([number])
            continue
        home, *others = near
        home.append(number)
        for part in others:
            home += part
        if others:
            parts = [part for part in parts if all(part is not other for other in others)]


def _joins(
    number: int, part: list[int], grams: list[frozenset[bytes]], similar: float, connected: Any
) -> bool:
    """Whether the number belongs to that part, all of which is connected, by now."""
    if connected.connected(number, part[0]):
        return True
    alike = next((one for one in part if jaccard(grams[number], grams[one]) >= similar), None)
    return alike is not None and bool(connected.merge(number, alike))
