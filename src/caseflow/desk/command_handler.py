"""How a command is taken: load the case, decide, append; and what every append of a desk goes through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from logging import DEBUG
from typing import Any

from msgspec.structs import replace

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.decide import follow, step, step_by
from caseflow.core.engine.escalation import escalate
from caseflow.core.engine.migration import MIGRATE, migrate
from caseflow.core.engine.rights import POLICY_RIGHTS, entitled
from caseflow.core.model.case import Case
from caseflow.core.model.commands import SYSTEM, Actor, Command
from caseflow.core.model.events import Event, Redacted, Rejected, Withdrawn
from caseflow.core.model.evolve import after, replay
from caseflow.core.notices import NOTHING, Notice, owed
from caseflow.core.policy import Role
from caseflow.core.time.instants import micros
from caseflow.desk.call_checks import checked_call, checked_key
from caseflow.desk.hooks import Hooks
from caseflow.desk.idempotency import Request
from caseflow.desk.instrumentation import Watch
from caseflow.errors import KeyReused, Refused, Stale, UnknownCase
from caseflow.policies.registry import rules_of
from caseflow.ports import Append, Authorizer, Clock, KeyClaim, Outbox, Store, Text
from caseflow.serialization.redaction import check_names, sealed

ATTEMPTS = 5
"""How often a command is decided anew when another writer was faster."""
BATCH = 500
"""Cases that are written in one transaction, where there are many."""

_NO_FIELDS: Mapping[str, Any] = {}
_OF_TWO = frozenset({MIGRATE, "merge", "resume"})
"""Actions that ask for another case, or for other rules than the case's own."""

Leave = Callable[[str, Exception], object]
"""Is told of a case that is left out, and why."""


class CommandHandler:
    """Takes commands of one desk; see `caseflow.desk.Desk` for what it is given."""

    def __init__(
        self,
        rules: CompiledPolicy,
        store: Store,
        clock: Clock,
        *,
        authorizer: Authorizer | None,
        tells: bool,
        watch: Watch,
        hooks: Hooks,
    ) -> None:
        self.rules = rules
        self.store = store
        self.clock = clock
        self.authorizer = authorizer
        self._step = step if authorizer is None else partial(step_by, authorizer)
        self.watch = watch
        self.hooks = hooks
        self._tells = tells
        self._is_pinned = False

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
    ) -> Case:
        """The case after the command; see `caseflow.desk.Desk.act`."""
        watch = self.watch
        if watch.observer is None and not watch.log.isEnabledFor(DEBUG):  # nobody looks at single commands
            return self._act(
                case_id, action, by, fields,
                effective_at=effective_at, key=key, expected_version=expected_version,
            )  # fmt: skip
        case_id, by = checked_call(case_id, action, by)
        take = partial(
            self._act, case_id, action, by, fields,
            effective_at=effective_at, key=key, expected_version=expected_version,
        )  # fmt: skip
        known = action if action in self.rules.policy.actions else ""
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
    ) -> Case:
        if type(case_id) is not str or type(by) is not Actor or not _PLAIN_ID(case_id) or by.role == _SYSTEM:
            case_id, by = checked_call(case_id, action, by)
        if key is not None:
            key = checked_key(key)
        now = self.clock.now_us()
        since = None if effective_at is None else micros(effective_at, what="effective_at")
        request = None
        if key is not None:
            request = Request(by.id, key, (case_id, action, by.id, by.role, by.unit, since), fields)
            repeated = self.repeated(request)
            if repeated is not None:
                return repeated
        version = 0
        for _ in range(ATTEMPTS):
            case = self.store.load(case_id) or _unsubmitted(case_id, action)
            version = case.version
            rules = self.rules_of(case)
            if expected_version is not None and version != expected_version:
                self._check_rights(rules, case, Command(action, by))
                raise Stale(case_id, expected=expected_version, found=version)
            texts: tuple[Text, ...] = ()
            if fields:
                command, texts = sealed(rules, action, by, fields, since)
            else:
                command = Command(action, by, _NO_FIELDS, effective_us=since)
            claim = None if request is None else request.claim(case_id, texts)
            try:
                return self._recorded(rules, case, command, now, texts=texts, claim=claim)
            except Stale:
                if expected_version is not None:
                    raise
                self.watch.conflict(case_id, action)
            except KeyReused:
                repeated = None if request is None else self.repeated(request)
                if repeated is None:
                    raise
                return repeated
        raise Stale(case_id, expected=version)

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
    ) -> Case:
        """The case after the command was decided and its events appended."""
        primary, history = None, partial(self.store.events, case.id)
        if command.action not in _OF_TWO:
            after, events = self._step(rules, case, command, now, history=history)
        elif command.action == MIGRATE:
            after, events = migrate(
                rules, self.rules, case, command, now, history=history(), authorizer=self.authorizer
            )
        else:
            if command.action == "merge":
                primary = self.store.load(str(command.fields.get("primary", "")))
            other = self._beside(case, primary, now)
            after, events = self._step(rules, case, command, now, primary=other, history=history)
        if texts:
            texts = _of_their_events(texts, events, case.version)
        entry = Append(after, case.version, events, texts)
        if command.action == "redact":
            entry = self._redacting(entry, source=rules.policy.actions["redact"].source)
        entry = self.told(rules, case, entry)
        if claim is not None:
            claim = claim.replace(first=case.version + 1, last=after.version)
        self.pin()
        if primary is None and not after.facts.followers:
            self.record((entry,), claim)
            return after
        entries = [entry, *self.freed(entry, now)]
        if primary is not None:
            entries.append(self._followed(primary, case.id, command.by, now))
        self.record(entries, claim)
        return after

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
        return self.told(rules, primary, Append(after(primary, events), primary.version, events))

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

    def rules_of(self, case: Case) -> CompiledPolicy:
        """The rules the case pinned; this desk's for a case that is not submitted yet."""
        pin, rules = case.origin.policy_hash, self.rules
        return rules if pin == rules.pin or not pin else self.rules_of_hash(pin)

    def rules_of_hash(self, policy_hash: str) -> CompiledPolicy:
        """The rules of a content hash.

        Raises:
            StoreError: neither this process nor the store knows it.
        """
        return rules_of(policy_hash, self.store.pinned)

    def pin(self) -> None:
        """Keep the rules of this desk with the cases that will stand under them; once is enough."""
        if not self._is_pinned:
            self.store.pin(self.rules.pin, self.rules.document)
            self._is_pinned = True

    def told(self, rules: CompiledPolicy, case: Case, entry: Append) -> Append:
        """The append with the notices and documents that its events owe.

        Args:
            rules: the rules the case pins.
            case: the case before the events.
        """
        events = entry.events
        if not (self._tells and self._may_owe(rules, events)):
            return entry
        posted = partial(posted_of, self.store, case.id)
        due = owed(rules, case, events, posted=posted, adopted=self.rules)
        if due is NOTHING:
            return entry
        return replace(
            entry, notices=due.notices, cancels=due.cancels, documents=due.documents, voids=due.voids
        )

    def _may_owe(self, rules: CompiledPolicy, events: Sequence[Event]) -> bool:
        """A quick answer, which spares most commands the rest; a change of rules owes by the new ones."""
        of_any = rules.routes.of_any
        for event in events:
            if event.name in of_any or (rules is not self.rules and event.name in self.rules.routes.of_any):
                return True
        return False

    def record(self, entries: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Append what the hooks let through, and call those who follow it."""
        if self.hooks.is_quiet:
            self.store.append(entries, claim)
            return
        self.hooks.before(entries)
        self.store.append(entries, claim)
        self.hooks.after(self.store, entries, self.watch)

    def repeated(self, request: Request) -> Case | None:
        """The case as the key's first command left it; `None` when the key is free.

        Raises:
            KeyReused: it belongs to another command.
        """
        claim = self.store.recall(request.actor, request.key)
        if claim is None:
            return None
        events = self.store.events(claim.case_id)
        if claim.last > len(events):
            return None  # the key came here without what it stands for, which nobody may take for done
        if not request.is_again(claim, events, self.store.texts(claim.case_id)):
            raise KeyReused(request.key, actor=request.actor)
        return replay(claim.case_id, events[: claim.last])

    def freed(self, entry: Append, now: int, leave: Leave | None = None) -> Iterator[Append]:
        """What goes to the followers of a case that was withdrawn or rejected: each goes on by itself.

        Args:
            leave: is told of a follower that cannot go on, with the error, so that the others do.

        Raises:
            Refused: without ``leave``, when the rules of a follower do not let it go on.
        """
        followers = entry.case.facts.followers
        if not followers or not any(isinstance(event, Withdrawn | Rejected) for event in entry.events):
            return
        for follower in followers:
            try:
                resumed = self._resumed(follower, entry.case, now)
            except Exception as error:
                if leave is None:
                    raise
                leave(follower, error)
                continue
            if resumed is not None:
                yield resumed
                yield from self.freed(resumed, now, leave)

    def _resumed(self, case_id: str, primary: Case, now: int) -> Append | None:
        """The follower going on; `None` when it follows another by now, or nobody."""
        case = self.known(case_id)
        if case.facts.primary != primary.id:
            return None
        rules = self.rules_of(case)
        resume, history = Command("resume", SYSTEM), partial(self.store.events, case_id)
        after, events = step(rules, case, resume, now, primary=primary, history=history)
        return self.told(rules, case, Append(after, case.version, events))


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
