"""The servers that benchmarks run on, each run in a schema or database of its own, dropped afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import create_engine

from caseflow.stores.database_urls import parsed

POSTGRES, MARIADB = "CASEFLOW_TEST_POSTGRES", "CASEFLOW_TEST_MARIADB"
SCHEMA = f"caseflow_bench_{os.getpid()}"
"""One for each run, so that two on one server do not meet."""


def missing(variable: str, what: str) -> bool:
    """Whether the server's URL is not set, which is told."""
    if os.environ.get(variable):
        return False
    print(f"  {what} is skipped: {variable} is not set")
    return True


@contextmanager
def postgres() -> Iterator[Any]:
    """The URL of a new schema on the PostgreSQL server, durable as the server is set."""
    url = parsed(os.environ[POSTGRES])
    _run(url, f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE", f"CREATE SCHEMA {SCHEMA}")
    try:
        yield url.update_query_dict({"options": f"-csearch_path={SCHEMA}"})
    finally:
        _run(url, f"DROP SCHEMA {SCHEMA} CASCADE")


@contextmanager
def mariadb() -> Iterator[Any]:
    """The URL of a new database on the MariaDB server."""
    url = parsed(os.environ[MARIADB])
    _run(url, f"DROP DATABASE IF EXISTS {SCHEMA}", f"CREATE DATABASE {SCHEMA}")
    try:
        yield url.set(database=SCHEMA)
    finally:
        _run(url, f"DROP DATABASE {SCHEMA}")


def _run(url: Any, *lines: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for line in lines:
            connection.exec_driver_sql(line)
    engine.dispose()
