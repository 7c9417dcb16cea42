"""URLs of databases: the driver of each kind, its options by name and type, and what of a URL is shown."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from caseflow.errors import StoreError
from caseflow.stores.sql.dialects import DIALECTS

DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql", "mysql": "mysql+pymysql"}
"""The driver that a URL without one gets: that of the extra."""

DRIVER_MISSING = (ImportError, NoSuchModuleError)


def parsed(url: str | URL) -> URL:
    """The URL with its driver.

    Raises:
        StoreError: it is no database URL, or of a kind that is not known.
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise StoreError("store-url", found=_kind(str(url))) from None
    after = "" if isinstance(url, URL) else url.partition("?")[2]
    if "@" in f"{parts.host}{parts.database}{after}" and parts.get_backend_name() != "sqlite":
        raise StoreError("store-url-quoting")  # what follows an unquoted sign of a password is no database
    if parts.get_backend_name() not in DIALECTS:
        raise StoreError("store-url", found=shown(parts))
    return parts.set(drivername=DRIVERS.get(parts.drivername, parts.drivername))


def shown(url: URL) -> str:
    """The URL for people: kind, host and database. No user, no password, no parameters."""
    host = f"{url.host or ''}{f':{url.port}' if url.port else ''}"
    kind = url.get_backend_name()
    named = "sqlite+pysqlite" if kind == "sqlite" else kind  # `sqlite` alone means a `SqliteStore`
    return f"{named}://{host}/{url.database or ''}"


def _kind(url: str) -> str:
    """What may be shown of something that is no URL: it may hold a password all the same."""
    return f"{url.partition(':')[0][:20]}:..."


# -- options -------------------------------------------------------------------------------------------------


def with_options(url: URL) -> tuple[URL, dict[str, Any]]:
    """The URL without the options that are no text, and these as the driver wants them.

    Raises:
        StoreError: the driver is not there, or has to be awaited; ``store-url-option``, ``store-url-value``
            for an option that it does not take, or not so.
    """
    try:
        dialect = url.get_dialect()
        known = _taken_by(dialect.driver, dialect.import_dbapi())
    except DRIVER_MISSING as error:
        raise StoreError("store-driver", found=f"{url.drivername}: {error}") from error
    if dialect.is_async:
        raise StoreError("store-async", found=url.drivername)
    typed: dict[str, Any] = {}
    for name, text in url.query.items():
        if known is not None and name not in known:
            raise StoreError("store-url-option", path=shown(url), option=name, driver=dialect.driver)
        if name in _TYPES:
            typed[name] = _typed(url, name, text)
    return url.difference_update_query(tuple(typed)), typed


def _typed(url: URL, name: str, text: Any) -> Any:
    try:
        return _TYPES[name](text)
    except (ValueError, TypeError, KeyError, AttributeError):  # the last for an option that stands twice
        raise StoreError("store-url-value", path=shown(url), option=name) from None


def _threshold(text: str) -> int | None:
    return None if text.lower() in ("none", "") else int(text)


def _is_on(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False,
            "off": False}[text.lower()]  # fmt: skip


_TYPES: dict[str, Callable[[str], Any]] = {
    "prepare_threshold": _threshold,
    **dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout", "max_allowed_packet", "port",
                     "client_flag"), int),
    **dict.fromkeys(("compress", "local_infile", "use_unicode", "ssl_disabled", "ssl_verify_cert",
                     "ssl_verify_identity"), _is_on),
}  # fmt: skip
"""Options of drivers that are no text -> how they are read."""

_NOT_IN_A_URL = frozenset({"autocommit", "conv", "cursorclass", "defer_connect", "auth_plugin_map"})
_OF_SQLALCHEMY = frozenset({"ssl_capath", "ssl_cipher", "ssl_check_hostname"})


def _taken_by(driver: str, dbapi: Any) -> frozenset[str] | None:
    """The options that a driver takes, as it says itself; `None` when it does not say."""
    return frozenset(_named_by(driver, dbapi)) - _NOT_IN_A_URL if driver in ("psycopg", "pymysql") else None


def _named_by(driver: str, dbapi: Any) -> Iterator[str]:
    if driver == "psycopg":
        yield "prepare_threshold"
        yield from (option.keyword.decode() for option in dbapi.pq.Conninfo.get_defaults())
    else:
        yield from inspect.signature(dbapi.connect).parameters
        yield from _OF_SQLALCHEMY
