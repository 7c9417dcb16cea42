"""CSV with a row for each command and its fields in columns, as ``caseflow replay`` reads it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from itertools import takewhile
from typing import TextIO

from caseflow.core.engine.actions import ACTIONS, command_of
from caseflow.core.model.commands import SYSTEM, Command
from caseflow.core.model.events import Adopted, Event, UnknownEvent
from caseflow.core.policy_keys import Scalar
from caseflow.core.time.instants import moment
from caseflow.errors import BadRecord, is_of_the_store
from caseflow.interchange.cells import safe_cell, writable
from caseflow.interchange.log_mapping import OWN_COLUMNS, UNREAD
from caseflow.interchange.pagination import Exported, feed
from caseflow.ports import Quarantined, Recorded, Store

WITHHELD = "…"
"""What stands for a text that is not exported, or was redacted: that there was one."""
_REMEMBERED = 4096
"""Cases whose texts and zones are remembered."""


def write_commands(
    store: Store,
    out: TextIO,
    *,
    since: int = 0,
    with_texts: bool = False,
    guarded: bool = True,
    progress: Callable[[int], object] = lambda _: None,
) -> Exported:
    """Write every command after a position, in the order of positions.

    What comes of itself (cards, reminders, annulments, timed actions) is no row: a replay under the same
    policy brings it again. The columns are those of a plain log (`log_mapping.OWN_COLUMNS`), and one for each
    field that occurs. Times bear the offset of the case's office.

    Args:
        store: what is read; events that others add meanwhile are left out.
        since: the position to begin after; 0 for everything.
        with_texts: whether personal texts are written; else an ellipsis stands for each.
        guarded: whether a cell that a spreadsheet would take for a formula gets an apostrophe in front.
        progress: told now and then how many events were read.
    """
    names: dict[str, None] = {}
    last = since
    for recorded in feed(store, since):
        with suppress(Exception):  # it is set aside below
            names |= dict.fromkeys(_named(recorded.event))
        last = recorded.position
    columns = [name for name in _ORDER if name in names] + sorted(set(names) - set(_ORDER))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*OWN_COLUMNS, UNREAD, *columns))
    rows = _Rows(store, with_texts=with_texts)
    count, aside = 0, list[Quarantined]()
    for recorded in takewhile(lambda recorded: recorded.position <= last, feed(store, since)):
        try:
            row = rows.of(recorded, columns)
        except Exception as error:
            if is_of_the_store(error):
                raise
            aside.append(Quarantined.of("event", f"{recorded.case_id}@{recorded.version}", error))
            continue
        if row is not None:
            row = [writable(cell) for cell in row]
            writer.writerow([safe_cell(cell) for cell in row] if guarded else row)
            count += 1
            if count % 1000 == 0:
                progress(count)
    return Exported(count, store.newer(last), last, tuple(aside))


_ORDER = tuple(dict.fromkeys(name for spec in ACTIONS.values() for name in spec.fields))
"""The fields of the built-in actions, in their order."""


def _command(event: Event) -> Command | None:
    """What somebody asked for; `None` for what came of itself."""
    if event.by.role == SYSTEM.role:
        return None
    if isinstance(event, Adopted):
        fields = {"to": event.unit, "kind": event.origin.kind, "citizen": event.citizen}
        return Command("adopt", event.by, {name: text for name, text in fields.items() if text})
    return command_of(event)


def _named(event: Event) -> tuple[str, ...]:
    command = _command(event)
    return () if command is None else (*command.fields, *(name for name, _ in event.texts))


class _Rows:
    """Events as rows of text."""

    def __init__(self, store: Store, *, with_texts: bool) -> None:
        self._texts = lru_cache(maxsize=_REMEMBERED)(partial(_texts_by_version, store))
        self._zone = lru_cache(maxsize=_REMEMBERED)(partial(_zone_of, store))
        self._with_texts = with_texts

    def of(self, recorded: Recorded, columns: list[str]) -> list[str] | None:
        """The cells of an event; `None` when nobody asked for it."""
        event = recorded.event
        if type(event) is UnknownEvent:
            raise BadRecord("bad-event", found=event.unknown)
        command = _command(event)
        if command is None:
            return None
        zone, by = self._zone(recorded.case_id), event.by
        late = event.effective_us
        cells: dict[str, str] = {name: _text(part) for name, part in command.fields.items()}
        known: Mapping[str, str] = (
            self._texts(recorded.case_id).get(recorded.version, {}) if self._with_texts else {}
        )
        cells |= {name: known.get(name, WITHHELD) for name, _ in event.texts}
        return [
            recorded.case_id, command.action, moment(event.at_us, zone).isoformat(), by.id, by.role, by.unit,
            "" if late is None else moment(late, zone).isoformat(), str(recorded.version),
            *(cells.get(name, "") for name in columns),
        ]  # fmt: skip


def _text(field: Scalar | tuple[str, ...]) -> str:
    if isinstance(field, bool):
        return "true" if field else "false"
    return " ".join(field) if isinstance(field, tuple) else str(field)


def _texts_by_version(store: Store, case_id: str) -> Mapping[int, Mapping[str, str]]:
    by_version: dict[int, dict[str, str]] = {}
    for text in store.texts(case_id):
        by_version.setdefault(text.version, {})[text.field] = text.text
    return by_version


def _zone_of(store: Store, case_id: str) -> str:
    try:
        case = store.load(case_id)
    except BadRecord:
        case = None
    return "UTC" if case is None else case.origin.zone
