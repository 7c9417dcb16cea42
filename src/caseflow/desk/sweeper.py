"""The sweep: every rung that is due is issued, batch by batch, whoever else is at it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from logging import INFO

from caseflow.clock import seconds_running
from caseflow.core.engine.escalation import escalate
from caseflow.core.model.case import Card, Case
from caseflow.core.model.events import RungEvent
from caseflow.core.time.instants import SECOND, micros
from caseflow.core.value import Value
from caseflow.desk.call_checks import checked_count
from caseflow.desk.command_handler import ATTEMPTS, CommandHandler
from caseflow.desk.unit_of_work import UnitOfWork
from caseflow.errors import BadRecord, Stale, StoreBusy, UnknownCase, is_of_the_store
from caseflow.ports import Append, Quarantined
from caseflow.ports.observations import SweepDone
from caseflow.ports.records import printable

BATCH = 2_000
"""Cases that are swept in one transaction: the ids of their notices lie scattered, so that each page of that
index is written once for many of them."""

SHARED_BATCH = 250
"""The same in a shared sweep: the smaller it is, the less is lost where two draw the same one."""

WINDOW = 32
"""Batches that a shared sweep draws from; where less is due they are smaller, down to so many cases:"""

SMALLEST_BATCH = 50

MOST = 10_000
"""Events that one case may bring in one sweep; a clock that begins itself anew all the time goes on in the
next."""

BUSY = 3
"""So many cases in a row whose rows are locked say that it is the store that is."""


class Sweep(Value):
    """What a sweep did.

    Attributes:
        cards, reminders: newly issued, by case in the order they were due (in a shared sweep within each
            batch); annulled ones never appear.
        conflicts: ids of cases that other writers kept changing; the next sweep meets them again.
        quarantined: cases left as they are, since they cannot be read, decided or written, or a hook did not
            let them through; by name, with what is wrong. The next sweep looks at them again.
        waiting: how many cases wait for a calendar that reaches further.
        more: whether more is due than `limit` let through.
    """

    cards: tuple[Card, ...] = ()
    reminders: tuple[Card, ...] = ()
    conflicts: tuple[str, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    waiting: int = 0
    more: bool = False


class _Progress:
    """What a sweep has done so far."""

    def __init__(self, horizon: int, now: int) -> None:
        self.horizon = horizon
        self.now = now
        self.fired: list[Card] = []
        self.conflicts: list[str] = []
        self.aside: dict[str, Quarantined] = {}
        self.taken = 0
        self.busy = 0
        self.is_met = False
        """Whether others were at what was listed."""

    def note(self, cases: Sequence[Sequence[Append]]) -> None:
        """What these cases owed was recorded."""
        self.taken += len(cases)
        self.busy = 0
        for entries in cases:
            for entry in entries:
                escalations = entry.case.escalations
                self.fired += escalations[len(escalations) - _fired(entry) :]

    def leave(self, one: Quarantined) -> None:
        """It is set aside, for the first thing that was wrong with it."""
        self.aside.setdefault(one.name, one)

    def is_aside(self, case_id: str) -> bool:
        """Whether the case is set aside already."""
        return bool(self.aside) and printable(case_id) in self.aside

    def swept(self, *, waiting: int, more: bool) -> Sweep:
        """The result."""
        return Sweep(
            tuple(card for card in self.fired if card.is_breach),
            tuple(card for card in self.fired if not card.is_breach),
            conflicts=tuple(self.conflicts),
            quarantined=tuple(self.aside.values()),
            waiting=waiting,
            more=more,
        )


class Sweeper:
    """Sweeps the store of one desk; see `caseflow.desk.Desk.sweep`."""

    def __init__(self, handler: CommandHandler) -> None:
        self._handler = handler
        self._store = handler.store
        self._known: dict[str, Quarantined] = {}
        """Set aside by the last sweep that saw all, and since: tried by itself, told of when it is new."""

    def sweep(self, *, limit: int | None, until: datetime | str | int | None, shared: bool) -> Sweep:
        """Fire every rung that is due."""
        started, now = seconds_running(), int(self._handler.clock.now_us())
        horizon = now if until is None else min(micros(until, what="until"), now)
        progress, earliest = _Progress(horizon, now), now
        left, after, more = limit, None, False
        most, batches = (SHARED_BATCH, WINDOW) if shared else (BATCH, 1)
        while left is None or checked_count("limit", left) > 0:
            size = most if left is None else min(most, left)
            listed = size * batches
            due = self._store.due(horizon, limit=listed, after=after)
            if not due or (after is not None and due[-1] <= after):
                break
            if shared:
                size = min(size, max(len(due) // batches, SMALLEST_BATCH))
            unseen, progress.is_met = _drawn(due, size) if shared else list(due), False
            while unseen and left != 0 and not (shared and progress.is_met):
                turn = size if left is None else min(size, left)
                taken = progress.taken
                self._sweep_listed(unseen[:turn], due, after, progress)
                del unseen[:turn]
                if left is not None:  # what is set aside takes nobody's turn
                    left -= progress.taken - taken
            if earliest == now:  # of what could be swept: the rest is not late for want of sweeps
                earliest = next((at for at, name in due if not progress.is_aside(name)), now)
            if unseen and left != 0:  # others are at the same: look anew what they left
                continue
            if unseen or len(due) < listed:
                more = bool(unseen)
                break
            after = due[-1]
        else:
            more = bool(self._store.due(horizon, limit=1, after=after))
        swept = progress.swept(waiting=self._store.waiting(now), more=more)
        watch = self._handler.watch
        if swept.quarantined or self._known:
            self._tell(progress.aside, is_whole=not more)
        went_wrong = bool(swept.conflicts or swept.quarantined)
        if went_wrong or watch.observer is not None or watch.log.isEnabledFor(INFO):
            watch.tell(_done(swept, (now - earliest) / SECOND, seconds_running() - started))
        return swept

    def _tell(self, aside: dict[str, Quarantined], *, is_whole: bool) -> None:
        """Tell of what is set aside and was not so before; a sweep that saw a part forgets nothing."""
        for name, one in aside.items():
            if self._known.get(name) != one:
                self._handler.watch.tell(one)
        self._known = aside if is_whole else {**self._known, **aside}

    def _sweep_listed(
        self,
        batch: Sequence[tuple[int, str]],
        due: Sequence[tuple[int, str]],
        after: tuple[int, str] | None,
        progress: _Progress,
    ) -> None:
        """Sweep a batch of what the store lists as due after a place.

        What owes nothing was swept by others since then; or it is listed still, and its row is wrong.
        """
        idle = self._sweep_batch([case_id for _, case_id in batch], progress)
        if not idle:
            return
        progress.is_met = True
        again = set(self._store.due(due[-1][0], limit=len(due), after=after))
        for at, case_id in batch:
            if case_id in idle and (at, case_id) in again:
                self._leave(progress, case_id, BadRecord("bad-case", case=case_id, found="due_order"))

    def _sweep_batch(self, ids: Sequence[str], progress: _Progress, *, again: bool = False) -> set[str]:
        """Sweep these cases; those are returned that owe nothing.

        Args:
            again: others have changed some of them since they were loaded.
        """
        loaded = self._loaded(ids, progress)
        idle: set[str] = set()
        together: list[list[Append]] = []
        aside, known = progress.aside, self._known
        for case_id in ids:
            if (aside and progress.is_aside(case_id)) or case_id in progress.conflicts:
                continue
            try:
                case = self._store.load(case_id) if loaded is None else loaded.get(case_id)
                if case is None:
                    raise UnknownCase(ascii(case_id))  # its name cannot be asked for
                owed = self._owed(case, progress)
                entries = self._let_through(owed, progress) if owed else []
            except Exception as error:
                self._leave(progress, case_id, error)
                continue
            if not owed:
                idle.add(case_id)
            elif known and case_id in known:
                self._write([entries] if entries else [], progress)
            elif entries:
                together.append(entries)
        self._write(together, progress, again=again)
        return idle

    def _loaded(self, ids: Sequence[str], progress: _Progress) -> dict[str, Case] | None:
        """The cases by id, asked for at once; `None` when they must be asked for one by one."""
        load_many = getattr(self._store, "load_many", None)
        if load_many is None:
            return None
        try:
            cases: dict[str, Case] = load_many(ids, aside=progress.leave)
        except Exception as error:
            if is_of_the_store(error):
                raise
            return None
        return cases

    def _write(self, cases: list[list[Append]], progress: _Progress, *, again: bool = True) -> None:
        """Append what cases owe, in one transaction; where one of them hinders it, in halves without it.

        Another sweep is often at the same ones: they are looked at once more before they are halved.
        """
        if not cases:
            return
        try:
            self._record([entry for entries in cases for entry in entries])
        except Exception as error:
            if is_of_the_store(error) and not _is_of_a_row(error):
                raise
            if len(cases) == 1:
                self._write_alone(cases[0], error, progress)
                return
            progress.is_met = progress.is_met or isinstance(error, Stale)
            if isinstance(error, Stale) and not again:
                self._sweep_batch([entries[0].case.id for entries in cases], progress, again=True)
                return
            step = 1 if isinstance(error, StoreBusy) else (len(cases) + 1) // 2  # a lock is waited for long
            for first in range(0, len(cases), step):
                self._write(cases[first : first + step], progress)
            return
        progress.note(cases)

    def _write_alone(self, entries: list[Append], error: Exception, progress: _Progress) -> None:
        """What is done about a case whose entries were not taken: others change it, or it is set aside."""
        case_id = entries[0].case.id
        if isinstance(error, Stale):
            done = self._swept_alone(case_id, entries, progress)
            if done:
                progress.note([done])
        elif isinstance(error, StoreBusy) and progress.busy + 1 < BUSY:
            progress.busy += 1
            progress.conflicts.append(case_id)
        else:
            self._leave(progress, case_id, error)

    def _leave(self, progress: _Progress, case_id: str, error: Exception) -> None:
        """Set a case aside, whatever is wrong with it: the others must get their cards.

        Raises:
            StoreError: it is the store that cannot be used.
        """
        if is_of_the_store(error):
            raise error
        progress.leave(Quarantined.of("case", case_id, error))

    def _owed(self, case: Case, progress: _Progress) -> list[Append]:
        """What a case owes by now: nothing, its own events, and those of followers that they set free."""
        if case.next_due_us is None or case.next_due_us > progress.horizon:
            return []
        handler = self._handler
        rules = handler.rules_of(case)
        history = partial(self._store.events, case.id)
        after, events = escalate(rules, case, progress.horizon, seen=progress.now, history=history, most=MOST)
        entry = Append(after, case.version, events)
        if not after.facts.followers and not after.facts.links:
            return [handler.told(rules, case, entry)]
        work = UnitOfWork(handler, progress.now, partial(self._leave, progress))
        work.add(case, entry)
        return work.entries()

    def _let_through(self, entries: list[Append], progress: _Progress) -> list[Append]:
        """The entries of a case, all of them or none."""
        hooks = self._handler.hooks
        if hooks.is_quiet or all(hooks.is_let_through(entry, self._handler.watch) for entry in entries):
            return entries
        progress.leave(Quarantined("case", entries[0].case.id, "hook-failed"))
        return []

    def _swept_alone(self, case_id: str, entries: list[Append], progress: _Progress) -> list[Append]:
        """Sweep one case that others may be changing."""
        expected = entries[0].expected
        for _ in range(ATTEMPTS):
            try:
                case = self._store.load(case_id)
                if case is None:
                    return []
                expected = case.version
                entries = self._let_through(self._owed(case, progress), progress)
                if entries:
                    self._record(entries)
            except Stale:
                continue
            except Exception as error:
                self._leave(progress, case_id, error)
                return []
            return entries
        case = self._store.load(case_id)
        if case is not None and case.version == expected:  # nobody changes it: its row is not as it should be
            self._leave(progress, case_id, BadRecord("bad-case", case=case_id, found="version"))
        else:
            progress.conflicts.append(case_id)
        return []

    def _record(self, entries: Sequence[Append]) -> None:
        """Append what was let through, case by case, and call those who follow it."""
        self._store.append(entries)
        if not self._handler.hooks.is_quiet:
            self._handler.hooks.after(self._store, entries, self._handler.watch)


def _done(swept: Sweep, lag: float, seconds: float) -> SweepDone:
    return SweepDone(
        len(swept.cards),
        len(swept.reminders),
        len(swept.conflicts),
        len(swept.quarantined),
        swept.waiting,
        lag=lag,
        more=swept.more,
        seconds=seconds,
    )


def _is_of_a_row(error: Exception) -> bool:
    """Whether it may be one row that is locked; who waited for no time was told that all is undone."""
    return isinstance(error, StoreBusy) and bool(error.data.get("seconds"))


def _fired(entry: Append) -> int:
    return sum(isinstance(event, RungEvent) for event in entry.events)


def _drawn(due: Sequence[tuple[int, str]], size: int) -> list[tuple[int, str]]:
    """The same in batches of that size, the batches in an order that chance gives."""
    firsts = list(range(0, len(due), size))
    random.shuffle(firsts)
    return [one for first in firsts for one in due[first : first + size]]
