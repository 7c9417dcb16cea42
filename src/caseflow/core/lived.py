"""The past of an adopted case, gone through by the policy's own moves, each at its true instant.

So its clocks come to stand as if it had lived here all along.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from caseflow.core import events as e
from caseflow.core.acting import changes_of, event_of
from caseflow.core.case import Case, ClockRun
from caseflow.core.clocks import ClockPlan, ended
from caseflow.core.commands import Command
from caseflow.core.counting import Pause
from caseflow.core.evolve import evolve
from caseflow.core.guards import refusal
from caseflow.core.rules import HANDS_OVER, Row, Rules
from caseflow.core.terms import Place
from caseflow.core.values import Value, value
from caseflow.errors import Refused

_ENDINGS_AND_RETURNS = {
    e.Merged, e.Resumed, e.Reopened, e.ReplyRetracted, e.Withdrawn, e.Rejected, e.RulesAdopted, e.Redacted,
}  # fmt: skip
_NEVER_TAKEN_FOR_GRANTED = _ENDINGS_AND_RETURNS | HANDS_OVER
"""Acts that are never read out of the state in which a case stands."""


@value
class Legacy(Value):
    """What is known of a case that lived elsewhere. Instants are epoch microseconds.

    Attributes:
        state: where it stands.
        submitted_us: when it was submitted.
        unit, unit_since: who holds it; before that instant nobody did. Without one, since the submission.
        state_since: since when it is in its state.
        replies: public substantive replies.
        extensions: ``(clock, granted at, days)``; an empty name means the policy's first clock.
        pauses: ``(clock, from, to)``; an empty name means every clock that the policy pauses, and ``None``
            that the pause is still open.
        started: ``(clock, start)`` of clocks that began at an instant of their own.
        ended: ``(clock, end)`` of clocks whose aim was reached at an instant of its own.
    """

    state: str
    submitted_us: int
    unit: str = ""
    unit_since: int | None = None
    state_since: int | None = None
    replies: tuple[int, ...] = ()
    extensions: tuple[tuple[str, int, int], ...] = ()
    pauses: tuple[tuple[str, int, int | None], ...] = ()
    started: tuple[tuple[str, int], ...] = ()
    ended: tuple[tuple[str, int], ...] = ()


def lived(rules: Rules, case: Case, legacy: Legacy, command: Command) -> Case:
    """The case as it would stand had it lived here, but for its cards.

    The way from what is known to the state it stands in is the shortest that the policy has; a reply is
    never taken for granted.

    Args:
        rules: the policy that the case comes under.
        case: the case before it exists.
        legacy: what is known, checked.
        command: who adopts it, with the fields of its submission.

    Raises:
        Refused: ``adopt-since`` when it is not known since when the state has held, or when the case was
            replied to, and a clock hangs on it; ``clock-not-running`` for an extension of one that did not
            run; ``adopt-clock`` for a start of one that is not for this case.
    """
    return _Walk(rules, case, legacy, command).walked()


class _Walk:
    def __init__(self, rules: Rules, case: Case, legacy: Legacy, command: Command) -> None:
        self._rules = rules
        self._case = case
        self._legacy = legacy
        self._command = command

    def walked(self) -> Case:
        legacy = self._legacy
        self._submit()
        for at, _, act in sorted(self._acts(), key=lambda found: found[:2]):
            act(at)
        last = self._case.acted_us
        is_known = legacy.state_since is not None
        if not is_known:
            self._come_to(last, is_known=False)
        self._enter(last, is_known=is_known)
        for name, since in legacy.started:
            self._restart(self._rules.plan[name], since)
        return self._case

    def _acts(self) -> Iterator[tuple[int, int, Callable[[int], None]]]:
        """What happened: when, in which order at one instant, and what to do about it."""
        legacy = self._legacy
        if legacy.unit_since is not None:
            yield legacy.unit_since, 0, self._route
        for name in dict.fromkeys(name for name, _, _ in legacy.pauses):
            for begin, end in _united((b, c) for found, b, c in legacy.pauses if found == name):
                yield begin, 4, lambda at, name=name: self._pause(name, at, "paused")  # type: ignore[misc]
                if end is not None:
                    yield end, 1, lambda at, name=name: self._pause(name, at, "resumed")  # type: ignore[misc]
        for name, granted, days in legacy.extensions:
            yield granted, 2, lambda at, name=name, days=days: self._extend(name, at, days)  # type: ignore[misc]
        for name, at in legacy.ended:
            yield at, 3, lambda at, name=name: self._end(name, at)  # type: ignore[misc]
        for replied in legacy.replies:
            yield replied, 3, self._reply
        if legacy.state_since is not None:
            yield legacy.state_since, 5, self._come_to

    def _add(self, event: e.Event) -> None:
        self._case = evolve(self._case, event)

    def _take(self, action: str, row: Row, at: int, **fields: str) -> tuple[e.ClockChange, ...]:
        command = Command(action, self._command.by, {**self._command.fields, **fields})
        event = event_of(self._rules, self._case, row, command, at, at, None)
        self._add(event)
        return event.clocks

    def _carry(self, at: int, *changes: e.ClockChange, to: Place | None = None) -> None:
        """Change the clocks by an event that says nothing else."""
        self._add(e.Noted(at, self._command.by, to, changes))

    def _submit(self) -> None:
        legacy = self._legacy
        held = {"to": legacy.unit} if legacy.unit and legacy.unit_since is None else {}
        self._take("submit", self._rules.table[""]["submit"], legacy.submitted_us, **held)

    def _route(self, at: int) -> None:
        rows = self._rules.table[self._case.state]
        for action in ("route", "transfer"):
            if action in rows:
                self._take(action, rows[action], at, to=self._legacy.unit)
                return
        self._add(e.Routed(at, self._command.by, unit=self._legacy.unit))

    def _reply(self, at: int) -> None:
        table = self._rules.table
        if "reply" not in table[self._case.state]:
            for action, row in self._path(lambda state: "reply" in table[state]) or ():
                self._take(action, row, at)
        anywhere = next((rows["reply"] for rows in table.values() if "reply" in rows), None)
        legal = table[self._case.state].get("reply") or anywhere
        if legal is None:
            self._add(e.Replied(at, self._command.by))
        else:
            self._take("reply", legal, at)

    def _pause(self, name: str, at: int, verb: str) -> None:
        for run in self._case.clocks:
            plan = self._rules.plan[run.clock]
            if run.until_us is None and (run.clock == name if name else plan.rule.pause):
                change = plan.paused(run, at) if verb == "paused" else plan.resumed(run, at)
                if change is not None:
                    self._carry(at, change)

    def _extend(self, name: str, at: int, days: int) -> None:
        name = name or next(iter(self._rules.plan), "")
        run = self._case.running(name) or self._case.running(name, self._case.unit)
        if run is None:
            raise self._refused("clock-not-running", "extensions", found=name)
        self._carry(at, self._rules.plan[name].extended(run, at, days))

    def _end(self, name: str, at: int) -> None:
        for run in self._case.clocks:
            if run.clock == name and run.until_us is None:
                self._carry(at, ended(run, at, "stopped"))

    def _come_to(self, at: int, *, is_known: bool = True) -> None:
        """Take the shortest way to the state in which the case stands."""
        goal = self._legacy.state
        path = self._path(lambda state: state == goal)
        if path is None and not self._legacy.replies and self._path(lambda s: s == goal, e.Replied):
            raise self._refused("adopt-since", "replied_at", found="reply")
        for action, row in path or ():
            changes = self._take(action, row, at)
            if changes and not is_known:
                raise self._refused("adopt-since", "state_since", found=changes[0].clock)

    def _enter(self, at: int, *, is_known: bool) -> None:
        """Stand in the state, where no way led there."""
        case, goal, rules = self._case, self._legacy.state, self._rules
        if case.state == goal:
            return
        effects = rules.effects("", case.state, goal)
        changes = changes_of(case, self._command, effects, at, case.unit, goal, case.origin)
        if changes and not is_known:
            raise self._refused("adopt-since", "state_since", found=changes[0].clock)
        self._carry(at, *changes, to=rules.places[goal])

    def _restart(self, plan: ClockPlan, since: int) -> None:
        """Let the clock's newest instance begin at that instant; or another, where it has ended by then."""
        case = self._case
        subject = case.unit if plan.rule.subject else ""
        run = case.latest(plan.name, subject)
        if run is None and not plan.applies(case.origin):
            clocks = tuple(found.name for found in self._rules.plans if found.applies(case.origin))
            raise self._refused("adopt-clock", "started", found=plan.name, missing=clocks)
        if run is None or (run.until_us is not None and run.until_us <= since):
            change = plan.started(case, subject, since)
            if change is not None:
                self._carry(max(since, case.acted_us), change)
            return
        dues, unknown = plan.dues(since, run.pauses, run.grants)
        moved = run.replace(since_us=since, dues=dues, unknown=unknown)
        self._case = case.replace(clocks=tuple(moved if found is run else found for found in case.clocks))

    def _path(
        self, is_goal: Callable[[str], bool], also: type[e.Event] | None = None
    ) -> list[tuple[str, Row]] | None:
        """The shortest way from where the case stands, in the policy's order; `None` when there is none."""
        begin = self._case.state
        ways: dict[str, list[tuple[str, Row]]] = {begin: []}
        left = deque([begin])
        while left:
            state = left.popleft()
            if is_goal(state):
                return ways[state]
            for action, row in self._rules.table[state].items():
                place = row.held_place if self._case.unit else row.place
                if place is None or place.final or place.state in ways or not _is_plain(row, also):
                    continue
                ways[place.state] = [*ways[state], (action, row)]
                left.append(place.state)
        return None

    def _refused(self, code: str, field: str, *, found: str, missing: tuple[str, ...] = ()) -> Refused:
        stated = self._case.replace(place=self._rules.places[self._legacy.state])
        refused = refusal(
            code, self._rules, stated, self._command, missing=missing or (field,), found=found,
            rule=f"fields.{field}",
        )  # fmt: skip
        return Refused(refused, case_id=self._case.id)


def _is_plain(row: Row, also: type[e.Event] | None) -> bool:
    """Whether the act may be read out of the state it leads to: it says nothing that is not known."""
    if row.event in _NEVER_TAKEN_FOR_GRANTED or (row.event is e.Replied and also is not e.Replied):
        return False
    return not any(row.fields[name].type != "text" for name in row.required)


def _united(pauses: Iterator[Pause]) -> list[Pause]:
    """The pauses as a union, in the order of time."""
    united: list[Pause] = []
    for begin, end in sorted(pauses, key=lambda pause: pause[0]):
        if united and (united[-1][1] is None or begin <= united[-1][1]):
            last = united[-1]
            longer = None if last[1] is None or end is None else max(last[1], end)
            united[-1] = (last[0], longer)
        else:
            united.append((begin, end))
    return united


def instance_of(run: ClockRun) -> e.ClockChange:
    """The change that begins an instance as it stands."""
    return e.ClockChange(
        *run.key, run.status, run.since_us, run.until_us, run.ladder, run.dues,
        run.unknown or None, run.pauses or None, run.grants or None,
    )  # fmt: skip
