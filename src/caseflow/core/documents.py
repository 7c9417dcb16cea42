"""The ids of numbered documents and notices: the same whoever computes them, and when."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator

from caseflow.core.case import Card, Case

Key = tuple[str, str, int, str, int]
"""A card: clock, subject, cycle, level, and the instant at which it took effect."""


def card_key(card: Card) -> Key:
    """What identifies a card within its case, but for one that was annulled and issued again as it was."""
    return card.clock, card.subject, card.cycle, card.level, card.effective_us


def document_id(case_id: str, key: Key, times: int) -> str:
    """The id of the document that goes with a card.

    Args:
        times: how many cards of that key were annulled before.
    """
    return _id("d", case_id, *map(str, key), str(times))


def notice_id(case_id: str, version: int, role: str, unit: str, channel: str) -> str:
    """The id of what is told of the event with that version of the case to a role, by a channel."""
    return _id("n", case_id, str(version), role, unit, channel)


def documents_of(kinds: Container[tuple[str, str]], case: Case) -> Iterator[tuple[str, Card]]:
    """The cards of a case with which a numbered document goes, each with the document's id, oldest first.

    Args:
        kinds: the clocks and levels with which one goes, as `Tellings.documents` has them.
    """
    times: dict[Key, int] = {}
    for card in case.rungs:
        key = card_key(card)
        if (card.clock, card.level) in kinds:
            yield document_id(case.id, key, times.get(key, 0)), card
        if not card.stands:
            times[key] = times.get(key, 0) + 1


def _id(kind: str, *parts: str) -> str:
    """A letter, a hyphen and 32 hexadecimal digits: no person and no case is told by it."""
    return f"{kind}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"
