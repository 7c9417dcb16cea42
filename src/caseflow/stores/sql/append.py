"""An append in tables: made rows before its transaction, then written under the versions, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from itertools import chain, count
from typing import Any

import msgspec

from caseflow.core.model.case import Case
from caseflow.core.model.clock_run import deadline_of, waits_from
from caseflow.core.model.events import Migrated
from caseflow.core.notices import TAKEN_BACK, Draft, Notice
from caseflow.core.value import Value
from caseflow.errors import KeyReused, Stale, StoreError
from caseflow.ports.records import NEVER, Append, KeyClaim, Text, is_redacted_by
from caseflow.ports.title_search import pairs
from caseflow.serialization.codec import START, encode, link, pack
from caseflow.stores.sql.dialects import Connections, Cursor
from caseflow.stores.sql.driver_errors import RetryTransaction, kind_of
from caseflow.stores.sql.statements import INDEXED, XID_BITS, CommandShape, Statements

Row = tuple[Any, ...]
EventRow = tuple[str, int, bytes, bytes]
"""Case, version, body, hash."""
Known = tuple[bytes, Row | None]
"""The head of a case's chain; and what indexes hold of the case, as far as the store knows."""

_encode = msgspec.json.Encoder().encode


# -- what is written -----------------------------------------------------------------------------------------


class AppendRows(Value):
    """The rows of an append, but for what only the transaction knows: hashes and numbers.

    Attributes:
        values: the case's, but head and id, in the order of its statements.
        bodies: of the events.
        texts: case, version and fields of each version that has texts.
        notices: in the order of ``insert_notice``.
        documents: each with its body as JSON.
        has_more: whether anything but events and texts goes with it.
    """

    entry: Append
    values: Row
    bodies: tuple[bytes, ...]
    texts: tuple[Row, ...] = ()
    notices: tuple[Row, ...] = ()
    documents: tuple[tuple[Draft, str], ...] = ()
    has_more: bool = False

    @property
    def indexed(self) -> Row:
        """What indexes hold of the case: the columns of `INDEXED`, and who helps with it."""
        return (*self.values[1 : len(INDEXED) + 1], self.entry.case.facts.co_handlers)

    def chained(self, head: bytes) -> list[EventRow]:
        """The rows of the events; the chain goes on from the head."""
        case_id, version = self.entry.case.id, self.entry.expected
        rows: list[EventRow] = []
        for body in self.bodies:
            version += 1
            head = link(head, case_id, version, body)
            rows.append((case_id, version, body, head))
        return rows


def append_rows(entry: Append) -> AppendRows:
    """The append, written down before its transaction begins."""
    return AppendRows(
        entry=entry,
        values=case_values(entry.case),
        bodies=tuple([encode(event) for event in entry.events]),
        texts=text_rows(entry.case.id, entry.texts) if entry.texts else (),
        notices=tuple([notice_row(notice) for notice in entry.notices]) if entry.notices else (),
        documents=tuple([(draft, as_json(draft.body)) for draft in entry.documents]),
        has_more=bool(entry.redacts or entry.notices or entry.cancels or entry.documents or entry.voids),
    )


def case_values(case: Case) -> Row:
    """A case's values but head and id, in the order of ``insert_case`` and ``update_case``."""
    due, clocks = case.next_due_us, case.clocks
    return (
        case.version, case.place.state, case.unit, case.citizen, due, NEVER if due is None else due,
        deadline_of(clocks), waits_from(clocks), case.level if case.escalations else "", pack(case),
    )  # fmt: skip


def submission_values(case: Case) -> Row:
    """What a case was submitted as: the last values of ``insert_case``; but for one, of ``revise_case``."""
    origin = case.origin
    return case.submitted_us, origin.kind, origin.region, origin.policy, origin.policy_hash


def helper_rows(case: Case) -> tuple[Row, ...]:
    """The values of ``upsert_helper`` for each unit that helps with the case."""
    due = case.next_due_us
    places = (NEVER if due is None else due, case.deadline_us, case.submitted_us)
    return tuple([(case.id, unit, *places) for unit in case.facts.co_handlers])


def title_rows(case: Case, texts: Sequence[Text]) -> list[Row]:
    """The rows of ``insert_title`` for the title that came with the case, if it is among these texts."""
    titles = [text.text for text in texts if text.version == 1 and text.field == "title"]
    return [(pair, case.submitted_us, case.id) for title in titles for pair in pairs(title)]


def text_rows(case_id: str, texts: Sequence[Text]) -> tuple[Row, ...]:
    """Case, version and fields, as JSON, of each version that has texts."""
    by_version: dict[int, dict[str, tuple[str, str]]] = {}
    for text in texts:
        by_version.setdefault(text.version, {})[text.field] = (text.salt, text.text)
    return tuple([(case_id, version, as_json(fields)) for version, fields in by_version.items()])


def notice_row(n: Notice) -> Row:
    """The values of a new notice, in the order of ``insert_notice``; ready from its instant on."""
    return (*notice_values(n), n.at_us)


def notice_values(n: Notice) -> Row:
    """What a notice says, in the order of its columns."""
    return (
        n.id, n.case_id, n.version, n.topic, n.level, n.role, n.unit, n.channel, n.at_us, n.corrects,
        as_json(n.body),
    )  # fmt: skip


def key_row(claim: KeyClaim) -> Row:
    """The values of a key, in the order of ``insert_key``."""
    return (claim.actor, claim.key, claim.digest, claim.case_id, claim.first, claim.last)


def as_json(fields: Mapping[str, Any]) -> str:
    """JSON text, Chinese as it is."""
    return _encode(fields).decode() if fields else "{}"


# -- how it is written ---------------------------------------------------------------------------------------

MANY = 20
"""From so many rows on, PostgreSQL gets them as arrays: half the work of a statement each."""

_ARRAYS = {
    "update_case_checked": "update_cases", "insert_event": "insert_events", "insert_title": "insert_titles",
}  # fmt: skip


class AppendWork:
    """One append, written with a cursor.

    Args:
        known: what is remembered of the cases at the expected versions.
        pins: policies that must be there for cases that come under them.

    What a process remembers of a database is looked at by the statement that writes the first case: were the
    schema another, or a policy gone, it would find nothing to write, as if the case had moved on.

    After `write` the attribute ``events`` holds what was written of each entry's events, and ``heads`` the
    heads of the cases' chains after them.
    """

    def __init__(
        self,
        connections: Connections,
        sql: Statements,
        *,
        entries: Sequence[AppendRows],
        claim: KeyClaim | None,
        known: Sequence[Known | None],
        pins: Container[str] = (),
    ) -> None:
        self._connections = connections
        self._sql = sql
        self.entries = entries
        self._claim = claim
        self._known = known
        self._pins = pins
        self._titles = [
            row
            for rows in (entries if sql.row.has_titles else ())
            if not rows.entry.expected
            for row in title_rows(rows.entry.case, rows.entry.texts)
        ]
        self._helpers = [
            row
            for rows, before in zip(entries, known, strict=True)
            if rows.entry.case.facts.co_handlers and not (before and before[1] == rows.indexed)
            for row in helper_rows(rows.entry.case)
        ]
        fits = not self._helpers and _fit_one_statement(entries)
        self.is_single = sql.dialect.one_statement and fits
        """Whether one statement of PostgreSQL can do it."""
        self._before: list[bytes] = []
        self.events: list[list[EventRow]] = []
        self.heads: list[bytes] = []

    def write(self, cursor: Cursor) -> None:
        """Write it.

        Raises:
            Stale: a case is not at its expected version.
            KeyReused: the key is taken.
        """
        befores, chains, heads = self._before, self.events, self.heads = [], [], []
        for rows, known in zip(self.entries, self._known, strict=True):
            before = known[0] if known else self._head(cursor, rows)
            events = rows.chained(before)
            befores.append(before)
            chains.append(events)
            heads.append(events[-1][3] if events else before)
        if self.is_single:
            self._write_single(cursor)
        else:
            self._write_all(cursor)

    def _head(self, cursor: Cursor, rows: AppendRows) -> bytes:
        """The head that the case's chain has at the expected version."""
        entry = rows.entry
        if not entry.expected:
            return START
        cursor.execute(self._sql["select_version"], (entry.case.id,))
        row = cursor.fetchone()
        if row is None or row[0] != entry.expected:
            raise Stale(entry.case.id, expected=entry.expected, found=row[0] if row else 0)
        return bytes(row[1])

    def _needed(self, entry: Append) -> str:
        """The policy that the case comes under by this append, if it must be there."""
        if entry.expected and Migrated not in map(type, entry.events):
            return ""
        pin = entry.case.origin.policy_hash
        return pin if pin in self._pins else ""

    def _ordinals(self, cursor: Cursor) -> count[int]:
        """Numbers of events within the transaction: from 0, or on from those of changes before this one."""
        if not self._connections.is_shared:
            return count()
        cursor.execute(self._sql["select_used_positions"])
        used: int = cursor.fetchone()[0]
        if used + sum(map(len, self.events)) >= 1 << XID_BITS:
            problem = f"more than {1 << XID_BITS} events in one transaction"
            raise StoreError("store-failed", path=self._connections.name, found=problem)
        return count(used)

    # -- one statement -------------------------------------------------------------------------------------

    def _write_single(self, cursor: Cursor) -> None:
        rows, events = self.entries[0], list(chain.from_iterable(self.events))
        texts = list(chain.from_iterable(rows.texts for rows in self.entries))
        notices = list(chain.from_iterable(rows.notices for rows in self.entries))
        has_several, pin = len(self.entries) > 1, self._needed(rows.entry)
        shape = CommandShape(
            is_new=not rows.entry.expected, looks=bool(pin), events=len(events), texts=len(texts),
            notices=len(notices), has_key=self._claim is not None, has_title=bool(self._titles),
            has_several=has_several,
        )  # fmt: skip
        numbers = self._ordinals(cursor)
        cases = list(map(_case_row, self.entries, self._before, self.heads))
        if has_several:
            *columns, ids, expected, befores = (list(column) for column in zip(*cases, strict=True))
            values: list[Any] = [ids, expected, befores, *columns, ids, len(cases)]
        else:
            values = [*cases[0], *((pin,) if pin else ())]
        if self._claim is not None:
            values += key_row(self._claim)
        if self._titles:
            (_, *of_case), names = self._titles[0], [pair for pair, *_ in self._titles]
            values += (names, *of_case)
        for row in (*texts, *notices):
            values += row
        for row in events:
            values += (next(numbers), *row)
        try:
            cursor.execute(self._sql.command(shape), values)
        except self._connections.errors as error:
            self._raise_taken(error)
            raise
        if cursor.rowcount != len(events):
            raise self._stale(cursor if has_several else None)

    def _raise_taken(self, error: Exception) -> None:
        """Tell whose unique key was there already: the idempotency key's, or an event's."""
        if kind_of(error) != "taken":
            return
        if self._claim is not None and "caseflow_keys" in str(error):
            raise KeyReused(self._claim.key, actor=self._claim.actor) from error
        raise self._stale(None) from error

    # -- several statements ----------------------------------------------------------------------------------

    def _write_all(self, cursor: Cursor) -> None:
        """Cases first, in the order of ids, so that two writers never wait for each other."""
        self._write_cases(cursor)
        if self._helpers:
            self._run_all(cursor, "upsert_helper", self._helpers)
        rows: list[Row] = []
        texts: list[Row] = []
        with_more: list[AppendRows] = []
        for entry, events in zip(self.entries, self.events, strict=True):
            rows += events
            texts += entry.texts
            if entry.has_more:
                with_more.append(entry)
        if rows:
            self._write_events(cursor, rows)
        for entry in with_more:
            if entry.entry.redacts:
                _redact(cursor, self._sql, entry.entry.case, entry.entry.redacts)
        if texts:
            self._run_all(cursor, "insert_texts", texts)
        if self._titles:
            self._run_all(cursor, "insert_title", self._titles)
        if with_more:
            _write_notices(cursor, self._sql, with_more)
        if self._claim is not None:
            self._write_key(cursor, self._claim)

    def _write_cases(self, cursor: Cursor) -> None:
        for name, rows in self._case_rows().items():
            try:
                self._run_all(cursor, name, rows)
            except self._connections.errors as error:
                if kind_of(error) != "taken":
                    raise
                raise self._stale(None) from error
            if cursor.rowcount != len(rows):
                raise self._stale(cursor)
        revised = [rows.entry.case for rows in self.entries if _is_revised(rows.entry)]
        if revised:
            self._run_all(
                cursor, "revise_case", [(*submission_values(case)[1:], case.id) for case in revised]
            )

    def _case_rows(self) -> dict[str, list[Row]]:
        """Statement -> the rows for it, in the order of ids; new cases first.

        The first one looks whether the database is what it was, and the first of each policy for that;
        PostgreSQL does so with every row at no cost, from its arrays.
        """
        statements: dict[str, list[Row]] = {}
        parts = list(zip(self.entries, self._known, self._before, self.heads, strict=True))
        if len(parts) > 1:
            parts.sort(key=lambda part: part[0].entry.case.id)
        dialect, pins = self._sql.dialect, self._pins
        seen: tuple[str, ...] = ()
        checks_all, names_changes = dialect.one_statement, not dialect.keeps_indexes
        is_first = True
        for rows, known, before, head in parts:
            entry = rows.entry
            row = _case_row(rows, before, head)
            name = "update_case" if entry.expected else "insert_case"
            if (not entry.expected or Migrated in map(type, entry.events)) and (
                (pin := entry.case.origin.policy_hash) in pins and pin not in seen
            ):
                seen += (pin,)
                name, row = f"{name}_checked_pinned", (*row, pin)
            elif is_first or checks_all:
                name = f"{name}_checked"
            is_first = False
            if names_changes and known and known[1]:
                turns = [
                    turn for turn, value in enumerate(known[1][: len(INDEXED)]) if value != row[turn + 1]
                ]
                name = f"{name} {' '.join([INDEXED[turn] for turn in turns])}"
                row = (row[0], *[row[turn + 1] for turn in turns], *row[len(INDEXED) + 1 :])
            if name in statements:
                statements[name].append(row)
            else:
                statements[name] = [row]
        if len(statements) == 1:
            return statements
        return dict(sorted(statements.items(), key=lambda item: item[0].startswith("update")))

    def _run_all(self, cursor: Cursor, name: str, rows: list[Row]) -> None:
        """One statement for each row; for many rows on PostgreSQL one for all of them, from arrays."""
        if len(rows) == 1:
            cursor.execute(self._sql[name], rows[0])
        elif len(rows) < MANY or name not in _ARRAYS or not self._sql.dialect.one_statement:
            cursor.executemany(self._sql[name], rows)
        else:
            columns = [list(column) for column in zip(*rows, strict=True)]
            cursor.execute(self._sql[_ARRAYS[name]], columns)

    def _stale(self, cursor: Cursor | None) -> Stale:
        """Which case is not at its version; the first one when the transaction can no longer be asked."""
        for rows in self.entries if cursor is not None else ():
            entry, version = rows.entry, self._version(cursor, rows.entry.case.id)
            if version != entry.case.version:
                return Stale(entry.case.id, expected=entry.expected, found=version)
        entry = self.entries[0].entry
        return Stale(entry.case.id, expected=entry.expected)

    def _version(self, cursor: Any, case_id: str) -> int:
        cursor.execute(self._sql["select_version"], (case_id,))
        row = cursor.fetchone()
        return row[0] if row else 0

    def _write_events(self, cursor: Cursor, rows: list[Row]) -> None:
        if self._sql.dialect.one_statement:
            numbers = self._ordinals(cursor)
            rows = [(next(numbers), *row) for row in rows]
        try:
            self._run_all(cursor, "insert_event", rows)
        except self._connections.errors as error:
            if kind_of(error) != "taken":
                raise
            if "caseflow_events_of_case" in str(error) or "case_id" in str(error):
                raise self._stale(None) from error
            raise RetryTransaction from error  # a feed's reader has filled the gap we were about to fill

    def _write_key(self, cursor: Cursor, claim: KeyClaim) -> None:
        try:
            cursor.execute(self._sql["insert_key"], key_row(claim))
        except self._connections.errors as error:
            if kind_of(error) != "taken":
                raise
            raise KeyReused(claim.key, actor=claim.actor) from error


def _fit_one_statement(entries: Sequence[AppendRows]) -> bool:
    """Whether there are events, and at most texts and notices with them; of few cases, and no new ones."""
    count = sum(len(rows.bodies) for rows in entries)
    if not count or (len(entries) > 1 and max(count, len(entries)) > MANY):
        return False
    for rows in entries:
        entry = rows.entry
        if entry.redacts or entry.cancels or entry.documents or entry.voids or _is_revised(entry):
            return False
        if len(entries) > 1 and not entry.expected:
            return False
    return True


def _is_revised(entry: Append) -> bool:
    """Whether what the case was submitted as may have changed."""
    return entry.expected > 0 and any(
        event.revised is not None or type(event) is Migrated for event in entry.events
    )


def _case_row(rows: AppendRows, before: bytes, head: bytes) -> Row:
    """The values of ``insert_case``, or of ``update_case``."""
    entry = rows.entry
    row = (*rows.values, head, entry.case.id)
    if entry.expected:
        return (*row, entry.expected, before)
    return (*row, *submission_values(entry.case))


def _redact(cursor: Cursor, sql: Statements, case: Case, names: Sequence[str]) -> None:
    """Erase the named texts of a case and their salts.

    SQLite overwrites what is erased if it is told so, which on a connection of the portal's holds for this
    alone.
    """
    if not sql.dialect.one_writer:
        _erase(cursor, sql, case, names)
        return
    cursor.execute("PRAGMA secure_delete")
    (before,) = cursor.fetchone()
    cursor.execute("PRAGMA secure_delete = ON")
    try:
        _erase(cursor, sql, case, names)
    finally:
        cursor.execute(f"PRAGMA secure_delete = {before}")


def _erase(cursor: Cursor, sql: Statements, case: Case, names: Sequence[str]) -> None:
    case_id = case.id
    cursor.execute(sql["select_texts"], (case_id,))
    for version, text in cursor.fetchall():
        fields = json.loads(text)
        if version == 1 and is_redacted_by(names, "title", version):
            erase_title(cursor, sql, case, fields)
        left = {name: pair for name, pair in fields.items() if not is_redacted_by(names, name, version)}
        if not left:
            cursor.execute(sql["delete_texts"], (case_id, version))
        elif len(left) < len(fields):
            cursor.execute(sql["update_texts"], (as_json(left), case_id, version))


def erase_title(cursor: Cursor, sql: Statements, case: Case, fields: Mapping[str, Sequence[str]]) -> None:
    """Take the title out of the index, if it is among the first texts of the case, by field."""
    salt, title = fields.get("title", ("", ""))
    rows = title_rows(case, [Text(1, "title", salt, title)])
    if rows:
        cursor.executemany(sql["delete_title"], rows)


def _write_notices(cursor: Cursor, sql: Statements, entries: Sequence[AppendRows]) -> None:
    """Notices and documents that go with appends: take away first, then post and number.

    Cancelled are notices that nobody was told; one whose id is known is not posted again.
    """
    cancels = [(TAKEN_BACK, name) for rows in entries for name in rows.entry.cancels]
    if cancels:
        cursor.executemany(sql["cancel_notice"], cancels)
    voids = [(void.at_us, void.reason, void.id) for rows in entries for void in rows.entry.voids]
    if voids:
        cursor.executemany(sql["void_document"], voids)
    notices = list(chain.from_iterable(rows.notices for rows in entries))
    if notices:
        cursor.executemany(sql["insert_notice"], notices)
    documents = list(chain.from_iterable(rows.documents for rows in entries))
    if documents:
        (_issue_as_only_writer if sql.dialect.one_writer else _issue)(cursor, sql, documents)


def _issue_as_only_writer(cursor: Cursor, sql: Statements, documents: Sequence[tuple[Draft, str]]) -> None:
    for d, body in documents:
        row = (d.id, d.series, d.year, d.series, d.year, d.case_id, d.version, body)
        cursor.execute(sql["issue_document"], row)


def _issue(cursor: Cursor, sql: Statements, documents: Sequence[tuple[Draft, str]]) -> None:
    """Number documents one after the other; each series is held until the transaction ends.

    Series are locked in one order everywhere, so that two writers never wait for each other.
    """
    latest: dict[tuple[str, int], int] = {}
    for series in sorted({(draft.series, draft.year) for draft, _ in documents}):
        cursor.execute(sql["insert_series"], series)
        cursor.execute(sql["lock_series"], series)
        latest[series] = cursor.fetchone()[0]
    for d, body in documents:
        cursor.execute(sql["has_document"], (d.id,))
        if cursor.fetchone() is not None:
            continue
        series = (d.series, d.year)
        latest[series] += 1
        row = (d.id, d.series, d.year, latest[series], d.case_id, d.version, body, None, "")
        cursor.execute(sql["insert_document"], row)
        cursor.execute(sql["update_series"], (latest[series], *series))
