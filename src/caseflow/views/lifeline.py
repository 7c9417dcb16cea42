"""A case's life as stretches and marks on a line of time: what every drawing of it is made from."""

from __future__ import annotations

from collections.abc import Sequence

from caseflow.core import events as e
from caseflow.core.case import Card, Case, ClockRun
from caseflow.core.evolve import evolve
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.views.naming import Naming
from caseflow.views.story_words import Lang, event_word

PAST, FIRED, ANNULLED, AHEAD = "past", "fired", "annulled", "ahead"
"""What became of a rung: not owed since its clock ended before, fired, annulled, still to come."""


@value
class Stretch(Value):
    """From one instant to another (epoch microseconds): a state, a unit, or a pause."""

    key: str
    label: str
    begin_us: int
    end_us: int


@value
class RungMark(Value):
    """A rung of a clock: its instant, what became of it, and which breach of its ladder it is, 0 for none."""

    level: str
    label: str
    at_us: int
    status: str
    breach: int


@value
class ClockLine(Value):
    """One clock instance; it runs on at ``end_us`` when ``is_open``.

    Of the rungs that its end kept away only the first is there, and none that waits for a calendar.
    """

    label: str
    begin_us: int
    end_us: int
    is_open: bool
    pauses: tuple[Stretch, ...]
    rungs: tuple[RungMark, ...]


@value
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
    states: tuple[Stretch, ...]
    units: tuple[Stretch, ...]
    clocks: tuple[ClockLine, ...]
    acts: tuple[tuple[int, str], ...]


def lifeline(
    rules: Rules, case: Case, events: Sequence[e.Event], *, now_us: int | None = None, lang: Lang = "en"
) -> Lifeline:
    """The life of a case from its events.

    Args:
        rules: the rules that name states, clocks and levels.
        case: the case at its newest version.
        events: all its events, oldest first.
        now_us: up to when an open case is drawn; by default its last event.
        lang: the language of labels.
    """
    now = max(case.last_us, case.last_us if now_us is None else now_us)
    naming = Naming(rules, lang)
    states, units, acts = _followed(naming, case.id, events, now if case.is_open else case.acted_us)
    clocks = tuple(_clock(naming, case, run, now) for run in case.clocks)
    marks = [mark.at_us for clock in clocks for mark in clock.rungs]
    begins = [stretch.begin_us for stretch in states] + [case.submitted_us]
    return Lifeline(
        case.id,
        naming.state(case.state),
        rules.policy.timezone,
        min(begins),
        max([case.last_us, *marks, now if case.is_open else case.last_us]),
        now,
        case.is_open,
        states,
        units,
        clocks,
        acts,
    )


def _followed(
    naming: Naming, case_id: str, events: Sequence[e.Event], end: int
) -> tuple[tuple[Stretch, ...], tuple[Stretch, ...], tuple[tuple[int, str], ...]]:
    """States, units and acts, in order."""
    case, states, units, acts = Case(case_id), list[tuple[int, str]](), list[tuple[int, str]](), []
    for event in events:
        case = evolve(case, event)
        since = event.at_us if event.effective_us is None else event.effective_us
        if not states or states[-1][1] != case.state:
            states.append((since, case.state))
        if not units or units[-1][1] != case.unit:
            units.append((since, case.unit))
        if isinstance(event, e.Acted):
            acts.append((since, naming.action(event.action)))
        elif not isinstance(event, e.RungEvent | e.CardAnnulled):
            acts.append((since, event_word(event.name, naming.lang)))
    named = [(since, key, naming.state(key)) for since, key in states]
    held = [(since, unit, unit or "–") for since, unit in units]
    return _stretches(named, end), _stretches(held, end), tuple(acts)


def _stretches(found: list[tuple[int, str, str]], end: int) -> tuple[Stretch, ...]:
    """Each from its own instant to the next one's; those without length are left out, but for a lone one."""
    ends = [since for since, _, _ in found[1:]] + [max(end, found[-1][0])] if found else []
    made = (Stretch(key, label, since, until) for (since, key, label), until in zip(found, ends, strict=True))
    return tuple(stretch for stretch in made if stretch.end_us > stretch.begin_us or len(found) == 1)


def _clock(naming: Naming, case: Case, run: ClockRun, now: int) -> ClockLine:
    end = now if run.until_us is None else run.until_us
    pauses = tuple(Stretch("pause", "", a, end if b is None else b) for a, b in run.pauses)
    label = naming.clock(run.clock, run.subject)
    if run.cycle > 1:
        label = f"{label} {run.cycle}"
    return ClockLine(label, run.since_us, end, run.until_us is None, pauses, _rungs(naming, case, run))


def _rungs(naming: Naming, case: Case, run: ClockRun) -> tuple[RungMark, ...]:
    cards: dict[str, list[Card]] = {}
    for card in case.rungs:
        if (card.clock, card.subject, card.cycle) == run.key:
            cards.setdefault(card.level, []).append(card)
    found, breach, kept_away = list[RungMark](), 0, False
    for index, (level, is_breach) in enumerate(run.ladder):
        breach += is_breach
        label, grade, due = naming.level(run.clock, level), breach if is_breach else 0, run.dues[index]
        for card in cards.get(level, ()):
            status = FIRED if card.stands else ANNULLED
            found.append(RungMark(level, label, card.effective_us, status, grade))
        if due is None or run.unknown >> index & 1:
            continue
        if run.is_pending(index):
            found.append(RungMark(level, label, due, AHEAD, grade))
        elif run.until_us is not None and level not in cards and not kept_away:
            kept_away = True
            found.append(RungMark(level, label, due, PAST, grade))
    return tuple(found)
