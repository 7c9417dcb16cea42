"""Cases taken out of tables whole and put in whole, as `caseflow.ports.Movable` asks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from caseflow.core.notices import LEASED, TOLD, Document, Posted
from caseflow.errors import BadRecord, StoreError
from caseflow.ports.protocols import Store
from caseflow.ports.records import Kept, KeyClaim, Quarantined
from caseflow.stores.copy import steady
from caseflow.stores.sql.append import (
    Row,
    as_json,
    case_values,
    erase_title,
    helper_rows,
    key_row,
    notice_values,
    submission_values,
    text_rows,
    title_rows,
)
from caseflow.stores.sql.dialects import Cursor
from caseflow.stores.sql.statements import Statements

PAGE = 200
"""Cases that one statement asks for."""

ALL = 1 << 31
"""More notices than a case can have."""


def kept(store: Store, case_id: str) -> Kept | None:
    """All that is kept of a case, of one version even while others write; `None` when there is none."""
    return steady(
        lambda: store.load(case_id),
        lambda case: Kept(
            case=case, links=store.links(case_id), texts=store.texts(case_id),
            notices=store.notices(case_id=case_id, limit=ALL, aside=_whole),
            documents=store.documents(case_id),
        ),
    )  # fmt: skip


def _whole(one: Quarantined) -> None:
    raise BadRecord(one.code, found=one.name)


def keep_keys(cursor: Cursor, sql: Statements, claims: Sequence[KeyClaim]) -> None:
    """Take over keys; those that are there stay."""
    for claim in claims:
        cursor.execute(sql["select_key"], (claim.actor, claim.key))
        if cursor.fetchone() is None:
            cursor.execute(sql["insert_key"], key_row(claim))


class CaseIntake:
    """Cases put into tables inside a transaction of the store's.

    Args:
        is_shared: whether the transaction may hold other changes.
    """

    def __init__(self, cursor: Cursor, sql: Statements, *, is_shared: bool) -> None:
        self._cursor = cursor
        self._sql = sql
        self._is_shared = is_shared

    def keep(self, cases: Sequence[Kept]) -> None:
        """Take over cases, each named once.

        Raises:
            StoreError: ``store-diverged``.
        """
        known = self._known_versions(cases)
        pairs = [(case, known.get(case.case.id, 0)) for case in cases]
        self._run_all(
            "insert_case",
            [(*_case_row(case), *submission_values(case.case)) for case, version in pairs if not version],
        )
        for case, version in pairs:
            if version:
                self._make_room(case)
        self._run_all("upsert_helper", [row for case in cases for row in helper_rows(case.case)])
        self._run_all("insert_event", list(self._event_rows(pairs)))
        texts = [row for case in cases for row in text_rows(case.case.id, case.texts)]
        self._run_all("insert_texts", texts)
        if self._sql.row.has_titles:
            self._run_all(
                "insert_title", [row for case in cases for row in title_rows(case.case, case.texts)]
            )
        notices = [posted for case, version in pairs for posted in self._not_told(case, version)]
        self._run_all("insert_settled_notice", list(map(_notice_row, notices)))
        for case in cases:
            for document in case.documents:
                self._put_document(document)

    def _known_versions(self, cases: Sequence[Kept]) -> dict[str, int]:
        """The versions that cases have here, each of which must be one of its own history."""
        histories = {case.case.id: case.links for case in cases}
        ids, known = tuple(histories), dict[str, int]()
        for first in range(0, len(ids), PAGE):
            self._cursor.execute(*self._sql.of_many("lock_versions", ids[first : first + PAGE]))
            for case_id, known_version, head in self._cursor.fetchall():
                links, version = histories[case_id], int(known_version)
                if version > len(links) or links[version - 1].hash != bytes(head):
                    raise StoreError("store-diverged", case=case_id, found=version)
                known[case_id] = version
        return known

    def _event_rows(self, pairs: Sequence[tuple[Kept, int]]) -> Iterator[Row]:
        """What is new of each history; on PostgreSQL with numbers within the transaction."""
        is_numbered, numbers = self._sql.dialect.one_statement, count()
        if is_numbered and self._is_shared:
            self._run("select_used_positions")
            numbers = count(self._cursor.fetchone()[0])
        for case, version in pairs:
            for link in case.links[version:]:
                row = (case.case.id, link.version, link.body, link.hash)
                yield (next(numbers), *row) if is_numbered else row

    def _make_room(self, case: Kept) -> None:
        """Bring a case's row up to what is taken over, and take away what comes anew with it."""
        name = case.case.id
        self._run("overwrite_case", *_case_row(case))
        self._run("revise_case", *submission_values(case.case)[1:], name)
        self._run("select_texts", name)
        for fields in [json.loads(text) for version, text in self._cursor.fetchall() if version == 1]:
            erase_title(self._cursor, self._sql, case.case, fields)
        self._run("delete_all_texts", name)
        for document in case.documents:
            self._run("delete_document", document.draft.id)

    def _not_told(self, case: Kept, version: int) -> list[Posted]:
        """The notices to be written; one that was sent from here never goes back."""
        if not version or not case.notices:
            return list(case.notices)
        self._run("select_statuses", case.case.id)
        ours = dict(self._cursor.fetchall())
        news = [posted for posted in case.notices if ours.get(posted.notice.id) not in TOLD]
        for posted in news:
            if posted.notice.id in ours:
                self._run("delete_notice", posted.notice.id)
        return news

    def _put_document(self, document: Document) -> None:
        d, number = document.draft, document.number
        series = (d.series, d.year)
        self._run("select_number", *series, number)
        if self._cursor.fetchone() is not None:
            raise StoreError("store-diverged", case=d.case_id, found=f"{d.series} {d.year} {number}")
        row = (
            d.id, *series, number, d.case_id, d.version, as_json(d.body), document.voided_us,
            document.void_reason,
        )  # fmt: skip
        self._run("insert_document", *row)
        if self._sql.dialect.one_writer:
            return
        self._run("insert_series", *series)
        self._run("lock_series", *series)
        if self._cursor.fetchone()[0] < number:
            self._run("update_series", number, *series)

    def _run(self, name: str, *values: Any) -> None:
        self._cursor.execute(self._sql[name], values)

    def _run_all(self, name: str, rows: list[Row]) -> None:
        if rows:
            self._cursor.executemany(self._sql[name], rows)


def _case_row(case: Kept) -> Row:
    """The values of ``overwrite_case``, and the first of ``insert_case``."""
    return (*case_values(case.case), case.links[-1].hash, case.case.id)


def _notice_row(posted: Posted) -> Row:
    """The row of a notice; a lease that a cancelled one may still have counts as run out."""
    lease_end = posted.next_try_us if posted.status == LEASED else 0 if posted.token else None
    return (
        *notice_values(posted.notice), posted.status, posted.attempts, posted.next_try_us, posted.token,
        lease_end, posted.told_us, posted.error, posted.into, " ".join(posted.reached),
    )  # fmt: skip
