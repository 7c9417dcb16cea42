"""A look at how sweeps, relays and calendars stand: a few questions by index, whatever the store holds."""

from __future__ import annotations

from caseflow.core.notices import DEAD
from caseflow.core.time.instants import SECOND, moment
from caseflow.desk.command_handler import CommandHandler
from caseflow.desk.quarantine import is_undecided
from caseflow.views.health import CalendarEnd, HealthDocument

DUE = 100
"""So many cases that are due are looked at for one that is not set aside."""

DEAD_LETTERS = 1000
"""So many dead letters are counted."""


def health_of(handler: CommandHandler) -> HealthDocument:
    """How it stands now, held to no limits; see `caseflow.desk.Desk.health`."""
    store, now = handler.store, int(handler.clock.now_us())
    due = store.due(now, limit=DUE + 1)
    aside = 0
    while aside < min(len(due), DUE) and is_undecided(handler, due[aside][1]):
        aside += 1
    since = due[aside][0] if aside < len(due) else now
    ready = store.ready(now, limit=1)
    return HealthDocument(
        is_healthy=True,
        beyond=(),
        at=moment(now, handler.rules.policy.timezone).replace(microsecond=0),
        sweep_lag=(now - since) / SECOND,
        relay_lag=(now - ready[0]) / SECOND if ready else 0.0,
        dead_letters=len(store.notices(status=DEAD, limit=DEAD_LETTERS, aside=lambda _: None)),
        quarantined=aside,
        waiting=store.waiting(now),
        calendars=_ends(handler, now),
    )


def _ends(handler: CommandHandler, now: int) -> tuple[CalendarEnd, ...]:
    policy = handler.rules.policy
    today = moment(now, policy.timezone).date()
    ends = (
        CalendarEnd(name=name, last_day=table.last, days_left=(table.last - today).days)
        for name, table in policy.tables.items()
    )
    return tuple(sorted(ends, key=lambda one: (one.last_day, one.name)))
