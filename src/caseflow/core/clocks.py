"""A clock of a policy, ready to run: when it applies, how its rungs count, and what acts do to it."""

from __future__ import annotations

from collections.abc import Sequence

from caseflow.core.calendars import Calendar
from caseflow.core.case import Case, ClockRun
from caseflow.core.counting import Counting, Pause, Span, breach
from caseflow.core.events import RUNS_AGAIN, ClockChange, Ladder, Origin
from caseflow.core.instants import OfficeDays
from caseflow.core.policy import ClockRule, When
from caseflow.core.values import maker

Dues = tuple[tuple[int | None, ...], int]
"""The first late instant of each rung, and the bit mask of those that are only "not before"."""

_change = maker(ClockChange)


class ClockPlan:
    """One clock of a policy: its rungs as spans, and the instants they come to.

    The dues of a count by days, without pauses and grants, depend on the start day alone; they are
    remembered by day and shared by all cases that started on it.
    """

    __slots__ = (
        "_by_day",
        "_is_for_all",
        "calendar",
        "days",
        "ladder",
        "name",
        "order",
        "rule",
        "spans",
        "then",
    )

    def __init__(
        self, name: str, rule: ClockRule, *, order: int, days: OfficeDays, calendar: Calendar | None
    ) -> None:
        self.name = name
        self.rule = rule
        self.order = order
        self.days = days
        self.calendar = calendar
        self.ladder: Ladder = tuple((rung.level, rung.kind == "breach") for rung in rule.rungs)
        self.spans = tuple(
            Span.of(rung.days, hours=rung.hours, counting=rule.counting, roll=rule.roll, calendar=calendar)
            for rung in rule.rungs
        )
        self.then = {rung.level: rung.then for rung in rule.rungs if rung.then}
        self._by_day: dict[int, Dues] = {}
        self._is_for_all = rule.when == When()

    def applies(self, origin: Origin) -> bool:
        """Whether the clock is for cases like this one."""
        when = self.rule.when
        return self._is_for_all or (
            (not when.kind or origin.kind in when.kind)
            and (not when.urgency or origin.urgency in when.urgency)
            and (not when.channel or origin.channel in when.channel)
            and (not when.region or origin.region in when.region)
        )

    def dues(self, start: int, pauses: Sequence[Pause] = (), grants: Sequence[tuple[int, int]] = ()) -> Dues:
        """When each rung breaches, from the facts alone.

        A grant adds its days to every rung that was not yet effective when it was given.
        """
        if pauses or grants or self.rule.counting == Counting.ELAPSED:
            return self._count(start, pauses, grants)
        day = self.days.day_of(start)
        known = self._by_day.get(day)
        if known is None:
            known = self._by_day[day] = self._count(start, pauses, grants)
        return known

    def _count(self, start: int, pauses: Sequence[Pause], grants: Sequence[tuple[int, int]]) -> Dues:
        dues: list[int | None] = []
        unknown = 0
        for index, span in enumerate(self.spans):
            late = breach(self.extended_span(span, start, pauses, grants), start, pauses, self.days)
            dues.append(late.at_us)
            if not late.certain:
                unknown |= 1 << index
        return tuple(dues), unknown

    def extended_span(
        self, span: Span, start: int, pauses: Sequence[Pause], grants: Sequence[tuple[int, int]]
    ) -> Span:
        """The span with every grant that was given before its breach."""
        for granted_at, days in sorted(grants):
            late = breach(span, start, pauses, self.days)
            if late.at_us is None or not late.certain or late.at_us > granted_at:
                span = span.longer(days)
        return span

    def started(self, case: Case, subject: str, at: int, *, paused: bool = False) -> ClockChange | None:
        """The change that begins an instance; none while one runs."""
        latest = case.latest(self.name, subject) if case.clocks else None
        if latest is not None and latest.until_us is None:
            return None
        cycle = 1 if latest is None else latest.cycle + 1
        pauses: tuple[Pause, ...] | None = ((at, None),) if paused else None
        dues, unknown = self.dues(at, pauses or ())
        return _change(
            self.name, subject, cycle, "running", at, None, self.ladder, dues, unknown or None, pauses
        )

    def paused(self, run: ClockRun, at: int) -> ClockChange | None:
        """The change that opens a pause; none when one is open."""
        return None if run.is_paused else self._recounted(run, pauses=(*run.pauses, (at, None)))

    def resumed(self, run: ClockRun, at: int) -> ClockChange | None:
        """The change that closes the open pause; a pause of no length vanishes."""
        if not run.is_paused:
            return None
        pauses = tuple(pause if pause[1] is not None else (pause[0], at) for pause in run.pauses)
        return self._recounted(run, pauses=tuple(p for p in pauses if p[1] is None or p[1] > p[0]))

    def revived(self, run: ClockRun, at: int) -> ClockChange | None:
        """The change that takes a stop back: [stop, revival) becomes a pause of the same cycle.

        A pause that was open at the stop is open still.
        """
        if run.status != "stopped" or run.until_us is None:
            return None
        gap: tuple[Pause, ...] = ((run.until_us, at),) if at > run.until_us else ()
        change = self._recounted(run, pauses=(*run.pauses, *gap))
        return change.replace(status="running", until=RUNS_AGAIN)

    def extended(self, run: ClockRun, at: int, days: int) -> ClockChange:
        """The change that a granted extension makes."""
        return self._recounted(run, grants=(*run.grants, (at, days)))

    def recounted(self, run: ClockRun) -> ClockChange:
        """The change that counts an instance anew under this plan (another policy or calendar)."""
        return self._recounted(run).replace(ladder=self.ladder)

    def _recounted(
        self,
        run: ClockRun,
        *,
        pauses: tuple[Pause, ...] | None = None,
        grants: tuple[tuple[int, int], ...] | None = None,
    ) -> ClockChange:
        dues, unknown = self.dues(
            run.since_us,
            run.pauses if pauses is None else pauses,
            run.grants if grants is None else grants,
        )
        return _change(*run.key, dues=dues, unknown=unknown, pauses=pauses, grants=grants)


def ended(run: ClockRun, at: int, status: str) -> ClockChange:
    """The change that ends an instance: ``stopped``, ``cancelled`` or ``held``.

    An open pause stays open: nothing breaches in it, and after a revival it goes on until it is resumed.
    """
    return _change(run.clock, run.subject, run.cycle, status, None, at)


def let_go(run: ClockRun) -> ClockChange:
    """The change that lets a held instance run on; the time in between counts as run."""
    return _change(*run.key, status="running", until=RUNS_AGAIN)
