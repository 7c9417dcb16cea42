"""The sweep: every rung that is due is issued, batch by batch, whoever else is at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from logging import INFO
from zlib import crc32

from caseflow.clock import seconds_running
from caseflow.core.engine.escalation import escalate
from caseflow.core.model.case import Card, Case
from caseflow.core.model.events import RungEvent
from caseflow.core.time.instants import SECOND, micros
from caseflow.core.value import Value
from caseflow.desk.command_handler import ATTEMPTS, CommandHandler
from caseflow.errors import BadInput, Refused, Stale, StoreError
from caseflow.ports import Append
from caseflow.ports.observations import SweepDone

BATCH = 2_000
"""Cases that are swept in one transaction: the ids of their notices lie scattered, so that each page of that
index is written once for many of them."""

OF_ONE_CASE = frozenset({"unknown-pin", "bad-event"})
"""Codes of store errors that speak of a case and not of the store."""


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


class _Progress:
    """What a sweep has done so far."""

    def __init__(self, horizon: int, now: int) -> None:
        self.horizon = horizon
        self.now = now
        self.fired: list[Card] = []
        self.conflicts: list[str] = []
        self.refused: list[str] = []

    def add(self, entries: Sequence[Append]) -> None:
        """These are recorded: what they fired was fired."""
        for entry in entries:
            escalations = entry.case.escalations
            self.fired += escalations[len(escalations) - _fired(entry) :]

    def swept(self, *, waiting: int, more: bool) -> Sweep:
        """The result."""
        return Sweep(
            tuple(card for card in self.fired if card.is_breach),
            tuple(card for card in self.fired if not card.is_breach),
            conflicts=tuple(self.conflicts),
            refused=tuple(dict.fromkeys(self.refused)),
            waiting=waiting,
            more=more,
        )


class Sweeper:
    """Sweeps the store of one desk; see `caseflow.desk.Desk.sweep`."""

    def __init__(self, handler: CommandHandler) -> None:
        self._handler = handler
        self._store = handler.store

    def sweep(
        self,
        *,
        limit: int | None,
        until: datetime | str | int | None,
        part: tuple[int, int] | None,
    ) -> Sweep:
        """Fire every rung that is due."""
        started, now = seconds_running(), int(self._handler.clock.now_us())
        horizon = now if until is None else min(micros(until, what="until"), now)
        is_mine, earliest = _of_part(part), now
        progress = _Progress(horizon, now)
        left, after, more = limit, None, False
        while left is None or left > 0:
            size = BATCH if left is None else min(BATCH, left)
            due = self._store.due(horizon, limit=size, after=after)
            if due and after is None:
                earliest = due[0][0]
            self._sweep_batch([case_id for _, case_id in due if is_mine(case_id)], progress)
            left = None if left is None else left - len(due)
            if len(due) < size:
                break
            after = due[-1]
        else:
            more = bool(self._store.due(horizon, limit=1, after=after))
        swept = progress.swept(waiting=self._store.waiting(now), more=more)
        watch = self._handler.watch
        went_wrong = bool(swept.conflicts or swept.refused)
        if went_wrong or watch.observer is not None or watch.log.isEnabledFor(INFO):
            watch.tell(_done(swept, (now - earliest) / SECOND, seconds_running() - started))
        return swept

    def _sweep_batch(self, ids: Sequence[str], progress: _Progress) -> None:
        """Sweep these cases in one transaction; where others are changing one of them, in smaller ones."""
        if len(ids) == 1:
            progress.add(self._swept_alone(ids[0], progress))
            return
        appends: list[Append] = []
        load_many = getattr(self._store, "load_many", None)
        loaded = load_many(ids) if load_many is not None else None
        for case_id in ids:
            try:
                case = self._store.load(case_id) if loaded is None else loaded.get(case_id)
                appends += self._let_through(self._owed(case, progress), progress)
            except Exception as error:
                self._leave(progress, case_id, error)
        try:
            if appends:
                self._record(appends)
        except Stale:
            refused = set(progress.refused)
            left = [case_id for case_id in ids if case_id not in refused]
            half = (len(left) + 1) // 2
            for part in (left[:half], left[half:]):
                if part:
                    self._sweep_batch(part, progress)
        else:
            progress.add(appends)

    def _leave(self, progress: _Progress, case_id: str, error: Exception) -> None:
        """Leave out a case that cannot be swept, whatever is wrong with it: the others must get their cards.

        Raises:
            StoreError: it is the store that cannot be used.
        """
        if isinstance(error, StoreError) and error.code not in OF_ONE_CASE:
            raise error
        progress.refused.append(case_id)
        if not isinstance(error, Refused):
            self._handler.watch.left(case_id, error)

    def _owed(self, case: Case | None, progress: _Progress) -> list[Append]:
        """What a case owes by now: nothing, its own events, and those of followers that they set free."""
        if case is None or case.next_due_us is None or case.next_due_us > progress.horizon:
            return []
        handler = self._handler
        rules = handler.rules_of(case)
        history = partial(self._store.events, case.id)
        after, events = escalate(rules, case, progress.horizon, seen=progress.now, history=history)
        entries = [handler.told(rules, case, Append(after, case.version, events))]
        if after.facts.followers:
            entries += handler.freed(entries[0], progress.now, partial(self._leave, progress))
        return entries

    def _let_through(self, entries: list[Append], progress: _Progress) -> list[Append]:
        """The entries of a case, all of them or none."""
        hooks = self._handler.hooks
        if hooks.is_quiet or all(map(hooks.is_let_through, entries)):
            return entries
        progress.refused.append(entries[0].case.id)
        return []

    def _swept_alone(self, case_id: str, progress: _Progress) -> list[Append]:
        """Sweep one case that others may be changing."""
        for _ in range(ATTEMPTS):
            try:
                entries = self._let_through(self._owed(self._store.load(case_id), progress), progress)
                if entries:
                    self._record(entries)
            except Stale:
                continue
            except Exception as error:
                self._leave(progress, case_id, error)
                return []
            return entries
        progress.conflicts.append(case_id)
        return []

    def _record(self, entries: Sequence[Append]) -> None:
        """Append what was let through, case by case, and call those who follow it."""
        self._store.append(entries)
        if not self._handler.hooks.is_quiet:
            self._handler.hooks.after(self._store, entries)


def _done(swept: Sweep, lag: float, seconds: float) -> SweepDone:
    return SweepDone(
        len(swept.cards),
        len(swept.reminders),
        len(swept.conflicts),
        len(swept.refused),
        swept.waiting,
        lag=lag,
        more=swept.more,
        seconds=seconds,
    )


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
