"""XES: the event log for process mining (IEEE 1849): a trace for each case, standard extensions only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO
from xml.sax.saxutils import quoteattr

from caseflow.codec import decode
from caseflow.core.case import Case
from caseflow.core.events import Event, RungEvent
from caseflow.core.evolve import evolve
from caseflow.core.instants import moment
from caseflow.exits.leaving import Exportable, kept_cases, newest_position
from caseflow.exits.tables import name_of
from caseflow.exits.whole import NOT_XML, shown
from caseflow.stores.moving import Kept

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


def write_xes(store: Exportable, out: TextIO, *, zone: str = "UTC", whole: bool = False) -> int:
    """Write the log as XES; returns how many cases.

    A trace carries the case's id, kind and state; an event its name (cards and reminders with their level),
    the instant it took effect, who acted in which role, and the unit that held the case; a card or reminder
    its clock, and whether it was inherited. Events of a trace stand in the order of time. Personal texts are
    not in it. Characters that XML cannot carry become U+FFFD.

    Args:
        whole: whether it can be imported: the log carries the policies, a trace its newest hash, an event its
            version and its own bytes.
    """
    out.write(_HEAD)
    written = store.pins()
    if whole:
        out.write(_string("policies", _policies(store, written), 2))
        out.write(_string("position", str(newest_position(store)), 2))
    count = 0
    for kept in kept_cases(store):
        trace = _trace(kept, zone, whole=whole)
        out.write(next(trace))
        if whole and len(pins := store.pins()) > len(written):
            out.write(_string("policies", _policies(store, pins), 4))  # this case may pin the new ones
            written = pins
        out.writelines(trace)
        count += 1
    out.write("</log>\n")
    return count


def _policies(store: Exportable, pins: tuple[str, ...]) -> str:
    return json.dumps({pin: store.pinned(pin) for pin in pins})


def _trace(kept: Kept, zone: str, *, whole: bool) -> Iterator[str]:
    case, events = kept.case, [decode(link.body) for link in kept.links]
    yield "  <trace>\n"
    yield _string("concept:name", case.id, 4)
    yield _string("kind", case.origin.kind, 4)
    yield _string("state", case.state, 4)
    if whole:
        yield _string("head", kept.links[-1].hash.hex(), 4)
    for version, holder, event in sorted(_held(case.id, events), key=lambda found: _since(found[2])):
        yield "    <event>\n"
        yield from _event(event, holder, zone)
        if whole:
            yield f'      <int key="version" value="{version}"/>\n'
            yield _string("body", shown(kept.links[version - 1].body), 6)
        yield "    </event>\n"
    yield "  </trace>\n"


def _held(case_id: str, events: list[Event]) -> Iterator[tuple[int, str, Event]]:
    """Each event with its version and the unit that held the case, a card or reminder with its own."""
    case = Case(case_id)
    for event in events:
        before, case = case.unit, evolve(case, event)
        holder = event.unit if isinstance(event, RungEvent) else case.unit or before
        yield case.version, holder, event


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


def _string(key: str, found: str, depth: int) -> str:
    text = quoteattr(NOT_XML.sub("\ufffd", found), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
    return f'{" " * depth}<string key="{key}" value={text}/>\n' if found else ""
