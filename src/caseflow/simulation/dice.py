"""Chance by name: each question about a case has one answer for a seed, whoever asks it and when."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from itertools import accumulate
from typing import TypeVar

_T = TypeVar("_T")


class Dice:
    """The chances of one case.

    Two scenarios that ask the same question about the same case get the same answer, so what differs between
    them is what was changed and not luck (common random numbers).

    >>> Dice(1, 7).roll("wait") == Dice(1, 7).roll("wait")
    True
    """

    __slots__ = ("_key",)

    def __init__(self, seed: int, case: int) -> None:
        self._key = f"{seed}/{case}/".encode()

    def roll(self, question: str, turn: int = 0) -> float:
        """A number above 0 and below 1, evenly spread over the questions."""
        key = self._key + f"{question}/{turn}".encode()
        number = int.from_bytes(blake2b(key, digest_size=8).digest(), "big") >> 12
        return (number + 0.5) / (1 << 52)

    def happens(self, question: str, share: float, *, turn: int = 0) -> bool:
        """Whether it happens, which it does in that share of cases."""
        return share >= 1 or (share > 0 and self.roll(question, turn) < share)

    def pick(self, question: str, weights: Mapping[_T, float], *, turn: int = 0) -> _T:
        """One of the keys, each as often as its weight says; weights need not sum to one.

        Raises:
            ValueError: nothing to pick from.
        """
        bounds = list(accumulate(weights.values()))
        if not bounds or bounds[-1] <= 0:
            raise ValueError(f"nothing to pick for {question}")
        aim = self.roll(question, turn) * bounds[-1]
        for key, bound in zip(weights, bounds, strict=True):
            if aim < bound:
                return key
        return next(reversed(list(weights)))
