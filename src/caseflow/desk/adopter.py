"""The takeover of cases of another system: what is known of one; one case, or a whole table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice, takewhile
from typing import Any, TypedDict, TypeVar

import attrs
import msgspec

from caseflow.core.engine.adoption import ADOPT, adopt
from caseflow.core.engine.fields import has_word, plain
from caseflow.core.engine.legacy import Legacy, legacy_of
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor, Command
from caseflow.core.model.events import Adopted, Fields, RungEvent
from caseflow.core.model.evolve import replay
from caseflow.core.time.instants import micros
from caseflow.core.units import present_name
from caseflow.core.value import Value
from caseflow.desk.call_checks import (
    checked_actor,
    checked_call,
    checked_function,
    checked_key,
    checked_mapping,
    checked_name,
)
from caseflow.desk.command_handler import ATTEMPTS, BATCH, CommandHandler
from caseflow.desk.idempotency import Request
from caseflow.errors import BadInput, CaseflowError, Refusal, Refused, Stale
from caseflow.ports import Append, Store, Text
from caseflow.serialization.redaction import sealed

MOST_DAYS = 36_525
"""Days of an extension: a hundred years, which no count exceeds."""
Told = TypeVar("Told")
Instant = datetime | str | int
"""An aware datetime, its ISO 8601 text with an offset, or epoch microseconds."""


@attrs.frozen(kw_only=True)
class Granted:
    """An extension that was granted: when, by how many days, to which clock (if empty, the one that ran)."""

    at: Instant
    days: int
    clock: str = ""


@attrs.frozen(kw_only=True)
class Paused:
    """A pause of a clock, or of every clock the policy pauses: ``[since, until)``, open without an end.

    Of pauses of which only the length is known, that: in ``days`` as the clock counts them, or in ``hours``
    for one that does not count days. They are taken to stand at the start of the clock.
    """

    since: Instant | None = None
    until: Instant | None = None
    clock: str = ""
    days: int = 0
    hours: int = 0


@attrs.frozen(kw_only=True)
class Holder:
    """Who held a case before its present unit, and since when; nobody without a name."""

    unit: str
    since: Instant


@attrs.frozen(kw_only=True)
class PastRating:
    """A rating that was given before: when, and what it said in fields of the policy's action ``rate``.

    ``{"score": 4}``, axes and causes by their keys; no text of a person. ``by`` is the role of an officer who
    asked for it, empty where the citizen gave it by themselves.
    """

    at: Instant
    fields: Mapping[str, Any]
    by: str = ""


class Known(TypedDict, total=False):
    """What may be known of a case beside its id; see `LegacyCase`."""

    state: str
    submitted_at: Instant
    unit: str
    unit_since: Instant | None
    holders: Sequence[Holder]
    state_since: Instant | None
    replied_at: Instant | None
    ratings: Sequence[PastRating]
    extensions: Sequence[Granted]
    pauses: Sequence[Paused]
    started: Mapping[str, Instant]
    ended: Mapping[str, Instant]
    kind: str
    channel: str
    region: str
    urgency: str
    citizen: str
    title: str
    body: str
    own_fields: Mapping[str, Any]
    policy: str


@attrs.frozen(kw_only=True)
class LegacyCase:
    """A case as another system knew it.

    Attributes:
        case_id: the id it keeps.
        state: where it stands, by the policy's name; one that has ended is taken over for the record.
        submitted_at: when it was submitted: its true start.
        unit: who holds it; nobody when empty.
        unit_since: since when; by default since the submission.
        holders: those who held it before, in the order of time; before all of them nobody did.
        state_since: since when it is in its state; needed when a clock hangs on it, or when it has ended.
        replied_at: when it got its public, substantive reply.
        ratings: those that the citizen gave so far. Where a clock counts the time for one, and none was given
            in it, its rung is inherited: silence is on record as it would be here.
        extensions: granted so far.
        pauses: so far, overlapping ones as their union.
        started: clock -> its true start, where neither submission nor unit nor state tells it.
        ended: clock -> when its aim was reached, where neither reply nor state tells it.
        kind, channel, region, urgency: what clocks' conditions ask for.
        citizen: the id of whoever asked.
        title, body: personal texts, kept apart from the events.
        own_fields: the policy's own fields of a submission.
        policy: the name of the desk's policy under which it will stand; its first when empty.
    """

    case_id: str
    state: str
    submitted_at: Instant
    unit: str = ""
    unit_since: Instant | None = None
    holders: Sequence[Holder] = ()
    state_since: Instant | None = None
    replied_at: Instant | None = None
    ratings: Sequence[PastRating] = ()
    extensions: Sequence[Granted] = ()
    pauses: Sequence[Paused] = ()
    started: Mapping[str, Instant] = attrs.field(factory=dict[str, Instant])
    ended: Mapping[str, Instant] = attrs.field(factory=dict[str, Instant])
    kind: str = ""
    channel: str = ""
    region: str = ""
    urgency: str = ""
    citizen: str = ""
    title: str = ""
    body: str = ""
    own_fields: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    policy: str = ""

    def past(self) -> Legacy:
        """Its past, with instants as epoch microseconds.

        Raises:
            BadInput: something that is no instant, a naive time, days that are no whole number, an extension
                or a pause of another type.
        """
        replied = _instant(self.replied_at, "replied_at")
        pauses = tuple(_each("pauses", self.pauses, Paused))
        return Legacy(
            checked_name("state", self.state),
            micros(self.submitted_at, what="submitted_at"),
            unit=present_name(None, checked_name("unit", self.unit)),
            unit_since=_instant(self.unit_since, "unit_since"),
            holders=tuple(
                (micros(holder.since, what="holders"), checked_name("holders", holder.unit))
                for holder in _each("holders", self.holders, Holder)
            ),
            state_since=_instant(self.state_since, "state_since"),
            replies=() if replied is None else (replied,),
            ratings=tuple(map(_rated, _each("ratings", self.ratings, PastRating))),
            extensions=tuple(
                (grant.clock, micros(grant.at, what="extensions"), _days(grant.days, "extensions"))
                for grant in _each("extensions", self.extensions, Granted)
            ),
            pauses=tuple(
                (pause.clock, micros(pause.since, what="pauses"), _instant(pause.until, "pauses"))
                for pause in pauses
                if pause.since is not None
            ),
            totals=tuple(_total(pause) for pause in pauses if pause.since is None),
            started=_by_name("started", self.started),
            ended=_by_name("ended", self.ended),
        )

    def fields(self) -> dict[str, Any]:
        """The fields and texts of its submission that are not empty."""
        names = ("kind", "channel", "region", "urgency", "citizen", "title", "body")
        own = dict(checked_mapping("own_fields", self.own_fields))
        return {name: value for name in names if (value := getattr(self, name))} | own


def _instant(instant: Instant | None, what: str) -> int | None:
    return None if instant is None else micros(instant, what=what)


def _total(pause: Paused) -> tuple[str, int, str]:
    """A pause of which only the length is known.

    Raises:
        BadInput: it says no length, two of them, one that is no whole number, or when it ended.
    """
    lengths = [
        (amount, unit) for amount, unit in ((pause.days, "days"), (pause.hours, "hours")) if amount != 0
    ]
    if len(lengths) != 1 or pause.until is not None:
        raise BadInput("bad-option", what="pauses", found=f"{pause!r:.120}, expected since, days or hours")
    ((amount, unit),) = lengths
    return pause.clock, _days(amount, "pauses"), unit


def _rated(rating: PastRating) -> tuple[int, str, Fields]:
    fields = checked_mapping("ratings", rating.fields)
    if not fields:
        raise BadInput("bad-option", what="ratings", found=f"{rating!r:.120}, which says nothing")
    said = tuple((checked_name("ratings", name), plain(value)) for name, value in fields.items())
    return micros(rating.at, what="ratings"), checked_name("ratings", rating.by), said


def _each(what: str, values: Iterable[object] | None, wanted: type[Told]) -> Iterator[Told]:
    if not isinstance(values, Iterable):
        raise BadInput("bad-option", what=what, found=f"{values!r:.80}, which is no list")
    for value in values:
        if not isinstance(value, wanted):
            names = ", ".join(f"{name}=" for name in wanted.__annotations__)
            shape = f"{wanted.__name__}({names})"
            raise BadInput("bad-option", what=what, found=f"{value!r:.80}, expected {shape}")
        yield value


def _by_name(what: str, values: Mapping[str, Instant] | None) -> tuple[tuple[str, int], ...]:
    if not isinstance(values, Mapping):
        raise BadInput("bad-option", what=what, found=f"{values!r:.80}, which is no mapping of clocks")
    return tuple((name, micros(at, what=what)) for name, at in values.items())


def _days(days: int, what: str) -> int:
    if type(days) is not int:
        raise BadInput("bad-int", what=what, found=repr(days))
    if days > MOST_DAYS:
        raise BadInput("bad-option", what=what, found=f"more than {MOST_DAYS} days")
    return days


class Wrong(Value):
    """A case that cannot be taken over: its place among those given, counted from 0, and why not."""

    index: int
    case_id: str
    error: CaseflowError


class Adoption(Value):
    """What a takeover came to, or would come to.

    Attributes:
        adopted: how many cases are new; unchanged: how many were taken over before, in the same words.
        ended: how many of the new ones have ended, and are there for the record.
        inherited: level -> cards and reminders that the new ones brought along, told to nobody.
        running: clock -> instances that run on in the new ones.
        untaken: timed actions of inherited rungs that were not taken; a person decides on those cases.
        wrong: what stands in the way; unless it is empty nothing was written.
    """

    adopted: int = 0
    unchanged: int = 0
    ended: int = 0
    inherited: Mapping[str, int] = {}
    running: Mapping[str, int] = {}
    untaken: int = 0
    wrong: tuple[Wrong, ...] = ()


class Adopter:
    """Takes cases over for one desk; see `caseflow.desk.Desk.adopt` and `Desk.adopt_all`."""

    def __init__(self, handler: CommandHandler) -> None:
        self._handler = handler
        self._store = handler.store

    def adopt(self, legacy: LegacyCase, *, by: Actor, reason: str, key: str | None) -> Case:
        """The case as it stands: after the adoption, or after what happened to it since."""
        case_id, by = checked_call(legacy.case_id, ADOPT, by)
        reason = checked_name("reason", reason)
        legacy, key = attrs.evolve(legacy, case_id=case_id), None if key is None else checked_key(key)
        take = partial(self._adopt, legacy, by=by, reason=reason, key=key)
        return self._handler.watch.command(take, case_id=case_id, action=ADOPT, role=by.role)

    def _adopt(self, legacy: LegacyCase, *, by: Actor, reason: str, key: str | None) -> Case:
        handler, now = self._handler, self._handler.clock.now_us()
        take = partial(self._taken_over, legacy, by=by, reason=reason, now=now)
        if key is None:
            return take(request=None)
        request = _request(legacy, by, reason, key)
        return handler.once(request, partial(take, request=request))

    def _taken_over(
        self, legacy: LegacyCase, *, by: Actor, reason: str, now: int, request: Request | None
    ) -> Case:
        case_id, handler = legacy.case_id, self._handler
        for _ in range(ATTEMPTS):
            known = self._store.load(case_id)
            entry = self._entry(legacy, by=by, reason=reason, now=now)
            last = entry.case.version
            if known is not None:
                last = _check_same(self._store, known, entry)
            claim = None if request is None else request.claim(case_id, entry.texts, first=1, last=last)
            try:
                if known is None:
                    handler.pin()
                    handler.record((entry,), claim)
                elif claim is not None:
                    self._store.append([Append(known, known.version, ())], claim)
            except Stale:
                handler.watch.conflict(case_id, ADOPT)
                continue
            return known or entry.case
        raise Stale(case_id, expected=0)

    def _entry(self, legacy: LegacyCase, *, by: Actor, reason: str, now: int) -> Append:
        """The adoption of a case that is not there, to be appended."""
        case_id, by = checked_call(legacy.case_id, ADOPT, by)
        handler, past = self._handler, legacy.past()
        unit = {"to": past.unit} if past.unit else {}
        by, fields, rules = handler.actor(by), _fields(legacy, reason) | unit, handler.rules
        if legacy.policy != "":
            rules = handler.rules_named(legacy.policy, Command(ADOPT, by), Case(case_id))
        command, texts = sealed(rules, "submit", by, fields, None)
        command = handler.placed(rules, Case(case_id), command, now)
        past = past.replace(unit=command.fields.get("to", ""))
        command = command.replace(
            action=ADOPT, fields={name: value for name, value in command.fields.items() if name != "to"}
        )
        events = adopt(rules, case_id, past, command, now, authorizer=handler.authorizer)
        texts = tuple(text.replace(version=1) for text in texts)
        return Append(replay(case_id, events), 0, events, texts)

    def adopt_all(
        self,
        cases: Callable[[], Iterable[LegacyCase]],
        *,
        by: Actor,
        reason: str,
        dry_run: bool,
        progress: Callable[[int], object],
    ) -> Adoption:
        """All of the cases, or none when one is wrong."""
        by, reason, now = checked_actor(by), checked_name("reason", reason), self._handler.clock.now_us()
        checked_function("cases", cases)
        checked_function("progress", progress)
        judged = _Counts()
        for index, legacy in enumerate(_each("cases", cases(), LegacyCase)):
            try:
                judged.take(self._store, self._entry(legacy, by=by, reason=reason, now=now))
            except (Refused, BadInput) as error:
                judged.wrong.append(Wrong(index, legacy.case_id, error))
        if dry_run or judged.wrong:
            return judged.result()
        self._handler.pin()
        done = 0
        for batch in _batches(cases()):
            self._adopt_batch(batch, by, reason, now)
            done += len(batch)
            progress(done)
        return judged.result()

    def _adopt_batch(self, batch: list[LegacyCase], by: Actor, reason: str, now: int) -> None:
        for _ in range(ATTEMPTS):
            entries = [
                self._entry(legacy, by=by, reason=reason, now=now)
                for legacy in batch
                if self._store.load(legacy.case_id) is None
            ]
            try:
                if entries:
                    self._handler.record(entries)
            except Stale:
                continue
            return
        raise Stale(batch[0].case_id, expected=0)


class _Counts:
    """What a takeover comes to, counted case by case."""

    def __init__(self) -> None:
        self.wrong: list[Wrong] = []
        self._ids: set[str] = set()
        self._unchanged = 0
        self._untaken = 0
        self._ended = 0
        self._inherited: Counter[str] = Counter()
        self._running: Counter[str] = Counter()

    def take(self, store: Store, entry: Append) -> None:
        """Count a case.

        Raises:
            Refused: it came before, or is there with another past.
        """
        case = entry.case
        if case.id in self._ids:
            raise Refused(Refusal(code="case-exists", action=ADOPT, state=case.state), case_id=case.id)
        self._ids.add(case.id)
        known = store.load(case.id)
        if known is not None:
            _check_same(store, known, entry)
            self._unchanged += 1
            return
        self._ended += not case.is_open
        self._inherited.update(card.level for card in case.escalations)
        self._running.update(run.clock for run in case.clocks if run.is_running)
        self._untaken += sum(getattr(event, "skipped", "") != "" for event in entry.events)

    def result(self) -> Adoption:
        """The counts so far."""
        return Adoption(
            len(self._ids) - self._unchanged,
            self._unchanged,
            ended=self._ended,
            inherited=dict(self._inherited),
            running=dict(self._running),
            untaken=self._untaken,
            wrong=tuple(self.wrong),
        )


def _check_same(store: Store, known: Case, entry: Append) -> int:
    """The case that is there must have been taken over with the same past, in the same words.

    Returns:
        The version at which its takeover left it: after the adoption and the rungs inherited with it.

    Raises:
        Refused: ``case-exists``.
    """
    adoption = entry.events[0]
    events = store.events(known.id) if known.facts.adopted_us is not None else ()
    first = events[0] if events else None
    if not (
        isinstance(first, Adopted)
        and isinstance(adoption, Adopted)
        and first.origin.policy == adoption.origin.policy
        and legacy_of(first) == legacy_of(adoption)
        and [name for name, _ in first.texts] == [name for name, _ in adoption.texts]
        and _are_kept(entry.texts, store.texts(known.id))
    ):
        refusal = Refusal(code="case-exists", action=ADOPT, state=known.state, rule="adopt")
        raise Refused(refusal, case_id=known.id)
    inherited = takewhile(lambda event: isinstance(event, RungEvent) and event.inherited, events[1:])
    return 1 + sum(1 for _ in inherited)


def _are_kept(texts: Iterable[Text], kept: Iterable[Text]) -> bool:
    """Whether these are the texts of the takeover; of one that was redacted since nothing can be said."""
    known = {text.field: text.text for text in kept if text.version == 1}
    return all(known.get(text.field, text.text) == text.text for text in texts)


def _batches(cases: Iterable[LegacyCase]) -> Iterator[list[LegacyCase]]:
    left = iter(cases)
    while batch := list(islice(left, BATCH)):
        yield batch


def _request(legacy: LegacyCase, by: Actor, reason: str, key: str) -> Request:
    """The takeover as it was asked for."""
    past = msgspec.structs.astuple(legacy.past())
    command = (ADOPT, by.id, by.role, by.unit, legacy.case_id, past, legacy.policy)
    return Request(by.id, key, command, _fields(legacy, reason))


def _fields(legacy: LegacyCase, reason: str) -> dict[str, object]:
    return {**legacy.fields(), **({"reason": reason} if has_word(reason) else {})}
