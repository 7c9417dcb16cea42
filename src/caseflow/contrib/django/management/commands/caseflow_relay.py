"""``manage.py caseflow_relay``: tell people what is owed to them."""

from __future__ import annotations

import json
import signal
import threading
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from caseflow.contrib.django.config import language, relay
from caseflow.delivery.round import Round
from caseflow.errors import StoreError

_TOLD = (
    "{} claimed: {} sent, {} to be tried again, {} dead, {} cancelled, {} collapsed, {} set aside",
    "取得 {} 条:发出 {},待重试 {},无法送达 {},已取消 {},已合并 {},已搁置 {}",
)
_COUNTS = ("claimed", "sent", "retried", "dead", "cancelled", "collapsed", "quarantined")


class Command(BaseCommand):
    """Run it beside the portal, by one or by many; SIGTERM and Ctrl-C end it after the batch at hand."""

    help = "Tell people what is owed to them, until stopped; with --once what is ready now."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--once``, ``--workers`` and ``--json``."""
        parser.add_argument("--once", action="store_true", help="Tell what is ready now, and end.")
        parser.add_argument("--workers", type=int, default=1, help="Threads side by side, without --once.")
        parser.add_argument("--json", action="store_true", dest="as_json", help="Print JSON instead of text.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Tell, and say at the end what was done."""
        if options["workers"] < 1:
            raise CommandError(f"--workers: {options['workers']}")
        try:
            done = relay().until_empty() if options["once"] else _until_stopped(options["workers"])
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        except StoreError as error:
            raise CommandError(error.text(language())) from error
        counts = {name: getattr(done, name) for name in _COUNTS}
        text = _TOLD[1 if language() == "zh" else 0].format(*counts.values())
        self.stdout.write(json.dumps(counts) if options["as_json"] else text)


def _until_stopped(workers: int) -> Round:
    stop, ends = threading.Event(), (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda _number, _frame: stop.set()) for number in ends]
    try:
        return relay().run(stop, workers=workers)
    finally:
        for number, handler in zip(ends, before, strict=True):
            signal.signal(number, handler)
