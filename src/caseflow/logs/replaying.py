"""A log replayed: its rows as commands through the desk, in the order of time, swept as they fall due."""

from __future__ import annotations

import csv
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from operator import itemgetter
from pathlib import Path

from caseflow.clock import ManualClock
from caseflow.core.fields import from_text
from caseflow.core.instants import micros
from caseflow.core.policy import Policy
from caseflow.desk import Desk
from caseflow.errors import BadInput, CaseflowError, LogError, Refused, StoreError
from caseflow.logs.commands import EventReader
from caseflow.logs.mapping import LogMapping, plain_mapping
from caseflow.logs.reading import Row, read_header
from caseflow.logs.summary import Counts, Summary, safe_cell, summary
from caseflow.logs.times import TimeReader
from caseflow.ports import Store

EVERY = 500
"""Commands between two reports of progress."""

Asked = tuple[int, EventReader, Row]
"""A command of the log: when, and where to read the rest of it."""


def replay(
    logs: Sequence[Path],
    *,
    policy: Policy,
    store: Store,
    mapping: LogMapping | None = None,
    as_of: datetime | str | None = None,
    timezone: str | None = None,
    encoding: str = "utf-8",
    on_error: str = "stop",
    rejects: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Replay logs through a desk on the store.

    Events come in the order of time; at equal instants first what is due, then in the order of the files,
    of their rows and of the mapping. Sweeps happen at each due instant.

    Args:
        logs: CSV or CSV.gz files.
        policy: the rules; its zone decides what a day is.
        store: where the cases go; the log's case ids are kept.
        mapping: what the columns mean; by default they are caseflow's own.
        encoding: of the files.
        as_of: where to stop, inclusive; later events are left out and counted. By default the last event.
        timezone: the IANA zone of times without an offset; without it they are an error.
        on_error: ``stop`` at the first row that cannot be replayed, or ``skip`` it.
        rejects: a CSV file for the rows that were skipped, each with its file, line and reason.
        progress: called now and then with commands done and commands in all.

    Raises:
        LogError: with file, line and column; what was committed before it stands.
        BadInput: an unknown zone, a naive ``as_of``.
    """
    times = TimeReader(timezone)
    counts = Counts()
    with ExitStack() as stack:
        reject = _rejecter(stack, rejects, on_error, counts)
        with no_collection():
            asked = [item for path in logs for item in _read(path, mapping, encoding, times, reject)]
            asked.sort(key=itemgetter(0))
            end = micros(as_of, what="as_of") if as_of is not None else asked[-1][0] if asked else None
            counts.ambiguous = times.ambiguous
            desk = Desk(policy, store, clock=ManualClock(0), tells=False)
            if end is not None:
                counts.later = sum(item[0] > end for item in asked)
                _run(desk, asked[: len(asked) - counts.later], end, counts, reject, progress)
            return summary(desk, counts, end)


_Reject = Callable[[Path, Row, str, object], None]


def _run(
    desk: Desk,
    asked: Sequence[Asked],
    end: int,
    counts: Counts,
    reject: _Reject,
    progress: Callable[[int, int], None] | None,
) -> None:
    clock, act, touched = desk.clock, desk.act, counts.touched
    rules = desk.rules.fields
    due = _sweep_until(desk, asked[0][0] if asked else end)
    for done, (at, reader, row) in enumerate(asked):
        if due is not None and due <= at:
            due = _sweep_until(desk, at)
        clock.set(at)
        action = reader.action(row.cells)
        try:
            fields = reader.fields(row.cells)
            typed = from_text(rules.get(action, {}), fields) if fields else None
            case = act(
                reader.case_id(row.cells),
                action,
                by=reader.actor(row.cells),
                fields=typed,
                effective_at=reader.effective_at(row.cells) if reader.backdates else None,
            )
        except StoreError:
            raise
        except CaseflowError as error:
            reject(reader.path, row, _column(error, reader), error)
            continue
        touched.add(case.id)
        counts.events += 1
        later = case.next_due_us
        if later is not None and (due is None or later < due):
            due = later
        if progress is not None and done % EVERY == 0:
            progress(done, len(asked))
    _sweep_until(desk, end)
    if progress is not None:
        progress(len(asked), len(asked))


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the cyclic garbage collector: a replay keeps much and makes no cycles, so that looking for
    them only takes time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _sweep_until(desk: Desk, at: int) -> int | None:
    """Sweep at each due instant up to `at`; returns the next one after it."""
    due = desk.store.next_due()
    while due is not None and due <= at:
        desk.clock.set(due)
        swept = desk.sweep()
        after = desk.store.next_due()
        if after == due and not (swept.cards or swept.reminders):
            return None  # only cases that this version cannot sweep are due
        due = after
    return due


def _read(
    path: Path, mapping: LogMapping | None, encoding: str, times: TimeReader, reject: _Reject
) -> Iterator[Asked]:
    """The commands of a file, row by row and within a row in the order of the mapping."""
    header, rows = read_header(path, encoding)
    used = mapping.of(path.name) if mapping else plain_mapping(header, path)
    missing = sorted(used.columns() - set(header))
    if missing:
        raise LogError("log-columns", file=path, found=", ".join(missing), missing=", ".join(header))
    index = {name: place for place, name in enumerate(header)}
    skip = [(index[condition.column], condition.holds) for condition in used.skip]
    readers = [EventReader(path, event, index, times) for event in used.events]
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        cells = row.cells
        if skip and any(holds(cells[place]) for place, holds in skip):
            continue
        first = seen.setdefault(cells, row.line)
        if first != row.line:
            error = LogError("log-duplicate", file=path, line=row.line, first=first)
            reject(path, row, header[0], error)
            continue
        in_turn = [reader for reader in readers if reader.is_in_turn(cells)]
        fitting = [reader for reader in in_turn if reader.is_for(cells)]
        if not fitting:
            reject(path, row, header[0], LogError("log-unmapped", file=path, line=row.line))
        for reader in fitting:
            try:
                at = reader.at(cells)
            except BadInput as error:
                reject(path, row, reader.at_column, error)
                continue
            if at is not None:
                yield at, reader, row


def _column(error: CaseflowError, reader: EventReader) -> str:
    """The column a refusal speaks of, as near as it can be told."""
    if isinstance(error, Refused):
        path, _, name = error.refusal.rule.rpartition(".")
        named = (
            name
            if path.endswith(".fields")
            else {"effective_at": name, "merge": "primary"}.get(name, "action")
        )
        return reader.column_of(named)
    return reader.column_of(str(error.data.get("what", "case_id")))


def _rejecter(stack: ExitStack, rejects: Path | None, on_error: str, counts: Counts) -> _Reject:
    """What is done with a row that cannot be replayed."""
    if on_error not in ("stop", "skip"):
        raise BadInput("bad-option", what="on_error", found=f"{on_error}, expected stop or skip")
    writer = None
    if rejects is not None:
        file = stack.enter_context(rejects.open("w", encoding="utf-8", newline=""))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "line", "column", "reason", "row"))

    def reject(path: Path, row: Row, column: str, error: object) -> None:
        if on_error == "stop":
            if isinstance(error, LogError):
                raise error
            cause = error if isinstance(error, BaseException) else None
            raise LogError("log-row", file=path, line=row.line, column=column, found=error) from cause
        counts.rejected += 1
        if writer is not None:
            text = (str(path), row.line, column, str(error), *row.cells)
            writer.writerow([safe_cell(str(cell)) for cell in text])

    return reject
