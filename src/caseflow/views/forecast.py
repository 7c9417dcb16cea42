"""What happens to a case, and when, if nobody acts."""

from __future__ import annotations

from datetime import datetime

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.escalation import escalate
from caseflow.core.model.case import Case
from caseflow.core.model.events import RungEvent
from caseflow.core.time.instants import moment
from caseflow.core.value import Value

FAR = 1 << 62
"""Later than every deadline."""
MOST = 100
"""Events that are foreseen at most: a rung whose action begins its clock anew comes again for ever."""


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


def forecast(rules: CompiledPolicy, case: Case) -> tuple[Forecast, ...]:
    """What the sweeps to come will do, in the order of time; then what waits for a calendar.

    At most `MOST` events are foreseen.
    """
    zone = rules.policy.timezone
    if case.facts.unknown_event:
        return ()
    after, events = escalate(rules, case, FAR, most=MOST)
    steps, state = list[Forecast](), case.state
    for event in events:
        state = event.to.state if event.to else state
        at = moment(event.at_us, zone)
        if isinstance(event, RungEvent):
            what = "card" if event.name == "card-issued" else "reminder"
            clock, subject, cycle, level = event.clock, event.subject, event.cycle, event.level
        else:
            what, level, clock, subject, cycle = event.name, "", "", "", 0
        steps.append(
            Forecast(at=at, what=what, level=level, clock=clock, subject=subject, cycle=cycle, state=state)
        )
    for run in after.clocks:
        for rung, (level, is_breach) in enumerate(run.ladder):
            due = run.dues[rung]
            if run.is_running and run.unknown >> rung & 1 and not run.fired >> rung & 1 and due is not None:
                what = "card" if is_breach else "reminder"
                steps.append(
                    Forecast(
                        at=moment(due, zone), what=what, level=level, clock=run.clock, subject=run.subject,
                        cycle=run.cycle, state=state, certain=False,
                    )
                )  # fmt: skip
    return tuple(steps)
