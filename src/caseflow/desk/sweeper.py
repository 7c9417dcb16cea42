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
from caseflow.desk.call_checks import checked_count
from caseflow.desk.command_handler import ATTEMPTS, CommandHandler
from caseflow.desk.unit_of_work import UnitOfWork
from caseflow.errors import BadInput, BadRecord, Stale, StoreBusy, UnknownCase, is_of_the_store
from caseflow.ports import Append, Quarantined
from caseflow.ports.observations import SweepDone
from caseflow.ports.records import printable

BATCH = 2_000
"""Cases that are swept in one transaction: the ids of their notices lie scattered, so that each page of that
index is written once for many of them."""

MOST = 10_000
"""Events that one case may bring in one sweep; a clock that begins itself anew all the time goes on in the
next."""

BUSY = 3
"""So many cases in a row whose rows are locked say that it is the store that is."""


class Sweep(Value):
    """What a sweep did.

    Attributes:
        cards, reminders: newly issued, by case in the order they were due; annulled ones never appear.
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
        """What the last sweep set aside: tried by itself from then on, and told of only when it is new."""

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
        while left is None or checked_count("limit", left) > 0:
            size = BATCH if left is None else min(BATCH, left)
            due = self._store.due(horizon, limit=size, after=after)
            if not due or (after is not None and due[-1] <= after):
                break
            taken = progress.taken
            idle = self._sweep_batch([case_id for _, case_id in due if is_mine(case_id)], progress)
            if idle:
                again = set(self._store.due(due[-1][0], limit=size, after=after))
                for case_id in (case_id for at, case_id in due if case_id in idle and (at, case_id) in again):
                    self._leave(progress, case_id, BadRecord("bad-case", case=case_id, found="due_order"))
            if earliest == now:  # of what could be swept: the rest is not late for want of sweeps
                earliest = next((at for at, name in due if not progress.is_aside(name)), now)
            if left is not None:  # what is set aside takes nobody's turn
                left -= progress.taken - taken
            if len(due) < size:
                break
            after = due[-1]
        else:
            more = bool(self._store.due(horizon, limit=1, after=after))
        swept = progress.swept(waiting=self._store.waiting(now), more=more)
        watch = self._handler.watch
        if swept.quarantined or self._known:
            self._tell(progress.aside)
        went_wrong = bool(swept.conflicts or swept.quarantined)
        if went_wrong or watch.observer is not None or watch.log.isEnabledFor(INFO):
            watch.tell(_done(swept, (now - earliest) / SECOND, seconds_running() - started))
        return swept

    def _tell(self, aside: dict[str, Quarantined]) -> None:
        """Tell of what is set aside and was not so in the last sweep."""
        for name, one in aside.items():
            if self._known.get(name) != one:
                self._handler.watch.tell(one)
        self._known = aside

    def _sweep_batch(self, ids: list[str], progress: _Progress) -> set[str]:
        """Sweep these cases; those are returned that owe nothing."""
        loaded = self._loaded(ids, progress)
        idle: set[str] = set()
        together: list[list[Append]] = []
        aside, known = progress.aside, self._known
        for case_id in ids:
            if aside and progress.is_aside(case_id):
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
        self._write(together, progress)
        return idle

    def _loaded(self, ids: list[str], progress: _Progress) -> dict[str, Case] | None:
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

    def _write(self, cases: list[list[Append]], progress: _Progress) -> None:
        """Append what cases owe, in one transaction; where one of them hinders it, in halves without it."""
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


def _of_part(part: tuple[int, int] | list[int] | None) -> Callable[[str], bool]:
    """Whether a case belongs to the part; the same for every process and version."""
    if part is None:
        return lambda _: True
    try:
        which, parts = part
        fits = 1 <= which <= parts
    except (TypeError, ValueError):
        which, parts, fits = 0, 0, False
    if not fits:
        raise BadInput(
            "bad-part", found="/".join(map(str, part))[:80] if isinstance(part, tuple) else ascii(part)[:80]
        )
    return lambda case_id: crc32(case_id.encode("utf-8", "surrogatepass")) % parts == which - 1
