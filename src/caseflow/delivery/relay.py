"""The relay: claims notices, finds out who is meant, sends them a message, and says what became of it."""

from __future__ import annotations

import logging
import random
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from caseflow import outbox as o
from caseflow.clock import SystemClock, seconds_running
from caseflow.core.case import Case
from caseflow.core.instants import SECOND
from caseflow.core.policy_document import policy_from_document
from caseflow.core.rules import Rules
from caseflow.delivery.collapsing import (
    as_settled,
    has_higher,
    highest_first,
    may_collapse,
    rows_of,
    speaker,
    stands,
)
from caseflow.delivery.messages import Messages
from caseflow.delivery.pace import Pace
from caseflow.delivery.protocols import Delivery, Directory, Notifier
from caseflow.delivery.rounds import Round, counted
from caseflow.delivery.ways import Ways
from caseflow.delivery.wording import Known
from caseflow.errors import CaseflowError, DeliveryFailed
from caseflow.notices import CORRECTION, OF_RUNGS
from caseflow.observed import RelayRound
from caseflow.outbox import Held, Outcome
from caseflow.ports import Clock, Observer, Store, Text

_LookedUp = tuple[dict[str, Case], dict[str, tuple[Text, ...]]] | None
_log = logging.getLogger("caseflow.relay")


class Relay:
    """Tells people what is owed to them. Several relays, in threads, processes or machines, share a store.

    At least once, under a stable id: after a crash between sending and saying so, a message goes out again
    with the same `Delivery.id`. A notice that nobody can be told is tried again with growing waits, and at
    last stands among the dead letters; it holds up no other.

    Args:
        store: whose notices; also asked for cases, texts and the policies that cases pinned.
        directory: who holds a role.
        notifiers: channel -> the way out; or one notifier for every channel.
        clock: tells the time; the system's by default.
        messages: the texts; the shipped ones by default.
        pace: batches, leases and waits.
        chance: numbers from 0 up to 1 that shorten waits.
        observer: is told of each round that claimed something.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        notifiers: Notifier | Mapping[str, Notifier],
        *,
        clock: Clock | None = None,
        messages: Messages | None = None,
        pace: Pace | None = None,
        chance: Callable[[], float] = random.random,
        observer: Observer | None = None,
    ) -> None:
        self.store = store
        self.directory = directory
        self.clock: Any = clock if clock is not None else SystemClock()
        self.pace = pace or Pace()
        self._ways = Ways(notifiers, messages or Messages())
        self._chance = chance
        self._observer = observer
        self._rules: dict[str, Rules] = {}
        self._reached: dict[str, set[str]] = {}

    # -- rounds ------------------------------------------------------------------------------------------

    def once(self) -> Round:
        """Claim one batch and tell it; an empty round when nothing is ready."""
        now, started, lease = self.clock.now_us(), seconds_running(), self.pace.lease * SECOND
        batch = self.store.claim(now, limit=self.pace.batch, lease_us=lease, token=uuid.uuid4().hex)
        if not batch:
            return Round()
        outcomes: list[Outcome] = []
        by_case: dict[str, list[Held]] = {}
        for held in batch:
            by_case.setdefault(held.notice.case_id, []).append(held)
        try:
            looked_up = self._looked_up(list(by_case))
            for case_id, mine in by_case.items():
                at = self.clock.now_us()
                if at - now > lease // 2:  # before the lease runs out the rest goes back to whoever is free
                    outcomes += [o.untried(held, at) for held in mine]
                else:
                    outcomes += self._tell_case(case_id, mine, looked_up)
        finally:
            self.store.settle(outcomes)
            for outcome in outcomes:
                if outcome.status != o.RETRY:
                    self._reached.pop(outcome.id, None)
        done = counted(len(batch), outcomes)
        self._tell_observer(done, seconds_running() - started)
        return done

    def _tell_observer(self, done: Round, seconds: float) -> None:
        """Tell of a round; an observer's error is noted and stops nobody."""
        if self._observer is None:
            return
        counts = done.claimed, done.sent, done.retried, done.dead, done.cancelled, done.collapsed
        try:
            self._observer.observe(RelayRound(*counts, seconds))
        except Exception as error:
            _log.error("the observer failed on a round: %s", type(error).__name__)

    def until_empty(self) -> Round:
        """Rounds until nothing is ready now."""
        total = Round()
        while (done := self.once()).claimed:
            total = total.plus(done)
        return total

    def run(
        self, stop: threading.Event, *, workers: int = 1, wait: Callable[[float], object] | None = None
    ) -> Round:
        """Tell what becomes ready until `stop` is set; what was claimed by then is finished first.

        Args:
            workers: threads that work side by side.
            wait: sleeps for so many seconds when nothing is ready; by default it ends early with `stop`.
        """
        rounds: list[Round] = []

        def work() -> None:
            while not stop.is_set():
                done = self._guarded()
                rounds.append(done)
                if not done.claimed:
                    (wait or stop.wait)(self.pace.idle)

        threads = [threading.Thread(target=work, name=f"caseflow-relay-{n}") for n in range(1, workers)]
        for thread in threads:
            thread.start()
        work()
        for thread in threads:
            thread.join()
        total = Round()
        for done in rounds:
            total = total.plus(done)
        return total

    def _guarded(self) -> Round:
        """A round; a store that cannot be reached now is asked again later."""
        try:
            return self.once()
        except CaseflowError as error:
            _log.warning("round failed: %s", error.code)
            return Round()

    # -- a case's notices --------------------------------------------------------------------------------

    def _looked_up(self, ids: list[str]) -> _LookedUp:
        """Cases and texts of a whole batch, where the store can be asked for many at once."""
        load, texts = getattr(self.store, "load_many", None), getattr(self.store, "texts_many", None)
        return (load(ids), texts(ids)) if load is not None and texts is not None else None

    def _tell_case(self, case_id: str, batch: list[Held], looked_up: _LookedUp) -> list[Outcome]:
        """Tell those of one case, the highest levels first."""
        try:
            case = self.store.load(case_id) if looked_up is None else looked_up[0].get(case_id)
            if case is None:
                return [o.dead(held, "no-case") for held in batch]
            texts = self.store.texts(case_id) if looked_up is None else looked_up[1].get(case_id, ())
            known = Known(self._rules_of(case), case, texts, self._documents(batch))
        except CaseflowError as error:
            return [self._failed(held, error.code, retry=True) for held in batch]
        done: dict[str, Outcome] = {}
        for held in highest_first(case, batch):
            done[held.notice.id] = self._outcome(known, held, done)
        return [done[held.notice.id] for held in batch]

    def _documents(self, batch: list[Held]) -> tuple[o.Document, ...]:
        if any("document" in held.notice.body for held in batch):
            return self.store.documents(batch[0].notice.case_id)
        return ()

    def _outcome(self, known: Known, held: Held, done: Mapping[str, Outcome]) -> Outcome:
        """What becomes of one notice: not owed any more, told by another, later, or told now."""
        notice, now = held.notice, self.clock.now_us()
        if notice.topic == CORRECTION and held.corrected not in (o.SENT, o.COLLAPSED, o.UNSURE):
            if held.corrected == o.LEASED:  # another relay is telling what this one takes back
                return o.untried(held, now + self.pace.lease * SECOND, "corrected-in-hand")
            return o.cancelled(held, "never-told")
        if notice.topic in OF_RUNGS and not stands(known.case, notice):
            return o.cancelled(held, "annulled")
        if may_collapse(notice) and has_higher(known.case, notice):
            rows = [as_settled(row, done) for row in rows_of(self.store, notice.case_id)]
            other = speaker(known.case, notice, rows)
            if other is not None:
                return self._spoken_for(held, other)
        return self._tell(known, held)

    def _spoken_for(self, held: Held, other: o.Posted) -> Outcome:
        """Told together with a higher level once that one was told; until then it waits for it."""
        if other.status == o.SENT:
            return o.collapsed(held, other.notice.id)
        ready = max(other.next_try_us or 0, self.clock.now_us())
        return o.untried(held, ready + SECOND, "higher-level-first")

    # -- one notice --------------------------------------------------------------------------------------

    def _tell(self, known: Known, held: Held) -> Outcome:
        notice = held.notice
        try:
            people = self.directory.holders(notice.role, unit=notice.unit, case=known.case)
        except DeliveryFailed as error:
            return self._failed(held, error.code, retry=error.retry)
        except Exception as error:  # the portal's own code: no fault of it stops the others
            _log.error("directory failed: %s", type(error).__name__)
            return self._failed(held, "directory-broke", retry=True)
        try:
            deliveries = self._ways.deliveries(known, notice, people)
        except Exception as error:  # a template or policy of the portal's: likewise
            _log.error("notice %s cannot be worded: %s", notice.id, type(error).__name__)
            return self._failed(held, "cannot-word", retry=True)
        if not deliveries:
            return o.dead(held, "no-address" if people else "no-recipient")
        return self._sent(held, deliveries)

    def _sent(self, held: Held, deliveries: list[Delivery]) -> Outcome:
        """Send to each who was not reached yet. Told is who one of them was handed on for."""
        reached = self._reached.setdefault(held.notice.id, set())
        error, again = "", False
        for delivery in deliveries:
            if delivery.id in reached:
                continue
            failed = self._handed_on(delivery)
            if failed is None:
                reached.add(delivery.id)
            else:
                error, again = failed.code, again or failed.retry
        if again and held.attempt < self.pace.attempts:
            failed_again = self._failed(held, error, retry=True)
            return failed_again.replace(told_us=self.clock.now_us()) if reached else failed_again
        if reached:
            return o.sent(held, self.clock.now_us()).replace(error=error)
        return o.dead(held, error)

    def _handed_on(self, delivery: Delivery) -> DeliveryFailed | None:
        try:
            self._ways.notifier(delivery.channel).send(delivery)
        except DeliveryFailed as error:
            return error
        except (Exception, SystemExit) as error:  # a poison notice stops nobody else
            _log.error("notifier for %s failed: %s", delivery.channel, type(error).__name__)
            return DeliveryFailed("notifier-broke", retry=True, found=type(error).__name__)
        return None

    def _failed(self, held: Held, code: str, *, retry: bool) -> Outcome:
        if not retry or held.attempt >= self.pace.attempts:
            return o.dead(held, code)
        return o.retry(held, self.clock.now_us() + self.pace.wait_us(held.attempt, self._chance()), code)

    def _rules_of(self, case: Case) -> Rules:
        pin = case.origin.pin
        found = self._rules.get(pin)
        if found is None:
            document = self.store.pinned(pin)
            if document is None:
                raise DeliveryFailed("unknown-pin", retry=True, found=pin)
            found = self._rules[pin] = Rules(policy_from_document(document))
        return found
