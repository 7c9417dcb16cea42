"""``manage.py work``: sweeps and tells until it is told to end; any number of these may run at once."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from caseflow import StoreError
from caseflow.contrib.django import desk, relay
from caseflow.contrib.work import work


class Command(BaseCommand):
    """A worker; SIGTERM and Ctrl-C end it after the piece at hand."""

    help = "Issues what is due and tells what is owed."

    def add_arguments(self, parser: CommandParser) -> None:
        """How long to rest when nothing is left."""
        parser.add_argument("--every", type=float, default=2.0, help="Seconds between two looks.")

    def handle(self, *args: Any, every: float, **options: Any) -> None:
        """One piece after the other."""
        ending = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ending.set())
        while not ending.is_set():
            try:
                done = work(desk(), relay(), seconds=10)
            except StoreError as error:  # it may be back in a moment
                self.stderr.write(str(error))
                ending.wait(every)
                continue
            if done.cards or done.reminders or done.sent or done.dead:
                self.stdout.write(
                    f"{done.cards} cards, {done.reminders} reminders, {done.sent} sent, {done.dead} dead"
                )
            if not done.is_left:
                ending.wait(every)
