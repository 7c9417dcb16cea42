"""Database servers of our own, in a temporary folder on a free port, that may be stopped and killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from caseflow import StoreError
from caseflow.stores.sqlalchemy import SqlStore

WAIT = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def program(*names: str) -> str:
    """The first of them that is installed; the test is skipped when none is."""
    for name in names:
        folders = [str(path.parent) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
        found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *folders]))
        if found:
            return found
    pytest.skip(f"{names[0]} is not installed")


class PrivateServer:
    """A server process; as root it runs as the user that its package made."""

    user: str
    port: int

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="caseflow-server-"))
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.user)
        self.prepare()
        for attempt in range(5):
            self.port = free_port()
            try:
                self.start()
                return
            except AssertionError:  # somebody else took the port meanwhile
                if attempt == 4 or self._process is None or self._process.poll() is None:
                    raise

    @property
    def url(self) -> str:
        raise NotImplementedError

    def prepare(self) -> None:
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    def run(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, user=self._as(), cwd="/")

    def _as(self) -> str | None:
        return self.user if os.geteuid() == 0 else None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, user=self._as(), cwd="/"
            )  # fmt: skip
        until = time.monotonic() + WAIT
        while not self.answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            SqlStore.made(self.url).close()
        except StoreError as error:
            if error.code not in ("store-unreachable", "store-busy"):
                raise
            return False
        return True

    def stop(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(WAIT)

    def close(self) -> None:
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder)


class PrivatePostgres(PrivateServer):
    """PostgreSQL: SIGINT ends its sessions and stops it, SIGQUIT stops it as a crash would."""

    user = "postgres"
    stops = (signal.SIGINT, signal.SIGQUIT)

    def prepare(self) -> None:
        self.run(program("initdb"), "-D", f"{self.folder}/data", "-U", "postgres", "--auth=trust",
                 "--encoding=UTF8", "--locale=C", "--no-sync")  # fmt: skip

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def command(self) -> list[str]:
        settings = ("listen_addresses=127.0.0.1", "max_prepared_transactions=10")
        return [program("postgres"), "-D", f"{self.folder}/data", "-p", str(self.port),
                "-k", str(self.folder), *[word for one in settings for word in ("-c", one)]]  # fmt: skip

    def close(self) -> None:
        self.stop(signal.SIGQUIT)  # its children end with it
        shutil.rmtree(self.folder, ignore_errors=True)


class PrivateMariadb(PrivateServer):
    """MariaDB: SIGTERM stops it in order, SIGKILL is a crash."""

    user = "mysql"
    stops = (signal.SIGTERM, signal.SIGKILL)

    def prepare(self) -> None:
        self.run(program("mariadb-install-db"), "--no-defaults", f"--datadir={self.folder}/data",
                 "--auth-root-authentication-method=normal", "--skip-test-db")  # fmt: skip

    @property
    def url(self) -> str:
        return f"mariadb://root@127.0.0.1:{self.port}/mysql"

    def command(self) -> list[str]:
        return [program("mariadbd"), "--no-defaults", f"--datadir={self.folder}/data", f"--port={self.port}",
                "--bind-address=127.0.0.1", f"--socket={self.folder}/socket"]  # fmt: skip


Server = PrivatePostgres | PrivateMariadb


SERVERS = (
    pytest.param(PrivatePostgres, id="postgresql", marks=pytest.mark.postgres),
    pytest.param(PrivateMariadb, id="mariadb", marks=pytest.mark.mariadb),
)
"""One of each, for tests that want both."""
