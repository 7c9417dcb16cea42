"""``manage.py portal``: migrates, seeds once, runs a worker beside the site; Ctrl-C ends all of it."""

import signal
import subprocess
import sys
import threading
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

WAIT = 20
"""Seconds that a worker has to finish its piece."""


class Worker:
    """``manage.py work`` in a process of its own, begun again whenever it dies."""

    def __init__(self, *arguments: str) -> None:
        self._command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "work", *arguments]
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="worker")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _run(self) -> None:
        while not self._ending.is_set():
            process = self._process = subprocess.Popen(self._command)
            if self._ending.is_set():  # `stop` may have looked before there was one
                process.terminate()
            process.wait()
            self._ending.wait(1)

    def stop(self) -> None:
        """Let it finish its piece, and no longer than that."""
        self._ending.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(WAIT)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join(WAIT)


class Command(BaseCommand):
    """All of the portal by one command, for a look at it; a real one has a web server and a service each."""

    help = "Migrates, seeds once, and runs site and worker until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where, and how."""
        parser.add_argument("address", nargs="?", default="127.0.0.1:8000")
        parser.add_argument("--people-only", action="store_true", help="Seed no cases.")

    def handle(self, *args: Any, address: str, people_only: bool, **options: Any) -> None:
        """Run until a signal."""
        settings.VAR.mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0)
        call_command("seed", people_only=people_only, stdout=self.stdout)
        for number in (signal.SIGTERM, signal.SIGINT):  # a shell's background jobs ignore the latter
            signal.signal(number, _interrupt)
        worker = Worker()
        worker.start()
        try:  # insecure: Django serves style sheets itself, though it does not debug
            call_command("runserver", address, use_reloader=False, insecure_serving=True)
        finally:
            worker.stop()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
