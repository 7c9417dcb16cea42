"""The case and what it holds: clocks, cards, and the record of its life. Values only; `evolve` makes them."""

from __future__ import annotations

from datetime import datetime

from caseflow.core.counting import Pause
from caseflow.core.events import UNKNOWN_ORIGIN, Ladder, Origin
from caseflow.core.facts import NOTHING_YET, Facts
from caseflow.core.instants import moment
from caseflow.core.terms import NOWHERE, Place, Stage
from caseflow.core.values import Value, value


@value
class Card(Value):
    """A rung that was reached: a card (breach) or a reminder (warning). Evidence, so never deleted.

    Attributes:
        level: ``yellow``, ``red``, ``urge``... as the policy names it.
        clock, subject, cycle: the clock instance; cycles count from 1.
        unit: who held the case at `effective_at`.
        annulled_us, annulled_because: set when a later fact showed that the card does not hold.
        inherited: it took effect before the case was adopted, and was told to nobody.
    """

    case_id: str
    level: str
    clock: str
    subject: str
    cycle: int
    unit: str
    effective_us: int
    detected_us: int
    is_breach: bool
    zone: str
    annulled_us: int | None = None
    annulled_because: str = ""
    inherited: bool = False

    @property
    def addressee(self) -> str:
        """The unit it is meant for: the clock's subject where it has one, else who held the case."""
        return self.subject or self.unit

    @property
    def effective_at(self) -> datetime:
        """When it took effect, in the office's zone."""
        return moment(self.effective_us, self.zone)

    @property
    def detected_at(self) -> datetime:
        """When it was noticed, in the office's zone."""
        return moment(self.detected_us, self.zone)

    @property
    def annulled_at(self) -> datetime | None:
        """When it was annulled, in the office's zone; ``None`` while it stands."""
        return None if self.annulled_us is None else moment(self.annulled_us, self.zone)

    @property
    def stands(self) -> bool:
        """Whether it was not annulled."""
        return self.annulled_us is None


@value
class ClockRun(Value):
    """One instance of a clock: (case, clock, subject, cycle).

    Attributes:
        status: ``running``, ``stopped``, ``cancelled`` or ``held`` (merged into a primary).
        since_us, until_us: its start and, when it does not run, its end; a rung due at the very end counts.
        ladder, dues: the rungs and the first late instant of each; ``None`` while an open pause defers it.
        unknown: bit mask of rungs whose due is only "not before", since the calendar ends.
        fired: bit mask of rungs with a standing card or reminder.
        pauses: ``(from, to)`` in the order they were recorded; ``to`` is ``None`` while open.
        grants: ``(granted at, days)`` of extensions.
    """

    clock: str
    subject: str
    cycle: int
    status: str
    since_us: int
    until_us: int | None
    ladder: Ladder
    dues: tuple[int | None, ...]
    unknown: int = 0
    fired: int = 0
    pauses: tuple[Pause, ...] = ()
    grants: tuple[tuple[int, int], ...] = ()

    @property
    def key(self) -> tuple[str, str, int]:
        """What identifies the instance within its case."""
        return self.clock, self.subject, self.cycle

    @property
    def is_running(self) -> bool:
        """Whether it has not ended (it may be paused)."""
        return self.until_us is None

    @property
    def is_paused(self) -> bool:
        """Whether a pause is open."""
        return any(end is None for _, end in self.pauses)

    def is_pending(self, rung: int) -> bool:
        """Whether the rung is still to fire: certain, not fired, and due before the end if there is one."""
        due, until = self.dues[rung], self.until_us
        return (
            due is not None
            and not (self.fired | self.unknown) >> rung & 1
            and (until is None or due <= until)
        )

    @property
    def next_due(self) -> int | None:
        """When the next rung fires if nobody acts; ``None`` for never."""
        until, out, earliest = self.until_us, self.fired | self.unknown, None
        if until is not None and self.dues:
            first = self.dues[0]  # the earliest of its ladder
            if first is not None and first > until:
                return None
        for due in self.dues:
            if due is not None and not out & 1 and (earliest is None or due < earliest):
                earliest = due
            out >>= 1
        return earliest if earliest is None or until is None or earliest <= until else None

    @property
    def waits_from(self) -> int | None:
        """The earliest "not before" among rungs that wait for a calendar."""
        if not self.unknown or self.until_us is not None:
            return None
        waiting = self.unknown & ~self.fired
        dues = (due for rung, due in enumerate(self.dues) if waiting >> rung & 1)
        return min((due for due in dues if due is not None), default=None)

    @property
    def deadline_us(self) -> int | None:
        """Its first breach rung, fired or not; `None` while that one waits for a calendar."""
        for index, (_, is_breach) in enumerate(self.ladder):
            if is_breach:
                return None if self.unknown >> index & 1 else self.dues[index]
        return None


@value
class Case(Value):
    """A citizen's inquiry at one version. Instants inside are epoch microseconds; see the properties.

    Attributes:
        version: the number of events so far.
        place: state, stage and whether it is an end.
        unit: who holds the case; empty for nobody.
        citizen: the id of whoever asked.
        last_us: the instant of the last event; `acted_us`: of the last that was not a card or reminder.
        next_due_us: the earliest instant at which the next rung fires.
        clocks: every instance, oldest first.
        steps: handling steps (四步曲) recorded in this cycle, in order of their first record.
        rungs: every card and reminder, oldest effective instant first as a rule.
    """

    id: str
    version: int = 0
    place: Place = NOWHERE
    unit: str = ""
    citizen: str = ""
    submitted_us: int = 0
    last_us: int = 0
    acted_us: int = 0
    next_due_us: int | None = None
    clocks: tuple[ClockRun, ...] = ()
    rungs: tuple[Card, ...] = ()
    steps: tuple[str, ...] = ()
    origin: Origin = UNKNOWN_ORIGIN
    facts: Facts = NOTHING_YET

    @property
    def state(self) -> str:
        """The key of the state."""
        return self.place.state

    @property
    def stage(self) -> Stage:
        """Inquiry, handling, evaluation, rectification or ended."""
        return Stage(self.place.stage)

    @property
    def is_open(self) -> bool:
        """Whether the state is not an end."""
        return not self.place.final

    @property
    def cards(self) -> tuple[Card, ...]:
        """Breaches, annulled ones included, in the order of `effective_at` as a rule."""
        return tuple(card for card in self.rungs if card.is_breach)

    @property
    def reminders(self) -> tuple[Card, ...]:
        """Warnings, in the same order."""
        return tuple(card for card in self.rungs if not card.is_breach)

    @property
    def submitted_at(self) -> datetime:
        """When the inquiry was made, in the office's zone."""
        return moment(self.submitted_us, self.origin.zone)

    @property
    def next_due(self) -> datetime | None:
        """When the next rung fires if nobody acts, in the office's zone."""
        return None if self.next_due_us is None else moment(self.next_due_us, self.origin.zone)

    @property
    def deadline_us(self) -> int | None:
        """The earliest first-late instant over the running clocks, passed or not."""
        dues = (run.deadline_us for run in self.clocks if run.is_running)
        return min((due for due in dues if due is not None), default=None)

    @property
    def deadline(self) -> datetime | None:
        """`deadline_us` in the office's zone."""
        due = self.deadline_us
        return None if due is None else moment(due, self.origin.zone)

    @property
    def waits_from(self) -> int | None:
        """The earliest "not before" among rungs that wait for a calendar."""
        earliest = None
        for run in self.clocks:
            if run.unknown:
                wait = run.waits_from
                if wait is not None and (earliest is None or wait < earliest):
                    earliest = wait
        return earliest

    @property
    def has_reply(self) -> bool:
        """Whether a public substantive reply stands, in any cycle."""
        return any(reply.retracted_us is None for reply in self.facts.replies)

    def unit_at(self, us: int) -> str:
        """Who held the case at the instant; a hand-over at that very instant comes after it."""
        for until, unit in self.facts.past_units:
            if us <= until:
                return unit
        return self.unit

    def running(self, clock: str, subject: str = "") -> ClockRun | None:
        """The instance of that clock and subject that has not ended."""
        for run in self.clocks:
            if run.clock == clock and run.subject == subject and run.until_us is None:
                return run
        return None

    def latest(self, clock: str, subject: str = "") -> ClockRun | None:
        """The newest instance of that clock and subject."""
        found = [run for run in self.clocks if run.clock == clock and run.subject == subject]
        return max(found, key=lambda run: run.cycle, default=None)
