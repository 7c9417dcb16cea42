"""What is said to the tables of notices and documents, rendered once for a kind of database."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from caseflow.stores.relational.dialects import Dialect

Asked = tuple[str, tuple[Any, ...]]
"""A statement and its values."""

NOTICE = "id, case_id, version, topic, level, role, unit, channel, at_us, corrects, body"
_POSTED = (
    f"SELECT position, status, attempts, next_try, token, told, error, merged_into, {NOTICE}"
    " FROM caseflow_notices"
)
_DOCUMENT = (
    "SELECT id, series, year, case_id, version, body, number, voided, void_reason FROM caseflow_documents"
)


class OutboxStatements:
    """The statements about notices and documents; `Statements` adds those about cases."""

    dialect: Dialect

    def marked(self, sql: str) -> str:
        """The statement with the driver's own marks, which stand as ``?`` in this folder."""
        return sql if self.dialect.mark == "?" else sql.replace("?", self.dialect.mark)

    # -- notices -------------------------------------------------------------------------------------------

    @cached_property
    def post(self) -> str:
        """A notice; one whose id is known stays as it is."""
        marks = ", ".join("?" * 11)
        return self.marked(
            f"INSERT INTO caseflow_notices ({NOTICE}, status, attempts, next_try, token, error, merged_into)"
            f" VALUES ({marks}, 'pending', 0, ?, '', '', ''){self.dialect.or_skip('id')}"
        )

    @cached_property
    def cancel(self) -> str:
        """Cancel a notice that nobody was told."""
        return self.marked(
            "UPDATE caseflow_notices SET status = 'cancelled', next_try = NULL"
            " WHERE id = ? AND status IN ('pending', 'leased', 'dead')"
        )

    @cached_property
    def ready(self) -> str:
        """What may be claimed, in order; on MariaDB and PostgreSQL without waiting for other claims."""
        return self.marked(
            "SELECT position FROM caseflow_notices WHERE next_try <= ? ORDER BY next_try, position LIMIT ?"
            f"{self.dialect.skip_locked}"
        )

    @cached_property
    def lease(self) -> str:
        """Lease one notice, if nobody did meanwhile: now, token, lease end twice, position, now.

        ``told`` comes first: MariaDB would see the new status in it otherwise.
        """
        return self.marked(
            "UPDATE caseflow_notices SET told = CASE WHEN status = 'leased' THEN coalesce(told, ?) ELSE told"
            " END, status = 'leased', attempts = attempts + 1, token = ?,"
            " lease_end = ?, next_try = ? WHERE position = ? AND next_try <= ?"
        )

    def held(self, count: int) -> str:
        """Those of so many positions that the token holds."""
        marks = ", ".join("?" * count)
        return self.marked(f"{_POSTED} WHERE token = ? AND position IN ({marks})")

    @cached_property
    def corrected(self) -> str:
        """What became of a corrected notice."""
        return self.marked("SELECT status, token, lease_end, told FROM caseflow_notices WHERE id = ?")

    @cached_property
    def settle(self) -> str:
        """Record an outcome: six values, then id, token, and what else than leased it may be."""
        return self.marked(
            "UPDATE caseflow_notices SET status = ?, next_try = ?, told = coalesce(?, told), error = ?,"
            " merged_into = ?, attempts = attempts - ?, token = ''"
            " WHERE id = ? AND token = ? AND status IN ('leased', ?)"
        )

    @cached_property
    def settle_many(self) -> str:
        """The same for many from arrays of PostgreSQL; returns the ids settled, in no order."""
        return self.marked(
            "UPDATE caseflow_notices n SET status = u.status, next_try = u.next_try,"
            " told = coalesce(u.told, n.told), error = u.error, merged_into = u.merged_into,"
            " attempts = attempts - u.untried, token = ''"
            " FROM unnest(?::text[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::int[], ?::text[],"
            " ?::text[], ?::text[])"
            " AS u (status, next_try, told, error, merged_into, untried, id, token, other)"
            " WHERE n.id = u.id AND n.token = u.token AND n.status IN ('leased', u.other) RETURNING n.id"
        )

    @cached_property
    def give_back(self) -> str:
        """The lease of a cancelled notice ends; that some were told meanwhile is remembered."""
        return self.marked(
            "UPDATE caseflow_notices SET token = '', told = coalesce(?, told)"
            " WHERE id = ? AND token = ? AND status = 'cancelled'"
        )

    @cached_property
    def requeue(self) -> str:
        """A dead notice is pending again: from when, id."""
        return self.marked(
            "UPDATE caseflow_notices SET status = 'pending', attempts = 0, next_try = ?"
            " WHERE id = ? AND status = 'dead'"
        )

    def notices(self, *, case_id: str, status: str, after: int, limit: int) -> Asked:
        """Notices after a position, of one case, of one status."""
        terms, given = ["position > ?"], list[Any]([after])
        for column, found in (("case_id", case_id), ("status", status)):
            if found:
                terms.append(f"{column} = ?")
                given.append(found)
        sql = f"{_POSTED} WHERE {' AND '.join(terms)} ORDER BY position LIMIT ?"
        return self.marked(sql), (*given, limit)

    # -- documents -----------------------------------------------------------------------------------------

    @cached_property
    def insert_series(self) -> str:
        """The row of a series and year, if it is not there."""
        if self.dialect.upserts == "conflict":
            skip = " ON CONFLICT (series, year) DO NOTHING"
        else:
            skip = " ON DUPLICATE KEY UPDATE latest = latest"
        return self.marked(f"INSERT INTO caseflow_series (series, year, latest) VALUES (?, ?, 0){skip}")

    @cached_property
    def latest(self) -> str:
        """The last number of a series and year; its row is held until the transaction ends."""
        lock = " FOR UPDATE" if self.dialect.locks_rows else ""
        return self.marked(f"SELECT latest FROM caseflow_series WHERE series = ? AND year = ?{lock}")

    @cached_property
    def update_series(self) -> str:
        """The new last number: number, series, year."""
        return self.marked("UPDATE caseflow_series SET latest = ? WHERE series = ? AND year = ?")

    @cached_property
    def has_document(self) -> str:
        """Whether a document of that id is there."""
        return self.marked("SELECT 1 FROM caseflow_documents WHERE id = ?")

    @cached_property
    def insert_document(self) -> str:
        """A numbered document."""
        columns = "id, series, year, number, case_id, version, body, void_reason"
        return self.marked(f"INSERT INTO caseflow_documents ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, '')")

    @cached_property
    def void(self) -> str:
        """A document no longer holds: instant, reason, id."""
        return self.marked(
            "UPDATE caseflow_documents SET voided = ?, void_reason = ? WHERE id = ? AND voided IS NULL"
        )

    @cached_property
    def documents(self) -> str:
        """The documents of a case in the order of issue."""
        return self.marked(f"{_DOCUMENT} WHERE case_id = ? ORDER BY position")

    @cached_property
    def issued(self) -> str:
        """The documents of a series and year after a number."""
        where = "WHERE series = ? AND year = ? AND number > ? ORDER BY number LIMIT ?"
        return self.marked(f"{_DOCUMENT} {where}")
