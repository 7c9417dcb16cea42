"""The desk: load, decide, append. The one door through which cases are changed."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

from caseflow.clock import SystemClock, seconds_running
from caseflow.core.case import Card, Case
from caseflow.core.commands import SYSTEM, Actor, Command
from caseflow.core.decide import adopt_rules, caught_up, decide, follow
from caseflow.core.events import Event, Redacted, Rejected, RungEvent, Withdrawn
from caseflow.core.evolve import evolve, replay
from caseflow.core.instants import EARLIEST, LATEST, SECOND, micros
from caseflow.core.policy import Policy
from caseflow.core.policy_document import policy_from_document
from caseflow.core.rules import Rules
from caseflow.core.values import Value, maker, value
from caseflow.desk_actions import check_call
from caseflow.desk_adopting import DeskAdopting
from caseflow.desk_telling import with_owed
from caseflow.errors import BadInput, KeyReused, Refused, Stale, StoreError, UnknownCase
from caseflow.hooks import Hook, Hooks, When
from caseflow.observed import SweepDone
from caseflow.outbox import Document
from caseflow.ports import Append, Authorizer, Clock, KeyClaim, Observer, Query, Store, Text
from caseflow.sealing import check_names, sealed, with_redacted
from caseflow.views.allowed import Allowed, allowed
from caseflow.views.explain import Explanation, explain
from caseflow.views.forecast import Forecast, forecast
from caseflow.views.letter import letter
from caseflow.views.public import PublicCase, public_view
from caseflow.views.story_words import Lang
from caseflow.watching import Watch

ATTEMPTS = 5
"""How often a command is decided anew when another writer was faster."""
BATCH = 500
"""Cases a sweep appends in one go."""

_command = maker(Command)
_append = maker(Append)
_NO_FIELDS: Mapping[str, Any] = {}


@value
class Sweep(Value):
    """What a sweep did.

    Attributes:
        cards, reminders: newly issued, by case in the order they were due; annulled ones never appear.
        conflicts: ids of cases that other writers kept changing; the next sweep meets them again.
        refused: ids of cases left as they are: they hold an event this version does not know, or a hook
            did not let them through.
        waiting: how many cases wait for a calendar that reaches further.
        more: whether more is due than `limit` let through.
    """

    cards: tuple[Card, ...] = ()
    reminders: tuple[Card, ...] = ()
    conflicts: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    waiting: int = 0
    more: bool = False


@value
class Page(Value):
    """Some cases in the order of (next due, id), and the cursor for those after them.

    ``cursor`` is empty on the last page.
    """

    cases: tuple[Case, ...]
    cursor: str = ""

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def __len__(self) -> int:
        return len(self.cases)


class Desk(DeskAdopting):
    """Takes commands, keeps what they lead to, and tells what is due. Safe to share between threads.

    Args:
        policy: the rules for new cases, or these compiled, to share them between desks; older cases keep
            the rules they pinned.
        store: where cases are kept.
        clock: tells the time; the system's by default.
        authorizer: replaces the policy's table of role x action.
        tells: whether people are told: notices and documents are written with the events. Without, nothing
            is ever told of what this desk records; for the past, brought in from a log.
        observer: is told what was done, refused and swept.

    Boundary:
        The clock is read once for each command, before anything else, and that instant is kept through
        every retry.
    """

    def __init__(
        self,
        policy: Policy | Rules,
        store: Store,
        *,
        clock: Clock | None = None,
        authorizer: Authorizer | None = None,
        tells: bool = True,
        observer: Observer | None = None,
    ) -> None:
        self.rules = policy if isinstance(policy, Rules) else Rules(policy)
        self.store = store
        self.clock: Any = clock if clock is not None else SystemClock()
        self._authorize = authorizer
        self._tells = tells
        self._watch = Watch(observer)
        self._hooks = Hooks(self._watch)
        self._by_pin: dict[str, Rules] = {self.rules.pin: self.rules}
        self._newest = self.rules.pin
        self._pinned = False
        self._lock = threading.Lock()

    # -- commands ---------------------------------------------------------------------------------------

    def act(
        self,
        case_id: str,
        action: str,
        *,
        by: Actor,
        fields: Mapping[str, Any] | None = None,
        effective_at: datetime | str | None = None,
        key: str | None = None,
        expected_version: int | None = None,
    ) -> Case:
        """Take any action of the policy, its own ones included.

        Args:
            case_id: the case; for ``submit`` the id it will have.
            action: the action's name.
            by: who acts.
            fields: the action's fields by name; every action takes ``reason``.
            effective_at: since when it is true, when that is before now; needs a role that may backdate,
                and a reason.
            key: an idempotency key of this actor; a repeat returns the case as it was after the first time.
            expected_version: refuse with `Stale` unless the case is at this version.

        Returns:
            The case after the command.

        Raises:
            Refused: the rules do not allow it; nothing was recorded.
            Stale: the expected version is not the case's, or other writers were faster five times.
            KeyReused: the key belongs to another command.
            UnknownCase: no such case.
        """
        if not self._watch.is_on():
            return self._acted(case_id, action, by, fields, effective_at, key, expected_version)
        return self._watch.command(
            partial(self._acted, case_id, action, by, fields, effective_at, key, expected_version),
            case_id=case_id,
            action=action if action in self.rules.policy.actions else "",
            role=by.role,
        )

    def _acted(
        self,
        case_id: str,
        action: str,
        by: Actor,
        fields: Mapping[str, Any] | None,
        effective_at: datetime | str | None,
        key: str | None,
        expected_version: int | None,
    ) -> Case:
        check_call(case_id, action, by, key)
        now: int = self.clock.now_us()
        since = None if effective_at is None else micros(effective_at, what="effective_at")
        claim = None
        if key is not None:
            digest = _digest(case_id, action, by, fields or {}, since)
            claim = KeyClaim(by.id, key, digest, case_id, 0, 0)
            repeated = self._repeated(claim)
            if repeated is not None:
                return repeated
        version = 0
        for _ in range(ATTEMPTS):
            case = self.store.load(case_id) or _unsubmitted(case_id, action)
            version = case.version
            if expected_version is not None and version != expected_version:
                raise Stale(case_id, expected=expected_version, found=version)
            rules = self.rules if case.origin.pin is self._newest else self._rules_of(case)
            texts: tuple[Text, ...] = ()
            if fields:
                command, texts = sealed(rules, action, by, fields, since)
            else:
                command = _command(action, by, _NO_FIELDS, (), since)
            try:
                after = self._appended(rules, case, command, now, texts, claim)
            except Stale:
                if expected_version is not None:
                    raise
                self._watch.conflict(case_id, action)
                continue
            except KeyReused:
                repeated = self._repeated(claim) if claim is not None else None
                if repeated is None:
                    raise
                return repeated
            return after
        raise Stale(case_id, expected=version)

    def _appended(
        self,
        rules: Rules,
        case: Case,
        command: Command,
        now: int,
        texts: tuple[Text, ...],
        claim: KeyClaim | None,
    ) -> Case:
        """The case after the command was decided and its events appended."""
        primary = None
        if command.action == "merge":
            primary = self.store.load(str(command.fields.get("primary", "")))
        events = decide(rules, case, command, now, authorize=self._authorize, primary=primary)
        if command.action == "adopt_rules":
            events = self._adopting(rules, case, command, now, events)
        after = case
        for event in events:
            after = evolve(after, event)
            if texts and event.texts:
                texts = tuple([text.replace(version=after.version) for text in texts])
        entry = _append(after, case.version, events, texts)
        if command.action == "redact":
            entry = self._redacting(entry, source=rules.policy.actions["redact"].source)
        entry = self._told(rules, case, entry)
        if claim is not None:
            claim = claim.replace(first=case.version + 1, last=after.version)
        if not self._pinned:
            self._pin()
        if primary is not None or case.facts.followers:
            self._record((entry, *self._taken_along(case, primary, events, command, now)), claim)
        else:
            self._record((entry,), claim)
        return after

    def _record(self, entries: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Append what the hooks let through, and call those who follow it."""
        if self._hooks.is_quiet:
            self.store.append(entries, claim)
            return
        self._hooks.before(entries)
        self.store.append(entries, claim)
        self._hooks.after(self.store, entries)

    def _record_swept(self, entries: Sequence[Append]) -> None:
        """Append what was let through, case by case, and call those who follow it."""
        self.store.append(entries)
        self._hooks.after(self.store, entries)

    def _redacting(self, entry: Append, *, source: str) -> Append:
        """The append that erases what its event names.

        Raises:
            Refused: a name fits no text that is still kept.
        """
        names = next(event.fields for event in entry.events if type(event) is Redacted)
        check_names(names, self.store.texts(entry.case.id), entry.case, source=source)
        return entry.replace(redacts=names)

    def _taken_along(
        self, case: Case, primary: Case | None, events: tuple[Event, ...], command: Command, now: int
    ) -> list[Append]:
        """What goes to other cases: of a merge to its primary, of an ended primary to its followers."""
        if primary is not None:
            return [self._followed(primary, case.id, command.by, now)]
        if not any(isinstance(event, Withdrawn | Rejected) for event in events):
            return []
        resumed = [self._resumed(follower, case.id, now) for follower in case.facts.followers]
        return [entry for entry in resumed if entry.events]

    def _followed(self, primary: Case, follower: str, by: Actor, now: int) -> Append:
        rules = self._rules_of(primary)
        events = follow(rules, primary, follower, by, now)
        return self._told(rules, primary, Append(_after(primary, events), primary.version, events))

    def _resumed(self, case_id: str, primary: str, now: int) -> Append:
        case = self._known(case_id)
        if case.facts.primary != primary:
            return Append(case, case.version, ())
        rules = self._rules_of(case)
        events = decide(rules, case, Command("resume", SYSTEM), now)
        return self._told(rules, case, Append(_after(case, events), case.version, events))

    def _told(self, rules: Rules, case: Case, entry: Append) -> Append:
        """The append with what is owed to people for its events."""
        return with_owed(entry, rules, case, store=self.store, adopted=self.rules) if self._tells else entry

    def _repeated(self, claim: KeyClaim) -> Case | None:
        """The case as the key's first command left it; `None` when the key is free."""
        known = self.store.recall(claim.actor, claim.key)
        if known is None:
            return None
        if known.digest != claim.digest:
            raise KeyReused(claim.key, actor=claim.actor)
        return replay(known.case_id, self.store.events(known.case_id)[: known.last])

    def subscribe(
        self, what: type[Event] | str, function: Hook, *, when: When = "after"
    ) -> Callable[[], None]:
        """Call a function of this process for every event of a kind, whoever on this desk brings it about.

        Args:
            what: an event's class or registered name, such as ``CardIssued`` or ``"card-issued"``;
                ``RungEvent`` for reminders and cards, ``Event`` for all.
            function: gets a `Happened`; what it returns is not looked at.
            when: ``before``: after the decision, before anything is recorded; any error stops the command,
                with nothing recorded, and reaches whoever gave it; raise `Refused` to say why. A sweep
                leaves that case out and goes on. Called once more when another writer was faster, so that
                it should change nothing itself. ``after``: once it is committed, with a joined store after
                the portal's commit; an error is logged and stops nobody. Never called for a repeat under an
                idempotency key.

        Returns:
            A function that ends the subscription.

        Hooks are called in the order of events, for each in the order of subscription. Those after the
        commit are lost with the process; what must be told stands in the policy's notices.

        Raises:
            BadInput: there is no such event, or no such ``when``.
        """
        return self._hooks.subscribe(what, function, when=when)

    # -- time -------------------------------------------------------------------------------------------

    def sweep(
        self,
        *,
        limit: int | None = None,
        until: datetime | str | int | None = None,
        part: tuple[int, int] | None = None,
    ) -> Sweep:
        """Fire every rung that is due: the same cards, whenever and by however many it is called.

        Args:
            limit: look at no more than so many cases.
            until: fire only what is due at or before this instant; never later than now.
            part: ``(k, n)`` looks at the k-th of n parts of all cases only, so that n workers at once do not
                meet at the same ones; a case's part follows from its id. Sweepers need not agree on it.

        Raises:
            BadInput: k is not one of 1 to n.
        """
        started, now = seconds_running(), int(self.clock.now_us())
        horizon = now if until is None else min(micros(until, what="until"), now)
        mine, earliest = _of_part(part), now
        fired: list[Card] = []
        conflicts: list[str] = []
        refused: list[str] = []
        left, after, more = limit, None, False
        while left is None or left > 0:
            size = BATCH if left is None else min(BATCH, left)
            found = self.store.due(horizon, limit=size, after=after)
            if found and after is None:
                earliest = found[0][0]
            self._sweep_batch(
                [case_id for _, case_id in found if mine(case_id)], horizon, now, fired, conflicts, refused
            )
            left = None if left is None else left - len(found)
            if len(found) < size:
                break
            after = found[-1]
        else:
            more = bool(self.store.due(horizon, limit=1, after=after))
        swept = Sweep(
            tuple(card for card in fired if card.is_breach),
            tuple(card for card in fired if not card.is_breach),
            tuple(conflicts),
            tuple(refused),
            self.store.waiting(now),
            more,
        )
        self._watch.tell(_seen(swept, (now - earliest) / SECOND, seconds_running() - started))
        return swept

    def _sweep_batch(
        self,
        ids: list[str],
        horizon: int,
        now: int,
        fired: list[Card],
        conflicts: list[str],
        refused: list[str],
    ) -> None:
        appends = []
        load_many = getattr(self.store, "load_many", None)
        loaded = load_many(ids) if load_many is not None else None
        for case_id in ids:
            try:
                if loaded is None:
                    entry = self._swept(case_id, horizon, now)
                else:
                    entry = self._owed(loaded.get(case_id), horizon, now)
            except Refused:
                refused.append(case_id)
                continue
            if entry is not None and not self._hooks.is_let_through(entry):
                refused.append(case_id)
            elif entry is not None:
                appends.append(entry)
        try:
            if appends:
                self._record_swept(appends)
        except Stale:
            appends = [
                entry for case_id in ids if (entry := self._swept_alone(case_id, horizon, now, conflicts))
            ]
        for entry in appends:
            fired += entry.case.rungs[len(entry.case.rungs) - _fired(entry) :]

    def _swept(self, case_id: str, horizon: int, now: int) -> Append | None:
        return self._owed(self.store.load(case_id), horizon, now)

    def _owed(self, case: Case | None, horizon: int, now: int) -> Append | None:
        if case is None or case.next_due_us is None or case.next_due_us > horizon:
            return None
        rules = self._rules_of(case)
        after, events = caught_up(rules, case, horizon, now)
        return self._told(rules, case, _append(after, case.version, events))

    def _swept_alone(self, case_id: str, horizon: int, now: int, conflicts: list[str]) -> Append | None:
        for _ in range(ATTEMPTS):
            try:
                entry = self._swept(case_id, horizon, now)
                if entry is not None:
                    if not self._hooks.is_let_through(entry):
                        return None
                    self._record_swept((entry,))
            except Refused:
                return None
            except Stale:
                continue
            return entry
        conflicts.append(case_id)
        return None

    # -- questions --------------------------------------------------------------------------------------

    def get(self, case_id: str) -> Case:
        """The case as it is stored; what is due but not swept yet is not in it.

        Raises:
            UnknownCase: no such case.
        """
        return self._known(case_id)

    def history(self, case_id: str) -> tuple[Event, ...]:
        """Every event of the case, oldest first.

        Raises:
            UnknownCase: no such case.
        """
        self._known(case_id)
        return self.store.events(case_id)

    def texts(self, case_id: str) -> tuple[Text, ...]:
        """The personal texts of the case: version, field and text, in the order they came.

        One that was redacted stands in its place with ``is_redacted`` true, without text and salt.

        Raises:
            UnknownCase: no such case.
        """
        case, kept = self._known(case_id), self.store.texts(case_id)
        return with_redacted(self.store.events(case_id), kept) if case.facts.redactions else kept

    def documents(self, case_id: str) -> tuple[Document, ...]:
        """The numbered documents of the case, in the order they were issued; void ones (作废) among them.

        Raises:
            UnknownCase: no such case.
        """
        self._known(case_id)
        return self.store.documents(case_id)

    def document_html(
        self, case_id: str, document: str, *, lang: Lang = "zh", folder: Path | None = None
    ) -> str:
        """A numbered document as a page that prints on one sheet of A4, with its receipt strip (签收回执).

        Args:
            document: its id.
            lang: ``zh`` or ``en``.
            folder: the portal's own pages, which take the place of the shipped ones.

        Raises:
            UnknownCase: no such case.
            BadInput: the case has no such document; or a page of the folder cannot be filled.
        """
        case = self._known(case_id)
        found = next((one for one in self.store.documents(case_id) if one.draft.id == document), None)
        if found is None:
            raise BadInput("unknown-document", case=case_id, found=document)
        texts = self.store.texts(case_id)
        return letter(self._rules_of(case), case, found, texts=texts, lang=lang, folder=folder)

    def explain(self, case_id: str, *, clock: str) -> tuple[Explanation, ...]:
        """Why each deadline of a clock is what it is, day by day: every instance, oldest first.

        Raises:
            UnknownCase: no such case.
            BadInput: the case has no such clock.
        """
        case = self._known(case_id)
        return explain(self._rules_of(case), case, clock)

    def public(self, case_id: str) -> PublicCase:
        """The case as anyone may see it: an allow-list without texts, people and notes.

        Raises:
            UnknownCase: no such case.
        """
        case = self._known(case_id)
        return public_view(self._rules_of(case), case)

    def forecast(self, case_id: str) -> tuple[Forecast, ...]:
        """What happens, and when, if nobody acts: in the order of time.

        Raises:
            UnknownCase: no such case.
        """
        case = self._known(case_id)
        return forecast(self._rules_of(case), case)

    def allowed(self, case_id: str, *, by: Actor) -> tuple[Allowed, ...]:
        """Every action of the policy, in its order: its fields, or the refusal with its remedy.

        Raises:
            UnknownCase: no such case.
        """
        case = self._known(case_id)
        return allowed(self._rules_of(case), case, by, self.clock.now_us(), self._authorize)

    def cases(
        self,
        *,
        unit: str | None = None,
        state: str | None = None,
        overdue: bool = False,
        by: Actor | None = None,
        limit: int = 50,
        cursor: str = "",
    ) -> Page:
        """Cases in the order of (next due, id), those with nothing due last.

        Args:
            unit: only those this unit holds.
            state: only those in this state.
            overdue: only those with a running clock past its deadline, swept or not.
            by: only what this actor may see: a citizen their own, a handler their unit's.
            limit: at most so many, 1 to 1000.
            cursor: where the last page ended.
        """
        if not 1 <= limit <= 1000:
            raise BadInput("bad-option", what="limit", found=f"{limit}, expected 1 to 1000")
        scope = "any" if by is None else self.rules.role(by).scope
        citizen = by.id if by is not None and scope == "own" else None
        if by is not None and scope == "unit":
            if not by.unit or unit not in (None, by.unit):
                return Page(())
            unit = by.unit
        now = self.clock.now_us() if overdue else None
        query = Query(unit, citizen, state, now, _cursor(cursor) if cursor else None, limit + 1)
        found = self.store.find(query)
        if len(found) <= limit:
            return Page(found)
        last = found[limit - 1]
        return Page(found[:limit], json.dumps([last.next_due_us, last.id], ensure_ascii=False))

    # -- rules ------------------------------------------------------------------------------------------

    def rules_of(self, case: str | Case) -> Rules:
        """The rules that the case, or the case of that id, pinned.

        Raises:
            UnknownCase: no such case.
        """
        return self._rules_of(self._known(case) if isinstance(case, str) else case)

    def _known(self, case_id: str) -> Case:
        case = self.store.load(case_id)
        if case is None:
            raise UnknownCase(case_id)
        return case

    def _rules_of(self, case: Case) -> Rules:
        """The rules the case pinned; this desk's for a case that is not submitted yet."""
        pin = case.origin.pin
        if pin == self.rules.pin or not pin:
            return self.rules
        rules = self._by_pin.get(pin)
        if rules is None:
            document = self.store.pinned(pin)
            if document is None:
                raise StoreError("unknown-pin", found=pin)
            rules = self._by_pin[pin] = Rules(policy_from_document(document))
        return rules

    def _adopting(
        self, rules: Rules, case: Case, command: Command, now: int, events: tuple[Event, ...]
    ) -> tuple[Event, ...]:
        """What was due under the old rules, then the adoption of this desk's."""
        names = [event.name for event in events]
        issued = events[: names.index("rules-adopted")]
        return (*issued, *adopt_rules(self.rules, _after(case, issued), command, now))

    def _pin(self) -> None:
        with self._lock:
            self.store.pin(self.rules.pin, self.rules.document)
            self._pinned = True


def _after(case: Case, events: tuple[Event, ...]) -> Case:
    for event in events:
        case = evolve(case, event)
    return case


def _seen(swept: Sweep, lag: float, seconds: float) -> SweepDone:
    counts = len(swept.cards), len(swept.reminders), len(swept.conflicts), len(swept.refused)
    return SweepDone(*counts, swept.waiting, lag, swept.more, seconds)


def _fired(entry: Append) -> int:
    return sum(isinstance(event, RungEvent) for event in entry.events)


def _of_part(part: tuple[int, int] | None) -> Callable[[str], bool]:
    """Whether a case belongs to the part; the same for every process and version."""
    if part is None:
        return lambda _: True
    which, parts = part
    if not 1 <= which <= parts:
        raise BadInput("bad-part", found=f"{which}/{parts}")
    return lambda case_id: crc32(case_id.encode()) % parts == which - 1


def _unsubmitted(case_id: str, action: str) -> Case:
    """The case before its submission.

    Raises:
        UnknownCase: for every other action.
    """
    if action != "submit":
        raise UnknownCase(case_id)
    return Case(case_id)


def _cursor(text: str) -> tuple[int | None, str]:
    try:
        due, case_id = json.loads(text)
    except (ValueError, TypeError) as error:
        raise BadInput("bad-cursor", what="cursor", found=text) from error
    named = type(case_id) is str and case_id.isprintable()
    if not named or not (due is None or (type(due) is int and EARLIEST <= due <= LATEST)):
        raise BadInput("bad-cursor", what="cursor", found=text)
    return due, case_id


def _digest(case_id: str, action: str, by: Actor, fields: Mapping[str, Any], since: int | None) -> str:
    """The hash an idempotency key remembers; the time it was asked at is no part of it."""
    asked = [case_id, action, by.id, by.role, by.unit, since, sorted(fields.items())]
    return hashlib.sha256(json.dumps(asked, default=str).encode()).hexdigest()
