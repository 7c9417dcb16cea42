"""The tables of a store, brought up to date in a folder of Parquet files: what changed is folded anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from caseflow.analytics.case_facts import FoldedCase, PolicyTerms, Row
from caseflow.analytics.table_log import Manifest, TableFile, TableLog
from caseflow.analytics.table_reader import write_current
from caseflow.analytics.table_schemas import TABLES
from caseflow.core.value import Value
from caseflow.errors import CaseflowError, StoreError, is_of_the_store
from caseflow.policies.registry import rules_of
from caseflow.ports import Quarantined, Store
from caseflow.ports.records import Aside, Recorded

PAGE = 10_000
"""Events that are read at once."""
SLICE = 4_000_000
"""Events of one run, after which the folder is up to date with them whatever happens later."""
ROWS = 20_000
"""Rows of a table that are held before they are written."""
MOST_BATCHES = 24
"""Runs whose rows lie beside each other; then they are written anew as one."""
_BATCH = 1
"""The place of the column ``batch``."""


class TableExport(Value):
    """What an export did: events read, cases written, runs committed, and the position it came to."""

    events: int
    cases: int
    runs: int
    position: int
    quarantined: tuple[Quarantined, ...] = ()


def export_tables(
    store: Store, folder: str | Path, *, aside: Aside | None = None, slice_events: int = SLICE
) -> TableExport:
    """Bring the tables in a folder up to date with a store.

    Only cases with events since the last run are folded. Each run of `slice_events` events counts as a whole
    or not at all; one that was killed is done again, and nothing of it is there twice.

    Args:
        folder: made when it is missing; of one store alone.
        aside: is told of each case that cannot be read; it is tried again by the next export.

    Raises:
        StoreError: ``tables-of-another`` where the folder was written from another store, or one that was
            restored since; ``tables-overtaken`` when another export is at work there.
    """
    log, reader = TableLog(folder), CaseReader(store, aside=aside)
    manifest = log.latest()
    _check(store, manifest)
    events = cases = runs = 0
    while (changed := Changes.of(store, manifest.position, slice_events)) or (manifest.unread and not runs):
        runs += 1
        events += changed.events
        number = manifest.number + 1
        writer = RunWriter(log, number)
        with writer:
            versions = dict.fromkeys(manifest.unread, None) | changed.versions
            for case_id, version in versions.items():
                rows = reader.rows(case_id, version)
                if rows is not None:
                    cases += 1
                    writer.add(rows)
        last = changed.last
        if last is not None:
            manifest = manifest.replace(position=last.position, case_id=last.case_id, version=last.version)
        manifest = manifest.replace(
            number=number, files=(*manifest.files, *writer.files), batches=manifest.batches + 1,
            unread=reader.unread(),
        )  # fmt: skip
        log.commit(manifest)
        if changed.events < slice_events:
            break
    if manifest.batches > MOST_BATCHES:
        compact_tables(folder)
    return TableExport(events, cases, runs, manifest.position, tuple(reader.aside))


def _check(store: Store, manifest: Manifest) -> None:
    if manifest.position:
        last = store.feed(manifest.position - 1, limit=1)
        here = (manifest.position, manifest.case_id, manifest.version)
        if not last or (last[0].position, last[0].case_id, last[0].version) != here:
            raise StoreError("tables-of-another", found=f"{manifest.case_id}@{manifest.version}")


class Changes:
    """The next events of a feed: how many, the last of them, and by case the version after its last one."""

    def __init__(self) -> None:
        self.events = 0
        self.last: Recorded | None = None
        self.versions: dict[str, int | None] = {}

    def __bool__(self) -> bool:
        return self.events > 0

    @classmethod
    def of(cls, store: Store, after: int, most: int) -> Changes:
        """At most so many after a position. The events themselves are not held: they are read by case."""
        changes = cls()
        while changes.events < most and (page := store.feed(after, limit=min(PAGE, most - changes.events))):
            changes.events += len(page)
            changes.last = page[-1]
            after = page[-1].position
            for one in page:
                changes.versions[one.case_id] = one.version
        return changes


class CaseReader:
    """Folds cases of a store into rows, each as it was at a version.

    Args:
        aside: is told of each case that cannot be read.
    """

    def __init__(self, store: Store, *, aside: Aside | None = None) -> None:
        self._store, self._tell = store, aside
        self._terms: dict[str, PolicyTerms] = {}
        self._unread: list[str] = []
        self.aside: list[Quarantined] = []

    def rows(self, case_id: str, version: int | None = None) -> Mapping[str, list[Row]] | None:
        """The rows of a case as it was at a version, by default the last; nothing where it is set aside."""
        try:
            events = self._store.events(case_id)[:version]
            return FoldedCase(case_id, events, self.terms).rows() if events else None
        except CaseflowError as error:
            if is_of_the_store(error):
                raise
            one = Quarantined.of("case", case_id, error)
            self.aside.append(one)
            self._unread.append(case_id)
            if self._tell is not None:
                self._tell(one)
            return None

    def unread(self) -> tuple[str, ...]:
        """The cases that were set aside since this was last asked."""
        unread, self._unread = tuple(dict.fromkeys(self._unread)), []
        return unread

    def terms(self, pin: str) -> PolicyTerms:
        """What the rows need of a policy; nothing but its clock `reply` where it cannot be read."""
        terms = self._terms.get(pin)
        if terms is None:
            try:
                rules = rules_of(pin, self._store.pinned)
            except CaseflowError as error:
                if is_of_the_store(error):
                    raise
                rules = None
            terms = self._terms[pin] = PolicyTerms(rules)
        return terms


class RowBuffer:
    """Rows on their way to a table of Arrow."""

    def __init__(self, table: str, batch: int) -> None:
        self._schema, self._batch = TABLES[table].schema, batch
        self.rows: list[Row] = []

    def take(self) -> pa.Table:
        """The rows as a table; the buffer is empty afterwards."""
        columns: list[Any] = list(zip(*self.rows, strict=True)) or [()] * (len(self._schema) - 1)
        columns.insert(_BATCH, (self._batch,) * len(self.rows))
        self.rows = []
        arrays = [
            pa.array(column, type=field.type) for column, field in zip(columns, self._schema, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self._schema)


class RunWriter:
    """The files of one run: of each table that has rows one, finished when it is left without an error."""

    def __init__(self, log: TableLog, number: int) -> None:
        self._log, self._number = log, number
        self._buffers = {table: RowBuffer(table, number) for table in TABLES}
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._counts = dict.fromkeys(TABLES, 0)
        self.files: tuple[TableFile, ...] = ()

    def add(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """The rows of a case."""
        for table, more in rows.items():
            if more:
                buffer = self._buffers[table]
                buffer.rows += more
                if len(buffer.rows) >= ROWS:
                    self._flush(table)

    def _flush(self, table: str) -> None:
        arrow = self._buffers[table].take()
        writer = self._writers.get(table)
        if writer is None:
            path = self._log.new_file(self._number, table)
            writer = self._writers[table] = pq.ParquetWriter(path, arrow.schema, compression="zstd")
        writer.write_table(arrow)
        self._counts[table] += arrow.num_rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            for table, buffer in self._buffers.items():
                if buffer.rows:
                    self._flush(table)
        for writer in self._writers.values():
            writer.close()
        self.files = tuple(
            TableFile(
                table,
                self._log.new_file(self._number, table).relative_to(self._log.folder).as_posix(),
                self._counts[table],
            )
            for table in self._writers
        )


def arrow_tables(store: Store, *, aside: Aside | None = None) -> dict[str, pa.Table]:
    """The tables of a store in memory, as an export would write them."""
    reader, buffers = CaseReader(store, aside=aside), {table: RowBuffer(table, 1) for table in TABLES}
    parts: dict[str, list[pa.Table]] = {table: [] for table in TABLES}
    for case_id, version in Changes.of(store, 0, 1 << 62).versions.items():
        for table, rows in (reader.rows(case_id, version) or {}).items():
            buffers[table].rows += rows
            if len(buffers[table].rows) >= ROWS:
                parts[table].append(buffers[table].take())
    return {table: pa.concat_tables([*parts[table], buffers[table].take()]) for table in TABLES}


def compact_tables(folder: str | Path) -> Manifest:
    """Write the rows that count anew, one file a table: what any engine can read as it is."""
    log = TableLog(folder)
    manifest = log.latest()
    number = manifest.number + 1
    paths = {table: log.new_file(number, table) for table in TABLES}
    counts = write_current(folder, manifest, paths)
    files = tuple(
        TableFile(table, path.relative_to(log.folder).as_posix(), counts[table])
        for table, path in paths.items()
    )
    manifest = manifest.replace(number=number, files=files, batches=1)
    log.commit(manifest)
    return manifest
