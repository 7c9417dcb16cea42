"""Golden histories: what happened to some cases, kept in a file that people read and tests replay.

A file holds the events in the order they were recorded, the story they tell, the cards with their instants,
the case they fold to, and the policies that were in force. Personal texts stay out: events carry their
salted hashes, and those suffice to decide again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import attrs

from caseflow.core.case import Card, Case
from caseflow.core.events import Adopted, Event, Merged, RulesAdopted, Submitted
from caseflow.core.evolve import replay
from caseflow.core.policy_document import policy_from_document
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.desk import Desk
from caseflow.errors import StoreError, UnknownCase
from caseflow.ports import Recorded as RecordedEvent
from caseflow.ports import Store, Text
from caseflow.testing.redeciding import Recorded
from caseflow.views.story import Story, told

PAGE = 1000
"""Events of the feed that are read at once."""


@value
class GoldenHistory(Value):
    """What happened to some cases, and under which policies.

    Attributes:
        about: one sentence on what the history is kept for.
        events: of all cases, in the order they were recorded.
        policies: pin -> document, of every policy that was in force.
        texts: case id -> texts; empty unless the cases are made up.
        cards, cases: case id -> what the file says of them, as JSON-able data.
    """

    about: str
    events: tuple[Recorded, ...]
    policies: dict[str, Mapping[str, Any]]
    texts: dict[str, tuple[Text, ...]]
    cards: dict[str, list[dict[str, Any]]]
    cases: dict[str, dict[str, Any]]

    def of(self, case_id: str) -> tuple[Event, ...]:
        """The events of one case, oldest first."""
        return tuple(event for found, event in self.events if found == case_id)

    def ids(self) -> tuple[str, ...]:
        """The cases, in the order of their first events."""
        return tuple(dict.fromkeys(case_id for case_id, _ in self.events))


def history_of(
    events: Iterable[Recorded],
    policies: Mapping[str, Mapping[str, Any]],
    *,
    about: str = "",
    texts: Mapping[str, tuple[Text, ...]] | None = None,
) -> GoldenHistory:
    """The history that these events made under these policies."""
    events = tuple(events)
    made = GoldenHistory(about, events, dict(policies), dict(texts or {}), {}, {})
    folded = {case_id: replay(case_id, made.of(case_id)) for case_id in made.ids()}
    return made.replace(
        cards={case_id: [card_document(card) for card in case.rungs] for case_id, case in folded.items()},
        cases={case_id: case_document(case) for case_id, case in folded.items()},
    )


def record(
    source: Desk | Store, case_ids: Iterable[str], *, about: str = "", with_texts: bool = False
) -> GoldenHistory:
    """The history of stored cases, with those they were merged into and those merged into them.

    Args:
        source: where the cases are.
        case_ids: which.
        about: one sentence on what the history is kept for.
        with_texts: whether to keep personal texts; only for cases that are made up.

    Raises:
        UnknownCase: there is no case of that id.
        StoreError: the store lacks the policy that a case pinned.
    """
    store = source.store if isinstance(source, Desk) else source
    ids = _together(store, case_ids)
    events = tuple((found.case_id, found.event) for found in _feed(store) if found.case_id in ids)
    pins = dict.fromkeys(pin for _, event in events if (pin := pin_of_event(event)))
    policies = {}
    for pin in pins:
        document = store.pinned(pin)
        if document is None:
            raise StoreError("unknown-pin", found=pin)
        policies[pin] = document
    texts = {case_id: store.texts(case_id) for case_id in sorted(ids)} if with_texts else None
    return history_of(events, policies, about=about, texts=texts)


def pin_of_event(event: Event) -> str:
    """The pin of the policy that the event brings into force; empty for most events."""
    if isinstance(event, Submitted | Adopted):
        return event.origin.pin
    return event.pin if isinstance(event, RulesAdopted) else ""


def _together(store: Store, case_ids: Iterable[str]) -> set[str]:
    ids: set[str] = set()
    left = list(case_ids)
    while left:
        case_id = left.pop()
        if case_id in ids:
            continue
        case = store.load(case_id)
        if case is None:
            raise UnknownCase(case_id)
        ids.add(case_id)
        left += case.facts.followers
        left += [event.primary for event in store.events(case_id) if isinstance(event, Merged)]
    return ids


def _feed(store: Store) -> Iterator[RecordedEvent]:
    after = 0
    while page := store.feed(after, limit=PAGE):
        yield from page
        after = page[-1].position


def card_document(card: Card) -> dict[str, Any]:
    """A card or reminder as a golden file says it: instants in the office's zone."""
    said: dict[str, Any] = {"level": card.level, "clock": card.clock}
    if card.subject:
        said["subject"] = card.subject
    said |= {"cycle": card.cycle, "unit": card.unit, "effective_at": card.effective_at.isoformat()}
    if card.annulled_at is not None:
        said |= {"annulled_at": card.annulled_at.isoformat(), "annulled_because": card.annulled_because}
    return said


def case_document(case: Case) -> dict[str, Any]:
    """The case as a golden file says it: every field that is not at its default; cards stand apart."""
    return {name: found for name, found in _plain(case).items() if name not in ("id", "rungs")}


def _plain(found: Any) -> Any:
    if attrs.has(type(found)):
        fields = attrs.fields(type(found))
        parts = {field.name: getattr(found, field.name) for field in fields}
        return {
            field.name: _plain(parts[field.name]) for field in fields if parts[field.name] != field.default
        }
    return [_plain(part) for part in found] if isinstance(found, tuple) else found


def rules_by_pin(history: GoldenHistory) -> Callable[[str], Rules]:
    """From a pin to the rules that the history keeps for it."""

    @cache
    def rules(pin: str) -> Rules:
        if pin not in history.policies:
            raise StoreError("unknown-pin", found=pin)
        return Rules(policy_from_document(history.policies[pin]))

    return rules


def story_of_history(history: GoldenHistory, case_id: str) -> Story:
    """The story of one case of the history."""
    return told(rules_by_pin(history), case_id, history.of(case_id), history.texts.get(case_id))
