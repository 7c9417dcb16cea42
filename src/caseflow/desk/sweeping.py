"""The desk sweeps: every rung that is due is issued, batch by batch, whoever else is at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from zlib import crc32

from caseflow.clock import seconds_running
from caseflow.core.case import Card, Case
from caseflow.core.events import RungEvent
from caseflow.core.falling_due import caught_up
from caseflow.core.instants import SECOND, micros
from caseflow.core.values import Value, maker, value
from caseflow.desk.keeping import ATTEMPTS, BATCH, DeskKeeping
from caseflow.errors import BadInput, Refused, Stale, StoreError
from caseflow.observed import SweepDone
from caseflow.ports import Append

_append = maker(Append)
OF_ONE_CASE = frozenset({"unknown-pin", "bad-event"})
"""Codes of store errors that speak of a case and not of the store."""


@value
class Sweep(Value):
    """What a sweep did.

    Attributes:
        cards, reminders: newly issued, by case in the order they were due; annulled ones never appear.
        conflicts: ids of cases that other writers kept changing; the next sweep meets them again.
        refused: ids of cases left as they are: they hold an event this version does not know, or a hook
            did not let them through.
        waiting: how many cases wait for a calendar that reaches further.
        more: whether more is due than `limit` let through.
    """

    cards: tuple[Card, ...] = ()
    reminders: tuple[Card, ...] = ()
    conflicts: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    waiting: int = 0
    more: bool = False


class DeskSweeping(DeskKeeping):
    """The part of the desk that issues what is due."""

    def sweep(
        self,
        *,
        limit: int | None = None,
        until: datetime | str | int | None = None,
        part: tuple[int, int] | None = None,
    ) -> Sweep:
        """Fire every rung that is due: the same cards, whenever and by however many it is called.

        Args:
            limit: look at no more than so many cases.
            until: fire only what is due at or before this instant; never later than now.
            part: ``(k, n)`` looks at the k-th of n parts of all cases only, so that n workers at once do not
                meet at the same ones; a case's part follows from its id. Sweepers need not agree on it.

        Raises:
            BadInput: k is not one of 1 to n.
        """
        started, now = seconds_running(), int(self.clock.now_us())
        horizon = now if until is None else min(micros(until, what="until"), now)
        mine, earliest = _of_part(part), now
        fired: list[Card] = []
        conflicts: list[str] = []
        refused: list[str] = []
        left, after, more = limit, None, False
        while left is None or left > 0:
            size = BATCH if left is None else min(BATCH, left)
            found = self.store.due(horizon, limit=size, after=after)
            if found and after is None:
                earliest = found[0][0]
            self._sweep_batch(
                [case_id for _, case_id in found if mine(case_id)], horizon, now, fired, conflicts, refused
            )
            left = None if left is None else left - len(found)
            if len(found) < size:
                break
            after = found[-1]
        else:
            more = bool(self.store.due(horizon, limit=1, after=after))
        swept = Sweep(
            tuple(card for card in fired if card.is_breach),
            tuple(card for card in fired if not card.is_breach),
            tuple(conflicts),
            tuple(dict.fromkeys(refused)),
            self.store.waiting(now),
            more,
        )
        self._watch.tell(_seen(swept, (now - earliest) / SECOND, seconds_running() - started))
        return swept

    def _sweep_batch(
        self,
        ids: list[str],
        horizon: int,
        now: int,
        fired: list[Card],
        conflicts: list[str],
        refused: list[str],
    ) -> None:
        appends: list[Append] = []
        load_many = getattr(self.store, "load_many", None)
        loaded = load_many(ids) if load_many is not None else None
        for case_id in ids:
            try:
                found = self.store.load(case_id) if loaded is None else loaded.get(case_id)
                appends += self._let_through(self._owed(found, horizon, now, refused), refused)
            except Exception as error:
                self._leave(case_id, error, refused)
        try:
            if appends:
                self._record_swept(appends)
        except Stale:
            left = [case_id for case_id in ids if case_id not in refused]
            appends = [
                entry
                for case_id in left
                for entry in self._swept_alone(case_id, horizon, now, conflicts, refused)
            ]
        for entry in appends:
            fired += entry.case.rungs[len(entry.case.rungs) - _fired(entry) :]

    def _leave(self, case_id: str, error: Exception, refused: list[str]) -> None:
        """Leave out a case that cannot be swept, whatever is wrong with it: the others must get their cards.

        Raises:
            StoreError: it is the store that cannot be used.
        """
        if isinstance(error, StoreError) and error.code not in OF_ONE_CASE:
            raise error
        refused.append(case_id)
        if not isinstance(error, Refused):
            self._watch.left(case_id, error)

    def _owed(self, case: Case | None, horizon: int, now: int, refused: list[str]) -> list[Append]:
        """What a case owes by now: nothing, its own events, and those of followers that they set free."""
        if case is None or case.next_due_us is None or case.next_due_us > horizon:
            return []
        rules = self._rules_of(case)
        after, events = caught_up(rules, case, horizon, now)
        entries = [self._told(rules, case, _append(after, case.version, events))]
        if after.facts.followers:
            entries += self._freed(entries[0], now, partial(self._leave, refused=refused))
        return entries

    def _let_through(self, entries: list[Append], refused: list[str]) -> list[Append]:
        """The entries of a case, all of them or none."""
        if all(map(self._hooks.is_let_through, entries)):
            return entries
        refused.append(entries[0].case.id)
        return []

    def _swept_alone(
        self, case_id: str, horizon: int, now: int, conflicts: list[str], refused: list[str]
    ) -> list[Append]:
        """Sweep one case that others may be changing."""
        for _ in range(ATTEMPTS):
            try:
                entries = self._owed(self.store.load(case_id), horizon, now, refused)
                entries = self._let_through(entries, refused)
                if entries:
                    self._record_swept(entries)
            except Stale:
                continue
            except Exception as error:
                self._leave(case_id, error, refused)
                return []
            return entries
        conflicts.append(case_id)
        return []

    def _record_swept(self, entries: Sequence[Append]) -> None:
        """Append what was let through, case by case, and call those who follow it."""
        self.store.append(entries)
        self._hooks.after(self.store, entries)


def _seen(swept: Sweep, lag: float, seconds: float) -> SweepDone:
    counts = len(swept.cards), len(swept.reminders), len(swept.conflicts), len(swept.refused)
    return SweepDone(*counts, swept.waiting, lag, swept.more, seconds)


def _fired(entry: Append) -> int:
    return sum(isinstance(event, RungEvent) for event in entry.events)


def part_of(text: str | None) -> tuple[int, int] | None:
    """A part as the command line says it, ``K/N``; `None` for all.

    Raises:
        BadInput: it is not two numbers.
    """
    if text is None:
        return None
    which, _, parts = text.partition("/")
    if not (which.isdecimal() and parts.isdecimal()):
        raise BadInput("bad-part", found=text)
    return int(which), int(parts)


def _of_part(part: tuple[int, int] | None) -> Callable[[str], bool]:
    """Whether a case belongs to the part; the same for every process and version."""
    if part is None:
        return lambda _: True
    which, parts = part
    if not 1 <= which <= parts:
        raise BadInput("bad-part", found=f"{which}/{parts}")
    return lambda case_id: crc32(case_id.encode()) % parts == which - 1
