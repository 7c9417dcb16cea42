"""Choices read off an integer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Digits:
    """Choices read off an integer, digit by digit in fitting bases; 0 chooses the first always."""

    def __init__(self, number: int) -> None:
        self.left = abs(number)

    def below(self, base: int) -> int:
        """A number from 0 to base - 1."""
        self.left, digit = divmod(self.left, max(base, 1))
        return digit

    def one_of(self, things: Sequence[Any]) -> Any:
        """One of the things; the first for 0."""
        return things[self.below(len(things))]
