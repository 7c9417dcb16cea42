"""A store over the tables of `schema`, wherever its connections come from."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from typing import Any, Self, TypeVar

from caseflow.core.model.case import Case
from caseflow.core.model.events import Event
from caseflow.core.notices import Document, Held, Outcome, Posted
from caseflow.errors import BadRecord, Stale, StoreError
from caseflow.ports.records import (
    FILTERS,
    NEVER,
    Append,
    Aside,
    CaseCount,
    Head,
    Kept,
    KeyClaim,
    Kind,
    Link,
    Quarantined,
    Query,
    Recorded,
    Text,
)
from caseflow.serialization.codec import recorded
from caseflow.stores.sql import feed, outbox, raw_rows, row_values, schema, titles, transfer
from caseflow.stores.sql.append import AppendWork, Row, append_rows
from caseflow.stores.sql.case_cache import CaseCache
from caseflow.stores.sql.dialects import Connections, Cursor
from caseflow.stores.sql.lenient_text import bindable, escaping
from caseflow.stores.sql.statements import Statements, StoreRow, whole

Result = TypeVar("Result")

_log = logging.getLogger("caseflow.store")


class RelationalStore:
    """Cases in tables. Safe to share between threads if its connections are.

    A case that is loaded again is remembered by the bytes of its snapshot and the head of its chain, so that
    only what changed is unpacked; the database is asked every time.

    What else it remembers of the database, the schema and which policies are kept there, is looked at by each
    append: a migration may have come, or a restore, or a rollback of the transaction that brought a policy.

    Args:
        connections: where cursors come from.
        row: the one of ``caseflow_store``.
    """

    def __init__(self, connections: Connections, row: StoreRow) -> None:
        self._connections = connections
        self._cache = CaseCache()
        self._policies: dict[str, Mapping[str, Any]] = {}
        self._with_notices: tuple[Callable[[Cursor], object], ...] = ()
        self._sql = Statements(connections.dialect, row)

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def after_commit(self, work: Callable[[], object]) -> None:
        """Run the work once what was appended is committed: at once, or when the owner of the transaction
        commits; never if that is rolled back.
        """  # fmt: skip
        self._connections.after_commit(work)

    def with_notices(self, work: Callable[[Cursor], object]) -> None:
        """Run the work from now on in the transaction of each append that brings notices, with its cursor.

        What it writes is committed and rolled back with them, as a task queue in the same database does to
        wake a relay. An append that would have been one statement becomes a transaction of several.

        Args:
            work: sends statements; it neither commits nor rolls back. What it raises undoes the append.
        """
        self._with_notices = (*self._with_notices, work)

    def close(self) -> None:
        """Let go of the connections; the store must not be used afterwards."""
        self._connections.close()

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """The rows of one question."""

        def ask(cursor: Any) -> Any:
            cursor.execute(sql, values)
            return cursor.fetchall()

        return self._read(ask)

    def _read(self, ask: Callable[[Cursor], Result]) -> Result:
        """Run a question; once more where SQLite has a text that is no UTF-8, which spoils a whole page."""
        try:
            return self._connections.read(ask)
        except BadRecord:
            return self._connections.read(lambda cursor: escaping(cursor, ask))
        except StoreError as error:
            self._refuse_other(error)
            raise

    def _write(self, change: Callable[[Any], Result]) -> Result:
        """Run a change of other tables than those of cases, if the schema is still today's."""

        def checked(cursor: Any) -> Result:
            cursor.execute(self._sql["select_schema"])
            row = cursor.fetchone()
            schema.refuse_other(row[0] if row else 0, name=self._connections.name)
            return change(cursor)

        return self._connections.write(checked)

    def _refuse_other(self, error: StoreError) -> None:
        """Where a table or column is missing: tell of another schema, if that is why.

        Raises:
            StoreError: the schema is not today's.
        """
        if error.code != "store-missing":
            return
        try:
            row = self._connections.read(self._remembered)
        except StoreError:
            return  # the transaction can no longer be asked
        schema.refuse_other(row.schema, name=self._connections.name)

    def _remembered(self, cursor: Any) -> StoreRow:
        """What the statements were made of."""
        return schema.row_within(cursor, self._connections.dialect)

    def _is_other(self) -> bool:
        """Whether the database is not what this process remembered; its statements are made anew then.

        Raises:
            StoreError: it has another schema by now.
        """
        row = self._connections.read(self._remembered)
        schema.refuse_other(row.schema, name=self._connections.name)
        is_other = row != self._sql.row
        if is_other:
            self._sql = Statements(self._sql.dialect, row)
        return is_other

    def _is_text(self, *names: str) -> bool:
        """Whether the database can hold these texts: a lone surrogate has no UTF-8, and PostgreSQL no NUL.

        Nothing that is kept has a name that it cannot hold, so nobody needs to ask.
        """
        try:
            for name in names:
                name.encode()
        except UnicodeEncodeError:
            return False
        return self._sql.dialect.holds_nul or not any("\0" in name for name in names)

    # -- cases ---------------------------------------------------------------------------------------------

    def load(self, case_id: str) -> Case | None:
        """The case at its newest version; `None` when there is none."""
        rows = self._rows(self._sql["select_case"], (case_id,)) if self._is_text(case_id) else ()
        if not rows:
            return None
        snapshot, head, *indexed = rows[0]
        return self._cache.case(case_id, snapshot, head, self.events, indexed=tuple(indexed))

    def load_many(self, ids: Sequence[str], *, aside: Aside | None = None) -> dict[str, Case]:
        """The cases of those ids that are there, in one question; a sweep asks so."""
        wanted = tuple(filter(self._is_text, ids))
        rows = self._rows(*self._sql.of_many("select_cases", wanted)) if wanted else ()
        cases, read = dict[str, Case](), self._cache.case
        for case_id, snapshot, head, *indexed in rows:
            try:
                cases[case_id] = read(case_id, snapshot, head, self.events, indexed=tuple(indexed))
            except BadRecord as error:
                self._tell(aside, "case", case_id, error)
        return cases

    def find(self, query: Query, *, aside: Aside | None = None) -> tuple[Case, ...]:
        """The cases of a query, in its order; see `caseflow.ports.Query`."""
        if not self._is_text(*(getattr(query, name) or "" for name in FILTERS), *query.words):
            return ()
        cases, pairs = list[Case](), list[str]()
        if query.words:
            pairs = self._read(lambda cursor: titles.pairs_of(cursor, self._sql, query.words))
        while len(cases) < query.limit:  # what is set aside takes nobody's place on the page
            left = query.limit - len(cases)
            rows = self._rows(*self._sql.find(query.replace(limit=left), pairs))
            page = [case for row in rows if (case := self._listed(query, row, aside)) is not None]
            if query.words:
                page = titles.holding(
                    page, self.texts_many([case.id for case in page], aside=aside), query.words
                )
            cases += page
            if len(rows) < left:
                break
            query = query.replace(after=(rows[-1][3], rows[-1][0]))
        return tuple(cases)

    def counts(self, query: Query) -> tuple[CaseCount, ...]:
        """How many cases of a query there are, by state, unit, level and policy; see `Store.counts`."""
        if not self._is_text(*(getattr(query, name) or "" for name in FILTERS)):
            return ()
        asks = self._sql.counts(query.replace(words=()))
        return tuple(CaseCount(*row) for sql, values in asks for row in self._rows(sql, values))

    def _listed(self, query: Query, row: Row, aside: Aside | None) -> Case | None:
        """The case of a row, unless its place in the list is not the case's own: a reader of pages would go
        round in circles.
        """  # fmt: skip
        case = self._case(row, aside)
        if case is not None and query.place(case)[0] != row[3]:
            self._tell(
                aside, "case", case.id, BadRecord("bad-case", case=case.id, found="due_order, deadline")
            )
            return None
        return case

    def _case(self, row: Row, aside: Aside | None) -> Case | None:
        """The case of a row; `None` when it is set aside."""
        try:
            return self._cache.case(row[0], row[1], row[2], self.events)
        except BadRecord as error:
            self._tell(aside, "case", row[0], error)
            return None

    @staticmethod
    def _tell(aside: Aside | None, kind: Kind, name: str, error: BadRecord) -> None:
        one = Quarantined.of(kind, name, error)
        if aside is None:
            _log.warning("%s %s is set aside: %s", one.kind, one.name, one.code)
        else:
            aside(one)

    # -- changes -------------------------------------------------------------------------------------------

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Add events to one or several cases, with all that goes with them and an idempotency key.

        One update or insert for each case, one insert for its events, one for its texts, one for the key; on
        PostgreSQL these are a single statement where nothing else goes with them.

        A policy that was kept here and is gone, after a restore or a rollback, is kept again.

        If the connection is lost while this is being committed, the store looks whether the events are
        there, by their hashes, and writes them again only if they are not.

        Raises:
            Stale: a case is not at its expected version.
            KeyReused: the key was taken in the meantime.
            StoreBusy: others held the rows too long.
            StoreError: ``store-unsure`` when the connection was lost while this was being committed and
                cannot be made again: whether it is there is not known.
        """
        if not appends and claim is None:
            return
        try:
            self._append(appends, claim, self._policies)
        except Stale:
            if not self._is_renewed(appends):
                raise
            self._append(appends, claim, ())

    def _append(self, appends: Sequence[Append], claim: KeyClaim | None, pins: Container[str]) -> None:
        work = AppendWork(
            self._connections, self._sql, entries=list(map(append_rows, appends)), claim=claim,
            known=list(map(self._cache.known, appends)), pins=pins,
        )  # fmt: skip
        try:
            self._write_append(work)
        except StoreError as error:
            if error.code != "store-unsure":
                self._refuse_other(error)
                raise
            self._append_again(work, error)
        for rows, head in zip(work.entries, work.heads, strict=True):
            self._cache.remember(rows.entry.case, rows.values[-1], head, rows.indexed)

    def _write_append(self, work: AppendWork) -> None:
        """Write it in a transaction, with what goes along with notices."""
        along = self._with_notices if any(rows.notices for rows in work.entries) else ()

        def write(cursor: Any) -> None:
            work.write(cursor)
            for one in along:
                one(cursor)

        self._connections.write(write, single=work.is_single and not along)

    def _is_renewed(self, appends: Sequence[Append]) -> bool:
        """Whether the database was not what this process remembered, and it has been put right.

        Raises:
            StoreError: it has another schema by now.
        """
        is_other = self._is_other()
        gone = [
            pin
            for pin in {entry.case.origin.policy_hash for entry in appends}
            if pin in self._policies and self.pinned(pin) is None
        ]
        for pin in gone:
            self._keep_policy(pin)
        return is_other or bool(gone)

    def _append_again(self, work: AppendWork, lost: StoreError) -> None:
        """After a connection was lost in the commit: find out, and write again what is not there."""
        if self._has_landed(work, lost):
            return
        try:
            self._write_append(work)
        except Stale:
            # The first try may have been under way still when we looked.
            if not self._has_landed(work, lost):
                raise

    def _has_landed(self, work: AppendWork, lost: StoreError) -> bool:
        """Whether the last event of the first case that has any is there, with our hash."""
        last = next((events[-1] for events in work.events if events), None)
        if last is None:
            return False  # nothing but what may be done twice
        case_id, version, _, ours = last
        try:
            rows = self._rows(self._sql["select_hash"], (case_id, version))
        except StoreError:
            raise lost from None
        return bool(rows) and bytes(rows[0][0]) == ours

    def pin(self, pin: str, document: Mapping[str, Any]) -> None:
        """Keep the document of a policy under its content hash; doing it twice changes nothing."""
        self._policies[pin] = document
        if self.pinned(pin) is None:
            self._keep_policy(pin)

    def _keep_policy(self, pin: str) -> None:
        row = (pin, json.dumps(self._policies[pin], ensure_ascii=False))

        def insert(cursor: Any) -> int:
            cursor.execute(self._sql["insert_policy"], row)
            return int(cursor.rowcount)

        if self._connections.write(insert, single=True) != 1:  # it came in the meantime; or a migration did
            here = self._connections.read(self._remembered)
            schema.refuse_other(here.schema, name=self._connections.name)

    # -- queries --------------------------------------------------------------------------------------------

    def events(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first; empty when there is none."""
        return tuple(recorded(link.body) for link in self.links(case_id))

    def links(self, case_id: str) -> tuple[Link, ...]:
        """The audit chain of the case as it is kept, oldest first; empty when there is no such case."""
        rows = self._rows(self._sql["select_history"], (case_id,)) if self._is_text(case_id) else ()
        return tuple(Link(version, bytes(body), bytes(seal)) for version, body, seal in rows)

    def heads(self, after: str = "", *, limit: int = 1000) -> tuple[Head, ...]:
        """The newest hash of every case whose id comes after that one, in the order of ids by code point."""
        rows = self._rows(self._sql["select_heads"], (bindable(after), limit))
        return tuple(Head(case_id, version, bytes(head)) for case_id, version, head in rows)

    def texts(self, case_id: str) -> tuple[Text, ...]:
        """Every personal text of the case that was not redacted, in the order it came."""
        rows = self._rows(self._sql["select_texts"], (case_id,)) if self._is_text(case_id) else ()
        return tuple(text for version, fields in rows for text in row_values.texts(version, fields))

    def texts_many(self, ids: Sequence[str], *, aside: Aside | None = None) -> dict[str, tuple[Text, ...]]:
        """The texts of those cases that have any, in one question; a relay asks so."""
        wanted = tuple(filter(self._is_text, ids))
        texts, bad = dict[str, list[Text]](), set[str]()
        rows = self._rows(*self._sql.of_many("select_texts_of_many", wanted)) if wanted else ()
        for case_id, version, fields in rows:
            try:
                parts = row_values.texts(version, fields)
            except BadRecord as error:
                bad.add(case_id)
                self._tell(aside, "text", f"{case_id}@{version}", error)
                continue
            texts.setdefault(case_id, []).extend(parts)
        return {case_id: tuple(parts) for case_id, parts in texts.items() if case_id not in bad}

    def recall(self, actor: str, key: str) -> KeyClaim | None:
        """What the key of that actor stands for; `None` when it is free."""
        rows = self._rows(self._sql["select_key"], (actor, key)) if self._is_text(actor, key) else ()
        return row_values.key_claim(rows[0]) if rows else None

    def due(
        self, before: int, *, limit: int, after: tuple[int, str] | None = None
    ) -> tuple[tuple[int, str], ...]:
        """``(next due, id)`` of cases due at or before the instant, in that order, after the given one."""
        rows = self._rows(*self._sql.due(before, limit=limit, after=after))
        return tuple((due, case_id) for due, case_id in rows)

    def next_due(self) -> int | None:
        """The earliest next due instant of all cases; `None` when nothing will ever fire."""
        rows = self._rows(self._sql["select_next_due"])
        return rows[0][0] if rows and rows[0][0] != NEVER else None

    def waiting(self, before: int) -> int:
        """How many cases have a rung whose "not before" has passed while it waits for a calendar."""
        count: int = self._rows(self._sql["count_waiting"], (whole(before),))[0][0]
        return count

    def feed(self, after: int = 0, *, limit: int = 1000) -> tuple[Recorded, ...]:
        """Events of all cases in one total order, after the position; none is ever skipped.

        An event is in the feed once no transaction that may bring an earlier one is under way: right after
        its commit where nobody else writes, else when those have ended that began before it. See
        `caseflow.stores.sql.feed`.
        """
        rows = feed.read(self._connections, self._sql, after, limit, read=self._read)
        return tuple(
            Recorded(position=position, case_id=case_id, version=version, event=recorded(bytes(body)))
            for position, case_id, version, body in rows
        )

    def newer(self, after: int) -> int:
        """How many events are kept behind the position, those among them that the feed does not show yet."""
        count: int = self._rows(self._sql["count_newer"], (min(max(after, 0), feed.LAST),))[0][0]
        return count

    def pinned(self, pin: str) -> Mapping[str, Any] | None:
        """The document of that hash; `None` when there is none."""
        rows = self._rows(self._sql["select_policy"], (pin,)) if self._is_text(pin) else ()
        return row_values.policy(pin, rows[0][0]) if rows else None

    # -- notices and documents ------------------------------------------------------------------------------

    def claim(
        self, now_us: int, *, limit: int, lease_us: int, token: str, aside: Aside | None = None
    ) -> tuple[Held, ...]:
        """Lease ready notices to the token, in the order of (next try, position)."""
        bad: list[tuple[str, BadRecord]] = []

        def take(cursor: Cursor) -> tuple[Held, ...]:
            bad.clear()  # another run of the same transaction
            return outbox.claim(
                cursor, self._sql, now_us, limit=limit, lease_us=lease_us, token=token, bad=bad
            )

        try:
            held = self._write(take)
        except BadRecord:
            held = self._write(lambda cursor: escaping(cursor, take))
        for name, error in bad:
            self._tell(aside, "notice", name, error)
        return held

    def ready(self, now_us: int, *, limit: int) -> tuple[int, ...]:
        """Since when each notice waits that a claim would lease now: the longest first, at most `limit`."""
        return tuple(since for (since,) in self._rows(self._sql["select_waits"], (whole(now_us), limit)))

    def settle(self, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
        """Record what became of claimed notices; returns the ids settled, in the order given."""
        known = [one for one in outcomes if one.token and self._is_text(one.id, one.token)]
        return self._write(lambda cursor: outbox.settle(cursor, self._sql, known))

    def requeue(self, ids: Sequence[str], now_us: int) -> tuple[str, ...]:
        """Make dead notices pending again from now on, their attempts counted anew; returns their ids."""
        known = list(filter(self._is_text, ids))
        return self._write(lambda cursor: outbox.requeue(cursor, self._sql, known, now_us))

    def notices(
        self,
        *,
        case_id: str = "",
        status: str = "",
        after: int = 0,
        limit: int = 1000,
        aside: Aside | None = None,
    ) -> tuple[Posted, ...]:
        """Notices after the position, in the order of positions; of one case, of one status."""
        if not self._is_text(case_id, status):
            return ()
        ask = partial(self._sql.notices_after, case_id=case_id, status=status)
        return outbox.readable(
            lambda at, left: self._rows(*ask(whole(at), limit=left)), outbox.posted, after=after, limit=limit,
            place=0, aside=lambda row, error: self._tell(aside, "notice", row[8], error),
        )  # fmt: skip

    def documents(self, case_id: str) -> tuple[Document, ...]:
        """The documents of a case, in the order they were issued."""
        return tuple(map(outbox.document, self._document_rows([case_id])))

    def documents_many(
        self, ids: Sequence[str], *, aside: Aside | None = None
    ) -> dict[str, tuple[Document, ...]]:
        """The documents of those cases that have any, by id, in one question."""
        documents, unread = dict[str, tuple[Document, ...]](), set[str]()
        for row in self._document_rows(ids):
            case_id = row[3]
            try:
                documents[case_id] = (*documents.get(case_id, ()), outbox.document(row))
            except BadRecord as error:
                unread.add(case_id)
                self._tell(aside, "document", row[0], error)
        return {case_id: those for case_id, those in documents.items() if case_id not in unread}

    def _document_rows(self, ids: Sequence[str]) -> Sequence[Row]:
        wanted = tuple(filter(self._is_text, ids))
        return self._rows(*self._sql.of_many("select_documents", wanted)) if wanted else ()

    def issued(
        self, series: str, year: int, *, after: int = 0, limit: int = 1000, aside: Aside | None = None
    ) -> tuple[Document, ...]:
        """The documents of a series and year after that number, in the order of numbers."""
        if not self._is_text(series):
            return ()
        sql, of = self._sql["select_issued"], (series, whole(year))
        return outbox.readable(
            lambda at, left: self._rows(sql, (*of, whole(at), left)), outbox.document, after=after,
            limit=limit, place=6, aside=lambda row, error: self._tell(aside, "document", row[0], error),
        )  # fmt: skip

    # -- titles --------------------------------------------------------------------------------------------

    @property
    def searches_titles(self) -> bool:
        """Whether there is an index of titles; the database is asked where there was none."""
        return self._sql.row.has_titles or (self._is_other() and self._sql.row.has_titles)

    def search_titles(self, *, on: bool = True, progress: Callable[[int], object] = lambda _: None) -> None:
        """Keep an index of titles from now on, or no more: each process learns of it by its next command."""
        self._write(lambda cursor: titles.mark(cursor, self._sql, is_on=on))
        self._is_other()
        seen, after = 0, ""
        while on and (heads := self.heads(after, limit=titles.BATCH)):
            ids = tuple(head.case_id for head in heads if self._is_text(head.case_id))
            self._write(partial(titles.add, sql=self._sql, ids=ids))
            after, seen = heads[-1].case_id, seen + len(heads)
            progress(seen)

    # -- moving --------------------------------------------------------------------------------------------

    def kept(self, case_id: str) -> Kept | None:
        """All that is kept of a case, of one version even while others write; `None` when there is none."""
        return transfer.kept(self, case_id)

    def keep(self, cases: Sequence[Kept]) -> None:
        """Take over cases, all or nothing; see `caseflow.ports.Movable`."""
        self._write(
            lambda cursor: transfer.CaseIntake(cursor, self._sql, is_shared=self._connections.is_shared).keep(
                cases
            )
        )

    def keep_keys(self, claims: Sequence[KeyClaim]) -> None:
        """Take over idempotency keys; those that are there stay."""
        self._write(lambda cursor: transfer.keep_keys(cursor, self._sql, claims))

    def keys(self, after: tuple[str, str] = ("", ""), *, limit: int = 1000) -> tuple[KeyClaim, ...]:
        """Idempotency keys after (actor, key), in that order by code point."""
        actor, key = map(bindable, after)
        rows = self._rows(self._sql["select_keys"], (actor, actor, key, limit))
        return tuple(row_values.key_claim(row) for row in rows)

    def pins(self) -> tuple[str, ...]:
        """The content hashes of all documents that are kept."""
        return tuple(pin for (pin,) in self._rows(self._sql["select_pins"]))

    def raw(
        self, table: str, *, after: str | None = None, upto: str | None = None, limit: int | None = None
    ) -> tuple[Mapping[str, Any], ...]:
        """The rows of a table exactly as they are kept; see `caseflow.ports.Auditable`."""
        return self._connections.read(
            lambda cursor: raw_rows.raw(cursor, self._sql, table, after=after, upto=upto, limit=limit)
        )
