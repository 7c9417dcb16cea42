"""Policies pinned in a transaction of the portal's, which may be rolled back and take them along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]


class PoliciesInDoubt:
    """Documents that are pinned again with every append until they are seen outside of a transaction.

    A desk pins its policy once. Were that rolled back, later cases would lack the rules they began under.
    """

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}

    def add(self, pin: str, document: Document) -> None:
        """It was pinned in a transaction that may be rolled back."""
        self._documents[pin] = document

    def settle(self, pin: str) -> None:
        """It was pinned, or seen, outside of a transaction."""
        self._documents.pop(pin, None)

    def documents(self) -> tuple[tuple[str, Document], ...]:
        """Those in doubt by their pins, in the order they came."""
        return tuple(self._documents.items()) if self._documents else ()
