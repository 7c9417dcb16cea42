"""`DjangoStore`: cases that are committed and rolled back with the portal's own rows; where they lie."""

from __future__ import annotations

from caseflow.contrib.django.connections import DjangoConnections
from caseflow.errors import StoreError
from caseflow.ports.records import StoreStatus
from caseflow.stores.sql import schema, sessions
from caseflow.stores.sql.case_cache import CaseCache
from caseflow.stores.sql.statements import Statements, StoreRow
from caseflow.stores.sql.store import RelationalStore


class DjangoStore(RelationalStore):
    """Cases in a database of the portal's, on Django's own connections: PostgreSQL, MariaDB or SQLite.

    Inside ``transaction.atomic()`` each append lies in a savepoint of the portal's transaction: it is there
    when the portal commits, gone when it rolls back, and a `Stale` or `KeyReused` leaves the transaction
    usable. Outside of it each append is an atomic block of its own. Work given to `after_commit` is done by
    ``transaction.on_commit``.

    Safe to share between threads: Django gives each its own connection. Making one touches no database, so
    it may lie in a module; the schema is looked at when it is first used.

    Args:
        using: the alias in ``DATABASES``.

    Raises:
        StoreError: at first use, when there are no tables of ours, or those of another schema; the database
            or session does not keep texts as they are.
    """

    _connections: DjangoConnections

    def __init__(self, using: str = "default") -> None:
        self.using = using
        self._connections = DjangoConnections(using)
        self._cache = CaseCache()
        self._policies = {}
        self._with_notices = ()
        self._statements: Statements | None = None

    @property
    def _sql(self) -> Statements:  # made at first use: a module may not ask
        if self._statements is None:
            connections = self._connections
            self._statements = Statements(connections.dialect, _opened(connections))
        return self._statements

    @_sql.setter
    def _sql(self, statements: Statements) -> None:
        self._statements = statements


class DjangoLocation:
    """A database of the portal's as a place of stores; its URL is ``django:ALIAS``."""

    def __init__(self, url: str) -> None:
        self._using = url.removeprefix("django:")

    def open(self, *, must_exist: bool = False) -> DjangoStore:
        """The store; ``manage.py migrate`` makes its tables."""
        return DjangoStore(self._using)

    def make(self) -> bool:
        """Make the tables; whether none were there before."""
        connections = DjangoConnections(self._using)
        if version := schema.schema_of(connections):
            schema.refuse_other(version, name=connections.name)
            return False
        return bool(schema.migrate(connections))

    def status(self) -> StoreStatus:
        """How it stands; nothing is changed."""
        connections = DjangoConnections(self._using)
        version = schema.schema_of(connections)
        if not version:
            raise StoreError("django-unmigrated", path=connections.name, found=0, known=schema.newest())
        return schema.status(connections, schema=version)

    def migrate(self) -> tuple[int, ...]:
        """Bring the tables to today's schema, as ``manage.py migrate``; the schemas they went through."""
        connections = DjangoConnections(self._using)
        if not schema.schema_of(connections):
            raise StoreError("django-unmigrated", path=connections.name, found=0, known=schema.newest())
        return schema.migrate(connections)


def _opened(connections: DjangoConnections) -> StoreRow:
    """The row of the store; the schema is today's, and texts are kept as they are."""
    try:
        connections.read(
            lambda cursor: sessions.refuse_unusable(cursor, connections.dialect, name=connections.name)
        )
        if not connections.read(lambda _: connections.is_free):
            return schema.opened_within(connections)
        schema.refuse_other(schema.schema_of(connections), name=connections.name)
        return schema.opened(connections)
    except StoreError as error:
        if error.code not in ("store-missing", "store-older"):
            raise
        version = error.data.get("found", 0)
        raise StoreError(
            "django-unmigrated", path=connections.name, found=version, known=schema.newest()
        ) from error
