"""A simulated timeline: cases of any policy in time that moves when told to, and what tests ask of them."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from inspect import getattr_static
from pathlib import Path
from typing import Any, ClassVar, Unpack

from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.time.calendar import Calendar
from caseflow.desk.call_checks import checked_mapping, checked_name
from caseflow.errors import BadInput, CaseflowError, Refusal, Refused
from caseflow.i18n import Lang, timeline_text
from caseflow.ports import Store
from caseflow.testing.step import Step
from caseflow.testing.timeline.faults import Faults
from caseflow.testing.timeline.stored_story import expected_lines, first_difference, marked
from caseflow.testing.timeline.timeline_actions import TimelineActions
from caseflow.testing.timeline.timeline_state import START
from caseflow.testing.timeline.timeline_terms import Doing, Policies, case_id_of
from caseflow.testing.timeline.wall_clock import instant_of


class Expected:
    """A refusal that was expected.

    Attributes:
        refusal: afterwards, the refusal; `None` inside.
    """

    refusal: Refusal | None = None


_LINKS = ("link", "unlink")
"""Actions whose field ``type`` is the argument ``as_``, since it says as what."""


class Timeline(TimelineActions, Faults):
    """Cases in simulated time, under any policy and on any store.

    Nobody needs to be named: each method acts as the first actor whom the policy allows. Time stands still
    until it is moved; what falls due on the way is fired at its own instant, as by a timely worker.

    Args:
        policies: a shipped policy's name, the path of a file, or a policy; or a list of these, of which the
            first is for cases that name none, and gives the office's zone and working days.
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
        policies: Policies = "wuhu",
        *,
        start: datetime | str | int = START,
        store: Store | Callable[[], Store] | None = None,
        calendar: Calendar | str | Path | None = None,
        lang: Lang = "en",
    ) -> None:
        super().__init__(policies, start=start, store=store, calendar=calendar, lang=lang)

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
        policy: str | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """Take in an inquiry; with ``to`` it is routed to that unit at once.

        The id is ``case-1``, ``case-2`` and so on unless given, and each case has a citizen of its own.
        ``policy`` names the one under which it will stand, by default the timeline's first.
        """
        fields = {
            "title": title, "body": body, "kind": kind, "to": to, "channel": channel,
            "region": region, "urgency": urgency, "citizen": citizen,
        }  # fmt: skip
        fields = {name: text for name, text in fields.items() if text}
        case_id = checked_name("case_id", case_id)
        policy = None if policy is None else checked_name("policy", policy)
        others = {"case_id": case_id or None, "policy": policy}
        named = {**fields, **doing, **{name: part for name, part in others.items() if part is not None}}
        step = self._step("submit", case_id or self._new_id(), fields, doing).replace(policy=policy)
        return self._called("submit", (), named, step)

    def _new_id(self) -> str:
        number = len(self._touched) + 1
        while (case_id := f"case-{number}") in self._touched or self.store.load(case_id) is not None:
            number += 1
        return case_id

    def act(
        self,
        case: Case | str,
        action: str,
        *,
        fields: Mapping[str, Any] | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """Take any action of the policy, its own ones included; see `Desk.act`."""
        fields = checked_mapping("fields", {} if fields is None else fields)
        step = self._step(checked_name("action", action), case_id_of(case), dict(fields), doing)
        named = {**({"fields": dict(fields)} if fields else {}), **doing}
        return self._called("act", (step.case_id, action), named, step)

    def _do(self, action: str, case: Case | str, doing: Doing, /, **fields: Any) -> Case:
        parts = {name: part for name, part in fields.items() if part is not None}
        step = self._step(action, case_id_of(case), parts, doing)
        as_ = "as_" if action in _LINKS else "type"
        called = {as_ if name == "type" else name: part for name, part in parts.items()}
        return self._called(action, (step.case_id,), {**called, **doing}, step)

    def _step(self, action: str, case_id: str, fields: dict[str, Any], doing: Doing) -> Step:
        """The command as a step; what has no offset is the office's own wall clock."""
        now = self.clock.now_us()
        if not doing:
            return Step(action=action, fields=fields, case_id=case_id, at_us=now)
        unknown = sorted(doing.keys() - Doing.__annotations__.keys())
        if unknown:
            raise TypeError(f"{action} takes no {', '.join(unknown)}; fields of the policy's own: own_fields")
        fields = {**fields, **checked_mapping("own_fields", doing.get("own_fields", {}))}
        by, since, reason = doing.get("by", ""), doing.get("effective_at"), doing.get("reason")
        if not isinstance(by, Actor | str):
            raise BadInput("bad-option", what="by", found=f"{by!a:.80}, which is no role and no Actor")
        return Step(
            action=action,
            by=by if isinstance(by, Actor) else None,
            role=by if isinstance(by, str) else "",
            unit=checked_name("unit", doing.get("unit", "")),
            fields=fields if reason is None else {**fields, "reason": reason},
            case_id=case_id,
            at_us=now,
            effective_us=None if since is None else instant_of(since, self.zone, what="effective_at"),
            key=doing.get("key"),
            expected_version=doing.get("expected_version"),
            zone=self.zone,
        )

    def _called(self, method: str, args: tuple[Any, ...], named: Mapping[str, Any], step: Step) -> Case:
        """Note the call as it would be written, then let the command arrive, or hold it back."""
        place = self._journal.call("timeline", method, args, named)
        try:
            after = self._take(step) if self._held is None else self._hold(self._held, step)
        except Refused as error:
            self._journal.refused(place, error.code)
            raise
        except CaseflowError:
            self._journal.forget(place)
            raise
        self._touched[step.case_id] = None
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
    def refused(self, code: str = "") -> Generator[Expected]:
        """Expect the block to be refused, with that code when one is given.

        Raises:
            AssertionError: it was not, or with another code; shows the story.
        """
        expected = Expected()
        shown = code or timeline_text("any code", self.lang)
        try:
            yield expected
        except Refused as error:
            if code and error.code != code:
                message = timeline_text(
                    "refused otherwise", self.lang, code=shown, found=error.code, text=error.text(self.lang)
                )
                raise self.failure(message) from error
            expected.refusal = error.refusal
        else:
            raise self.failure(timeline_text("not refused", self.lang, code=shown))

    def assert_story(self, text: str, *, case: Case | str | None = None) -> None:
        """Expect this story, line by line; margins and the width of columns do not matter.

        Args:
            text: the lines, columns held apart by two blanks or more.
            case: the story of this case alone; by default that of all.

        Raises:
            AssertionError: it is another; marks the first difference.
        """
        expected = expected_lines(checked_name("text", text))
        actual = str(self.story(case)).splitlines()
        index = first_difference(expected, actual)
        if index is not None:
            message = timeline_text("differs", self.lang, n=index + 1)
            raise self.failure(message, story=marked(expected, actual, index))


class TimelineTestCase(unittest.TestCase):
    """A test case whose every test has a new ``self.timeline``; class attributes say how it begins.

    They are the arguments of `caseflow.testing.Timeline`; ``store`` is a function that opens one, or `None`
    for memory.
    """

    policies: ClassVar[Policies] = "wuhu"
    start: ClassVar[datetime | str | int] = START
    store: ClassVar[Callable[[], Store] | None] = None
    calendar: ClassVar[Calendar | str | Path | None] = None
    lang: ClassVar[Lang] = "en"

    timeline: Timeline

    def setUp(self) -> None:
        """Begin the test's timeline; its store is closed after the test."""
        super().setUp()
        store = getattr_static(self, "store")  # else a function of the class would become a method
        opener = store.__func__ if isinstance(store, staticmethod) else store
        self.timeline = Timeline(
            self.policies, start=self.start, store=opener, calendar=self.calendar, lang=self.lang
        )
        self.addCleanup(lambda: self.timeline.store.close())
