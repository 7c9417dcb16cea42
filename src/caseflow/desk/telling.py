"""What the desk adds to an append for those who must be told."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.core.case import Case
from caseflow.core.rules import Rules
from caseflow.notices import NOTHING, has_annulment, is_told, owed
from caseflow.outbox import Notice
from caseflow.ports import Append, Outbox


def with_owed(entry: Append, rules: Rules, case: Case, *, store: Outbox, adopted: Rules) -> Append:
    """The append with the notices and documents that its events owe.

    Args:
        rules: the rules the case pins.
        case: the case before the events.
        store: asked for the notices of the case, when a card is annulled.
        adopted: the rules that an adoption among the events brings.
    """
    events = entry.events
    if not is_told(rules, events) and not is_told(adopted, events):
        return entry
    posted = tuple(posted_of(store, case.id)) if has_annulment(events) else ()
    found = owed(rules, case, events, posted=posted, adopted=adopted)
    if found is NOTHING:
        return entry
    return entry.replace(
        notices=found.notices, cancels=found.cancels, documents=found.documents, voids=found.voids
    )


def posted_of(store: Outbox, case_id: str) -> Iterator[Notice]:
    """Every notice of a case, in the order they were posted."""
    after = 0
    while page := store.notices(case_id=case_id, after=after):
        yield from (row.notice for row in page)
        after = page[-1].position
