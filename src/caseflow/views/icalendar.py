"""A unit's deadlines as an iCalendar (RFC 5545): what falls due, and when, if nobody acts.

Nothing in it is a personal text: ids of cases, names of the policy and of units, instants.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta

from caseflow.core.case import Case, ClockRun
from caseflow.core.counting import Counting
from caseflow.core.instants import moment
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.views.naming import Naming
from caseflow.views.story_words import Lang
from caseflow.views.times import last_day

OCTETS = 75
"""The most that a line may hold before it is folded (RFC 5545, 3.1), its end left out."""
PRODUCT = "-//caseflow//deadlines//EN"
ONE_DAY = timedelta(days=1)


@value
class DueRung(Value):
    """A rung to come of a case, named for people.

    Attributes:
        uid: the same for the same case, clock, subject, cycle and level for ever, wherever it moves.
        due_us: the first late instant.
        summary, description: what stands in the calendar; no personal text.
        level: the rung's key.
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


def due_rungs(rules: Rules, case: Case, *, lang: Lang = "en") -> tuple[DueRung, ...]:
    """Every rung that fires if nobody acts, in the order of (due, clock, level).

    Left out is what waits for a calendar or for the end of a pause, since it has no instant yet.
    """
    naming = Naming(rules, lang)
    found = [
        (due, run.clock, level, run)
        for run in case.clocks
        for rung, (level, _) in enumerate(run.ladder)
        if (due := run.dues[rung]) is not None and run.is_pending(rung)
    ]
    return tuple(_named(naming, case, run, level, due) for due, _, level, run in sorted(found, key=_in_order))


def _in_order(found: tuple[int, str, str, ClockRun]) -> tuple[int, str, str, str, int]:
    due, clock, level, run = found
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
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(name)}",
    ]  # fmt: skip
    for due in dues:
        lines += _event(due, _stamp(now_us), alarm)
    return "".join(f"{folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def escaped(text: str) -> str:
    """The text as a value of the type TEXT (RFC 5545, 3.3.11); other control characters are left out."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    text = text.replace("\r\n", "\n").replace("\n", "\\n")
    return "".join(character for character in text if character >= " " and character != "\x7f")


def folded(line: str) -> str:
    """The line in pieces of at most 75 octets, each but the first behind CRLF and a space.

    No character is cut in two.
    """
    pieces: list[str] = []
    piece, size = "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > OCTETS:
            pieces.append(piece)
            piece, size = " ", 1
        piece += character
        size += octets
    return "\r\n".join([*pieces, piece])


def _event(due: DueRung, stamp: str, alarm: timedelta | None) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{due.uid}"
    yield f"DTSTAMP:{stamp}"
    yield f"DTSTART:{_stamp(due.due_us)}"
    yield f"SUMMARY:{escaped(due.summary)}"
    yield f"DESCRIPTION:{escaped(due.description)}"
    yield f"CATEGORIES:{escaped(due.level)}"
    yield f"SEQUENCE:{due.sequence}"
    yield f"LAST-MODIFIED:{_stamp(due.changed_us)}"
    yield "TRANSP:TRANSPARENT"
    if alarm is not None:
        yield "BEGIN:VALARM"
        yield "ACTION:DISPLAY"
        yield f"DESCRIPTION:{escaped(due.summary)}"
        yield f"TRIGGER:{_before(alarm)}"
        yield "END:VALARM"
    yield "END:VEVENT"


def _stamp(us: int) -> str:
    """The instant in UTC, to the second; a part of a second counts on to the next, which is never early."""
    whole = us if us % 1_000_000 == 0 else us - us % 1_000_000 + 1_000_000
    return moment(whole).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ").rjust(16, "0")


def _before(alarm: timedelta) -> str:
    seconds = int(alarm.total_seconds())
    days, rest = divmod(seconds, 86_400)
    return f"-P{days}D" if not rest else f"-PT{seconds // 60}M" if not seconds % 60 else f"-PT{seconds}S"


_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_OID, "caseflow deadlines")


def _uid(case: Case, run: ClockRun, level: str) -> str:
    parts = "\0".join((case.id, run.clock, run.subject, str(run.cycle), level))
    return f"{uuid.uuid5(_NAMESPACE, parts)}@caseflow"


def _named(naming: Naming, case: Case, run: ClockRun, level: str, due: int) -> DueRung:
    rule = naming.rules.policy.clocks.get(run.clock)
    parts = [naming.clock(run.clock, run.subject)]
    if rule is not None and rule.counting != Counting.ELAPSED:
        parts.append(naming.say("last day", day=last_day(due, naming.rules.policy.timezone)))
    else:
        parts.append(naming.say("due", at=naming.time(due)))
    if run.cycle > 1:
        parts.append(naming.say("cycle", n=run.cycle))
    comma = naming.say("comma")
    return DueRung(
        _uid(case, run, level),
        due,
        f"{naming.level(run.clock, level)}: {case.id} ({comma.join(parts)})",
        comma.join((naming.state(case.state), case.unit or naming.say("nobody"), *parts)),
        level,
        case.version,
        case.acted_us,
    )
