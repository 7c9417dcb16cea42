"""A unit's deadlines as an iCalendar (RFC 5545): what falls due, and when, if nobody acts.

Nothing in it is a personal text: ids of cases, names of the policy and of units, instants. The only module
that imports the library `icalendar`; it comes with the extra ``ical``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event, vText

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.time.instants import moment
from caseflow.core.time.span import Counting
from caseflow.core.value import Value
from caseflow.i18n import Lang, bracketed, mark
from caseflow.views.labels import PolicyLabels, last_day

PRODUCT = "-//caseflow//deadlines//EN"
ONE_DAY = timedelta(days=1)


class DueRung(Value):
    """A rung to come of a case, named for people.

    Attributes:
        uid: the same for the same case, clock, subject, cycle and level for ever, wherever it moves.
        due_us: the first late instant.
        summary, description: what stands in the calendar; no personal text.
        level: the rung's label, by which calendar programs sort.
        sequence: rises whenever the case changed.
        changed_us: when the case was last acted on.
    """

    uid: str
    due_us: int
    summary: str
    description: str
    level: str
    sequence: int
    changed_us: int


def due_rungs(rules: CompiledPolicy, case: Case, *, lang: Lang = "en") -> tuple[DueRung, ...]:
    """Every rung that fires if nobody acts, in the order of (due, clock, level).

    Left out is what waits for a calendar or for the end of a pause, since it has no instant yet.
    """
    labels = PolicyLabels(rules, lang)
    pending = [
        (due, run.clock, level, run)
        for run in case.clocks
        for rung, (level, _) in enumerate(run.ladder)
        if (due := run.dues[rung]) is not None and run.is_pending(rung)
    ]
    return tuple(
        _due_rung(labels, case, run, level, due) for due, _, level, run in sorted(pending, key=_order)
    )


def _order(pending: tuple[int, str, str, ClockRun]) -> tuple[int, str, str, str, int]:
    due, clock, level, run = pending
    return due, clock, level, run.subject, run.cycle


def icalendar(
    dues: Iterable[DueRung],
    *,
    name: str,
    now_us: int,
    alarm: timedelta | None = ONE_DAY,
) -> str:
    """An iCalendar of them: one event each at its first late instant, in UTC, with an alarm before it.

    Args:
        dues: in the order they are to stand.
        name: what programs call the calendar.
        now_us: when it is made (DTSTAMP).
        alarm: how long before an event it reminds; `None` for never.

    Returns:
        Text with CRLF at the end of every line, none longer than 75 octets of UTF-8.
    """
    calendar, stamp = Calendar(), _whole_second(now_us)
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", vText(_printable(name)))  # else it would stand there unescaped
    for due in dues:
        calendar.add_component(_event(due, stamp, alarm))
    text: bytes = calendar.to_ical()
    return text.decode()


def _event(due: DueRung, stamp: datetime, alarm: timedelta | None) -> Event:
    event, summary = Event(), _printable(due.summary)
    event.add("uid", due.uid)
    event.add("dtstamp", stamp)
    event.add("dtstart", _whole_second(due.due_us))
    event.add("summary", summary)
    event.add("description", _printable(due.description))
    event.add("categories", [_printable(due.level)])
    event.add("sequence", due.sequence)
    event.add("last-modified", _whole_second(due.changed_us))
    event.add("transp", "TRANSPARENT")
    if alarm is not None:
        reminder = Alarm()
        reminder.add("action", "DISPLAY")
        reminder.add("description", summary)
        reminder.add("trigger", -alarm)
        event.add_component(reminder)
    return event


def _whole_second(us: int) -> datetime:
    """The instant in UTC, to the second; a part of a second counts on to the next, which is never early."""
    return moment(us + -us % 1_000_000).astimezone(UTC)


def _printable(text: str) -> str:
    """The text without control characters, which RFC 5545 forbids and the library lets through."""
    text = text.replace("\r\n", "\n")
    return "".join(sign for sign in text if sign == "\n" or (sign >= " " and sign != "\x7f"))


_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_OID, "caseflow deadlines")


def _uid(case: Case, run: ClockRun, level: str) -> str:
    parts = "\0".join((case.id, run.clock, run.subject, str(run.cycle), level))
    return f"{uuid.uuid5(_NAMESPACE, parts)}@caseflow"


def _due_rung(labels: PolicyLabels, case: Case, run: ClockRun, level: str, due: int) -> DueRung:
    rule = labels.rules.policy.clocks.get(run.clock)
    parts = [labels.clock(run.clock, run.subject)]
    if rule is not None and rule.counting != Counting.ELAPSED:
        parts.append(labels.say("last day", day=last_day(due, labels.rules.policy.timezone)))
    else:
        parts.append(labels.say("due", at=labels.time(due)))
    if run.cycle > 1:
        parts.append(labels.say("cycle", n=run.cycle))
    comma, label = mark("comma", labels.lang), labels.level(run.clock, level)
    return DueRung(
        uid=_uid(case, run, level),
        due_us=due,
        summary=f"{label}{mark('colon', labels.lang)}{case.id}{bracketed(comma.join(parts), labels.lang)}",
        description=comma.join((labels.state(case.state), case.unit or labels.say("nobody"), *parts)),
        level=label,
        sequence=case.version,
        changed_us=case.acted_us,
    )
