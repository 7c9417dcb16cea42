"""A case's life as intervals and marks on a line of time: what every drawing of it is made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model import events as e
from caseflow.core.model.case import Card, Case
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.evolve import evolve
from caseflow.core.value import Value
from caseflow.i18n import Lang, event_text
from caseflow.views.labels import PolicyLabels

PAST, FIRED, ANNULLED, AHEAD = "past", "fired", "annulled", "ahead"
"""What became of a rung: not owed since its clock ended before, fired, annulled, still to come."""


class Interval(Value):
    """From one instant to another (epoch microseconds): a state, a unit, or a pause."""

    key: str
    label: str
    begin_us: int
    end_us: int


class RungMark(Value):
    """A rung of a clock: its instant, what became of it, and which breach of its ladder it is, 0 for none."""

    level: str
    label: str
    at_us: int
    status: str
    breach: int


class ClockLine(Value):
    """One clock instance; it runs on at ``end_us`` when ``is_open``.

    Of the rungs that its end kept away only the first is there, and none that waits for a calendar.
    """

    label: str
    begin_us: int
    end_us: int
    is_open: bool
    pauses: tuple[Interval, ...]
    rungs: tuple[RungMark, ...]


class Lifeline(Value):
    """A case's life.

    Attributes:
        title: the case's id; ``state`` its state's label.
        begin_us, end_us: from the submission to the last thing that happened or is still to come.
        now_us: up to where it is known.
        states, units: what followed what, each ending where the next begins.
        clocks: every instance, oldest first.
        acts: ``(instant, label)`` of what was done, cards and reminders left out.
    """

    title: str
    state: str
    zone: str
    begin_us: int
    end_us: int
    now_us: int
    is_open: bool
    states: tuple[Interval, ...]
    units: tuple[Interval, ...]
    clocks: tuple[ClockLine, ...]
    acts: tuple[tuple[int, str], ...]


def lifeline(
    rules: CompiledPolicy,
    case: Case,
    events: Sequence[e.Event],
    *,
    now_us: int | None = None,
    shown: Callable[[e.Event], bool] = lambda _: True,
    lang: Lang = "en",
) -> Lifeline:
    """The life of a case from its events.

    Args:
        rules: the rules that name states, clocks and levels.
        case: the case at its newest version.
        events: all its events, oldest first.
        now_us: up to when an open case is drawn; by default its last event.
        shown: which events are named among the acts; all by default.
        lang: the language of labels.
    """
    now = max(case.last_us, case.last_us if now_us is None else now_us)
    labels = PolicyLabels(rules, lang)
    states, units, acts = _followed(labels, case.id, events, now if case.is_open else case.acted_us, shown)
    clocks = tuple(_clock(labels, case, run, now) for run in case.clocks)
    marks = [mark.at_us for clock in clocks for mark in clock.rungs]
    begins = [interval.begin_us for interval in states] + [case.submitted_us]
    return Lifeline(
        title=case.id,
        state=labels.state(case.state),
        zone=rules.policy.timezone,
        begin_us=min(begins),
        end_us=max([case.last_us, *marks, now if case.is_open else case.last_us]),
        now_us=now,
        is_open=case.is_open,
        states=states,
        units=units,
        clocks=clocks,
        acts=acts,
    )


def _followed(
    labels: PolicyLabels,
    case_id: str,
    events: Sequence[e.Event],
    end: int,
    shown: Callable[[e.Event], bool],
) -> tuple[tuple[Interval, ...], tuple[Interval, ...], tuple[tuple[int, str], ...]]:
    """States, units and acts, in order."""
    case = Case(case_id)
    states, units, acts = list[tuple[int, str]](), list[tuple[int, str]](), list[tuple[int, str]]()
    for event in events:
        case = evolve(case, event)
        since = event.at_us if event.effective_us is None else event.effective_us
        if not states or states[-1][1] != case.state:
            states.append((since, case.state))
        if not units or units[-1][1] != case.unit:
            units.append((since, case.unit))
        if not shown(event):
            continue
        if isinstance(event, e.Acted):
            acts.append((since, labels.action(event.action)))
        elif not isinstance(event, e.RungEvent | e.CardAnnulled):
            acts.append((since, event_text(event.name, labels.lang)))
    named = [(since, key, labels.state(key)) for since, key in states]
    held = [(since, unit, unit or "–") for since, unit in units]
    return _intervals(named, end), _intervals(held, end), tuple(acts)


def _intervals(changes: list[tuple[int, str, str]], end: int) -> tuple[Interval, ...]:
    """Each from its own instant to the next one's; those without length are left out, but for a lone one."""
    ends = [since for since, _, _ in changes[1:]] + [max(end, changes[-1][0])] if changes else []
    return tuple(
        Interval(key, label, since, until)
        for (since, key, label), until in zip(changes, ends, strict=True)
        if until > since or len(changes) == 1
    )


def _clock(labels: PolicyLabels, case: Case, run: ClockRun, now: int) -> ClockLine:
    end = now if run.until_us is None else run.until_us
    pauses = tuple(Interval("pause", "", a, end if b is None else b) for a, b in run.pauses)
    label = labels.clock(run.clock, run.subject)
    if run.cycle > 1:
        label = f"{label} {run.cycle}"
    return ClockLine(
        label=label,
        begin_us=run.since_us,
        end_us=end,
        is_open=run.until_us is None,
        pauses=pauses,
        rungs=_rungs(labels, case, run),
    )


def _rungs(labels: PolicyLabels, case: Case, run: ClockRun) -> tuple[RungMark, ...]:
    cards: dict[str, list[Card]] = {}
    for card in case.escalations:
        if (card.clock, card.subject, card.cycle) == run.key:
            cards.setdefault(card.level, []).append(card)
    marks, breach, kept_away = list[RungMark](), 0, False
    for index, (level, is_breach) in enumerate(run.ladder):
        breach += is_breach
        label, grade, due = labels.level(run.clock, level), breach if is_breach else 0, run.dues[index]
        for card in cards.get(level, ()):
            status = FIRED if card.stands else ANNULLED
            marks.append(RungMark(level, label, card.effective_us, status, grade))
        if due is None or run.unknown >> index & 1:
            continue
        if run.is_pending(index):
            marks.append(RungMark(level, label, due, AHEAD, grade))
        elif run.until_us is not None and level not in cards and not kept_away:
            kept_away = True
            marks.append(RungMark(level, label, due, PAST, grade))
    return tuple(marks)
