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
from caseflow.core.notices import Held, Outcome
from caseflow.core.time.instants import SECOND
from caseflow.core.value import Value
from caseflow.delivery.attempt import QUIET_HOURS, Attempt, key_of
from caseflow.delivery.collapse import (
    has_higher,
    has_siblings,
    highest_first,
    known_us,
    may_collapse,
    siblings,
    speaker,
)
from caseflow.delivery.messages import Messages
from caseflow.delivery.quiet_hours import TellingTimes, telling_times
from caseflow.delivery.recipients import DIRECTORY_BROKE, Recipients
from caseflow.delivery.renderer import DIGEST, CaseContext, Channels
from caseflow.delivery.round import PostedRows, PutAside, Round, RoundWork, round_of
from caseflow.delivery.validity import NEVER_TOLD, outdated
from caseflow.errors import BadInput, BadRecord, CaseflowError, DeliveryFailed, StoreError
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


def _kept(failed: DeliveryFailed) -> str:
    """The code of others as any store can keep it."""
    return printable(str(failed.code))[:200]


PUT_OFF = 10
"""After so many leases a notice is looked at again that could not be read, or whose case could not."""


def _goes_first(other: o.Posted, held: Held, rows: PostedRows, now_us: int) -> bool:
    """Whether another relay is telling the same to another role just now, which was posted before."""
    if other.status != o.LEASED or other.token == held.token or (other.next_try_us or 0) <= now_us:
        return False
    own = next((row.position for row in rows.now() if row.notice.id == held.notice.id), 0)
    return other.position < own


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
        quiet, digest: when people may be told of whom the directory does not say it; see `Person`.

    Raises:
        BadInput: ``bad-telling-time``.
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
        quiet: str = "",
        digest: str = "",
    ) -> None:
        telling_times(quiet, digest)
        self._quiet, self._digest = quiet, digest
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
        aside = PutAside(self._observer)
        batch = self.store.claim(
            now, limit=self.retry_policy.batch, lease_us=lease, token=uuid.uuid4().hex, aside=aside.note
        )
        unread = aside.count
        if not batch and not unread:
            return Round()
        work = RoundWork(aside)
        by_case: dict[str, list[Held]] = {}
        for held in batch:
            by_case.setdefault(held.notice.case_id, []).append(held)
        try:
            looked_up = self._looked_up(list(by_case))
            for case_id, notices in by_case.items():
                at = self.clock.now_us()
                if at - now > lease // 2:  # before the lease runs out the rest goes back to whoever is free
                    work.keep(o.untried(held, at) for held in notices)
                else:
                    self._tell_case(case_id, notices, looked_up, work)
            if self.clock.now_us() - now <= lease // 2:
                self._send_digests(work)
        finally:
            self._settle(list(work.outcomes.values()))
        done = round_of(len(batch), list(work.outcomes.values()), unread=unread, put_off=aside.put_off)
        self._tell_observer(done, seconds_running() - started)
        return done

    def _send_digests(self, work: RoundWork) -> None:
        """One message for each person who is told all at once, and what that makes of the notices in it."""
        for digest, parts in work.digests:
            failed = self._handed_on(digest)
            for attempt, delivery in parts:
                attempt.ended(delivery, failed)
        work.keep(self._outcome_of(attempt) for attempt in work.digests.attempts)

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

    def _tell_case(self, case_id: str, batch: list[Held], looked_up: _LookedUp, work: RoundWork) -> None:
        """Tell those of one case, the highest levels first."""
        try:
            case = None if looked_up is None else looked_up[0].get(case_id)
            case = case or self.store.load(case_id)
            if case is None:
                work.keep(o.dead(held, "no-case") for held in batch)
                return
            known = None if looked_up is None else looked_up[1]
            texts = self.store.texts(case_id) if known is None else known.get(case_id, ())
            context = CaseContext(
                rules=rules_of(case.origin.policy_hash, self.store.pinned),
                case=case,
                texts=texts,
                documents=self._documents(batch),
                now_us=self.clock.now_us(),
            )
            batch = highest_first(case, batch)
        except Exception as error:
            if isinstance(error, StoreError) and not isinstance(error, BadRecord):
                work.keep(self._failed(held, error.code, retry=True) for held in batch)
            else:
                self._put_off(batch, Quarantined.of("case", case_id, error), work)
            return
        rows = PostedRows(self.store, case_id, work)
        for held in batch:
            try:
                work.keep([self._outcome(context, held, rows, work)])
            except StoreError as error:
                work.keep([self._failed(held, error.code, retry=True)])
            except Exception as error:
                self._put_off([held], Quarantined.of("notice", held.notice.id, error), work)

    def _put_off(self, batch: list[Held], one: Quarantined, work: RoundWork) -> None:
        """Their attempts do not count: nobody tried to tell them."""
        work.aside.note(one)
        work.aside.put_off += len(batch)
        until = self.clock.now_us() + PUT_OFF * self.retry_policy.lease * SECOND
        work.keep(o.untried(held, until, one.code) for held in batch)

    def _documents(self, batch: list[Held]) -> tuple[o.Document, ...]:
        if any("document" in held.notice.body for held in batch):
            return self.store.documents(batch[0].notice.case_id)
        return ()

    def _outcome(self, context: CaseContext, held: Held, rows: PostedRows, work: RoundWork) -> Outcome:
        """What becomes of one notice: not owed any more, told by another, later, or told now."""
        notice, now = held.notice, self.clock.now_us()
        if notice.corrects and held.corrected not in (o.SENT, o.COLLAPSED, o.UNSURE):
            if held.corrected == o.LEASED:  # another relay is telling what this one takes back
                return o.untried(held, now + self.retry_policy.lease * SECOND, "corrected-in-hand")
            return o.cancelled(held, NEVER_TOLD)
        reason = outdated(context.rules, context.case, notice, now)
        if reason:
            return o.cancelled(held, reason)
        if may_collapse(notice) and has_higher(context.case, notice):
            other = speaker(context.case, notice, rows.now())
            if other is not None:
                return self._spoken_for(held, other)
        return self._tell(context, held, rows, work)

    def _spoken_for(self, held: Held, other: o.Posted) -> Outcome:
        """Told together with a higher level once that one was told; until then it waits for it."""
        if other.status in o.TOLD:
            return o.collapsed(held, other.into or other.notice.id)
        ready = max(other.next_try_us or 0, self.clock.now_us())
        return o.untried(held, ready + SECOND, "higher-level-first")

    # -- one notice --------------------------------------------------------------------------------------

    def _tell(self, context: CaseContext, held: Held, rows: PostedRows, work: RoundWork) -> Outcome:
        notice = held.notice
        try:
            recipients = Recipients(context, notice, directory=self.directory, store=self.store)
        except DeliveryFailed as error:
            return self._failed(held, _kept(error), retry=error.retry)
        except StoreError:
            raise
        except Exception as error:  # the portal's own code: no fault of it stops the others
            _log.error("directory failed: %s", type(error).__name__)
            return self._failed(held, DIRECTORY_BROKE, retry=True)
        try:
            deliveries = self._channels.deliveries(context, notice, recipients.named)
        except Exception as error:  # a template or policy of the portal's: likewise
            _log.error("notice %s cannot be worded: %s", notice.id, type(error).__name__)
            return self._failed(held, "cannot-word", retry=True)
        if not deliveries and not recipients.error:
            return o.dead(held, "no-address" if recipients.named else "no-recipient")
        if has_siblings(context.rules, notice):
            others = siblings(notice, rows.now())
            if any(_goes_first(other, held, rows, self.clock.now_us()) for other in others):
                return o.untried(held, self.clock.now_us() + SECOND, "other-role-first")
            keys = {key: other.notice.id for other in others for key in other.reached}
            keys |= work.in_digests(other.notice.id for other in others)
            left = [delivery for delivery in deliveries if key_of(delivery) not in keys]
            if deliveries and not left and not recipients.error:
                return o.collapsed(held, keys[key_of(deliveries[0])])
            deliveries = left
        return self._sent(
            context, Attempt(held, self._reached_before(held), recipients.error), deliveries, work
        )

    def _reached_before(self, held: Held) -> set[str]:
        return self._reached.setdefault(held.notice.id, set())

    def _sent(
        self, context: CaseContext, attempt: Attempt, deliveries: list[Delivery], work: RoundWork
    ) -> Outcome:
        """Send to each who was not reached yet and may be told now."""
        now, days = self.clock.now_us(), context.rules.days
        known = known_us(context.case, attempt.held.notice)
        for delivery in deliveries:
            if key_of(delivery) in attempt.reached:
                continue
            try:
                times = self._times(delivery)
            except BadInput as error:
                attempt.ended(delivery, DeliveryFailed(error.code, retry=True))
                continue
            at = times.from_us(known, now, days)
            if at > now:
                attempt.waits(at, DIGEST if times.digest is not None else QUIET_HOURS)
            elif times.digest is not None:
                work.digests.add(attempt, delivery)
                work.attempts[attempt.held.notice.id] = attempt
            else:
                attempt.ended(delivery, self._handed_on(delivery))
        return self._outcome_of(attempt)

    def _times(self, delivery: Delivery) -> TellingTimes:
        person = delivery.person
        return telling_times(
            self._quiet if person.quiet is None else person.quiet,
            self._digest if person.digest is None else person.digest,
        )

    def _outcome_of(self, attempt: Attempt) -> Outcome:
        """What becomes of the notice, as far as its messages were handed on."""
        held = attempt.held
        self._reached_before(held).update(attempt.reached)
        again = attempt.tries_again and held.attempt < self.retry_policy.attempts
        retry = self._failed(held, attempt.error, retry=True) if again else None
        return attempt.outcome(self.clock.now_us(), retry)

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
