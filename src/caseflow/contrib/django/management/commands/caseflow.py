"""``manage.py caseflow``: the whole command line on the portal's own database, desk and relay."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from caseflow.cli.app import run_app
from caseflow.contrib.django.config import alias, desk, language, relay
from caseflow.contrib.django.django_store import DjangoLocation
from caseflow.delivery.relay import Relay
from caseflow.desk import Desk
from caseflow.stores.locations import KINDS


class _Portal:
    """What the commands take from the settings."""

    def __init__(self) -> None:
        KINDS["django:"] = DjangoLocation
        self.url = f"django:{alias()}"
        self.lang = language()

    def desk(self) -> Desk:
        return desk()

    def relay(self) -> Relay:
        return relay()


class Command(BaseCommand):
    """``sweep`` from cron, ``relay`` beside the portal, ``audit verify`` and the rest as everywhere."""

    help = "caseflow's command line on the portal's own cases; without arguments it lists the commands."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whatever ``caseflow`` takes; Django's own options stand before it."""
        parser.add_argument(
            "arguments", nargs=argparse.REMAINDER, help="sweep, relay --once, store status, ..."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it; a code other than 0 is the process's own, or a `CommandError` for a caller in Python."""
        out, err = options.get("stdout") or sys.stdout, options.get("stderr") or sys.stderr
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = run_app(options["arguments"], portal=_Portal())
            except ImproperlyConfigured as error:
                raise CommandError(str(error)) from error
        if code and getattr(self, "_called_from_command_line", False):  # Django tells it so
            sys.exit(code)
        if code:
            raise CommandError(f"caseflow {' '.join(options['arguments'])}: {code}", returncode=code)
