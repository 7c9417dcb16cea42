"""The desk takes over open cases of another system: one, or a whole table, all of it or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Unpack

import attrs

from caseflow.core.adopt import ADOPT, adopt, legacy_of
from caseflow.core.case import Case
from caseflow.core.commands import Actor
from caseflow.core.events import Adopted
from caseflow.core.evolve import replay
from caseflow.core.rules import Rules
from caseflow.core.values import Value, value
from caseflow.desk.checking import check_call
from caseflow.desk.keeping import ATTEMPTS, BATCH, DeskKeeping
from caseflow.desk.legacy import Known, LegacyCase
from caseflow.desk.repeats import Asked
from caseflow.errors import BadInput, CaseflowError, Refusal, Refused, Stale
from caseflow.ports import Append, Store
from caseflow.sealing import sealed


@value
class Wrong(Value):
    """A case that cannot be taken over: its place among those given, counted from 0, and why not."""

    index: int
    case_id: str
    error: CaseflowError


@value
class Adoption(Value):
    """What a takeover came to, or would come to.

    Attributes:
        adopted: how many cases are new; unchanged: how many were taken over before, in the same words.
        inherited: level -> cards and reminders that the new ones brought along, told to nobody.
        running: clock -> instances that run on in the new ones.
        untaken: timed actions of inherited rungs that were not taken; a person decides on those cases.
        wrong: what stands in the way; unless it is empty nothing was written.
    """

    adopted: int = 0
    unchanged: int = 0
    inherited: Mapping[str, int] = {}
    running: Mapping[str, int] = {}
    untaken: int = 0
    wrong: tuple[Wrong, ...] = ()


class DeskAdopting(DeskKeeping):
    """The part of the desk that takes cases over."""

    def adopt(
        self, case_id: str, *, by: Actor, reason: str, key: str | None = None, **known: Unpack[Known]
    ) -> Case:
        """Take over an open case of another system, with its true start and state.

        Rungs that it reached before are recorded as inherited and told to nobody; those to come fire as
        usual. The same case again, in the same words, changes nothing.

        Args:
            case_id: the id it keeps.
            by: who takes it over; a role that may take every action and record facts late.
            reason: why; kept apart as a text.
            key: an idempotency key of this actor.
            known: what is known of it, as `caseflow.LegacyCase` describes; ``state`` and ``submitted_at``
                are needed.

        Returns:
            The case as it stands: after the adoption, or after what happened to it since.

        Raises:
            Refused: the rules do not allow it, an instant or clock does not fit, or a case of that id is
                there with another past; nothing was recorded.
            BadInput: something that is no instant.
            KeyReused: the key belongs to another command.
        """
        legacy = LegacyCase(case_id=case_id, **known)
        check_call(case_id, ADOPT, by, key)
        now: int = self.clock.now_us()
        asked = None if key is None else _asked(legacy, by, reason, key)
        repeated = None if asked is None else self._repeated(asked)
        if repeated is not None:
            return repeated
        for _ in range(ATTEMPTS):
            found = self.store.load(case_id)
            entry = _entry(self.rules, legacy, by=by, reason=reason, now=now)
            claim = None
            if asked is not None:
                claim = asked.claim(case_id, entry.texts, first=1, last=entry.case.version)
            if found is not None:
                _check_same(self.store, found, entry)
                if claim is not None:
                    self.store.append([Append(found, found.version, ())], claim)
                return found
            self._pin()
            try:
                self._record((entry,), claim)
            except Stale:
                continue
            return entry.case
        raise Stale(case_id, expected=0)

    def adopt_all(
        self,
        cases: Callable[[], Iterable[LegacyCase]],
        *,
        by: Actor,
        reason: str,
        dry_run: bool = False,
        progress: Callable[[int], object] = lambda _: None,
    ) -> Adoption:
        """Take over many cases: all of them, or none when one is wrong.

        They are gone through twice, first to judge and then to write, in batches of one transaction each; a
        run that was broken off is finished by the same call.

        Args:
            cases: gives the cases anew each time it is called.
            by, reason: as in `adopt`.
            dry_run: judge only.
            progress: told after each batch how many cases were written or passed over.
        """
        now: int = self.clock.now_us()
        judged = _Counts()
        for index, legacy in enumerate(cases()):
            try:
                check_call(legacy.case_id, ADOPT, by, None)
                judged.take(self.store, _entry(self.rules, legacy, by=by, reason=reason, now=now))
            except (Refused, BadInput) as error:
                judged.wrong.append(Wrong(index, legacy.case_id, error))
        if dry_run or judged.wrong:
            return judged.result()
        self._pin()
        done = 0
        for batch in _batches(cases()):
            self._adopt_batch(batch, by, reason, now)
            done += len(batch)
            progress(done)
        return judged.result()

    def _adopt_batch(self, batch: list[LegacyCase], by: Actor, reason: str, now: int) -> None:
        for _ in range(ATTEMPTS):
            entries = [
                _entry(self.rules, legacy, by=by, reason=reason, now=now)
                for legacy in batch
                if self.store.load(legacy.case_id) is None
            ]
            try:
                if entries:
                    self._record(entries)
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
        found = store.load(case.id)
        if found is not None:
            _check_same(store, found, entry)
            self._unchanged += 1
            return
        self._inherited.update(card.level for card in case.rungs)
        self._running.update(run.clock for run in case.clocks if run.is_running)
        self._untaken += sum(getattr(event, "skipped", "") != "" for event in entry.events)

    def result(self) -> Adoption:
        """The counts so far."""
        return Adoption(
            len(self._ids) - self._unchanged, self._unchanged, dict(self._inherited), dict(self._running),
            self._untaken, tuple(self.wrong),
        )  # fmt: skip


def _entry(rules: Rules, legacy: LegacyCase, *, by: Actor, reason: str, now: int) -> Append:
    """The adoption of a case that is not there, to be appended."""
    command, texts = sealed(rules, "submit", by, _given(legacy, reason), None)
    events = adopt(rules, legacy.case_id, legacy.past(), command.replace(action=ADOPT), now)
    texts = tuple(text.replace(version=1) for text in texts)
    return Append(replay(legacy.case_id, events), 0, events, texts)


def _check_same(store: Store, found: Case, entry: Append) -> None:
    """The case that is there must have been taken over with the same past.

    Raises:
        Refused: ``case-exists``.
    """
    asked = entry.events[0]
    first = store.events(found.id)[0] if found.facts.adopted_us is not None else None
    same = isinstance(first, Adopted) and isinstance(asked, Adopted) and legacy_of(first) == legacy_of(asked)
    if not same:
        raise Refused(
            Refusal(code="case-exists", action=ADOPT, state=found.state, rule="adopt"), case_id=found.id
        )


def _batches(cases: Iterable[LegacyCase]) -> Iterator[list[LegacyCase]]:
    left = iter(cases)
    while batch := list(islice(left, BATCH)):
        yield batch


def _asked(legacy: LegacyCase, by: Actor, reason: str, key: str) -> Asked:
    """The takeover as it was asked for."""
    past = attrs.astuple(legacy.past())  # type: ignore[arg-type]  # a `value` is an attrs class
    said = (ADOPT, by.id, by.role, by.unit, legacy.case_id, past)
    return Asked(by.id, key, said, _given(legacy, reason))


def _given(legacy: LegacyCase, reason: str) -> dict[str, object]:
    return legacy.fields() | ({"reason": reason} if reason else {})
