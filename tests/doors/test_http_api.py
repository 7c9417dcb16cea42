"""The HTTP API through real servers: each framework's example keeps the contract, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from caseflow import SqliteStore
from caseflow.testing import HttpContract
from caseflow.testing.contract.http_contract import ClientOf

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
USERS = {
    "citizen": "citizen c-1", "neighbour": "citizen c-2", "handler": "handler o-1 城管局",
    "coordinator": "coordinator k-1",
}  # fmt: skip
SERVERS = {
    "fastapi": "-m uvicorn --log-level error --app-dir {examples} --port {port} fastapi_portal:app",
    "flask": "-m waitress --host=127.0.0.1 --port={port} flask_portal:app",
    "django": "-m waitress --host=127.0.0.1 --port={port} django_api:application",
}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def serving(framework: str, folder: Path) -> Iterator[str]:
    """The address of the example's server, which runs until the end."""
    port, database = free_port(), folder / "cases.db"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(EXAMPLES), os.environ.get("PYTHONPATH", "")]),
    }
    if framework == "django":
        environment["CASES"] = str(database)
        migrate = [sys.executable, str(EXAMPLES / "django_api.py"), "migrate", "--verbosity", "0"]
        subprocess.run(migrate, env=environment, check=True)
    else:
        SqliteStore(database).close()
        environment["CASES"] = f"sqlite:///{database}"
    command = SERVERS[framework].format(examples=EXAMPLES, port=port).split()
    server = subprocess.Popen([sys.executable, *command], env=environment, cwd=folder)
    try:
        address = f"http://127.0.0.1:{port}/api/"
        for _ in range(300):
            try:
                httpx.get(address + "openapi.json", timeout=5)
                break
            except httpx.TransportError:
                assert server.poll() is None, "the server ended"
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="module", params=SERVERS)
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from serving(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def clients(address: str) -> Iterator[dict[str, httpx.Client]]:
    """A client for everybody, on connections that stay open."""
    headers = {who: {"X-User": quote(user)} for who, user in USERS.items()} | {"nobody": {}}
    every = {who: httpx.Client(base_url=address, headers=one, timeout=20) for who, one in headers.items()}
    yield every
    for client in every.values():
        client.close()


class TestHttpApi(HttpContract):
    """FastAPI under uvicorn, Flask and Django under waitress."""

    @pytest.fixture
    def client_of(self, clients: dict[str, httpx.Client]) -> ClientOf:
        return clients.__getitem__
