"""What must hold of a case after every step: replay, lifecycle, clocks, cards, storing, public view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import attrs

from caseflow.core.model import events as e
from caseflow.core.model import evolve as evolving
from caseflow.core.model.case import Card, Case
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.commands import SYSTEM
from caseflow.errors import CaseflowError, Refusal
from caseflow.i18n import codes
from caseflow.serialization import codec
from caseflow.testing.laws.laws import LawBroken, hold
from caseflow.testing.laws.reference_model import FAR, Model, Running, plain

PUBLIC = frozenset({
    "id", "kind", "stage", "state", "unit", "submitted_at", "replied_at", "score", "cards", "links",
})  # fmt: skip
"""The allow-list of the public view."""


def replay_is_live(case: Case, events: tuple[e.Event, ...], law: str) -> None:
    """Folding the stored events gives the stored case; storing and restoring changes neither."""
    hold(
        len(events) == case.version, law, f"version {case.version} with {len(events)} events", case_id=case.id
    )
    try:
        again = evolving.replay(case.id, events)
    except CaseflowError as error:
        raise LawBroken("6", f"an event that was stored is refused: {error}", case_id=case.id) from error
    hold(again == case, law, f"replay gives another case: {difference(again, case)}", case_id=case.id)
    hold(codec.unpack(codec.pack(case)) == case, "5", "a stored case comes back changed", case_id=case.id)
    for event in events[-3:]:
        same = codec.decode(codec.encode(event)) == event
        hold(same, "5", f"a stored event comes back changed: {event.name}", case_id=case.id)


def difference(value: Any, expected: Any) -> str:
    """The first field in which two values differ."""
    for name in expected.__struct_fields__:
        part, other = getattr(value, name), getattr(expected, name)
        if part != other:
            return f"{name} is {part!r:.300}, not {other!r:.300}"
    return "nothing"


def as_modelled(case: Case, model: Model) -> None:
    """State, holder and every clock are what the policy makes of what happened."""
    where = case.id
    hold(not model.strange, "lifecycle", model.strange, case_id=where)
    hold(case.state == model.state, "lifecycle", f"in {case.state}, not in {model.state}", case_id=where)
    hold(case.unit == model.unit, "holder", f"held by {case.unit!r}, not {model.unit!r}", case_id=where)
    for name, value in model.origin.items():
        counts = case.origin.field(name)
        hold(counts == value, "clocks", f"{name} counts as {counts!r}, not as {value!r}", case_id=where)
    engine = {run.key: run for run in case.clocks}
    modelled = {run.key: run for run in model.runs}
    hold(
        engine.keys() == modelled.keys(), "clocks",
        f"clocks {sorted(engine)}, not {sorted(modelled)}", case_id=where,
    )  # fmt: skip
    for key, run in engine.items():
        _clock_as_modelled(case, run, modelled[key])


def _clock_as_modelled(case: Case, run: ClockRun, model: Running) -> None:
    name, where = f"clock {'/'.join(map(str, run.key))}", case.id
    if plain(run) != plain(_Like(model)):
        law = (
            "5"
            if plain(run)[:3] == plain(_Like(model))[:3] and list(run.grants) == model.grants
            else "clocks"
        )
        counted, expected = plain(run), plain(_Like(model))
        hold(
            False,
            law,
            f"{name} (since, until, status, pauses, grants, counted from) {counted}, not {expected}",
            case_id=where,
        )
    for place, level, late, certain in model.dues():
        due, sure = run.dues[place], not run.unknown >> place & 1
        if (due, sure) != (late, certain):
            law = "5" if run.pauses else "3"
            hold(False, law, f"{name}: {level} is due at {due}, not at {late}", case_id=where)


class _Like:
    """The model's instance under the engine's names."""

    def __init__(self, run: Running) -> None:
        self.since_us, self.until_us, self.status = run.since, run.until, run.status
        self.pauses, self.grants, self.from_us = run.pauses, run.grants, run.begins


def cards_as_owed(case: Case, model: Model, upto: int, *, acted: bool = False) -> None:
    """Of every cycle exactly what is owed by the instant stands, once, under the unit of that time."""
    standing = [card for card in case.escalations if card.stands]
    keys = Counter(_fired_key(card) for card in standing)
    for key, times in keys.items():
        hold(times == 1, "4", f"{'/'.join(map(str, key))} stands {times} times", case_id=case.id)
    back = {key[:4] for key in keys} & model.appealed
    hold(not back, "4", f"stands again after an appeal: {sorted(back)}", case_id=case.id)
    of_some = {(*run.key, level) for run in model.runs for _, level, _, _ in run.dues()}
    of_none = {key[:4] for key in keys} - of_some
    hold(not of_none, "3", f"stands for no clock: {sorted(of_none)}", case_id=case.id)
    for run in model.runs:
        issued = {
            (card.level, card.effective_us): card
            for card in standing
            if (card.clock, card.subject, card.cycle) == run.key
        }
        owed, ever = set(run.owed(upto)), set(run.owed(FAR))
        merged = run.status == "held" or model.was_merged
        for level, due in issued:
            law = "merge" if run.status == "held" else "3"
            hold((level, due) in ever, law, f"{level} at {due} is not owed", case_id=case.id)
        for level, due in sorted(owed - issued.keys()):
            if (*run.key, level) in model.appealed:
                continue
            ends = {run.since, *(end for _, end in run.pauses)}
            if acted and due == upto and due in ends:
                continue
            hold(False, "merge" if merged else "3", f"{level} at {due} did not fire", case_id=case.id)
        for card in issued.values():
            holder = model.holder_at(card.effective_us)
            hold(
                card.unit == holder, "holder",
                f"{card.level} at {card.effective_us} names {card.unit!r}, not {holder!r}", case_id=case.id,
            )  # fmt: skip
    _next_due(case, model, keys)


def _fired_key(card: Card) -> tuple[str, str, int, str, int]:
    """What stands once: a rung of an instance; a warning that an extension moved, at each of its instants."""
    at = 0 if card.is_breach else card.effective_us
    return card.clock, card.subject, card.cycle, card.level, at


def _next_due(case: Case, model: Model, standing: Iterable[tuple[str, str, int, str, int]]) -> None:
    """The case's next due is the earliest rung that is still to fire."""
    fired = set(standing)
    pending = [
        late
        for run in model.runs
        for _, level, late, certain in run.dues()
        if late is not None and certain and not fired & {(*run.key, level, 0), (*run.key, level, late)}
        if (*run.key, level) not in model.appealed
        if run.until is None or late <= run.until
    ]
    expected = min(pending, default=None)
    what = f"next due is {case.next_due_us}, not {expected}"
    hold(case.next_due_us == expected, "3", what, case_id=case.id)


def issued_in_order(events: tuple[e.Event, ...], now: int, case_id: str) -> None:
    """What one catching-up issued: never early, noticed now, in the order of time."""
    rungs = [event for event in events if isinstance(event, e.RungEvent)]
    for event in rungs:
        early = f"{event.level} was issued at {now}, before its instant {event.at_us}"
        hold(event.at_us <= event.detected_us, "3", early, case_id=case_id)
    instants = [event.at_us for event in rungs]
    hold(instants == sorted(instants), "2", f"rungs fired out of order: {instants}", case_id=case_id)


def timed_actions_taken(events: tuple[e.Event, ...], model: Model, case_id: str) -> None:
    """Where a rung says ``then``, its action follows at once, or the rung says why not."""
    for event, following in zip(events, [*events[1:], None], strict=True):
        if not isinstance(event, e.RungEvent) or model.rules is None:
            continue
        ladder = model.rules.arithmetic.ladders.get(event.clock, ())
        then = next((rung.then for rung in ladder if rung.level == event.level), "")
        if then and not event.skipped:
            taken = following is not None and following.by == SYSTEM
            hold(taken, "clocks", f"{event.level} fired without its action {then}", case_id=case_id)


def public_is_clean(view: Any, case: Case, secrets: Iterable[str]) -> None:
    """The public view has the allowed fields, the standing cards, and none of the secrets."""
    fields = set(view.__struct_fields__)
    hold(fields <= PUBLIC, "9", f"it shows {', '.join(sorted(fields - PUBLIC))}", case_id=case.id)
    seen = repr(view)
    for secret in secrets:
        hold(secret not in seen, "9", f"it shows {secret!r}", case_id=case.id)
    shown = [(card.level, card.unit, card.effective_at) for card in view.cards]
    standing = [(card.level, card.unit, card.effective_at) for card in case.cards if card.stands]
    hold(shown == standing, "9", f"it shows the cards {shown}, not {standing}", case_id=case.id)


OF_STRANGERS = frozenset({"role-may-not", "not-your-case", "not-your-unit"})
"""What a stranger to a case is told, whatever the case."""


def refusal_is_data(
    refusal: Refusal, *, action: str, state: str, source: str, since: int, case_id: str
) -> None:
    """A refusal says which rule, in what state, from which source; in Chinese and in English.

    One that a stranger gets says nothing of the case.

    Args:
        since: when the command would have taken effect, now at the latest; only later can it be possible.
    """
    code = refusal.code
    bare = attrs.evolve(refusal, source="", found="", missing=(), state="", action="")
    is_to_stranger = code in OF_STRANGERS and not (refusal.state or refusal.missing)
    possible_from = since + 1 if refusal.possible_from is None else refusal.possible_from
    for holds, what in (
        (code in codes(), f"the code {code!r} has no text"),
        (refusal.rule != "", f"{code} names no rule"),
        (refusal.action == action, f"{code} speaks of {refusal.action!r}, not {action!r}"),
        (refusal.state == state or is_to_stranger, f"{code} speaks of {refusal.state!r}, not {state!r}"),
        (refusal.source == source, f"{code} names the source {refusal.source!r}"),
        (possible_from > since, f"{code} is possible from the past"),
        (any("\u4e00" <= sign <= "\u9fff" for sign in bare.text("zh")), f"{code} has no Chinese text"),
        (bare.text("en").isascii(), f"{code} has no English text"),
    ):
        hold(holds, "8", what, case_id=case_id)


def same_case(case: Case, expected: Case, upto: int) -> None:
    """Two worlds that differ in sweeps alone have the same case, and the same cards by the instant."""
    quiet_case, quiet_other = (
        quiet(one.replace(clocks=tuple(run for run in one.clocks if run.since_us <= upto)))
        for one in (case, expected)  # a clock that begins where another ends waits for a sweep there
    )
    what = f"unswept it would differ: {difference(quiet_case, quiet_other)}"
    hold(quiet_case == quiet_other, "2", what, case_id=case.id)
    swept, unswept = card_set(case, upto), card_set(expected, upto)
    hold(
        swept == unswept, "2",
        f"swept {sorted(swept - unswept)}, unswept {sorted(unswept - swept)}", case_id=case.id,
    )  # fmt: skip


def quiet(case: Case) -> Case:
    """The case without what sweeps write, and without how many events it had when."""
    clocks = tuple(run.replace(fired=0) for run in case.clocks)
    facts = case.facts
    if facts.redactions:
        facts = facts.replace(redactions=tuple(one.replace(version=0) for one in facts.redactions))
    return case.replace(version=0, last_us=0, next_due_us=None, escalations=(), clocks=clocks, facts=facts)


def card_set(case: Case, upto: int) -> set[tuple[Any, ...]]:
    """What the standing cards and reminders say, but for when they were noticed."""
    return {_said(card) for card in case.escalations if card.stands and card.effective_us <= upto}


def _said(card: Card) -> tuple[Any, ...]:
    return (card.clock, card.subject, card.cycle, card.level, card.unit, card.effective_us, card.is_breach)
