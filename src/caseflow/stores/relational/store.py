"""A store over relational tables, wherever their connections come from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from caseflow.core.case import Case
from caseflow.errors import Stale, StoreError
from caseflow.outbox import Held, Outcome
from caseflow.ports import Append, KeyClaim, Query
from caseflow.stores.moving import Kept, steady
from caseflow.stores.recent import RecentCases
from caseflow.stores.relational import moving, outbox
from caseflow.stores.relational.appending import Appending
from caseflow.stores.relational.dialects import Connections, Cursor
from caseflow.stores.relational.policies_in_doubt import PoliciesInDoubt
from caseflow.stores.relational.prepared import prepared
from caseflow.stores.relational.questions import RelationalQuestions
from caseflow.stores.relational.statements import Statements

NO_LIMIT = 1 << 31


class RelationalStore(RelationalQuestions):
    """Cases in tables. Safe to share between threads if its connections are.

    A case that is loaded again is remembered by the bytes of its snapshot and the head of its chain, so that
    only what changed is unpacked; the database is asked every time.

    Args:
        connections: where cursors come from.
        feed_base: as ``caseflow_store`` has it.
        in_doubt: policies that may be rolled back, shared with other stores of the same transaction.
    """

    def __init__(
        self, connections: Connections, *, feed_base: int = 0, in_doubt: PoliciesInDoubt | None = None
    ) -> None:
        self._connections = connections
        self._said = Statements(connections.dialect, feed_base=feed_base)
        self._recent = RecentCases()
        self._in_doubt = in_doubt or PoliciesInDoubt()

    def after_commit(self, work: Callable[[], object]) -> None:
        """Run the work once what was appended is committed: at once, or when the owner of the transaction
        commits; never if that is rolled back.
        """  # fmt: skip
        self._connections.after_commit(work)

    def close(self) -> None:
        """Let go of the connections; the store must not be used afterwards."""
        self._connections.close()

    # -- cases ---------------------------------------------------------------------------------------------

    def load(self, case_id: str) -> Case | None:
        """The case at its newest version; `None` when there is none."""
        if not self._can_hold(case_id):
            return None
        rows = self._rows(self._said.load, (case_id,))
        return self._recent.case(self.events, case_id, *rows[0]) if rows else None

    def load_many(self, ids: Sequence[str]) -> dict[str, Case]:
        """The cases of those ids that are there, in one question; a sweep asks so."""
        if not ids:
            return {}
        rows = self._rows(*self._said.load_many(ids))
        return {
            case_id: self._recent.case(self.events, case_id, snapshot, head)
            for case_id, snapshot, head in rows
        }

    def find(self, query: Query) -> tuple[Case, ...]:
        """The cases of a query in the order of (next due, id); those with nothing due come last."""
        if not self._can_hold(*[name for name in (query.unit, query.citizen, query.state) if name]):
            return ()
        return tuple(self._recent.case(self.events, *row) for row in self._rows(*self._said.find(query)))

    # -- changes -------------------------------------------------------------------------------------------

    def append(self, appends: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Add events to one or several cases, with all that goes with them and an idempotency key.

        One update or insert for each case, one insert for its events, one for its texts, one for the key; on
        PostgreSQL these are a single statement where nothing else goes with them.

        A policy whose pinning may have been rolled back with a transaction of the portal's is pinned again.

        If the connection is lost while this is being committed, the store looks whether the events are
        there, by their hashes, and writes them again only if they are not.

        Raises:
            Stale: a case is not at its expected version.
            KeyReused: the key was taken in the meantime.
            StoreBusy: others held the rows too long.
            StoreError: ``store-unsure`` when the connection was lost while this was being committed and
                cannot be made again: whether it is there is not known.
        """
        if not appends:
            return
        for pin, document in self._in_doubt.documents():
            self.pin(pin, document)
        work = Appending(
            self._connections, self._said, [prepared(entry) for entry in appends], claim,
            [self._recent.head_of(entry) for entry in appends],
        )  # fmt: skip
        try:
            self._connections.write(work.write, single=work.is_single)
        except StoreError as error:
            if error.code != "store-unsure":
                raise
            self._append_again(work, error)
        for written, rows, head in zip(work.entries, work.rows, work.heads, strict=True):
            self._recent.remember(written.entry.case, written.snapshot, rows[-1][3] if rows else head)

    def _append_again(self, work: Appending, lost: StoreError) -> None:
        """After a connection was lost in the commit: find out, and write again what is not there."""
        if self._has_landed(work, lost):
            return
        try:
            self._connections.write(work.write, single=work.is_single)
        except Stale:
            # The first try may have been under way still when we looked.
            if not self._has_landed(work, lost):
                raise

    def _has_landed(self, work: Appending, lost: StoreError) -> bool:
        """Whether the last event of the first case that has any is there, with our hash."""
        last = next((rows[-1] for rows in work.rows if rows), None)
        if last is None:
            return False  # nothing but what may be done twice
        case_id, version, _, ours = last
        try:
            found = self._rows(self._said.landed, (case_id, version))
        except StoreError:
            raise lost from None
        return bool(found) and bytes(found[0][0]) == ours

    def pin(self, pin: str, document: Mapping[str, Any]) -> None:
        """Keep the document of a policy under its content hash; doing it twice changes nothing."""
        is_new = self.pinned(pin) is None
        if is_new:
            row = (pin, json.dumps(document, ensure_ascii=False))
            self._connections.write(lambda cursor: cursor.execute(self._said.insert_policy, row), single=True)
        if not self._connections.is_shared:
            self._in_doubt.settle(pin)
        elif is_new:
            self._in_doubt.add(pin, document)

    # -- moving --------------------------------------------------------------------------------------------

    def kept(self, case_id: str) -> Kept | None:
        """All that is kept of a case; `None` when there is none."""

        def read(case: Case) -> Kept:
            notices = self.notices(case_id=case_id, limit=NO_LIMIT)
            return Kept(case, self.links(case_id), self.texts(case_id), notices, self.documents(case_id))

        return steady(lambda: self.load(case_id), read)

    def keep(self, cases: Sequence[Kept]) -> None:
        """Take over cases, all or nothing; see `caseflow.stores.moving.Movable`."""
        is_postgres = self._said.dialect.one_statement

        def change(cursor: Cursor) -> None:
            numbers = count()
            if is_postgres and self._connections.is_shared:
                cursor.execute(self._said.used_positions)
                numbers = count(cursor.fetchone()[0])
            keeping = moving.Keeping(
                cursor, self._names, insert_event=self._said.insert_event,
                numbers=lambda: (next(numbers),) if is_postgres else (),
            )  # fmt: skip
            keeping.keep(cases)

        self._connections.write(change)

    def keep_keys(self, claims: Sequence[KeyClaim]) -> None:
        """Take over idempotency keys; those that are there stay."""
        self._connections.write(lambda cursor: moving.keep_keys(cursor, self._names, claims))

    # -- notices -------------------------------------------------------------------------------------------

    def claim(self, now_us: int, *, limit: int, lease_us: int, token: str) -> tuple[Held, ...]:
        """Lease ready notices to the token, in the order of (next try, position)."""
        return self._connections.write(
            lambda cursor: outbox.claim(
                cursor, self._said, now_us, limit=limit, lease_us=lease_us, token=token
            )
        )

    def settle(self, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
        """Record what became of claimed notices; returns the ids settled, in the order given."""
        return self._connections.write(lambda cursor: outbox.settle(cursor, self._said, outcomes))

    def requeue(self, ids: Sequence[str], now_us: int) -> tuple[str, ...]:
        """Make dead notices pending again from now on, their attempts counted anew; returns their ids."""
        return self._connections.write(lambda cursor: outbox.requeue(cursor, self._said, ids, now_us))
