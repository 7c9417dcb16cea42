"""A simulated timeline: cases of any policy in time that moves when told to, and what tests ask of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Unpack

from caseflow.core.calendars import Calendar
from caseflow.core.case import Case
from caseflow.core.instants import moment
from caseflow.core.policy import Policy
from caseflow.errors import CaseflowError, Refusal, Refused
from caseflow.ports import Store
from caseflow.testing.office_time import instant_of
from caseflow.testing.story_check import expected_lines, first_difference, marked
from caseflow.testing.timeline_actions import Doing, TimelineActions, case_id_of
from caseflow.testing.timeline_faults import Faults, Taken
from caseflow.testing.timeline_words import said
from caseflow.testing.timeline_world import START
from caseflow.views.story_words import Lang


class Expected:
    """A refusal that was expected.

    Attributes:
        refusal: afterwards, the refusal; `None` inside.
    """

    refusal: Refusal | None = None


class Timeline(TimelineActions, Faults):
    """Cases in simulated time, under any policy and on any store.

    Nobody needs to be named: each method acts as the first actor whom the policy allows. Time stands still
    until it is moved; what falls due on the way is fired at its own instant, as by a timely worker.

    Args:
        policy: a shipped policy's name, the path of a file, or a policy.
        start: where the clock stands: an aware datetime, its ISO 8601 text (the office's wall clock when it
            has no offset), or epoch microseconds; by default Monday 2025-03-03, 09:00 in China.
        store: where the cases are kept; by default in memory. A function without arguments that opens the
            store lets `crash` open it again.
        calendar: by which `advance` counts working days: a calendar, the path of a table file, ``CN``
            (needs the extra ``cn``); by default the policy's own when it has exactly one, else ``CN``. The
            policy's clocks count by the policy's own calendars.
        lang: the language of stories and errors, ``en`` or ``zh``.

    Attributes:
        desk, store, clock: the parts, for what a timeline has no word for.

    >>> timeline = Timeline("wuhu", start="2025-01-20T09:00:00+08:00")
    >>> case = timeline.submit("路灯不亮", to="城管局")
    >>> [card.level for card in timeline.advance(days=6)]
    ['reminder', 'yellow']
    """

    def __init__(
        self,
        policy: str | Path | Policy = "wuhu",
        *,
        start: datetime | str | int = START,
        store: Store | Callable[[], Store] | None = None,
        calendar: Calendar | str | Path | None = None,
        lang: Lang = "en",
    ) -> None:
        super().__init__(policy, start=start, store=store, calendar=calendar, lang=lang)

    # -- commands ---------------------------------------------------------------------------------------

    def submit(
        self,
        title: str,
        *,
        to: str = "",
        body: str = "",
        kind: str = "",
        channel: str = "",
        region: str = "",
        urgency: str = "",
        citizen: str = "",
        case_id: str = "",
        **doing: Unpack[Doing],
    ) -> Case:
        """Take in an inquiry; with ``to`` it is routed to that unit at once.

        The id is ``case-1``, ``case-2`` and so on unless given, and each case has a citizen of its own.
        """
        fields = {
            "title": title, "body": body, "kind": kind, "to": to, "channel": channel,
            "region": region, "urgency": urgency, "citizen": citizen,
        }  # fmt: skip
        fields = {name: found for name, found in fields.items() if found}
        written = {**fields, **doing, **({"case_id": case_id} if case_id else {})}
        return self._called("submit", (), written, case_id or self._new_id(), "submit", fields, doing)

    def _new_id(self) -> str:
        number = len(self._touched) + 1
        while (found := f"case-{number}") in self._touched or self.store.load(found) is not None:
            number += 1
        return found

    def act(
        self,
        case: Case | str,
        action: str,
        *,
        fields: Mapping[str, Any] | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """Take any action of the policy, its own ones included; see `Desk.act`."""
        case_id, given = case_id_of(case), dict(fields or {})
        written = {**({"fields": given} if given else {}), **doing}
        return self._called("act", (case_id, action), written, case_id, action, given, doing)

    def _do(self, action: str, case: Case | str, doing: Doing, /, **fields: Any) -> Case:
        case_id = case_id_of(case)
        given = {name: found for name, found in fields.items() if found is not None}
        return self._called(action, (case_id,), {**given, **doing}, case_id, action, given, doing)

    def _called(
        self,
        method: str,
        first: tuple[Any, ...],
        written: Mapping[str, Any],
        case_id: str,
        action: str,
        fields: dict[str, Any],
        doing: Doing,
    ) -> Case:
        """Note the call as it would be written, then let the command arrive, or hold it back."""
        step = self._journal.call(f"timeline.{method}", first, written)
        by, unit, reason = doing.get("by"), doing.get("unit", ""), doing.get("reason")
        if reason is not None:
            fields = {**fields, "reason": reason}
        since = doing.get("effective_at")
        if since is not None:
            since = moment(instant_of(since, self.zone, what="effective_at"), self.zone)
        try:
            if self._held is not None:
                now, key, version = self.clock.now_us(), doing.get("key"), doing.get("expected_version")
                taken = Taken(case_id, action, fields, by, unit, now, since, key, version)
                after = self._hold(self._held, taken)
            else:
                after = self._take(
                    case_id, action, fields, by=by, unit=unit, effective_at=since,
                    key=doing.get("key"), expected_version=doing.get("expected_version"),
                )  # fmt: skip
        except Refused as error:
            self._journal.refused(step, error.code)
            raise
        except CaseflowError:
            self._journal.forget(step)
            raise
        self._touched[case_id] = None
        return after

    # -- questions --------------------------------------------------------------------------------------

    def case(self, case: Case | str) -> Case:
        """The case as it now is.

        Raises:
            UnknownCase: no such case.
        """
        return self.desk.get(case_id_of(case))

    def cards(self, case: Case | str) -> tuple[str, ...]:
        """The levels of the cards that stand, in the order they were issued."""
        return tuple(card.level for card in self.case(case).cards if card.stands)

    def reminders(self, case: Case | str) -> tuple[str, ...]:
        """The levels of the reminders that stand, in the order they were issued."""
        return tuple(card.level for card in self.case(case).reminders if card.stands)

    # -- expectations -----------------------------------------------------------------------------------

    @contextmanager
    def refused(self, code: str = "") -> Iterator[Expected]:
        """Expect the block to be refused, with that code when one is given.

        Raises:
            AssertionError: it was not, or with another code; shows the story.
        """
        expected = Expected()
        shown = code or said("any code", self.lang)
        try:
            yield expected
        except Refused as error:
            if code and error.code != code:
                message = said(
                    "refused otherwise", self.lang, code=shown, found=error.code, text=error.text(self.lang)
                )
                raise self.failure(message) from error
            expected.refusal = error.refusal
        else:
            raise self.failure(said("not refused", self.lang, code=shown))

    def assert_story(self, text: str, *, case: Case | str | None = None) -> None:
        """Expect this story, line by line; margins and the width of columns do not matter.

        Args:
            text: the lines, columns held apart by two blanks or more.
            case: the story of this case alone; by default that of all.

        Raises:
            AssertionError: it is another; marks the first difference.
        """
        expected = expected_lines(text)
        actual = str(self.story(case)).splitlines()
        index = first_difference(expected, actual)
        if index is not None:
            message = said("differs", self.lang, n=index + 1)
            raise self.failure(message, story=marked(expected, actual, index))
