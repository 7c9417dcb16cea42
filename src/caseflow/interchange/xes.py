"""XES: the event log for process mining (IEEE 1849): a trace for each case, standard extensions only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO
from xml.sax.saxutils import quoteattr

from caseflow.core.model.case import Case
from caseflow.core.model.events import Event, RungEvent
from caseflow.core.model.evolve import evolve
from caseflow.core.time.instants import moment
from caseflow.errors import BadRecord
from caseflow.interchange.csv_tables import name_of
from caseflow.interchange.pagination import Exported, kept_cases
from caseflow.ports.protocols import Exportable
from caseflow.ports.records import Kept, Quarantined
from caseflow.serialization.codec import is_unread, recorded

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot carry."""
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xes.features="" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
  <extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
  <global scope="trace"><string key="concept:name" value=""/></global>
  <global scope="event">
    <string key="concept:name" value=""/>
    <date key="time:timestamp" value="1970-01-01T00:00:00+00:00"/>
  </global>
  <classifier name="activity" keys="concept:name"/>
"""


def write_xes(store: Exportable, out: TextIO, *, zone: str = "UTC") -> Exported:
    """Write the log as XES, case by case.

    A trace carries the case's id, kind and state; an event its name (cards and reminders with their level),
    the instant it took effect, who acted in which role, and the unit that held the case; a card or reminder
    its clock, and whether it was inherited. Events of a trace stand in the order of time. Personal texts are
    not in it. Characters that XML cannot carry become U+FFFD.
    """
    out.write(_HEAD)
    count, aside = 0, list[Quarantined]()
    for kept in kept_cases(store, aside.append):
        try:
            trace = list(_trace(kept, zone, aside))
        except Exception as error:  # a history that no desk wrote
            aside.append(Quarantined.of("case", kept.case.id, error))
            continue
        out.writelines(trace)
        count += 1
    out.write("</log>\n")
    return Exported(count, quarantined=tuple(aside))


def _trace(kept: Kept, zone: str, aside: list[Quarantined]) -> Iterator[str]:
    case, events = kept.case, [recorded(link.body) for link in kept.links]
    for version, event in enumerate(events, 1):
        if is_unread(event):
            error = BadRecord("bad-event", found=name_of(event))
            aside.append(Quarantined.of("event", f"{case.id}@{version}", error))
    yield "  <trace>\n"
    yield _string("concept:name", case.id, 4)
    yield _string("kind", case.origin.kind, 4)
    yield _string("state", case.state, 4)
    for holder, event in sorted(_held(case.id, events), key=lambda held: _since(held[1])):
        yield "    <event>\n"
        yield from _event(event, holder, zone)
        yield "    </event>\n"
    yield "  </trace>\n"


def _held(case_id: str, events: list[Event]) -> Iterator[tuple[str, Event]]:
    """Each event with the unit that held the case, a card or reminder with its own."""
    case = Case(case_id)
    for event in events:
        before, case = case.unit, evolve(case, event)
        holder = event.unit if isinstance(event, RungEvent) else case.unit or before
        yield holder, event


def _event(event: Event, holder: str, zone: str) -> Iterator[str]:
    rung = event if isinstance(event, RungEvent) else None
    yield _string("concept:name", f"{name_of(event)} {rung.level}" if rung else name_of(event), 6)
    yield f'      <date key="time:timestamp" value="{_time(_since(event), zone)}"/>\n'
    yield _string("lifecycle:transition", "complete", 6)
    yield _string("org:resource", event.by.id, 6)
    yield _string("org:role", event.by.role, 6)
    yield _string("org:group", holder, 6)
    if rung:
        yield _string("clock", rung.clock, 6)
        yield f'      <boolean key="inherited" value="{"true" if rung.inherited else "false"}"/>\n'


def _since(event: Event) -> int:
    return event.at_us if event.effective_us is None else event.effective_us


def _time(us: int, zone: str) -> str:
    return moment(us, zone).isoformat(timespec="microseconds" if us % 1000 else "milliseconds")


def _string(key: str, text: str, depth: int) -> str:
    quoted = quoteattr(_NOT_XML.sub("\ufffd", text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
    return f'{" " * depth}<string key="{key}" value={quoted}/>\n' if text else ""
