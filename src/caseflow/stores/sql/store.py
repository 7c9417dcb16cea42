"""`SqlStore`: cases in PostgreSQL, MariaDB, or SQLite, through SQLAlchemy."""

from __future__ import annotations

from typing import Self

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL

from caseflow.stores.relational import schema
from caseflow.stores.relational.policies_in_doubt import PoliciesInDoubt
from caseflow.stores.relational.store import RelationalStore
from caseflow.stores.sql.connections import EngineConnections
from caseflow.stores.sql.joined import JoinedConnections


class SqlStore(RelationalStore):
    """Cases in a database that SQLAlchemy can reach. Safe to share between threads, and over a fork.

    The tables must be there: ``caseflow store init --store URL``, or `SqlStore.made`.

    Args:
        where: a URL such as ``postgresql://user@host/portal`` or ``mariadb://user@host/portal``, with the
            drivers of the extras ``postgres`` and ``mariadb`` unless it names another; or the portal's own
            engine, which is used in autocommit and given back as it was.
        timeout: seconds to wait for a connection of the pool, and for rows that others have locked.
        pool_size: connections kept open; at most twice as many are made. A portal's engine has its own.

    Raises:
        StoreError: the database cannot be reached, holds no tables of ours, or those of another schema.

    The way of a command is plain SQL, rendered once for a store and sent by the driver's own cursor:
    building SQLAlchemy's expressions anew would cost more than the core's work. SQLAlchemy brings URLs,
    drivers, the pool and its events.
    """

    def __init__(self, where: str | URL | Engine, *, timeout: float = 10.0, pool_size: int = 5) -> None:
        connections = EngineConnections(where, timeout=timeout, pool_size=pool_size)
        try:
            schema.refuse_other(connections)
            feed_base = schema.feed_base(connections)
        except BaseException:
            connections.close()
            raise
        super().__init__(connections, feed_base=feed_base)

    @classmethod
    def made(cls, where: str | URL | Engine, *, timeout: float = 10.0, pool_size: int = 5) -> Self:
        """The store, its tables made or migrated first; safe to run twice, and by several at once."""
        connections = EngineConnections(where, timeout=timeout, pool_size=1)
        try:
            schema.migrate(connections)
        finally:
            connections.close()
        return cls(where, timeout=timeout, pool_size=pool_size)

    @staticmethod
    def joined(connection: Connection) -> RelationalStore:
        """A store inside the transaction of the portal's connection, begun if need be.

        It commits nothing itself: what a desk on it appends is there when the portal commits, and gone when
        it rolls back. Each append lies in a savepoint, so a `Stale` or `KeyReused` leaves the transaction
        usable. Work given to `after_commit` is done after the portal's commit. The store is for the thread
        and for as long as the connection is.

        On MariaDB the connection must be in READ COMMITTED: under REPEATABLE READ, its default, a
        transaction goes on seeing cases as they were at its first question, and is told `Stale`.

        Raises:
            StoreError: the connection is in autocommit; there are no tables of ours, or of another schema;
                ``store-restored``.
        """
        connections = JoinedConnections(connection)
        in_doubt = connection.info.setdefault("caseflow.in_doubt", PoliciesInDoubt())
        return RelationalStore(connections, feed_base=schema.feed_base_within(connections), in_doubt=in_doubt)
