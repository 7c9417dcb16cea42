"""Time in a timeline: it moves when told to, and what falls due on the way is fired at its own instant."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, datetime

from caseflow.core.model.case import Card
from caseflow.core.time.instants import HOUR, SECOND, moment
from caseflow.errors import BadInput
from caseflow.i18n import timeline_text
from caseflow.testing.step import python_source
from caseflow.testing.timeline.timeline_state import TimelineState
from caseflow.testing.timeline.wall_clock import days_later, instant_of, working_days_later
from caseflow.views.labels import clock_time


class Outage:
    """A time without sweeps.

    Attributes:
        fired: afterwards, the cards and reminders that the late sweep issued, in the order they were due.
    """

    fired: tuple[Card, ...] = ()


class PassingTime(TimelineState):
    """How a timeline's time passes."""

    def advance(
        self,
        *,
        days: int = 0,
        working_days: int = 0,
        hours: int = 0,
        minutes: int = 0,
        seconds: int = 0,
        to: datetime | date | str | int | None = None,
    ) -> tuple[Card, ...]:
        """Let time pass, sweeping at every instant at which something falls due, as a timely worker would.

        Args:
            days: days of the office's wall clock: the same time of day, summer time or not.
            working_days: then so many working days of the `calendar`: from Monday 09:00 three lead to
                Thursday 09:00, if none of them is a holiday.
            hours, minutes, seconds: then so much running time.
            to: instead of all these, an instant; without an offset it is the office's wall clock, and a
                date alone is its midnight.

        Returns:
            The cards and reminders fired on the way, in the order they were due; none during an outage.

        Raises:
            BadInput: the time would run backwards, or the calendar ends before the working day.
        """
        spans = {"days": days, "working_days": working_days, "hours": hours, "minutes": minutes,
                 "seconds": seconds}  # fmt: skip
        _check(spans, alone=to is not None)
        now = self.clock.now_us()
        target = self._later(now, spans) if to is None else instant_of(to, self.zone, what="to")
        if target < now:
            raise BadInput("clock-moves-back", what="advance", found=clock_time(target, self.zone))
        by_own = working_days and self._is_own_calendar  # a source cannot name it
        is_to = by_own or to is not None
        named = {"to": moment(target, self.zone)} if is_to else {k: n for k, n in spans.items() if n}
        self._journal.call("timeline", "advance", (), named)
        return self._pass_until(target)

    def _later(self, now: int, spans: dict[str, int]) -> int:
        target = days_later(now, spans["days"], self.zone)
        if spans["working_days"]:
            target = working_days_later(target, spans["working_days"], self.zone, self.calendar)
        return target + spans["hours"] * HOUR + (spans["minutes"] * 60 + spans["seconds"]) * SECOND

    def _pass_until(self, target: int) -> tuple[Card, ...]:
        self._fired.clear()
        fired: list[Card] = []
        while not self._is_down:
            due = self.store.next_due()
            if due is None or due > target:
                break
            cards = self._sweep_at(due)
            if not cards:  # a case that this version cannot sweep; the others are swept at the end
                break
            fired += cards
        self.clock.set(target)
        if not self._is_down and (due := self.store.next_due()) is not None and due <= target:
            fired += self._sweep_at(target)
        return tuple(fired)

    def _sweep_at(self, instant: int) -> tuple[Card, ...]:
        """What a sweep at the instant (or now, when that is later) fires, in the order it was due."""
        if instant > self.clock.now_us():
            self.clock.set(instant)
        swept = self.desk.sweep()
        fired = (*swept.reminders, *swept.cards)
        return fired if len(fired) < 2 else tuple(sorted(fired, key=self._place))

    def _place(self, card: Card) -> tuple[int, str, int]:
        case = self.desk.get(card.case_id)
        return (card.effective_us, card.case_id, case.escalations.index(card))

    def to_next_deadline(self) -> Card:
        """Go to the instant at which the next rung of any case falls due, fire it, and return it.

        Where several fall due at one instant each call returns the next of them, and time stands still.

        Raises:
            AssertionError: nothing will ever fire; shows the story.
        """
        card = self._next_card()
        self._journal.line(f"assert timeline.to_next_deadline().level == {python_source(card.level)}")
        return card

    def _next_card(self) -> Card:
        if not self._fired:
            if self._is_down:
                raise self.failure(timeline_text("outage", self.lang))
            due = self.store.next_due()
            if due is None:
                waiting = self.store.waiting(1 << 62)
                key = "waits" if waiting else "nothing due"
                raise self.failure(timeline_text(key, self.lang, n=waiting))
            self._fired.extend(self._sweep_at(due))
            if not self._fired:
                raise self.failure(timeline_text("stuck", self.lang, at=clock_time(due, self.zone)))
        return self._fired.popleft()

    def run_until_quiet(self, *, limit: int = 1000) -> tuple[Card, ...]:
        """Go from deadline to deadline until nothing is due any more.

        Args:
            limit: the most deadlines that may fire.

        Returns:
            Every card and reminder, in the order they were due.

        Raises:
            AssertionError: something was still due after so many; shows the story.
        """
        self._journal.line("timeline.run_until_quiet()")
        fired: list[Card] = []
        while self._fired or self.store.next_due() is not None:
            if len(fired) >= limit:
                raise self.failure(timeline_text("still busy", self.lang, n=limit))
            fired.append(self._next_card())
        return tuple(fired)

    @contextmanager
    def outage(self) -> Generator[Outage]:
        """Sweep nothing inside; one late sweep follows at the end. Commands are taken all the while."""
        outage, was_down = Outage(), self._is_down
        begun = self._journal.enter("with timeline.outage():")
        self._is_down = True
        try:
            yield outage
        finally:
            self._is_down = was_down
            self._journal.leave(begun)
        if not was_down:
            outage.fired = self._sweep_at(self.clock.now_us())


def _check(spans: dict[str, int], *, alone: bool) -> None:
    """Refuse spans that are no counts, that run backwards, or that stand beside ``to``."""
    for name, span in spans.items():
        if type(span) is not int:
            raise BadInput("bad-int", what=name, found=repr(span))
        if span < 0:
            raise BadInput("clock-moves-back", what=name, found=str(span))
        if span and alone:
            raise BadInput("not-beside", what=name, found="to=")
