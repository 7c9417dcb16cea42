"""A command through each door, over HTTP and on PostgreSQL, against the same door with one bare INSERT.

Eight clients at once, each a process with a connection that stays open and a case of its own, on which it
notes; two workers of each server. Rounds of ours and of the bare view come in turn.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

from sqlalchemy import create_engine

from benchmarks import servers
from benchmarks.beside import beside
from benchmarks.life import CITIZEN, OFFICER, TITLE, UNIT
from benchmarks.portals import POLICY, TABLE
from benchmarks.report import Row, load
from benchmarks.timing import interleaved
from caseflow import Desk, load_policy
from caseflow.stores.sqlalchemy import SqlStore

CLIENTS = 8
_GUNICORN = "-m gunicorn --log-level error --workers 2 --threads 4 --keep-alive 60 --bind 127.0.0.1:{port}"
DOORS = {
    "FastAPI, uvicorn": "-m uvicorn --log-level error --workers 2 --port {port} --factory"
                        " benchmarks.portals:fastapi_app",
    "Flask, gunicorn": f"{_GUNICORN} benchmarks.portals:flask_app()",
    "Django, gunicorn": f"{_GUNICORN} benchmarks.portals:django_app()",
}  # fmt: skip
NOTE = json.dumps({"fields": {"text": "已联系路灯管理所,明日上门。"}}).encode()
HEADERS = {
    "X-User": quote(f"{OFFICER.role} {OFFICER.id} {UNIT}"),
    "Content-Type": "application/json",
}  # fmt: skip


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Milliseconds a command for each of the clients."""
    if servers.missing(servers.POSTGRES, "doors"):
        return ()
    commands, rounds = (20, 3) if quick else (60, 9)
    with servers.postgres() as url:
        store = SqlStore.made(url)
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql(TABLE)
        engine.dispose()
        desk = Desk(load_policy(POLICY), store)
        for client in range(CLIENTS):
            desk.submit(title=TITLE, to=UNIT, by=CITIZEN, case_id=f"c{client}")
        store.close()
        database = url.render_as_string(hide_password=False)
        return tuple(_row(door, database, commands, rounds) for door in DOORS)


def _row(door: str, database: str, commands: int, rounds: int) -> Row:
    with _serving(door, database) as port:
        taken = interleaved(
            {"ours": partial(_round, port, "cases/{case}/actions/note", commands),
             "bare": partial(_round, port, "bare", commands)},
            rounds=rounds,
        )  # fmt: skip
    return Row(
        work=f"a command over HTTP, {door}, PostgreSQL, {CLIENTS} clients", unit="ms",
        ours=taken["ours"] * 1e3, peer=taken["bare"] * 1e3, against="the same door, one bare INSERT",
        score=taken["bare"] / taken["ours"], sense="{:.0%} of its speed", must=0.6, note=load(),
    )  # fmt: skip


def _round(port: int, path: str, commands: int) -> float:
    """Seconds a command of one client while all of them give so many."""
    works: list[Callable[[], float]] = [
        partial(_client, port, f"/api/{path.format(case=f'c{client}')}", commands)
        for client in range(CLIENTS)
    ]
    each = beside(works).found
    return sum(each) / len(each)


def _client(port: int, path: str, commands: int) -> float:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    begun = time.perf_counter()
    for _ in range(commands):
        connection.request("POST", path, body=NOTE, headers=HEADERS)
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # no answer waits for our ACK
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {content[:300]!r}")
    return (time.perf_counter() - begun) / commands


@contextmanager
def _serving(door: str, database: str) -> Iterator[int]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    command = [part.format(port=port) for part in DOORS[door].split()]
    environment: dict[str, Any] = {**os.environ, "DOORS": database}
    server = subprocess.Popen([sys.executable, *command], env=environment)
    try:
        for _ in range(300):
            try:
                _client(port, "/api/bare", 1)
                break
            except OSError:
                if server.poll() is not None:
                    raise RuntimeError(f"{door}: the server ended") from None
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)
