"""What happens to a case, and when, if nobody acts."""

from __future__ import annotations

from datetime import datetime

from caseflow.core.case import Case
from caseflow.core.events import RungEvent
from caseflow.core.falling_due import caught_up
from caseflow.core.instants import moment
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value

FAR = 1 << 62
"""Later than every deadline."""


@value
class Forecast(Value):
    """One thing to come.

    Attributes:
        at: when, in the office's zone; not ``certain`` means "not before".
        what: ``reminder`` or ``card`` for a rung, else the name of the event of a rung's timed action.
        level, clock, subject, cycle: the rung; empty for a timed action.
        state: the state afterwards.
    """

    at: datetime
    what: str
    level: str
    clock: str
    subject: str
    cycle: int
    state: str
    certain: bool = True


def forecast(rules: Rules, case: Case) -> tuple[Forecast, ...]:
    """What the sweeps to come will do, in the order of time; then what waits for a calendar."""
    zone = rules.policy.timezone
    if case.facts.unknown_event:
        return ()
    after, events = caught_up(rules, case, FAR)
    found, state = [], case.state
    for event in events:
        state = event.to.state if event.to else state
        at = moment(event.at_us, zone)
        if isinstance(event, RungEvent):
            what = "card" if event.name == "card-issued" else "reminder"
            found.append(Forecast(at, what, event.level, event.clock, event.subject, event.cycle, state))
        else:
            found.append(Forecast(at, event.name, "", "", "", 0, state))
    for run in after.clocks:
        for rung, (level, is_breach) in enumerate(run.ladder):
            due = run.dues[rung]
            if run.is_running and run.unknown >> rung & 1 and not run.fired >> rung & 1 and due is not None:
                what = "card" if is_breach else "reminder"
                found.append(Forecast(moment(due, zone), what, level, *run.key, state, False))
    return tuple(found)
