"""The example portal on a free port, with its worker; and headless Chromium at two widths."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PORTAL = ROOT / "examples" / "portal"
STARTS = 90
"""Seconds that a portal may take to migrate, seed and answer on a busy machine."""
ENDS = 30
WIDTHS = {"phone": (360, 740), "desktop": (1280, 800)}
NAVIGATES = 30_000
"""Milliseconds."""


class RunningPortal:
    """``manage.py portal`` in a folder of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = "{}:{}".format(*free.getsockname())
        self.folder, self.url = folder, f"http://{address}"
        paths = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.env = {**os.environ, "PYTHONPATH": paths, "PORTAL_FOLDER": str(folder)}
        command = [sys.executable, "manage.py", "portal", address, *arguments]
        self._log = (folder / "log.txt").open("wb")
        self.process = subprocess.Popen(
            command, cwd=PORTAL, env=self.env, stdout=self._log, stderr=subprocess.STDOUT
        )
        self._await()

    def _await(self) -> None:
        until = time.monotonic() + STARTS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                urllib.request.urlopen(self.url, timeout=10).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        self.stop()
        raise AssertionError(self.log)

    @property
    def log(self) -> str:
        """What site and worker printed."""
        return (self.folder / "log.txt").read_text(encoding="utf-8")

    def python(self, source: str) -> str:
        """What a program prints that is run beside the portal, on its database."""
        program = f"import django\ndjango.setup()\n{source}"
        env = {**self.env, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=PORTAL, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def workers(self) -> list[int]:
        """The process ids of its children."""
        return children(self.process.pid)

    def stop(self) -> int:
        """Ctrl-C; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(ENDS)
        self._log.close()
        return code


def children(parent: int) -> list[int]:
    """The ids of the processes that one began and that run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, ppid = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it ended meanwhile
            continue
        if int(ppid) == parent and state != "Z":
            found.append(int(stat.parent.name))
    return found


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[RunningPortal]:
    """A portal that is stopped in the end, come what may."""
    portal = RunningPortal(folder, *arguments)
    try:
        yield portal
    finally:
        portal.stop()


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A portal with the made-up city, for all journeys; each uses cases of its own."""
    with running(tmp_path_factory.mktemp("portal")) as site:
        yield site


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The machine's own Chromium, headless."""
    sync = pytest.importorskip("playwright.sync_api", reason="make browser installs playwright")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "install chromium"
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=sandbox)
        yield browser
        browser.close()


class Visitor:
    """Somebody at the portal with a browser of their own; what goes wrong in it is remembered."""

    def __init__(self, chromium: Any, url: str, *, width: str, lang: str, scripts: bool = True) -> None:
        across, down = WIDTHS[width]
        self.url, self.troubles = url, list[str]()
        self.context = chromium.new_context(
            viewport={"width": across, "height": down}, locale={"zh": "zh-CN", "en": "en-GB"}[lang],
            base_url=url, java_script_enabled=scripts,
        )  # fmt: skip
        self.page = self.context.new_page()
        self.page.set_default_timeout(NAVIGATES)
        self.page.on("console", lambda message: self._hear(message.type, message.text))
        self.page.on("pageerror", lambda error: self._hear("error", str(error)))
        self.page.on("request", self._see)

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.troubles.append(f"{self.page.url}: {text}")

    def _see(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.troubles.append(f"asked another server: {request.url}")

    def sign_in(self, username: str) -> None:
        """By the example's button."""
        self.page.goto("/sign-in/")
        self.page.click(f"form:has(input[value={username}]) button")

    def go(self, address: str) -> None:
        """Open a page that answers well."""
        response = self.page.goto(address)
        assert response.status == 200, f"{address}: {response.status}"


@pytest.fixture
def visitors(chromium: Any, portal: RunningPortal) -> Iterator[Any]:
    """Makes visitors; in the end none of their browsers may have complained."""
    made = list[Visitor]()

    def visitor(
        username: str = "", *, width: str = "desktop", lang: str = "zh", scripts: bool = True
    ) -> Visitor:
        made.append(Visitor(chromium, portal.url, width=width, lang=lang, scripts=scripts))
        if username:
            made[-1].sign_in(username)
        return made[-1]

    yield visitor
    troubles = [trouble for one in made for trouble in one.troubles]
    for one in made:
        one.context.close()
    assert troubles == []
