"""What every part of the desk stands on: its store, its clock, the rules of cases, and how it appends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from caseflow.clock import SystemClock
from caseflow.core.case import Case
from caseflow.core.commands import SYSTEM, Command
from caseflow.core.decide import decide
from caseflow.core.events import Event, Rejected, Withdrawn
from caseflow.core.evolve import evolve, replay
from caseflow.core.policy import Policy
from caseflow.core.policy_document import policy_from_document
from caseflow.core.rules import Rules
from caseflow.desk.hooks import Hook, Hooks, When
from caseflow.desk.repeats import Asked
from caseflow.desk.telling import with_owed
from caseflow.desk.watching import Watch
from caseflow.errors import KeyReused, StoreError, UnknownCase
from caseflow.ports import Append, Authorizer, Clock, KeyClaim, Observer, Store

ATTEMPTS = 5
"""How often a command is decided anew when another writer was faster."""
BATCH = 500
"""Cases that are written in one transaction, where there are many."""

Leave = Callable[[str, Exception], object]


class DeskKeeping:
    """The part of the desk that its other parts share; see `Desk` for the arguments."""

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

    def rules_of(self, case: str | Case) -> Rules:
        """The rules that the case, or the case of that id, pinned.

        Raises:
            UnknownCase: no such case.
        """
        return self._rules_of(self._known(case) if isinstance(case, str) else case)

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

    # -- for the parts -----------------------------------------------------------------------------------

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

    def _pin(self) -> None:
        with self._lock:
            self.store.pin(self.rules.pin, self.rules.document)
            self._pinned = True

    def _told(self, rules: Rules, case: Case, entry: Append) -> Append:
        """The append with what is owed to people for its events."""
        return with_owed(entry, rules, case, store=self.store, adopted=self.rules) if self._tells else entry

    def _record(self, entries: Sequence[Append], claim: KeyClaim | None = None) -> None:
        """Append what the hooks let through, and call those who follow it."""
        if self._hooks.is_quiet:
            self.store.append(entries, claim)
            return
        self._hooks.before(entries)
        self.store.append(entries, claim)
        self._hooks.after(self.store, entries)

    def _repeated(self, asked: Asked) -> Case | None:
        """The case as the key's first command left it; `None` when the key is free.

        Raises:
            KeyReused: it belongs to another command.
        """
        known = self.store.recall(asked.actor, asked.key)
        if known is None:
            return None
        events = self.store.events(known.case_id)
        if known.last > len(events):
            return None  # the key came here without what it stands for, which nobody may take for done
        if not asked.is_again(known, events, self.store.texts(known.case_id)):
            raise KeyReused(asked.key, actor=asked.actor)
        return replay(known.case_id, events[: known.last])

    def _freed(self, entry: Append, now: int, leave: Leave | None = None) -> Iterator[Append]:
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
                resumed = self._resumed(follower, entry.case.id, now)
            except Exception as error:
                if leave is None:
                    raise
                leave(follower, error)
                continue
            if resumed is not None:
                yield resumed
                yield from self._freed(resumed, now, leave)

    def _resumed(self, case_id: str, primary: str, now: int) -> Append | None:
        """The follower going on; `None` when it follows another by now, or nobody."""
        case = self._known(case_id)
        if case.facts.primary != primary:
            return None
        rules = self._rules_of(case)
        events = decide(rules, case, Command("resume", SYSTEM), now)
        return self._told(rules, case, Append(after_all(case, events), case.version, events))


def after_all(case: Case, events: Iterable[Event]) -> Case:
    """The case after these events."""
    for event in events:
        case = evolve(case, event)
    return case
