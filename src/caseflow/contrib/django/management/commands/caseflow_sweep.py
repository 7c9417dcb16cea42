"""``manage.py caseflow_sweep``: fire every rung that is due now."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from caseflow.contrib.django.config import desk, language
from caseflow.desk import Sweep
from caseflow.errors import BadInput, StoreError

_SWEPT = (
    "{} cards, {} reminders, {} conflicts, {} waiting for a calendar",
    "发出 {} 张牌、{} 次提醒,{} 个冲突,{} 个等待日历",
)
_ASIDE = ("set aside: {} {}: {}", "已搁置:{} {}:{}")
_MORE = ("more is due", "还有到期")


class Command(BaseCommand):
    """Run it from cron as often as you like, on one machine or on many: the cards are the same."""

    help = "Fire every rung that is due now; run it from cron as often as you like."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--limit``, ``--until``, ``--shared`` and ``--json``."""
        parser.add_argument("--limit", type=int, help="Look at no more than so many cases.")
        parser.add_argument("--until", help="Fire only what is due at or before this instant (ISO 8601).")
        parser.add_argument(
            "--shared", action="store_true", help="Draw batches by chance, for several workers at once."
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="Print JSON instead of text.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep once and tell what was done."""
        limit = options["limit"]
        if limit is not None and limit < 1:
            raise CommandError(f"--limit: {limit}")
        try:
            done = desk().sweep(limit=limit, until=options["until"], shared=options["shared"])
        except (BadInput, StoreError) as error:
            raise CommandError(error.text(language())) from error
        self.stdout.write(_as_json(done) if options["as_json"] else _told(done))


def _told(done: Sweep) -> str:
    tongue = 1 if language() == "zh" else 0
    lines = [
        _SWEPT[tongue].format(len(done.cards), len(done.reminders), len(done.conflicts), done.waiting)
    ]  # fmt: skip
    lines += [_ASIDE[tongue].format(one.kind, one.name, one.code) for one in done.quarantined]
    if done.more:
        lines.append(_MORE[tongue])
    return "\n".join(lines)


def _as_json(done: Sweep) -> str:
    counts = {
        "cards": len(done.cards), "reminders": len(done.reminders), "conflicts": list(done.conflicts),
        "waiting": done.waiting, "more": done.more,
        "quarantined": [one.to_dict() for one in done.quarantined],
    }  # fmt: skip
    return json.dumps(counts, ensure_ascii=False)
