"""What must hold of a store whatever happened to those who worked on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import attrs

from caseflow import Desk, Refused, Stale
from caseflow.core.model.case import Case
from caseflow.core.model.events import Replied, ReplyRetracted, RungEvent
from caseflow.core.model.evolve import replay
from caseflow.core.notices import CANCELLED, COLLAPSED, SENT, Notice, Posted
from caseflow.delivery.validity import (
    ANSWERED,
    CLOCK_ENDED,
    DEADLINE_MOVED,
    ENDED,
    MOVED_ON,
    REOPENED,
    ROUTED,
)
from caseflow.ports import Recorded, Store
from caseflow.serialization.codec import first_broken
from tests.faults.orders import Order, Read
from tests.faults.workers import RULES

RECIPIENTS = {
    rung.level: rung.recipients for rung in RULES.policy.clocks["reply"].rungs
}  # fmt: skip
"""Level -> the roles that its cards and reminders are told to."""


@attrs.frozen
class Counts:
    cases: int
    events: int
    cards: int
    documents: int
    notices: int


def check_sound(store: Store) -> Counts:
    """Chains whole, histories the cases', every rung once, every number once, every position once."""
    cases = dict(every_case(store))
    for case_id, case in cases.items():
        check_case(store, case_id, case)
    check_feed(cases, every_event(store))
    return Counts(
        len(cases),
        sum(case.version for case in cases.values()),
        sum(len(case.cards) for case in cases.values()),
        check_documents(store, cases),
        check_notices(store, cases),
    )


def every_case(store: Store) -> Iterator[tuple[str, Case]]:
    after = ""
    while heads := store.heads(after):
        for head in heads:
            case = store.load(head.case_id)
            assert case is not None
            assert case.version == head.version
            yield head.case_id, case
        after = heads[-1].case_id


def check_case(store: Store, case_id: str, case: Case) -> None:
    links = store.links(case_id)
    assert first_broken(case_id, links) is None
    assert len(links) == case.version
    assert replay(case_id, store.events(case_id)) == case
    fired = Counter(
        (card.clock, card.subject, card.cycle, card.level) for card in case.escalations if card.stands
    )
    assert not fired or max(fired.values()) == 1, f"{case_id}: a rung fired twice: {fired}"


def every_event(store: Store, *, limit: int = 1000) -> Iterator[Recorded]:
    after = 0
    while page := store.feed(after, limit=limit):
        yield from page
        after = page[-1].position


def check_feed(cases: dict[str, Case], feed: Iterator[Recorded]) -> None:
    """Every event once, those of a case in their order, under positions that rise."""
    seen: Counter[str] = Counter()
    last = 0
    for entry in feed:
        assert entry.position > last
        last = entry.position
        seen[entry.case_id] += 1
        assert entry.version == seen[entry.case_id]
    assert seen == {case_id: case.version for case_id, case in cases.items()}


def check_documents(store: Store, cases: dict[str, Case]) -> int:
    """Numbers of a series and year run from 1 without a gap."""
    drafts = [document.draft for case_id in cases for document in store.documents(case_id)]
    found = 0
    for series, year in {(draft.series, draft.year) for draft in drafts}:
        numbers = [document.number for document in store.issued(series, year, limit=1 << 20)]
        assert numbers == list(range(1, len(numbers) + 1))
        found += len(numbers)
    assert found == len(drafts) == len({draft.id for draft in drafts})
    return found


def every_notice(store: Store, *, status: str = "") -> Iterator[Posted]:
    after = 0
    while page := store.notices(status=status, after=after):
        yield from page
        after = page[-1].position


def check_notices(store: Store, cases: dict[str, Case]) -> int:
    """One thing told to one role has one notice, whose event is there; nobody owed a notice goes without."""
    posted = [row.notice for row in every_notice(store)]
    told = Counter((n.case_id, n.version, n.topic, n.role, n.unit, n.channel, n.corrects) for n in posted)
    assert not told or max(told.values()) == 1
    assert len({notice.id for notice in posted}) == len(posted)
    assert all(notice.version <= cases[notice.case_id].version for notice in posted)
    there = {(notice.case_id, notice.version, notice.role) for notice in posted}
    for case_id, case in cases.items():
        missing = set(owed(store, case_id, case)) - there
        assert not missing, f"nobody will be told of {sorted(missing)[:3]}"
    return len(posted)


def owed(store: Store, case_id: str, case: Case) -> Iterator[tuple[str, int, str]]:
    """Of each reply, and of each card and reminder that stands: (case, version, role) of who must be told."""
    standing = {(card.cycle, card.level, card.effective_us) for card in case.escalations if card.stands}
    for version, event in enumerate(store.events(case_id), 1):
        if type(event) is Replied:
            yield case_id, version, "citizen"
        elif (
            isinstance(event, RungEvent)
            and not event.inherited
            and (event.cycle, event.level, event.at_us) in standing
        ):
            for role in RECIPIENTS[event.level]:
                yield case_id, version, role


def check_told(store: Store, told: Sequence[tuple[str, str, str]]) -> None:
    """After the last relay: all is settled; who was told something has one message of it, under one id; a
    message of what was cancelled afterwards is set right by another."""  # fmt: skip
    rows = {row.notice.id: row for row in every_notice(store)}
    unsettled = {row.status for row in rows.values()} - {SENT, CANCELLED, COLLAPSED}
    assert not unsettled
    messages: dict[tuple[str, str], set[str]] = {}
    for message, notice, person in told:
        messages.setdefault((notice, person), set()).add(message)
    assert all(len(ids) == 1 for ids in messages.values()), "a notice was told under two ids"
    assert len({message for message, _, _ in told}) == len(messages), "two notices share an id"
    reached = {notice for notice, _ in messages}
    assert reached <= rows.keys()
    assert {name for name, row in rows.items() if row.status == SENT} <= reached, "a notice is lost"
    # A correction may be told with another one of its case, into which it was collapsed.
    said = [row for row in rows.values() if (rows[row.into] if row.into else row).status == SENT]
    corrected = {row.notice.corrects for row in said}
    retracted = {
        _way(row.notice): row.notice.version for row in said if row.notice.topic == ReplyRetracted.name
    }
    left = [
        row.notice
        for row in (rows[name] for name in reached)
        if row.status == CANCELLED
        and row.error not in TRUE_WHEN_TOLD
        and row.notice.id not in corrected
        # Of several replies that were taken back at once one notice tells, which corrects none of them alone.
        and not (row.notice.topic == Replied.name and retracted.get(_way(row.notice), 0) > row.notice.version)
    ]
    assert not left, "somebody believes what was taken back"


TRUE_WHEN_TOLD = {ANSWERED, CLOCK_ENDED, DEADLINE_MOVED, ENDED, MOVED_ON, REOPENED, ROUTED}
"""Why a notice is dropped by the next relay that an earlier one told, and died: it held when it was told."""


def _way(notice: Notice) -> tuple[str, str, str, str]:
    return notice.case_id, notice.role, notice.unit, notice.channel


@attrs.frozen
class Given:
    """What became of the commands of a round."""

    acknowledged: int
    """Said to be done before the kill."""
    retried: int
    """Cut off by the kill, given again with the same key."""
    landed: int
    """Of those: had been recorded already."""
    refused: int


def check_given(desk: Desk, journal: Read, *, again_every: int = 1) -> Given:
    """Every acknowledged command is there once, and so is one that was cut off once it is given again."""
    retried = landed = refused = 0
    texts: Counter[tuple[str, str]] = Counter()
    for case_id in {order.case_id for order in journal.asked}:
        if desk.store.load(case_id) is not None:
            texts.update((case_id, text.text) for text in desk.store.texts(case_id))
    for number, order in enumerate(journal.asked):
        there = texts[order.case_id, order.key]
        if order.key in journal.done:
            assert there == 1, f"{order}: acknowledged, found {there} times"
            if number % again_every:
                continue
            before = desk.get(order.case_id).version
            again = order.give(desk)
            assert again.version == journal.done[order.key]
            assert desk.get(order.case_id).version == before, f"{order}: done twice"
        elif order.key in journal.refused:
            assert there == 0, f"{order}: refused, but there"
            refused += 1
        else:
            assert there <= 1
            retried, landed = retried + 1, landed + order.is_recorded(desk)
            check_again(desk, order)
    return Given(len(journal.done), retried, landed, refused)


def check_again(desk: Desk, order: Order) -> None:
    """Given again, and again: there once, or refused and not there."""
    is_there = order.is_recorded(desk)
    try:
        first = order.give(desk)
    except (Refused, Stale):
        assert not is_there
        return
    before = desk.get(order.case_id).version
    assert order.give(desk) == first
    assert desk.get(order.case_id).version == before
    found = sum(text.text == order.key for text in desk.store.texts(order.case_id))
    assert found == 1, f"{order}: found {found} times"
