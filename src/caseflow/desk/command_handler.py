"""How a command is taken: load the case, decide, append; and what every append of a desk goes through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from datetime import date, datetime
from functools import partial
from logging import DEBUG
from typing import Any

from attrs import evolve
from msgspec.structs import replace

from caseflow.core.engine.compiled_policy import CompiledPolicy, refusal
from caseflow.core.engine.decide import follow, step, step_by
from caseflow.core.engine.escalation import escalate
from caseflow.core.engine.links import LINK, UNLINK, LinkEnd, decide_link
from caseflow.core.engine.migration import MIGRATE, migrate
from caseflow.core.engine.rights import POLICY_RIGHTS, entitled
from caseflow.core.model.case import Case, RepeatedCase
from caseflow.core.model.commands import SYSTEM, Actor, Command
from caseflow.core.model.events import Event, Redacted
from caseflow.core.model.evolve import after, replay
from caseflow.core.notices import NOTHING, Notice, owed
from caseflow.core.policy import Role
from caseflow.core.time.instants import micros
from caseflow.core.units import UnitRegister, present_name, wrong_unit
from caseflow.core.value import Value
from caseflow.desk.call_checks import checked_call, checked_count, checked_key, checked_name
from caseflow.desk.hooks import Hooks
from caseflow.desk.idempotency import Request
from caseflow.desk.instrumentation import Watch
from caseflow.desk.party_views import PartyViews
from caseflow.desk.unit_of_work import UnitOfWork, is_read_again
from caseflow.errors import CaseflowError, KeyReused, Refused, Stale, UnknownCase
from caseflow.policies.registry import rules_of
from caseflow.ports import Append, Authorizer, Clock, KeyClaim, Outbox, Quarantined, Store, Text
from caseflow.serialization.redaction import check_names, sealed

ATTEMPTS = 5
"""How often a command is decided anew when another writer was faster."""
BATCH = 500
"""Cases that are written in one transaction, where there are many."""

_NO_FIELDS: Mapping[str, Any] = {}
_OF_TWO = frozenset({MIGRATE, "merge", "resume", LINK, UNLINK})
"""Actions that ask for another case, or for other rules than the case's own."""


class LeftOut(Value):
    """A case that stays as it is where many were to be changed, and why."""

    case_id: str
    error: CaseflowError


class CommandHandler:
    """Takes commands of one desk; see `caseflow.desk.Desk` for what it is given."""

    def __init__(
        self,
        policies: Sequence[CompiledPolicy],
        store: Store,
        clock: Clock,
        *,
        authorizer: Authorizer | None,
        tells: bool,
        watch: Watch,
        hooks: Hooks,
        units: UnitRegister | None = None,
    ) -> None:
        self.offered = {rules.policy.name: rules for rules in policies}
        self.rules = policies[0]
        self._of_pin = {rules.pin: rules for rules in policies}
        self.store = store
        self.clock = clock
        self.authorizer = authorizer
        self.units = units
        self._step = step if authorizer is None else partial(step_by, authorizer)
        self.watch = watch
        self.hooks = hooks
        self._tells = tells
        self._pinned = set[str]()
        self.party_views = PartyViews()

    def on(self, store: Store) -> CommandHandler:
        """The same on another store of the same cases; the two share what is known to be kept there."""
        other = copy(self)
        other.store = store
        return other

    # -- one command ---------------------------------------------------------------------------------------

    def act(
        self,
        case_id: str,
        action: str,
        by: Actor,
        fields: Mapping[str, Any],
        *,
        effective_at: datetime | str | None,
        key: str | None,
        expected_version: int | None,
        policy: str | None = None,
    ) -> Case:
        """The case after the command; see `caseflow.desk.Desk.act`."""
        watch = self.watch
        if watch.observer is None and not watch.log.isEnabledFor(DEBUG):  # nobody looks at single commands
            return self._act(
                case_id, action, by, fields,
                effective_at=effective_at, key=key, expected_version=expected_version, policy=policy,
            )  # fmt: skip
        case_id, by = checked_call(case_id, action, by)
        take = partial(
            self._act, case_id, action, by, fields,
            effective_at=effective_at, key=key, expected_version=expected_version, policy=policy,
        )  # fmt: skip
        known = action if any(action in rules.policy.actions for rules in self.offered.values()) else ""
        return watch.command(take, case_id=case_id, action=known, role=by.role)

    def _act(
        self,
        case_id: str,
        action: str,
        by: Actor,
        fields: Mapping[str, Any],
        *,
        effective_at: datetime | str | None,
        key: str | None,
        expected_version: int | None,
        policy: str | None,
    ) -> Case:
        if type(case_id) is not str or type(by) is not Actor or not _PLAIN_ID(case_id) or by.role == _SYSTEM:
            case_id, by = checked_call(case_id, action, by)
        if key is not None:
            key = checked_key(key)
        now = self.clock.now_us()
        since = None if effective_at is None else micros(effective_at, what="effective_at")
        if key is None:
            return self._decided(
                case_id, action, by, fields,
                now=now, since=since, expected_version=expected_version, policy=policy, request=None,
            )  # fmt: skip
        named = "" if action == "submit" else case_id
        request = Request(by.id, key, (named, action, by.id, by.role, by.unit, since, policy), fields)
        take = partial(
            self._decided, case_id, action, by, fields,
            now=now, since=since, expected_version=expected_version, policy=policy, request=request,
        )  # fmt: skip
        return self.once(request, take)

    def _decided(
        self,
        case_id: str,
        action: str,
        by: Actor,
        fields: Mapping[str, Any],
        *,
        now: int,
        since: int | None,
        expected_version: int | None,
        policy: str | None,
        request: Request | None,
    ) -> Case:
        """The case after the command, which is decided anew where another writer was faster."""
        version, by = 0, self.actor(by)
        for _ in range(ATTEMPTS):
            case, other = self._read(case_id, action, fields)
            case = case or _unsubmitted(case_id, action)
            version = case.version
            rules = self.rules_of(case) if policy is None else self._rules_asked(policy, case, action, by)
            if expected_version is not None and version != expected_version:
                self._check_rights(rules, case, Command(action, by))
                raise Stale(case_id, expected=expected_version, found=version)
            texts: tuple[Text, ...] = ()
            if fields:
                command, texts = sealed(rules, action, by, fields, since)
                command = self.placed(rules, case, command, now)
            else:
                command = Command(action, by, _NO_FIELDS, effective_us=since)
            claim = None if request is None else request.claim(case_id, texts)
            try:
                return self._recorded(rules, case, command, now, texts=texts, claim=claim, other=other)
            except Stale:
                if expected_version is not None:
                    raise
                self.watch.conflict(case_id, action)
        raise Stale(case_id, expected=version)

    def _read(self, case_id: str, action: str, fields: Mapping[str, Any]) -> tuple[Case | None, Case | None]:
        """The case, and the one that it is to be linked to, read by one question where the store can."""
        wanted = fields.get("other") if action in (LINK, UNLINK) else None
        read_many = getattr(self.store, "load_many", None)
        if not isinstance(wanted, str) or read_many is None:
            return self.store.load(case_id), None
        both: Mapping[str, Case] = read_many((case_id, wanted), aside=is_read_again)
        return both.get(case_id) or self.store.load(case_id), both.get(wanted)

    def judge(self, case: Case, action: str, by: Actor, fields: Mapping[str, Any], now: int) -> None:
        """Whether the command would be taken now; nothing is recorded.

        Raises:
            Refused: the rules do not allow it.
        """
        rules = self.rules_of(case)
        command = self.placed(rules, case, sealed(rules, action, by, fields, None)[0], now)
        self._step(rules, case, command, now, history=partial(self.store.events, case.id))

    # -- units ---------------------------------------------------------------------------------------------

    def actor(self, by: Actor) -> Actor:
        """The actor, acting for their unit by its present name."""
        if self.units is None or not by.unit:
            return by
        name = present_name(self.units, by.unit)
        return by if name == by.unit else by.replace(unit=name)

    def unit_asked(self, unit: object) -> str | None:
        """The unit of a list by its present name; `None` for all.

        Raises:
            BadInput: it is no text.
        """
        return None if unit is None else present_name(self.units, checked_name("unit", unit))

    def placed(self, rules: CompiledPolicy, case: Case, command: Command, now: int) -> Command:
        """The command with the units that it names by their present names; without a register as it is.

        Raises:
            Refused: a unit is unknown, or is not there when the command takes effect; but who may not take
                the action is told that first.
        """
        if self.units is None:
            return command
        known, fields = rules.fields.get(command.action, {}), dict(command.fields)
        at = now if command.effective_us is None else command.effective_us
        for name, value in command.fields.items():
            rule = known.get(name)
            if rule is None or rule.type != "unit" or not isinstance(value, str) or not value:
                continue
            refused = wrong_unit(self.units, value, date.fromordinal(rules.days.day_of(at)))
            if refused is not None:
                self._check_rights(rules, case, command)
                path = f"actions.{command.action}.fields.{name}"
                refused = evolve(refused, action=command.action, state=case.state, rule=path)
                raise Refused(refused, case_id=case.id)
            fields[name] = present_name(self.units, value)
        return command.replace(fields=fields)

    def _check_rights(self, rules: CompiledPolicy, case: Case, command: Command) -> None:
        """A stranger is not even told the version.

        Raises:
            Refused: the actor may not take the action on the case.
        """
        authorizer = self.authorizer or POLICY_RIGHTS
        row = rules.table.get(case.state, {}).get(command.action)
        denied = authorizer.refuses(rules, case, row, entitled(rules, command, authorizer))
        if denied is not None:
            raise Refused(denied, case_id=case.id)

    def _recorded(
        self,
        rules: CompiledPolicy,
        case: Case,
        command: Command,
        now: int,
        *,
        texts: tuple[Text, ...],
        claim: KeyClaim | None,
        other: Case | None,
    ) -> Case:
        """The case after the command was decided and its events appended.

        Args:
            other: the case that it is to be linked to, where it was read with this one.
        """
        primary, history = None, partial(self.store.events, case.id)
        if command.action not in _OF_TWO:
            after, events = self._step(rules, case, command, now, history=history)
        elif command.action in (LINK, UNLINK):
            return self._linked(rules, case, command, now, texts=texts, claim=claim, other=other)
        elif command.action == MIGRATE:
            after, events = migrate(
                rules, self.target(case), case, command, now, history=history(), authorizer=self.authorizer
            )
        else:
            if command.action == "merge":
                primary = self.store.load(str(command.fields.get("primary", "")))
            beside = self._beside(case, primary, now)
            after, events = self._step(rules, case, command, now, primary=beside, history=history)
        if texts:
            texts = _of_their_events(texts, events, case.version)
        entry = Append(after, case.version, events, texts)
        if command.action == "redact":
            entry = self._redacting(entry, source=rules.policy.actions["redact"].source)
        if claim is not None:
            claim = claim.replace(first=case.version + 1, last=after.version)
        self.pin()
        facts = after.facts
        if primary is None and not facts.followers and not facts.links:
            self.record((self.told(rules, case, entry),), claim)
            return after
        work = UnitOfWork(self, now)
        work.add(case, entry)
        if primary is not None:
            work.add(primary, self._followed(primary, case.id, command.by, now))
        return self._recorded_together(work, claim)

    def _linked(
        self,
        rules: CompiledPolicy,
        case: Case,
        command: Command,
        now: int,
        *,
        texts: tuple[Text, ...],
        claim: KeyClaim | None,
        other: Case | None,
    ) -> Case:
        """The case after it was linked to another one, or a link was taken back, at both ends.

        The reason is kept at both ends, each with a salt of its own.
        """
        wanted = command.fields.get("other")
        if other is None and isinstance(wanted, str):
            other = self.store.load(wanted)
        if other is None or not other.version:  # refused by its own end, for want of the other, late or not
            command = command.replace(effective_us=None)
            self._step(rules, case, command, now, history=partial(self.store.events, case.id))
            raise UnknownCase(str(wanted))
        fields = {"type": command.fields.get("type"), "other": case.id}
        fields |= {text.field: text.text for text in texts if text.field == "reason"}
        of_other = self.rules_of(other)
        answer, other_texts = sealed(of_other, command.action, command.by, fields, command.effective_us)
        here = LinkEnd(rules, case, command, partial(self.store.events, case.id))
        there = LinkEnd(of_other, other, answer, partial(self.store.events, other.id))
        work = UnitOfWork(self, now)
        decided = decide_link(here, there, now, authorizer=self.authorizer)
        walked = self._walked(here, there) if command.action == LINK else ()
        for end, outcome, kept in zip((here, there), decided, (texts, other_texts), strict=True):
            kept = _of_their_events(kept, outcome[1], end.case.version) if kept else kept
            work.add(end.case, Append(outcome[0], end.case.version, outcome[1], kept))
        for one in walked:  # at the versions that were read, or the append finds it stale: see `_walked`
            work.add(one, Append(one, one.version, ()))
        if claim is not None:
            claim = claim.replace(first=case.version + 1, last=decided[0][0].version)
        self.pin()
        return self._recorded_together(work, claim)

    def _walked(self, here: LinkEnd, there: LinkEnd) -> tuple[Case, ...]:
        """The cases beyond `there` along links of a type that is ``acyclic`` at either end; none for others.

        Two commands may each find no circle and close one together, each with a link far from the other's.
        So the append also holds every case that was walked to the version at which it was read: the rows of
        the two walks are locked in one order, and whoever comes second walks again.

        Raises:
            Refused: ``link-cycle``: they lead back to `here`; with the case over which they do.
        """
        link = here.command.fields["type"]
        if not any(end.rules.policy.links[link].acyclic for end in (here, there)):
            return ()
        reached, edge = {there.case.id: there.case}, [there.case]
        while edge:
            case = edge.pop()
            for one in case.facts.links:
                if one.type != link or one.inward:
                    continue
                if one.case == here.case.id:
                    refused = refusal(
                        "link-cycle", here.rules, here.case, here.command, found=case.id, rule=f"links.{link}"
                    )
                    raise Refused(refused, case_id=here.case.id)
                following = None if one.case in reached else self.store.load(one.case)
                if following is not None:
                    reached[following.id] = following
                    edge.append(following)
        del reached[there.case.id]
        return tuple(reached.values())

    def _recorded_together(self, work: UnitOfWork, claim: KeyClaim | None) -> Case:
        """The first case of the unit of work, once all of them are recorded."""
        entries = work.entries()
        self.record(entries, claim)
        return entries[0].case

    def _beside(self, case: Case, primary: Case | None, now: int) -> Case | None:
        """The case beside which one is judged: its new primary, with all that is due, or its former."""
        if primary is None:
            return self.store.load(case.facts.primary) if case.facts.primary else None
        history = partial(self.store.events, primary.id)
        return escalate(self.rules_of(primary), primary, max(now, primary.acted_us), history=history)[0]

    def _redacting(self, entry: Append, *, source: str) -> Append:
        """The append that erases what its event names.

        Raises:
            Refused: a name fits no text that is still kept.
        """
        names = next(event.fields for event in entry.events if type(event) is Redacted)
        check_names(names, self.store.texts(entry.case.id), entry.case, source=source)
        return entry.replace(redacts=names)

    def _followed(self, primary: Case, follower: str, by: Actor, now: int) -> Append:
        rules = self.rules_of(primary)
        history = partial(self.store.events, primary.id)
        events = follow(rules, primary, follower, by, now, history=history)
        return Append(after(primary, events), primary.version, events)

    def rights(self, rules: CompiledPolicy, by: Actor) -> Role:
        """What the actor may, by the authorizer's word or the policy's."""
        return rules.role(by) if self.authorizer is None else self.authorizer.rights(rules, by)

    # -- what every append goes through --------------------------------------------------------------------

    def known(self, case_id: object) -> Case:
        """The case as it is stored.

        Raises:
            UnknownCase: no such case.
        """
        case = self.store.load(case_id) if isinstance(case_id, str) else None
        if case is None:
            raise UnknownCase(case_id if isinstance(case_id, str) else ascii(case_id)[:80])
        return case

    def id_of_number(self, year: int, number: int) -> str:
        """The id of the case that has this number in the series of the desk's own rules.

        Raises:
            BadInput: one is no whole number.
            UnknownCase: none has.
        """
        year, number = checked_count("year", year), checked_count("number", number)
        series = self.rules.policy.case_series
        first = self.store.issued(series, year, after=number - 1, limit=1) if series else ()
        if not first or first[0].number != number:
            raise UnknownCase(f"{series} {year} {number}".strip())
        return first[0].draft.case_id

    def rules_of(self, case: Case) -> CompiledPolicy:
        """The rules the case pinned; this desk's for a case that is not submitted yet."""
        pin, rules = case.origin.policy_hash, self.rules
        return rules if pin == rules.pin or not pin else self._of_pin.get(pin) or self.rules_of_hash(pin)

    def _rules_asked(self, policy: str, case: Case, action: str, by: Actor) -> CompiledPolicy:
        """The rules of that name, for a case to be submitted; of one that is there its own."""
        rules = self.rules_named(policy, Command(action, by), case)
        return self.rules_of(case) if case.version else rules

    def rules_named(self, policy: str, command: Command, case: Case) -> CompiledPolicy:
        """The rules that this desk has for new cases under that name.

        Raises:
            Refused: it has none (``policy-not-offered``); ``missing`` names those that it has.
        """
        rules = self.offered.get(checked_name("policy", policy))
        if rules is not None:
            return rules
        refused = refusal(
            "policy-not-offered", self.rules, case, command,
            missing=tuple(self.offered), found=f"{policy:.80}", rule="fields.policy",
        )  # fmt: skip
        raise Refused(refused, case_id=case.id)

    def target(self, case: Case) -> CompiledPolicy:
        """The rules under which a change of rules brings the case: of several those of its policy's name.

        Raises:
            Refused: this desk has several policies, and none of that name.
        """
        if len(self.offered) == 1:
            return self.rules
        return self.rules_named(self.rules_of(case).policy.name, Command(MIGRATE, SYSTEM), case)

    def rules_of_hash(self, policy_hash: str) -> CompiledPolicy:
        """The rules of a content hash.

        Raises:
            StoreError: neither this process nor the store knows it.
        """
        return rules_of(policy_hash, self.store.pinned)

    def aside(self, one: Quarantined) -> None:
        """Tell of something that is set aside."""
        self.watch.tell(one)

    def pin(self) -> None:
        """Keep the rules of this desk with the cases that will stand under them; once is enough."""
        if len(self._pinned) < len(self.offered):
            for rules in self.offered.values():
                self.store.pin(rules.pin, rules.document)
                self._pinned.add(rules.pin)

    def told(self, rules: CompiledPolicy, case: Case, entry: Append) -> Append:
        """The append with the notices and documents that its events owe.

        Args:
            rules: the rules the case pins.
            case: the case before the events.
        """
        events = entry.events
        if not (self._tells and _may_owe(rules, events)):
            return entry
        posted = partial(posted_of, self.store, case.id)
        due = owed(rules, case, events, posted=posted, adopted=self.rules_of(entry.case))
        if due is NOTHING:
            return entry
        return replace(
            entry, notices=due.notices, cancels=due.cancels, documents=due.documents, voids=due.voids
        )

    def record(self, entries: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Append what the hooks let through, and call those who follow it."""
        if self.hooks.is_quiet:
            self.store.append(entries, claim)
            return
        self.hooks.before(entries)
        self.store.append(entries, claim)
        self.hooks.after(self.store, entries, self.watch)

    def once(self, request: Request, take: Callable[[], Case]) -> Case:
        """What the command of a key comes to: taken now, or as it was the first time.

        A twin of it may commit at any moment before this one does. Then the case has moved on, which the
        rules may refuse, or the key is taken: either way whoever repeats is given the first case.

        Raises:
            KeyReused: the key belongs to another command.
        """
        repeated = self._repeated(request)
        if repeated is not None:
            return repeated
        try:
            return take()
        except (Refused, Stale, KeyReused, UnknownCase):
            repeated = self._repeated(request)
            if repeated is None:
                raise
            return repeated

    def _repeated(self, request: Request) -> Case | None:
        """The case as the key's first command left it; `None` when the key is free."""
        claim = self.store.recall(request.actor, request.key)
        if claim is None:
            return None
        events = self.store.events(claim.case_id)
        if claim.last > len(events):
            return None  # the key came here without what it stands for, which nobody may take for done
        if not request.is_again(claim, events, self.store.texts(claim.case_id)):
            raise KeyReused(request.key, actor=request.actor)
        return RepeatedCase.of(replay(claim.case_id, events[: claim.last]))


def _may_owe(rules: CompiledPolicy, events: Sequence[Event]) -> bool:
    """Whether anybody may have to be told: a quick answer, which spares most commands the rest."""
    return not rules.routes.of_any.isdisjoint([event.name for event in events])


def _of_their_events(texts: tuple[Text, ...], events: Sequence[Event], before: int) -> tuple[Text, ...]:
    """The texts with the version of the event that carries their hashes."""
    version = next(turn for turn, event in enumerate(events, before + 1) if event.texts)
    return tuple([replace(text, version=version) for text in texts])


def _unsubmitted(case_id: str, action: str) -> Case:
    """The case before its submission.

    Raises:
        UnknownCase: for every other action.
    """
    if action != "submit":
        raise UnknownCase(case_id)
    return Case(case_id)


def posted_of(store: Outbox, case_id: str) -> Iterator[Notice]:
    """Every notice of a case, in the order they were posted."""
    position = 0
    while page := store.notices(case_id=case_id, after=position):
        yield from (row.notice for row in page)
        position = page[-1].position


_PLAIN_ID = re.compile(r"[!-~]{1,200}").fullmatch
"""An id that any store can keep; others are looked at more closely."""
_SYSTEM = SYSTEM.role
