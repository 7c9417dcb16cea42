"""What a case must be, derived anew from the policy and from what happened.

The model reads of each event only what it is: its name, its instants, its actor and its fields. States,
holders, clocks and deadlines it works out by itself, from the policy's own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from caseflow.core.engine.actions import ACTIONS
from caseflow.core.engine.machine import kept_of
from caseflow.core.model import events as e
from caseflow.core.policy import ClockRule, Policy, Rung
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import zone_info

ACTION_OF = {spec.event.name: action for action, spec in ACTIONS.items()}
"""The registered name of an event -> the built-in action it comes from."""
VERBS = ("resume", "stop", "cancel", "revive", "start", "pause")
"""What may befall a clock, in the order in which one action does it."""
FAR = 1 << 62
Due = tuple[int, str, int | None, bool]
"""A rung's place and level, its first late instant, and whether that is certain."""
Key = tuple[str, str, int]
"""An instance: clock, subject, cycle."""


class Running:
    """One instance of a clock, as the model has it."""

    def __init__(self, rules: ModelledPolicy, clock: str, subject: str, cycle: int, since: int) -> None:
        self.rules, self.since = rules, since
        self.key: Key = (clock, subject, cycle)
        self.until: int | None = None
        self.status = "running"
        self.pauses: list[tuple[int, int | None]] = []
        self.grants: list[tuple[int, int | None]] = []
        self.floors: dict[str, int | None] = {}
        """Level -> the instant before which the rung is not due."""

    def dues(self) -> Iterator[Due]:
        """Each rung with its deadline, by plain arithmetic."""
        clock = self.key[0]
        for place, rung in enumerate(self.rules.policy.clocks[clock].rungs):
            late, certain = self.rules.arithmetic.late(clock, place, self.since, self.pauses, self.grants)
            floor = self.floors.get(rung.level)
            yield place, rung.level, late if late is None else max(late, floor or late), certain

    def owed(self, upto: int) -> Iterator[tuple[str, int]]:
        """Level and instant of every rung that must have fired by then."""
        for _, level, late, certain in self.dues():
            if certain and late is not None and late <= upto and (self.until is None or late <= self.until):
                yield level, late

    @property
    def is_paused(self) -> bool:
        """Whether a pause is open."""
        return any(end is None for _, end in self.pauses)

    def befall(self, verb: str, at: int, *, pausing: bool) -> None:
        """What an act does to it; ``pausing``: the act leaves the case where the clock is paused."""
        if verb == "resume":
            closed = [(begin, at if end is None else end) for begin, end in self.pauses]
            self.pauses = [(begin, end) for begin, end in closed if end > begin]
        elif verb == "revive":
            if self.status == "stopped" and self.until is not None:
                self.pauses += [(self.until, at)] if at > self.until else []
                self.status, self.until = "running", None
                if pausing:
                    self.befall("pause", at, pausing=False)
        elif verb == "release":
            if self.status == "held":
                self.status, self.until = "running", None
        elif self.until is not None:
            return
        elif verb == "pause":
            self.pauses += [] if self.is_paused else [(at, None)]
        else:
            self.status = {"stop": "stopped", "cancel": "cancelled", "hold": "held"}[verb]
            self.until = at


class ModelledPolicy:
    """A policy with its arithmetic: under which rules an instance counts."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.arithmetic = Arithmetic(policy)
        self.moves = {action: dict(rule.moves) for action, rule in policy.actions.items()}

    def target(self, state: str, action: str, held: bool, came_from: str) -> str | None:
        """Where the action leads from the state; `None` when the state does not accept it."""
        ways, known = self.moves.get(action, {}), self.policy.states.get(state)
        to = ways.get(state or "start")
        if to is None and known is not None and known.keeps:
            kept = kept_of(self.policy, state)
            to = ways.get(kept, None if self.policy.states[kept].final else ways.get("open"))
            to = "=" if to == state else to
        if to is None and known is not None and not known.final:
            to = ways.get("open")
        if to is None:
            return None
        if held and self.policy.actions[action].with_unit:
            return self.policy.actions[action].with_unit
        if to == "back":
            return came_from or None
        return state if to == "=" else to


def _said(origin: e.Origin, name: str) -> Any:
    """What the submission says of a field."""
    return dict(origin.fields).get(name, getattr(origin, name, ""))


class Happening:
    """One act of a case: when it took effect, and from where to where it then led.

    Attributes:
        unit: who holds the case from then on; `None` for whoever did.
    """

    def __init__(self, event: e.Event, *, action: str, came_from: str, state: str) -> None:
        self.at = event.at_us if event.effective_us is None else event.effective_us
        self.event, self.action = event, action
        self.came_from, self.state = came_from, state
        hands_over = isinstance(event, e.Submitted | e.Routed | e.Transferred | e.Returned)
        self.unit: str | None = getattr(event, "unit", "") if hands_over else None

    def led(self, came_from: str, state: str) -> Happening:
        """The same act from another state to another one."""
        return Happening(self.event, action=self.action, came_from=came_from, state=state)


Followed = tuple[int, int, "list[tuple[int, str]]", "tuple[Followed, ...]"]
"""From when to when a case followed another, and who held that one, by itself or by whom it followed."""


def _holder(holders: Sequence[tuple[int, str]], followed: Sequence[Followed], us: int) -> str:
    for begun, ended, primary_holders, before in followed:
        if begun < us <= ended:
            return _holder(primary_holders, before, us)
    return next((unit for since, unit in reversed(holders) if since < us), "")


def _came_from(acts: Sequence[Happening]) -> str:
    """The state before the one in which these acts leave a case."""
    return next((act.came_from for act in reversed(acts) if act.came_from != act.state), "")


class Model:
    """A case worked out from its events: its acts in the order of effect, gone through from the first."""

    def __init__(
        self, rules_of: Callable[[str], ModelledPolicy], others: Mapping[str, Model] | None = None
    ) -> None:
        self._rules_of = rules_of
        self._others = others or {}
        self._merge: tuple[int, str] | None = None
        self._followed: list[Followed] = []
        self.version, self.state = 0, ""
        self.came_from = ""
        self.rules: ModelledPolicy | None = None
        self.origin = e.UNKNOWN_ORIGIN
        self.acts: list[Happening] = []
        self.runs: list[Running] = []
        self._final: dict[Key, Running] = {}
        """Cycles that ran under rules which the case has left since: nothing changes them any more."""
        self._floors: dict[Key, dict[str, int | None]] = {}
        self.was_merged = False
        self.strange = ""

    @property
    def holders(self) -> list[tuple[int, str]]:
        """Since when which unit held the case, in the order of effect."""
        return [(act.at, act.unit) for act in self.acts if act.unit is not None]

    @property
    def unit(self) -> str:
        """The unit of the latest hand-over."""
        return next((unit for _, unit in reversed(self.holders)), "")

    def holder_at(self, us: int) -> str:
        """Who held the case, or the primary it followed; a hand-over at that very instant comes after."""
        return _holder(self.holders, self._followed, us)

    def _follow(self, act: Happening) -> None:
        """Take note of whom the case follows, and of who held that case when it goes on by itself."""
        if isinstance(act.event, e.Merged):
            self._merge = (act.at, act.event.primary)
        elif isinstance(act.event, e.Resumed) and self._merge is not None:
            begun, name = self._merge
            primary = self._others.get(name)
            if primary is not None:
                self._followed.append((begun, act.at, primary.holders, tuple(primary._followed)))

    def take(self, event: e.Event) -> None:
        """Go on by one event."""
        self.version += 1
        if isinstance(event, e.RungEvent | e.CardAnnulled | e.Followed | e.UnknownEvent):
            return
        if isinstance(event, e.Submitted):
            self.origin, self.rules = event.origin, self._rules_of(event.origin.policy_hash)
        rules = self.rules
        assert rules is not None, "a case begins with its submission"
        if isinstance(event, e.Migrated):
            self._leave(rules, self._rules_of(event.policy_hash), event)
        action = event.action if isinstance(event, e.Acted) else ACTION_OF[event.name]
        act = Happening(event, action=action, came_from=self.state, state=self.state)
        if not self._put_in_its_time(rules, act):
            self._put_by_the_present(rules, act)
        self.was_merged = self.was_merged or isinstance(event, e.Merged)
        self._follow(act)
        self._count()

    # -- the order of effect ------------------------------------------------------------------------------

    def _turn(self, at: int) -> int:
        """The place of an act of that instant: after all that took effect by then."""
        return sum(act.at <= at for act in self.acts)

    def _put_in_its_time(self, rules: ModelledPolicy, act: Happening) -> bool:
        """Take an act told late where it took effect, and go through what came after it once more.

        Whether that is possible: the policy accepts it in the state of its own time, and those after it.
        """
        turn = self._turn(act.at)
        acts, later = self.acts[:turn], self.acts[turn:]
        if not later:
            return False
        state = acts[-1].state if acts else ""
        unit = next((before.unit for before in reversed(acts) if before.unit is not None), "")
        before = _came_from(acts)
        for place, one in enumerate([act, *later]):
            was_before = _came_from([*self.acts[:turn], *later[: place - 1]]) if place else ""
            if place and one.came_from == state and before == was_before:
                self.acts = [*acts, *later[place - 1 :]]  # from here on nothing is otherwise than it was
                self.came_from = _came_from(self.acts)
                return True
            unit = unit if one.unit is None else one.unit
            target = rules.target(state, one.action, bool(unit), before)
            if target is None:
                return False
            acts.append(one.led(state, target))
            before, state = state if target != state else before, target
        stands = later[-1].state
        if state != stands:
            if stands != self.state:
                return False  # an earlier act was taken in today's state, which this one must not move
            self.state = state
        self.acts = acts
        self.came_from = _came_from(acts)
        return True

    def _put_by_the_present(self, rules: ModelledPolicy, act: Happening) -> None:
        """Take an act that leads from today's state to where that leads, at the instant of its effect."""
        held = self.unit if act.unit is None else act.unit
        target = rules.target(self.state, act.action, bool(held), self.came_from)
        if target is None:
            self.strange = f"{act.action} was taken in {self.state or 'no state'}, which does not accept it"
            target = self.state
        self.acts.insert(self._turn(act.at), act.led(self.state, target))
        self.came_from = self.came_from if target == self.state else self.state
        self.state = target

    # -- clocks -------------------------------------------------------------------------------------------

    def latest(self, clock: str, subject: str) -> Running | None:
        """The newest instance of the clock for the subject."""
        runs = [run for run in self.runs if run.key[:2] == (clock, subject)]
        return max(runs, key=lambda run: run.key[2], default=None)

    def _count(self) -> None:
        """Every instance anew from the acts; those that are final stay as they are."""
        rules = self.rules
        assert rules is not None, "a case begins with its submission"
        self.runs, unit = [], ""
        for act in self.acts:
            holder = unit if act.unit is None else act.unit
            for clock, rule in rules.policy.clocks.items():
                for verb in VERBS:
                    by_action, by_state = _asked(rules.policy, rule, verb, act)
                    if by_action or by_state:
                        everybody = verb == "cancel" or not by_action
                        whose = {"": "", "unit": unit, "co_handler": act.event.by.unit}[rule.subject]
                        if verb == "start":
                            self._start(rules, clock, act, holder=holder)
                        else:
                            self._befall(rules, clock, None if everybody else whose, verb, act)
            self._own(rules, act, unit)
            unit = holder
        self._settle()

    def _start(self, rules: ModelledPolicy, clock: str, act: Happening, *, holder: str) -> None:
        rule = rules.policy.clocks[clock]
        for name, wanted in rule.when.admits.items():
            if _said(self.origin, name) not in wanted:
                return
        for name, unwanted in rule.when.excludes.items():
            if _said(self.origin, name) in unwanted:
                return
        helper = act.event.unit if isinstance(act.event, e.CoHandlerAdded) else ""
        subject = {"": "", "unit": holder, "co_handler": helper}[rule.subject]
        latest = self.latest(clock, subject)
        if (rule.subject and not subject) or (latest is not None and latest.until is None):
            return
        run = Running(rules, clock, subject, 1 if latest is None else latest.key[2] + 1, act.at)
        if f"state:{act.state}" in rule.pause:
            run.pauses.append((act.at, None))
        self.runs.append(run)

    def _befall(
        self, rules: ModelledPolicy, clock: str, subject: str | None, verb: str, act: Happening
    ) -> None:
        """Something happens to the newest instance of one subject, or of each."""
        pausing = f"state:{act.state}" in rules.policy.clocks[clock].pause
        for run in self.runs:
            if run.key[0] == clock and subject in (None, run.key[1]) and self.latest(*run.key[:2]) is run:
                run.befall(verb, act.at, pausing=pausing)

    def _own(self, rules: ModelledPolicy, act: Happening, unit: str) -> None:
        """What merging, resuming and a granted extension do in every policy."""
        event = act.event
        for clock, rule in rules.policy.clocks.items():
            if isinstance(event, e.Merged):
                self._befall(rules, clock, None, "hold", act)
            elif isinstance(event, e.Resumed):
                self._befall(rules, clock, None, "release", act)
            elif isinstance(event, e.ExtensionGranted) and event.clock == clock and event.days:
                run = self.latest(clock, unit if rule.subject else "")
                if run is not None and run.until is None:
                    run.grants.append((act.at, event.days))

    # -- other rules --------------------------------------------------------------------------------------

    def _leave(self, old: ModelledPolicy, new: ModelledPolicy, event: e.Migrated) -> None:
        """Older cycles stay as they ran, unless the new rules differ in days of calendars alone."""
        if old.policy.document()["policy"] != new.policy.document()["policy"]:
            for run in self.runs:
                if self.latest(*run.key[:2]) is not run:
                    self._final.setdefault(run.key, run)
        self._floors = {}
        if not event.retroactive:
            self._floors = {
                run.key: {level: late for _, level, late, _ in run.dues()}
                for run in self.runs
                if run.key not in self._final
            }
        self.rules = new

    def _settle(self) -> None:
        """Put the final cycles in the place of what they would be under the rules of today."""
        newest: dict[tuple[str, str], int] = {}
        for clock, subject, cycle in self._final:
            newest[clock, subject] = max(cycle, newest.get((clock, subject), 0))
        going_on = [run for run in self.runs if run.key[2] > newest.get(run.key[:2], 0)]
        self._floors = {run.key: self._floors[run.key] for run in going_on if run.key in self._floors}
        for run in going_on:
            run.floors = self._floors.get(run.key, {})
        self.runs = [*self._final.values(), *going_on]


def _asked(policy: Policy, rule: ClockRule, verb: str, act: Happening) -> tuple[bool, bool]:
    """Whether the action itself, or a state entered or left, does this to the clock."""
    named: tuple[str, ...] = getattr(rule, verb)
    moved = act.state != act.came_from
    by_state = moved and (
        f"state:{act.state}" in named
        or (
            verb == "resume"
            and f"state:{act.came_from}" in rule.pause
            and f"state:{act.state}" not in rule.pause
        )
        or (verb == "cancel" and policy.states[act.state].final and act.action != "merge")
    )
    return act.action in named, by_state


def plain(run: Any) -> tuple[Any, ...]:
    """What of an engine's instance the model has a word on."""
    return run.since_us, run.until_us, run.status, tuple(run.pauses), tuple(grant[:2] for grant in run.grants)


Pauses = Sequence[tuple[int, int | None]]
Late = tuple[int | None, bool]
"""The first late instant, `None` while an open pause defers it; and whether it is certain."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ONE_DAY = timedelta(days=1)
LONGEST = 40_000
"""Days that a count may take; far more than any deadline."""


class Arithmetic:
    """The deadlines of one policy; remembered, since the same ones are asked for again and again."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: dict[tuple[object, ...], Late] = {}

    def late(self, clock: str, rung: int, since: int, pauses: Pauses, grants: Pauses) -> Late:
        """When the rung of the clock is first late, counted from the facts alone.

        Args:
            clock, rung: the clock's name, and the rung's place in its ladder.
            since: the start, epoch microseconds.
            pauses: ``(from, to)``, in any order.
            grants: ``(granted at, days)``; each adds its days if the rung was not yet due when it was given.
        """
        question = (clock, rung, since, tuple(pauses), tuple(grants))
        known = self._known.get(question)
        if known is None:
            known = self._known[question] = self._counted(clock, rung, since, pauses, grants)
        return known

    def _counted(self, clock: str, rung: int, since: int, pauses: Pauses, grants: Pauses) -> Late:
        rule = self._policy.clocks[clock]
        longer = 0
        for granted_at, days in sorted(grants):
            late, certain = self._one(rule, rule.rungs[rung], longer, since, pauses)
            if late is None or not certain or late > granted_at:
                longer += days or 0
        return self._one(rule, rule.rungs[rung], longer, since, pauses)

    def _one(self, rule: ClockRule, rung: Rung, longer: int, since: int, pauses: Pauses) -> Late:
        if rule.counting == "elapsed":
            hours = (rung.hours or 0) + 24 * (int(rung.days or 0) + longer)
            return _after_running(since, timedelta(hours=hours) // _MICROSECOND + 1, pauses), True
        calendar, zone = self._policy.tables.get(rule.calendar), self._policy.timezone
        return _after_days(rule, int(rung.days or 0) + longer, since, pauses, calendar=calendar, zone=zone)


def _after_running(since: int, budget: int, pauses: Pauses) -> int | None:
    """The first instant by which so much time has run outside the pauses."""
    edges = sorted(
        {since, *(edge for pause in pauses for edge in pause if edge is not None and edge > since)}
    )
    for begin, end in zip(edges, [*edges[1:], None], strict=True):
        halted = any(a <= begin and (b is None or begin < b) for a, b in pauses)
        if not halted and (end is None or end - begin >= budget):
            return begin + budget
        if end is not None and not halted:
            budget -= end - begin
    return None


def _after_days(
    rule: ClockRule, days: int, since: int, pauses: Pauses, *, calendar: Calendar | None, zone: str
) -> Late:
    """The midnight after the last day."""
    day = _moment(since).astimezone(zone_info(zone)).date()
    asks_always, rolls = rule.counting == "working", rule.roll == "next-working-day"
    counted, certain = 0, True
    for _ in range(LONGEST):
        day += _ONE_DAY
        midnight = midnight_of(zone, day + _ONE_DAY)
        if any(b is None and a < midnight for a, b in pauses):
            return None, True
        if midnight == midnight_of(zone, day) or any(a < midnight <= (b or 0) for a, b in pauses):
            continue
        rests = False
        if calendar is not None and (asks_always or (rolls and counted >= days - 1)):
            certain = certain and calendar.first <= day <= calendar.last
            rests = _rests(calendar, day)
        if rests and (asks_always or counted >= days):
            continue
        counted += 1
        if counted >= days and not rests:
            return midnight, certain
    raise ArithmeticError(f"no last day within {LONGEST} days")


def _rests(calendar: Calendar, day: date) -> bool:
    if not calendar.first <= day <= calendar.last or day.toordinal() in calendar.makeup:
        return False
    return day.weekday() not in calendar.week or day.toordinal() in calendar.holidays


@lru_cache(maxsize=1 << 16)
def midnight_of(zone: str, day: date) -> int:
    """The first instant of the local day, epoch microseconds; after the gap where a gap holds midnight."""
    info = zone_info(zone)
    local = datetime(day.year, day.month, day.day, tzinfo=info)
    first, second = (_micros(local.replace(fold=fold)) for fold in (0, 1))
    if _moment(first).astimezone(info).replace(tzinfo=None) == local.replace(tzinfo=None):
        return first
    at = min(first, second)
    while _moment(at).astimezone(info).date() < day:
        at += 1_000_000
    return at


def _moment(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND


def _micros(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND
