"""The relay: claims notices, finds out who is meant, sends them a message, and says what became of it."""

from __future__ import annotations

import logging
import random
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from caseflow.clock import SystemClock, seconds_running
from caseflow.core import notices as o
from caseflow.core.model.case import Case
from caseflow.core.notices import CORRECTION, OF_RUNGS, Held, Outcome
from caseflow.core.time.instants import SECOND
from caseflow.core.value import Value
from caseflow.delivery.collapse import (
    as_settled,
    has_higher,
    highest_first,
    may_collapse,
    rows_of,
    speaker,
    stands,
)
from caseflow.delivery.messages import Messages
from caseflow.delivery.renderer import CaseContext, Channels
from caseflow.errors import BadRecord, CaseflowError, DeliveryFailed, StoreError
from caseflow.policies.registry import rules_of
from caseflow.ports import Clock, Observer, Store, Text
from caseflow.ports.observations import RelayRound
from caseflow.ports.protocols import Directory, Notifier
from caseflow.ports.records import Delivery, Quarantined, printable

_LookedUp = tuple[dict[str, Case], dict[str, tuple[Text, ...]] | None] | None
_log = logging.getLogger("caseflow.relay")


class RetryPolicy(Value):
    """How fast a relay works, and when it tries again what failed; seconds where not said otherwise.

    Attributes:
        batch: notices claimed at a time.
        lease: how long a claim holds; a relay that dies frees its notices after it. A relay stops sending
            from a batch when half of it has run.
        attempts: how often a notice is tried before it goes to the dead letters.
        first, longest: the wait after the first failure, doubled with each, up to the longest.
        jitter: the share of a wait that chance may take away, 0 to 1, so that relays do not come at once.
        idle: the wait when nothing is ready.
    """

    batch: int = 100
    lease: int = 60
    attempts: int = 10
    first: int = 10
    longest: int = 3600
    jitter: float = 0.5
    idle: float = 1.0

    def wait_us(self, attempt: int, chance: float) -> int:
        """Microseconds to wait after that attempt, the first being 1.

        Args:
            chance: a number from 0 up to 1.
        """
        whole = min(self.longest, self.first * 2 ** min(attempt - 1, 40))
        return int(whole * (1 - self.jitter * chance) * SECOND)


class Round(Value):
    """What a relay did with the notices it claimed; each is counted once.

    Attributes:
        quarantined: those that could not be read, or whose case, texts or policy could not, put off for ten
            leases; they are no dead letters, and are told once they can be read.
    """

    claimed: int = 0
    sent: int = 0
    retried: int = 0
    dead: int = 0
    cancelled: int = 0
    collapsed: int = 0
    quarantined: int = 0

    def plus(self, other: Round) -> Round:
        """Both together."""
        return Round(**{name: getattr(self, name) + getattr(other, name) for name in Round.__match_args__})


def _kept(failed: DeliveryFailed) -> str:
    """The code of others as any store can keep it."""
    return printable(str(failed.code))[:200]


def _round(claimed: int, outcomes: Sequence[Outcome], *, unread: int, put_off: int) -> Round:
    """The outcomes of a batch; what was left for another time counts as retried.

    Args:
        unread: notices that could not be read, of which there is no outcome.
        put_off: outcomes of notices that were put off since something else could not.
    """

    def count(status: str) -> int:
        return sum(outcome.status == status for outcome in outcomes)

    return Round(
        claimed=claimed + unread,
        quarantined=unread + put_off,
        sent=count(o.SENT),
        retried=count(o.RETRY) + claimed - len(outcomes) - put_off,
        dead=count(o.DEAD),
        cancelled=count(o.CANCELLED),
        collapsed=count(o.COLLAPSED),
    )


PUT_OFF = 10
"""After so many leases a notice is looked at again that could not be read, or whose case could not."""


class _SetAside:
    """What a round sets aside: told to the observer and the log, and counted.

    Attributes:
        count: how many things were set aside.
        put_off: how many notices were put off because of them.
    """

    def __init__(self, observer: Observer | None) -> None:
        self._observer = observer
        self.count = self.put_off = 0

    def note(self, one: Quarantined) -> None:
        """It is set aside."""
        self.count += 1
        _log.error("%s %s is set aside: %s", one.kind, one.name, one.code)
        if self._observer is not None:
            try:
                self._observer.observe(one)
            except Exception as error:
                _log.error("the observer failed on what is set aside: %s", type(error).__name__)


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
        retry_policy: batches, leases and waits.
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
        retry_policy: RetryPolicy | None = None,
        chance: Callable[[], float] = random.random,
        observer: Observer | None = None,
    ) -> None:
        self.store = store
        self.directory = directory
        self.clock: Any = clock if clock is not None else SystemClock()
        self.retry_policy = retry_policy or RetryPolicy()
        self._channels = Channels(notifiers, messages or Messages())
        self._chance = chance
        self._observer = observer
        self._reached: dict[str, set[str]] = {}

    # -- rounds ------------------------------------------------------------------------------------------

    def once(self) -> Round:
        """Claim one batch and tell it; an empty round when nothing is ready."""
        now, started, lease = self.clock.now_us(), seconds_running(), self.retry_policy.lease * SECOND
        aside = _SetAside(self._observer)
        batch = self.store.claim(
            now, limit=self.retry_policy.batch, lease_us=lease, token=uuid.uuid4().hex, aside=aside.note
        )
        unread = aside.count
        if not batch and not unread:
            return Round()
        outcomes: list[Outcome] = []
        by_case: dict[str, list[Held]] = {}
        for held in batch:
            by_case.setdefault(held.notice.case_id, []).append(held)
        try:
            looked_up = self._looked_up(list(by_case))
            for case_id, notices in by_case.items():
                at = self.clock.now_us()
                if at - now > lease // 2:  # before the lease runs out the rest goes back to whoever is free
                    outcomes += [o.untried(held, at) for held in notices]
                else:
                    outcomes += self._tell_case(case_id, notices, looked_up, aside)
        finally:
            self._settle(outcomes)
        done = _round(len(batch), outcomes, unread=unread, put_off=aside.put_off)
        self._tell_observer(done, seconds_running() - started)
        return done

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        """Say what became of them: one by one where one of them is not taken, or all would be told again."""
        try:
            self.store.settle(outcomes)
        except Exception:
            settled = [outcome for outcome in outcomes if self._is_settled(outcome)]
            if not settled:
                raise
        for outcome in outcomes:
            if outcome.status != o.RETRY:
                self._reached.pop(outcome.id, None)

    def _is_settled(self, outcome: Outcome) -> bool:
        try:
            self.store.settle((outcome,))
        except Exception as error:
            _log.error("notice %s cannot be settled: %s", outcome.id, type(error).__name__)
            return False
        return True

    def _tell_observer(self, done: Round, seconds: float) -> None:
        """Tell of a round; an observer's error is noted and stops nobody."""
        if self._observer is None:
            return
        counts = {name: getattr(done, name) for name in Round.__match_args__}
        try:
            self._observer.observe(RelayRound(**counts, seconds=seconds))
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
        totals: list[Round] = []

        def work() -> None:
            total = Round()
            while not stop.is_set():
                done = self._guarded()
                total = total.plus(done)
                if not done.claimed:
                    (wait or stop.wait)(self.retry_policy.idle)
            totals.append(total)

        threads = [threading.Thread(target=work, name=f"caseflow-relay-{n}") for n in range(1, workers)]
        for thread in threads:
            thread.start()
        work()
        for thread in threads:
            thread.join()
        total = Round()
        for done in totals:
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
        """Cases and texts of a whole batch, where the store can be asked for many at once.

        What cannot be read is missing from it, and asked for by itself, which says why.
        """
        load, texts = getattr(self.store, "load_many", None), getattr(self.store, "texts_many", None)
        if load is None or texts is None:
            return None
        bad: list[Quarantined] = []
        try:
            cases = load(ids, aside=bad.append)
            bad.clear()  # whoever is missing is asked for
            known = texts(ids, aside=bad.append)
        except BadRecord:
            return None
        return cases, None if bad else known

    def _tell_case(
        self, case_id: str, batch: list[Held], looked_up: _LookedUp, aside: _SetAside
    ) -> list[Outcome]:
        """Tell those of one case, the highest levels first."""
        try:
            case = None if looked_up is None else looked_up[0].get(case_id)
            case = case or self.store.load(case_id)
            if case is None:
                return [o.dead(held, "no-case") for held in batch]
            known = None if looked_up is None else looked_up[1]
            texts = self.store.texts(case_id) if known is None else known.get(case_id, ())
            context = CaseContext(
                rules=rules_of(case.origin.policy_hash, self.store.pinned),
                case=case,
                texts=texts,
                documents=self._documents(batch),
            )
            batch = highest_first(case, batch)
        except Exception as error:
            if isinstance(error, StoreError) and not isinstance(error, BadRecord):
                return [self._failed(held, error.code, retry=True) for held in batch]
            return self._put_off(batch, Quarantined.of("case", case_id, error), aside)
        done: dict[str, Outcome] = {}
        for held in batch:
            try:
                done[held.notice.id] = self._outcome(context, held, done)
            except StoreError as error:
                done[held.notice.id] = self._failed(held, error.code, retry=True)
            except Exception as error:
                one = Quarantined.of("notice", held.notice.id, error)
                done[held.notice.id] = self._put_off([held], one, aside)[0]
        return list(done.values())

    def _put_off(self, batch: list[Held], one: Quarantined, aside: _SetAside) -> list[Outcome]:
        """Their attempts do not count: nobody tried to tell them."""
        aside.note(one)
        aside.put_off += len(batch)
        until = self.clock.now_us() + PUT_OFF * self.retry_policy.lease * SECOND
        return [o.untried(held, until, one.code) for held in batch]

    def _documents(self, batch: list[Held]) -> tuple[o.Document, ...]:
        if any("document" in held.notice.body for held in batch):
            return self.store.documents(batch[0].notice.case_id)
        return ()

    def _outcome(self, context: CaseContext, held: Held, done: Mapping[str, Outcome]) -> Outcome:
        """What becomes of one notice: not owed any more, told by another, later, or told now."""
        notice, now = held.notice, self.clock.now_us()
        if notice.topic == CORRECTION and held.corrected not in (o.SENT, o.COLLAPSED, o.UNSURE):
            if held.corrected == o.LEASED:  # another relay is telling what this one takes back
                return o.untried(held, now + self.retry_policy.lease * SECOND, "corrected-in-hand")
            return o.cancelled(held, "never-told")
        if notice.topic in OF_RUNGS and not stands(context.case, notice):
            return o.cancelled(held, "annulled")
        if may_collapse(notice) and has_higher(context.case, notice):
            rows = [as_settled(row, done) for row in rows_of(self.store, notice.case_id)]
            other = speaker(context.case, notice, rows)
            if other is not None:
                return self._spoken_for(held, other)
        return self._tell(context, held)

    def _spoken_for(self, held: Held, other: o.Posted) -> Outcome:
        """Told together with a higher level once that one was told; until then it waits for it."""
        if other.status == o.SENT:
            return o.collapsed(held, other.notice.id)
        ready = max(other.next_try_us or 0, self.clock.now_us())
        return o.untried(held, ready + SECOND, "higher-level-first")

    # -- one notice --------------------------------------------------------------------------------------

    def _tell(self, context: CaseContext, held: Held) -> Outcome:
        notice = held.notice
        try:
            people = self.directory.holders(notice.role, unit=notice.unit, case=context.case)
        except DeliveryFailed as error:
            return self._failed(held, _kept(error), retry=error.retry)
        except Exception as error:  # the portal's own code: no fault of it stops the others
            _log.error("directory failed: %s", type(error).__name__)
            return self._failed(held, "directory-broke", retry=True)
        try:
            deliveries = self._channels.deliveries(context, notice, people)
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
                error, again = _kept(failed), again or failed.retry
        if again and held.attempt < self.retry_policy.attempts:
            failed_again = self._failed(held, error, retry=True)
            return failed_again.replace(told_us=self.clock.now_us()) if reached else failed_again
        if reached:
            return o.sent(held, self.clock.now_us()).replace(error=error)
        return o.dead(held, error)

    def _handed_on(self, delivery: Delivery) -> DeliveryFailed | None:
        try:
            self._channels.notifier(delivery.channel).send(delivery)
        except DeliveryFailed as error:
            return error
        except (Exception, SystemExit) as error:  # a poison notice stops nobody else
            _log.error("notifier for %s failed: %s", delivery.channel, type(error).__name__)
            return DeliveryFailed("notifier-broke", retry=True, found=type(error).__name__)
        return None

    def _failed(self, held: Held, code: str, *, retry: bool) -> Outcome:
        if not retry or held.attempt >= self.retry_policy.attempts:
            return o.dead(held, code)
        return o.retry(
            held, self.clock.now_us() + self.retry_policy.wait_us(held.attempt, self._chance()), code
        )
