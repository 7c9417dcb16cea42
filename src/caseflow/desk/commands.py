"""The desk takes a command: load the case, decide, append."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from caseflow.core.case import Case
from caseflow.core.commands import Actor, Command
from caseflow.core.decide import adopt_rules, decide, follow
from caseflow.core.events import Event, Redacted
from caseflow.core.evolve import evolve
from caseflow.core.falling_due import caught_up
from caseflow.core.instants import micros
from caseflow.core.rules import Rules
from caseflow.core.values import maker
from caseflow.desk.checking import check_call
from caseflow.desk.keeping import ATTEMPTS, DeskKeeping, after_all
from caseflow.desk.repeats import Asked
from caseflow.errors import KeyReused, Stale, UnknownCase
from caseflow.ports import Append, KeyClaim, Text
from caseflow.sealing import check_names, sealed

_command = maker(Command)
_append = maker(Append)
_NO_FIELDS: Mapping[str, Any] = {}


class DeskCommands(DeskKeeping):
    """The part of the desk that takes commands."""

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
        asked = claim = None
        if key is not None:
            asked = Asked(by.id, key, (case_id, action, by.id, by.role, by.unit, since), fields or {})
            repeated = self._repeated(asked)
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
            if asked is not None:
                claim = asked.claim(case_id, texts)
            try:
                after = self._appended(rules, case, command, now, texts, claim)
            except Stale:
                if expected_version is not None:
                    raise
                self._watch.conflict(case_id, action)
                continue
            except KeyReused:
                repeated = self._repeated(asked) if asked is not None else None
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
        primary = judged = None
        if command.action == "merge":
            primary = self.store.load(str(command.fields.get("primary", "")))
        if primary is not None:  # it is judged with everything issued that is due on it, as the case itself
            judged = caught_up(self._rules_of(primary), primary, max(now, primary.acted_us))[0]
        events = decide(rules, case, command, now, authorize=self._authorize, primary=judged)
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
        if primary is None and not after.facts.followers:
            self._record((entry,), claim)
            return after
        entries = [entry, *self._freed(entry, now)]
        if primary is not None:
            entries.append(self._followed(primary, case.id, command.by, now))
        self._record(entries, claim)
        return after

    def _redacting(self, entry: Append, *, source: str) -> Append:
        """The append that erases what its event names.

        Raises:
            Refused: a name fits no text that is still kept.
        """
        names = next(event.fields for event in entry.events if type(event) is Redacted)
        check_names(names, self.store.texts(entry.case.id), entry.case, source=source)
        return entry.replace(redacts=names)

    def _followed(self, primary: Case, follower: str, by: Actor, now: int) -> Append:
        rules = self._rules_of(primary)
        events = follow(rules, primary, follower, by, now)
        return self._told(rules, primary, Append(after_all(primary, events), primary.version, events))

    def _adopting(
        self, rules: Rules, case: Case, command: Command, now: int, events: tuple[Event, ...]
    ) -> tuple[Event, ...]:
        """What was due under the old rules, then the adoption of this desk's."""
        names = [event.name for event in events]
        issued = events[: names.index("rules-adopted")]
        return (*issued, *adopt_rules(self.rules, after_all(case, issued), command, now))


def _unsubmitted(case_id: str, action: str) -> Case:
    """The case before its submission.

    Raises:
        UnknownCase: for every other action.
    """
    if action != "submit":
        raise UnknownCase(case_id)
    return Case(case_id)
