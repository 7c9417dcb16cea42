"""What must happen after the portal's commit, and never if it rolls back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import attrs
from sqlalchemy import Connection, event
from sqlalchemy.engine import ExceptionContext

Work = Callable[[], object]

_log = logging.getLogger("caseflow.desk")
_KEY = "caseflow.after_commit"
_watched: WeakSet[Any] = WeakSet()


class AfterCommit:
    """Work that waits for the commit of a connection's transaction.

    SQLAlchemy tells a commit just before it is done, and nothing right after. So the work is taken up then,
    and done when the connection goes back to its pool, or begins its next transaction, whichever comes
    first: with ``with engine.begin()`` and with a `Session`, right after the commit. A commit that fails is
    rolled back, and the work is dropped. So is work that was added after a savepoint which is rolled back.
    What one piece of work raises is logged, and stops neither the others nor the portal.
    """

    def __init__(self, connection: Connection) -> None:
        self._info: dict[Any, Any] = connection.info
        if connection not in _watched:
            _watched.add(connection)
            for name in (
                "begin",
                "commit",
                "rollback",
                "savepoint",
                "release_savepoint",
                "rollback_savepoint",
            ):
                event.listen(connection, name, globals()[f"_on_{name}"])
        engine = connection.engine
        if engine not in _watched:
            _watched.add(engine)
            event.listen(engine, "handle_error", _on_error)
        pool = engine.pool
        if pool not in _watched:
            _watched.add(pool)
            event.listen(pool, "checkin", _on_checkin)

    def add(self, work: Work) -> None:
        """Wait with it for the commit."""
        _pending(self._info).waiting.append(work)


@attrs.define
class _Pending:
    """What waits, what was committed, and how much waited at each savepoint that is open, outermost first."""

    waiting: list[Work] = attrs.Factory(list)
    committed: list[Work] = attrs.Factory(list)
    marks: list[int] = attrs.Factory(list)


def _pending(info: dict[Any, Any]) -> _Pending:
    found: _Pending = info.setdefault(_KEY, _Pending())
    return found


def _on_commit(connection: Connection) -> None:
    held = _pending(connection.info)
    held.committed += held.waiting
    held.waiting.clear()
    held.marks.clear()


def _on_rollback(connection: Connection) -> None:
    connection.info.pop(_KEY, None)


def _on_savepoint(connection: Connection, name: str | None) -> None:
    held = _pending(connection.info)
    held.marks.append(len(held.waiting))


def _on_release_savepoint(connection: Connection, name: str, context: None) -> None:
    if held := _pending(connection.info).marks:
        held.pop()


def _on_rollback_savepoint(connection: Connection, name: str, context: None) -> None:
    held = _pending(connection.info)
    if held.marks:
        del held.waiting[held.marks.pop() :]


def _on_begin(connection: Connection) -> None:
    _run(connection.info)


def _on_checkin(driver: Any, record: Any) -> None:
    _run(record.info)


def _on_error(context: ExceptionContext) -> None:
    """A failed commit: SQLAlchemy tells a commit before it is done, and no rollback after it failed."""
    if context.statement is None and context.connection is not None and not context.connection.closed:
        context.connection.info.pop(_KEY, None)


def _run(info: dict[Any, Any]) -> None:
    held: _Pending | None = info.pop(_KEY, None)
    for work in held.committed if held is not None else ():
        try:
            work()
        except Exception as error:  # the commit stands: nobody may take it for failed
            _log.error("work after the commit failed: %s", type(error).__name__)
