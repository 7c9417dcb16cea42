"""Generated histories: two cases under five clocks, with everything that may befall them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from caseflow import Actor, Desk, ManualClock, MemoryStore, Refused, load_policy, read_calendar
from caseflow.core.model.case import Case
from caseflow.core.value import Value
from caseflow.ports import Store

HERE = Path(__file__).parent
POLICY = load_policy(HERE / "policy.toml")
EDITED = load_policy(HERE / "policy.toml", calendars={"office": read_calendar(HERE / "edited.toml")})
START = "2025-03-03T09:30:00+08:00"
MINUTE = 60_000_000
UNITS = ("城管局", "住建局", "水务集团")
CASES = ("c1", "c2")

FIELDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "submit": lambda n: {"to": UNITS[n % 3], "title": "a title", "body": "a secret"} if n % 4 else {},
    "acknowledge": lambda n: {},
    "route": lambda n: {"to": UNITS[n % 3]},
    "take_charge": lambda n: {},
    "transfer": lambda n: {"to": UNITS[n % 3]},
    "send_back": lambda n: {},
    "add_co_handler": lambda n: {"co_handler": UNITS[n % 3]},
    "report": lambda n: {},
    "request_information": lambda n: {},
    "receive_information": lambda n: {},
    "request_extension": lambda n: {"clock": ("reply", "completion")[n % 2], "days": 1 + n % 4},
    "grant_extension": lambda n: {},
    "reply": lambda n: {"text": f"答 {n}"},
    "placeholder": lambda n: {"text": "已收到"},
    "retract_reply": lambda n: {},
    "complete": lambda n: {},
    "rate": lambda n: {"score": 1 + n % 5},
    "close": lambda n: {},
    "reopen": lambda n: {},
    "merge": lambda n: {"primary": CASES[n % 2]},
    "withdraw": lambda n: {},
    "migrate": lambda n: {},
}


class Step(Value):
    """Wait so many minutes, then ask for the action; ``late`` minutes of it are backdated."""

    wait: int
    case: int
    action: str
    number: int
    late: int = 0


RARE = ("withdraw", "merge", "migrate", "close")
"""Actions that end a history's variety; they are drawn less often."""


def steps(longest: int = 26) -> st.SearchStrategy[list[Step]]:
    """Histories that begin with two submissions; most steps are ones that the rules allow just then."""
    waits = st.one_of(st.integers(0, 600), st.integers(600, 8 * 1440))
    step = st.builds(
        Step,
        waits,
        st.integers(0, 1),
        st.one_of(
            st.sampled_from([name for name in FIELDS if name != "submit"]),
            st.just(""),
            st.just(""),
            st.just(""),
        ),
        st.integers(0, 997),
        st.one_of(st.just(0), st.just(0), st.integers(1, 6 * 1440)),
    )
    begin = st.tuples(st.integers(0, 1440), st.integers(0, 11), st.integers(0, 11))
    return st.builds(
        lambda first, rest: [
            Step(0, 0, "submit", first[1]),
            Step(first[0], 1, "submit", first[2]),
            *rest,
        ],
        begin,
        st.lists(step, min_size=6, max_size=longest),
    ).map(_resolved)


def _resolved(history: list[Step]) -> list[Step]:
    """The history with every open choice made: one of the actions allowed at that moment."""
    world, made = World(), []
    for step in history:
        if not step.action:
            world.clock.set(world.clock.now_us() + step.wait * MINUTE)
            by = Actor("importer", role="importer", unit=UNITS[step.number % 3])
            allowed = [item.action for item in world.desk.allowed(CASES[step.case], by=by) if item.is_allowed]
            usual = [
                name for name in allowed if name in FIELDS and (name not in RARE or step.number // 7 % 4 == 0)
            ]
            action = usual[step.number % len(usual)] if usual else "acknowledge"
            world.clock.set(world.clock.now_us() - step.wait * MINUTE)
            step = step.replace(action=action)
        world.take(step)
        made.append(step)
    return made


class World:
    """A desk on a store, a second desk under the edited calendar, and one clock for both."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = MemoryStore() if store is None else store
        self.clock = ManualClock(START)
        self.desk = Desk(POLICY, self.store, clock=self.clock)
        self.edited = Desk(EDITED, self.store, clock=self.clock)
        self.done: Counter[str] = Counter()

    def take(self, step: Step, **terms: Any) -> Case | None:
        """The case after the step; `None` when it was refused."""
        self.clock.set(self.clock.now_us() + step.wait * MINUTE)
        desk = self.edited if step.action == "migrate" else self.desk
        since = None
        if step.late and step.action != "submit":
            since = self.clock.now_us() - step.late * MINUTE
        by = Actor("importer", role="importer", unit=UNITS[step.number % 3])
        fields = FIELDS[step.action](step.number) | {"reason": "because"}
        try:
            case = desk.act(
                CASES[step.case],
                step.action,
                by=by,
                fields=fields,
                effective_at=since,  # type: ignore[arg-type]  # epoch microseconds are taken as well
                **terms,
            )
        except Refused:
            return None
        self.done[step.action] += 1
        self.done["backdated"] += since is not None
        return case

    def run(self, history: Sequence[Step], sweep: Callable[[World, int], None] | None = None) -> World:
        """Take every step; before each, sweep as the schedule says, up to the step's own instant."""
        for step in history:
            if sweep is not None:
                sweep(self, self.clock.now_us() + step.wait * MINUTE)
            self.take(step)
        return self

    def finish(self, days: int = 45) -> World:
        """Let the time pass, and sweep once."""
        self.clock.advance(days=days)
        self.desk.sweep()
        return self

    def cases(self) -> list[Case]:
        """The two cases, as stored."""
        return [case for name in CASES if (case := self.store.load(name)) is not None]

    def standing(self) -> set[tuple[object, ...]]:
        """What every standing card and reminder says, but for when it was noticed."""
        return {
            (card.case_id, card.level, card.clock, card.subject, card.cycle, card.unit, card.effective_us)
            for case in self.cases()
            for card in case.escalations
            if card.stands
        }


def sweep_at_each_due(world: World, until: int) -> None:
    """Sweep at every instant at which something falls due."""
    now = world.clock.now_us()
    while (due := world.store.next_due()) is not None and due <= until:
        world.clock.set(max(due, now))
        world.desk.sweep()
    world.clock.set(now)


def sweep_halfway(world: World, until: int) -> None:
    """Sweep once, in the middle of the wait."""
    now = world.clock.now_us()
    world.clock.set((now + until) // 2)
    world.desk.sweep()
    world.clock.set(now)
