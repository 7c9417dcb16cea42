"""Database URLs: which driver they mean when they name none, and how they are told without a password."""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from caseflow.errors import StoreError
from caseflow.stores.relational.dialects import MARIADB, POSTGRESQL, SQLITE, Dialect

DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql", "mysql": "mysql+pymysql"}
"""The driver that a URL without one gets: that of the extra."""

DIALECTS = {"postgresql": POSTGRESQL, "mariadb": MARIADB, "mysql": MARIADB, "sqlite": SQLITE}


def parsed(url: str | URL) -> URL:
    """The URL with its driver.

    Raises:
        StoreError: it is no database URL, or of a kind that is not known.
    """
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise StoreError("store-url", found=_kind(str(url))) from None
    if "@" in (found.database or "") and found.get_backend_name() != "sqlite":
        raise StoreError("store-url-quoting")  # what follows an unquoted sign of a password is no database
    if found.get_backend_name() not in DIALECTS:
        raise StoreError("store-url", found=shown(found))
    return found.set(drivername=DRIVERS.get(found.drivername, found.drivername))


def dialect_of(backend: str) -> Dialect:
    """How the database of that name is spoken to.

    Raises:
        StoreError: it is not known.
    """
    if backend not in DIALECTS:
        raise StoreError("store-url", found=backend)
    return DIALECTS[backend]


def shown(url: URL) -> str:
    """The URL for people: kind, host and database. No user, no password, no parameters."""
    host = f"{url.host or ''}{f':{url.port}' if url.port else ''}"
    kind = url.get_backend_name()
    named = "sqlite+pysqlite" if kind == "sqlite" else kind  # `sqlite` alone means a `SqliteStore`
    return f"{named}://{host}/{url.database or ''}"


def _kind(url: str) -> str:
    """What may be shown of something that is no URL: it may hold a password all the same."""
    return f"{url.partition(':')[0][:20]}:..."
