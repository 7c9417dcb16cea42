"""What happened to a case, told in dated lines that people read and tests compare."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from caseflow.core.engine.actions import ACTION_OF
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model import events as e
from caseflow.core.model.case import Case, documents_of, extension_length
from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.commands import SYSTEM
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.model.evolve import evolve
from caseflow.core.policy import Rung
from caseflow.core.time.span import Counting, length_of
from caseflow.core.value import Value
from caseflow.i18n import Lang, event_text, mark, text
from caseflow.views.labels import PolicyLabels, last_day, length_text, padded, shortened, width

WHAT_COLUMNS = 18
"""The least width of the column that says what happened, so that short stories look alike."""
LONGEST_TEXT = 60
"""Columns that a text may take before it is shortened."""
_COMMON = frozenset(e.Event.__match_args__)


class StoryText(Protocol):
    """A personal text beside the events: the case's version after its event, its field, and itself."""

    @property
    def version(self) -> int:
        """The case's version after the event."""
        ...

    @property
    def field(self) -> str:
        """The name of the action's field."""
        ...

    @property
    def text(self) -> str:
        """The text."""
        ...


class StoryLine(Value):
    """One event told.

    Attributes:
        at_us: when it was recorded, or for a card and a reminder when it took effect; epoch microseconds.
        case_id, version: whose event it is, and which.
        event: the event's registered name.
        when: the instant in the office's zone, ``2025-01-26 00:00``; seconds only when they are not zero.
        what: what happened, in words.
        detail: the rest, in words, its parts separated by commas; may be empty.
    """

    at_us: int
    case_id: str
    version: int
    event: str
    when: str
    what: str
    detail: str


class Story(Value):
    """Dated lines, in the order of time; one case's own lines stand in the order of their record.

    ``str()`` aligns them in columns, wide characters counted as two; with several cases a column names the
    case.
    """

    lines: tuple[StoryLine, ...] = ()

    def __str__(self) -> str:
        return "\n".join(columns(self._cells()))

    def _cells(self) -> Iterator[tuple[str, ...]]:
        several = len({line.case_id for line in self.lines}) > 1
        for line in self.lines:
            case = (line.case_id,) if several else ()
            yield (line.when, *case, line.what, line.detail)


def columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Rows of cells as aligned text, two spaces between the columns; the last but one has a least width."""
    rows = list(rows)
    if not rows:
        return []
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    widths[-1] = max(widths[-1], WHAT_COLUMNS)
    return ["  ".join((*map(padded, row[:-1], widths), row[-1])).rstrip() for row in rows]


def told(
    rules: CompiledPolicy | Callable[[str], CompiledPolicy],
    case_id: str,
    events: Sequence[e.Event],
    texts: Iterable[StoryText] | None = None,
    *,
    lang: Lang = "en",
    withheld: Container[tuple[int, str]] = (),
) -> Story:
    """The story of one case, from its events alone.

    Args:
        rules: the rules that name clocks and levels; or a function from a pin to its rules, for a case that
            has adopted others on its way.
        case_id: the case.
        events: every event, oldest first.
        texts: its personal texts; `None` leaves them out, and one that an event has the hash of but which
            is not among them is told as redacted.
        lang: ``en`` or ``zh``.
        withheld: ``(version, field)`` of texts of which nothing is told, not even that they were erased.
    """
    by_version: dict[int, dict[str, str]] = {}
    for kept in texts or ():
        if kept.text:  # one that was redacted is empty
            by_version.setdefault(kept.version, {})[kept.field] = _one_line(kept.text)
    lines, case = list[StoryLine](), Case(case_id)
    for event in events:
        before, case = case, evolve(case, event)
        context = EventContext(
            rules=rules if isinstance(rules, CompiledPolicy) else rules(case.origin.policy_hash),
            lang=lang,
            before=before,
            case=case,
            event=event,
            texts=by_version.get(case.version, {}),
        )
        hidden = [name for name, _ in event.texts if (case.version, name) in withheld]
        lines.append(_line(context, has_texts=texts is not None, hidden=hidden))
    return Story(tuple(lines))


def _one_line(text: str) -> str:
    clean = "".join(character if character.isprintable() else " " for character in text)
    return shortened(" ".join(clean.split()), LONGEST_TEXT)


def _line(context: EventContext, *, has_texts: bool, hidden: Sequence[str]) -> StoryLine:
    event, case, comma = context.event, context.case, mark("comma", context.lang)
    parts = list(_details(context))
    if event.by.role == SYSTEM.role and not isinstance(event, e.RungEvent | e.CardAnnulled):
        parts.append(context.say("by itself"))
    if event.effective_us is not None:
        parts.append(context.say("true since", at=context.time(event.effective_us)))
    if event.clamped_us is not None:
        parts.append(context.say("clamped", at=context.time(event.clamped_us)))
    action = event.action if isinstance(event, e.Acted) else ""
    lost = [
        context.field(name, action)
        for name, mark in event.texts
        if mark and name not in context.texts and name not in hidden
    ]
    if lost and has_texts:
        parts.append(context.say("redacted", names=mark("list", context.lang).join(lost)))
    return StoryLine(
        at_us=event.at_us,
        case_id=case.id,
        version=case.version,
        event=event.name,
        when=context.time(event.at_us),
        what=_what(context),
        detail=comma.join(part for part in parts if part),
    )


def _what(context: EventContext) -> str:
    match context.event:
        case e.RungEvent() as rung:
            return context.level(rung.clock, rung.level)
        case e.Acted() as acted:
            return context.action(acted.action)
        case e.UnknownEvent() as strange:
            return strange.unknown
        case event:
            return event_text(event.name, context.lang)


def together(stories: Iterable[Story], *, order: Mapping[tuple[str, int], int] | None = None) -> Story:
    """The stories of several cases as one, in the order of time.

    Within a case no line overtakes another, even where a fact recorded late brought a card of an earlier
    instant. What happened at the same instant stands in the order of the stories, or in the given one.

    Args:
        stories: one of each case.
        order: ``(case id, version)`` to the place of that event among all.
    """
    keyed = list[tuple[tuple[int, int, int], StoryLine]]()
    for place, story in enumerate(stories):
        reached = 0
        for line in story.lines:
            reached = max(reached, line.at_us)
            at = place if order is None else order[line.case_id, line.version]
            keyed.append(((reached, at, line.version), line))
    return Story(tuple(line for _, line in sorted(keyed, key=lambda pair: pair[0])))


class EventContext(PolicyLabels):
    """An event and what surrounds it: the case before and after, and its texts."""

    before: Case
    case: Case
    event: e.Event
    texts: dict[str, str]

    def is_by_days(self, clock: str) -> bool:
        """Whether the clock counts whole days."""
        rule = self.rules.policy.clocks.get(clock)
        return rule is not None and rule.counting != Counting.ELAPSED

    def run(self, case: Case, key: tuple[str, str, int]) -> ClockRun | None:
        """The clock instance of that key."""
        return next((run for run in case.clocks if run.key == key), None)


def _details(context: EventContext) -> Iterator[str]:
    """The parts of the event's detail, in order; some may be empty."""
    event = context.event
    if isinstance(event, e.RungEvent):
        yield from _rung(context, event)
        return
    own = _OWN.get(type(event), _fields)
    yield from own(context, event)
    if event.own:
        yield from _own(context, ACTION_OF.get(type(event), ""), event.own)
    if "text" in context.texts:
        yield context.texts["text"]
    if "reason" in context.texts:
        yield context.say("reason", text=context.texts["reason"])
    for change in event.clocks:
        yield from _clock(context, change)


def _rung(context: EventContext, event: e.RungEvent) -> Iterator[str]:
    yield context.clock(event.clock, event.subject)
    plan, rung = context.rules.plan.get(event.clock), context.rung(event.clock, event.level)
    run = context.run(context.before, (event.clock, event.subject, event.cycle))
    if plan is not None and rung is not None:
        yield _span(context, plan, rung, run)
    if event.cycle > 1:
        yield context.say("cycle", n=event.cycle)
    if isinstance(event, e.CardIssued) and context.is_by_days(event.clock):
        yield context.say("last day", day=last_day(event.at_us, context.rules.policy.timezone))
    if context.before.facts.past_units:
        yield event.unit or context.say("nobody")
    if event.inherited:
        yield context.say("inherited")
    if event.skipped and plan is not None:
        yield _skipped(context, plan.then.get(event.level, ""), event.skipped)


def _span(context: EventContext, plan: CompiledClock, rung: Rung, run: ClockRun | None) -> str:
    """How long the rung gave, and by how much it was extended."""
    text = _length(context, plan, rung)
    if run is None or not run.grants:
        return text
    grants = plan.grants_of(run, plan.rule.rungs.index(rung))
    longer = sum(amount for _, amount, unit in grants if unit == "days" and isinstance(amount, int))
    return context.say("granted", span=text, n=longer) if longer else text


def _length(context: EventContext, plan: CompiledClock, rung: Rung) -> str:
    unit, amount = length_of(rung) if rung.percent is None else ("percent", rung.percent)
    length = amount if unit and isinstance(amount, int) else None
    base = next(
        (one.labels.get(context.lang, one.level) for one in plan.rule.rungs if one.level == rung.of), ""
    )
    return length_text(length, unit, plan.rule.counting, context.lang, base=base)


def _clock(context: EventContext, change: e.ClockChange) -> Iterator[str]:
    """What the change did to a clock that people should know: pauses, revivals, moved deadlines."""
    key = (change.clock, change.subject, change.cycle)
    before, after = context.run(context.before, key), context.run(context.case, key)
    name = context.clock(change.clock, change.subject)
    if after is None:
        return
    if before is None:
        if after.is_paused:
            yield context.say("paused", clock=name)
        return
    if before.status == "stopped" and after.is_running and len(after.pauses) > len(before.pauses):
        yield context.say("revived", clock=name, at=context.time(after.pauses[-1][0]))
    elif after.is_running and after.is_paused > before.is_paused:
        yield context.say("paused", clock=name)
    elif before.is_paused > after.is_paused or (after.is_running and not before.is_running):
        yield context.say("runs on", clock=name)
    moved = before.deadline_us != after.deadline_us and after.is_running
    if moved and isinstance(context.event, e.ExtensionGranted | e.Migrated):
        yield _deadline(context, "" if isinstance(context.event, e.ExtensionGranted) else name, after)


def _deadline(context: EventContext, name: str, run: ClockRun) -> str:
    """The clock's deadline as it now is; the name is left out where the line has it already."""
    due = run.deadline_us
    if due is None:
        text = context.say("no last day")
    elif context.is_by_days(run.clock):
        text = context.say("last day", day=last_day(due, context.rules.policy.timezone))
    else:
        text = context.say("due", at=context.time(due))
    return f"{name} {text}".lstrip()


def _submitted(context: EventContext, event: e.Submitted | e.Adopted) -> Iterator[str]:
    yield event.unit
    yield context.named(context.rules.policy.kinds, event.origin.kind)


def _taken_over(context: EventContext, event: e.Adopted) -> Iterator[str]:
    yield from _submitted(context, event)
    yield context.state(context.case.state)


def _unit(context: EventContext, event: e.Routed | e.Transferred | e.CoHandlerAdded) -> Iterator[str]:
    yield event.unit


def _reported(context: EventContext, event: e.Reported) -> Iterator[str]:
    yield event.by.unit


def _rated(context: EventContext, event: e.Rated) -> Iterator[str]:
    if event.score:
        yield context.say("score", n=event.score)
    if event.causes:
        yield context.say("comma").join(context.choice("causes", cause, "rate") for cause in event.causes)
    follow_up = context.rules.dissatisfied
    if event.skipped and follow_up is not None:
        yield _skipped(context, follow_up.then, event.skipped)


def _invited(context: EventContext, event: e.Invited) -> Iterator[str]:
    window = context.rules.token_window
    until = None if window is None else window.breach(event.since_us).at_us
    if until is not None:
        yield context.say("last day", day=last_day(until, context.rules.policy.timezone))


def _assessed(context: EventContext, event: e.Assessed) -> Iterator[str]:
    for name in ("efficiency", "effect"):
        if mark := getattr(event, name):
            yield context.say(name, n=mark)


def _rejected(context: EventContext, event: e.Rejected) -> Iterator[str]:
    yield context.named(context.rules.policy.reasons, event.code)


def _merged(context: EventContext, event: e.Merged) -> Iterator[str]:
    yield context.say("into", case=event.primary)


def _followed(context: EventContext, event: e.Followed) -> Iterator[str]:
    yield context.say("by", case=event.follower)


def _reopened(context: EventContext, event: e.Reopened) -> Iterator[str]:
    yield context.say("cycle", n=context.case.facts.cycle)


def _extension(context: EventContext, event: e.ExtensionRequested | e.ExtensionGranted) -> Iterator[str]:
    yield context.clock(event.clock, event.subject)
    unit, amount = extension_length(event)
    if unit == "until":
        yield context.say("until", day=event.until)
    elif unit:
        yield context.say("days", n=amount) if unit == "days" else length_text(amount, unit, "", context.lang)


def _attached(context: EventContext, event: e.Attached) -> Iterator[str]:
    yield context.texts.get("name", "")
    yield event.media_type
    yield context.say("bytes", n=event.size)


def _redacted(context: EventContext, event: e.Redacted) -> Iterator[str]:
    yield from map(context.field, event.fields)
    yield event.basis


def _annulled(context: EventContext, event: e.CardAnnulled) -> Iterator[str]:
    label = context.level(event.clock, event.level)
    yield context.say("card of", label=label, at=context.time(event.issued_us))
    is_own = event.cause in context.rules.policy.actions and event.cause not in e.EVENTS
    named = context.action(event.cause) if is_own else event_text(event.cause, context.lang)
    yield context.say("because", event=named)


def _appeal(context: EventContext, event: e.AppealUpheld) -> Iterator[str]:
    yield context.clock(event.clock, event.subject)
    yield context.level(event.clock, event.level)
    if event.cycle > 1:
        yield context.say("cycle", n=event.cycle)


def _linked(context: EventContext, event: e.Linked | e.Unlinked) -> Iterator[str]:
    yield _link_label(context, event.type)
    yield event.case
    rule = context.rules.policy.links.get(event.type)
    if isinstance(event, e.Linked) and event.skipped and rule is not None and rule.when_made is not None:
        yield _skipped(context, rule.when_made.then, event.skipped)


def _linked_moved(context: EventContext, event: e.LinkedCaseMoved) -> Iterator[str]:
    yield _link_label(context, event.type)
    yield event.case
    questions = context.rules.linked.get(event.type)
    action = questions.actions.get(event.state) if questions is not None else None
    if action is not None:
        yield action.labels.get(context.lang, event.state)
    elif event.final:
        yield context.say("ended")
    if event.skipped and action is not None:
        yield _skipped(context, action.then, event.skipped)


def _skipped(context: EventContext, action: str, code: str) -> str:
    """Why the system did not do what it does as a rule."""
    return context.say("skipped", action=context.action(action), code=_why(context, code))


def _link_label(context: EventContext, link: str) -> str:
    return context.named(context.rules.policy.links, link)


def _receipt(context: EventContext, event: e.ReceiptSigned) -> Iterator[str]:
    """The card with which the document went out; its id alone where the rules know it no more."""
    issued = dict(documents_of(context.rules.routes.documents, context.before))
    card = issued.get(event.document)
    if card is None:
        yield event.document
    else:
        label = context.level(card.clock, card.level)
        yield context.say("card of", label=label, at=context.time(card.effective_us))


def _adopted(context: EventContext, event: e.Migrated) -> Iterator[str]:
    yield f"{context.office()} {context.rules.policy.version}"


def _acted(context: EventContext, event: e.Acted) -> Iterator[str]:
    yield from _own(context, event.action, event.fields)


def _own(context: EventContext, action: str, fields: e.Fields) -> Iterator[str]:
    """Fields of the policy's own, each with its label."""
    rules = context.rules.fields.get(action, {})
    for name, entry in fields:
        shown = str(entry)
        if isinstance(entry, bool):
            shown = context.say("yes" if entry else "no")
        elif isinstance(entry, int) and name in rules and rules[name].type == "instant":
            shown = context.time(entry)
        elif isinstance(entry, list | tuple):
            shown = mark("list", context.lang).join(context.choice(name, str(part), action) for part in entry)
        elif isinstance(entry, str):
            shown = context.choice(name, entry, action)
        yield f"{context.field(name, action)} {shown}"


def _strange(context: EventContext, event: e.UnknownEvent) -> Iterator[str]:
    yield context.say("unknown")


def _fields(context: EventContext, event: e.Event) -> Iterator[str]:
    """The event's own fields that say something, as they are: ids and names that a portal gave."""
    for name in type(event).__match_args__:
        entry = getattr(event, name)
        if name not in _COMMON and isinstance(entry, str | int) and entry:
            yield str(entry)


def _why(context: EventContext, code: str) -> str:
    """Why a rung's timed action was not taken, by its refusal's code; the code where there is no word."""
    return text(f"skipped.{code}", context.lang)


_OWN: dict[type[e.Event], Callable[[EventContext, Any], Iterator[str]]] = {
    e.Submitted: _submitted,
    e.Adopted: _taken_over,
    e.Routed: _unit,
    e.Transferred: _unit,
    e.CoHandlerAdded: _unit,
    e.Reported: _reported,
    e.Invited: _invited,
    e.Rated: _rated,
    e.Assessed: _assessed,
    e.Rejected: _rejected,
    e.Merged: _merged,
    e.Followed: _followed,
    e.Reopened: _reopened,
    e.ExtensionRequested: _extension,
    e.ExtensionGranted: _extension,
    e.Attached: _attached,
    e.Redacted: _redacted,
    e.CardAnnulled: _annulled,
    e.Linked: _linked,
    e.Unlinked: _linked,
    e.LinkedCaseMoved: _linked_moved,
    e.ReceiptSigned: _receipt,
    e.AppealUpheld: _appeal,
    e.Migrated: _adopted,
    e.Acted: _acted,
    e.UnknownEvent: _strange,
}
"""What an event says of its own; any other says its fields as they are."""
