"""PgBouncer in transaction mode before the PostgreSQL of the tests: a port and a database of its own."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from caseflow.stores.database_urls import parsed
from tests.contracts.databases import POSTGRES, url_of
from tests.faults.private_servers import free_port, program

INI = """
[databases]
* = host={host} port={port} user={user} {password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 200
pidfile = {folder}/pid
logfile = {folder}/log
"""
USER = "postgres"
"""Whom it runs as where the tests run as root, whom it refuses."""

_numbers = itertools.count(1)


@attrs.frozen
class Pooled:
    """A database, through PgBouncer and straight."""

    through: str
    straight: str


@contextmanager
def pooled(*, sessions: int = 3) -> Iterator[Pooled]:
    """A new database behind so many sessions of the server; skipped where the program is not installed."""
    bouncer = program("pgbouncer")
    server, name = parsed(url_of(POSTGRES)), f"caseflow_pooled_{os.getpid()}_{next(_numbers)}"
    _run(server, f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    _run(server, f"ALTER DATABASE {name} SET synchronous_commit = off")
    folder = Path(tempfile.mkdtemp(prefix="caseflow-pgbouncer-"))
    port, user = free_port(), USER if os.geteuid() == 0 else None
    ini = INI.format(
        host=server.host, port=server.port or 5432, user=server.username, own=port, folder=folder,
        sessions=sessions, password=f"password={server.password}" if server.password else "",
    )  # fmt: skip
    (folder / "ini").write_text(ini)
    if user:
        shutil.chown(folder, user)
    process = subprocess.Popen([bouncer, "-q", str(folder / "ini")], user=user, cwd="/")
    try:
        _wait(port, process)
        yield Pooled(
            f"postgresql://{server.username}@127.0.0.1:{port}/{name}",
            server.set(database=name, drivername="postgresql").render_as_string(hide_password=False),
        )
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder)
        _run(server, f"DROP DATABASE {name} WITH (FORCE)")


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while True:
        assert process.poll() is None, "pgbouncer has ended"
        assert time.monotonic() < until, "pgbouncer does not answer"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return


def _run(url: URL, line: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(line))
    engine.dispose()
