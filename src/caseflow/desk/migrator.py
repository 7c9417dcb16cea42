"""Rules changed under living cases: many at once, batch by batch, or only the impact that it would have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Literal

from caseflow.core.engine.migration import MIGRATE, migrate
from caseflow.core.model import events as e
from caseflow.core.model.case import Card, Case, card_key
from caseflow.core.model.commands import Actor
from caseflow.core.value import Value
from caseflow.desk.call_checks import checked_call, checked_function
from caseflow.desk.command_handler import ATTEMPTS, BATCH, CommandHandler, LeftOut
from caseflow.desk.unit_of_work import UnitOfWork
from caseflow.errors import CaseflowError, Stale, is_of_the_store
from caseflow.ports import Append, Quarantined
from caseflow.serialization.redaction import sealed

Effect = Literal["annulled", "issued", "moved"]


class CardImpact(Value):
    """What a change of rules does to one card or reminder. Instants are epoch microseconds.

    Attributes:
        effect: ``annulled``, ``issued``, or ``moved`` to another instant or unit.
        unit: against which the card stands afterwards; of an annulled one, against which it stood.
        was_us, is_us: when it took effect before and takes effect now; ``None`` for a card that was not, or
            is no more.
    """

    case_id: str
    effect: Effect
    unit: str
    clock: str
    level: str
    is_breach: bool
    was_us: int | None = None
    is_us: int | None = None


class ImpactRow(Value):
    """How many cards and reminders of a unit and level a change of rules annuls, issues and moves."""

    unit: str
    level: str
    is_breach: bool
    annulled: int = 0
    issued: int = 0
    moved: int = 0


class Migration(Value):
    """What a change of rules came to, or would come to.

    Attributes:
        migrated: how many open cases are under the new rules now, or would be.
        unchanged: how many were under them before.
        cards: what it does to cards and reminders, in the order of case ids.
        refused: cases that stay under their rules, in the same order.
        dry_run: whether nothing was written.
    """

    migrated: int = 0
    unchanged: int = 0
    cards: tuple[CardImpact, ...] = ()
    refused: tuple[LeftOut, ...] = ()
    dry_run: bool = False

    @property
    def impact(self) -> tuple[ImpactRow, ...]:
        """The cards by unit and level, in the order of their names; breaches and warnings apart."""
        counts: Counter[tuple[str, str, bool, str]] = Counter(
            (card.unit, card.level, card.is_breach, card.effect) for card in self.cards
        )
        rows = sorted({key[:3] for key in counts})
        return tuple(
            ImpactRow(
                *row,
                annulled=counts[*row, "annulled"],
                issued=counts[*row, "issued"],
                moved=counts[*row, "moved"],
            )
            for row in rows
        )

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-able data, the impact by unit and level with it."""
        return {
            "dry_run": self.dry_run,
            "migrated": self.migrated,
            "unchanged": self.unchanged,
            "impact": [row.to_dict() for row in self.impact],
            "cards": [card.to_dict() for card in self.cards],
            "refused": [
                {"case_id": one.case_id, "code": one.error.code, "reason": one.error.text()}
                for one in self.refused
            ],
        }


class Selection(Value):
    """Which open cases come under other rules; ``None`` admits all."""

    unit: str | None = None
    state: str | None = None
    kind: str | None = None
    policy_hash: str | None = None

    def admits(self, case: Case) -> bool:
        """Whether the case is one of them."""
        return (
            case.is_open
            and self.unit in (None, case.unit)
            and self.state in (None, case.state)
            and self.kind in (None, case.origin.kind)
            and self.policy_hash in (None, case.origin.policy_hash)
        )


class Migrator:
    """Brings the cases of a store under the rules of one desk; see `caseflow.desk.Desk.migrate_all`."""

    def __init__(self, handler: CommandHandler) -> None:
        self._handler = handler
        self._store = handler.store

    def migrate(
        self,
        selection: Selection,
        *,
        by: Actor,
        reason: str,
        retroactive: bool,
        dry_run: bool,
        progress: Callable[[int], object],
    ) -> Migration:
        """Bring every open case of the selection under the desk's rules, batch by batch."""
        handler, now = self._handler, self._handler.clock.now_us()
        by = handler.actor(checked_call("-", MIGRATE, by)[1])
        checked_function("progress", progress)
        if not dry_run:
            handler.pin()
        fields: dict[str, Any] = {"reason": reason} | ({} if retroactive else {"retroactive": False})
        take = partial(self._entry, by=by, fields=fields, now=now)
        done = Migration(dry_run=dry_run)
        for ids in self._batches():
            done = self._batch(ids, selection, take, done)
            progress(done.migrated + done.unchanged + len(done.refused))
        return done

    def _batches(self) -> Iterator[list[str]]:
        """The ids of all cases, in their order: it does not change while cases are written."""
        after = ""
        while page := self._store.heads(after, limit=BATCH):
            after = page[-1].case_id
            yield [head.case_id for head in page]

    def _batch(
        self, ids: list[str], selection: Selection, take: Callable[[Case], Append], done: Migration
    ) -> Migration:
        changes: list[tuple[Case, Append]] = []
        refused: list[LeftOut] = []
        unchanged = 0
        for case_id, case in self._loaded(ids, refused):
            if not selection.admits(case):
                continue
            try:
                if case.origin.policy_hash == self._handler.target(case).pin:
                    unchanged += 1
                    continue
                changes.append((case, take(case)))
            except Exception as error:
                refused.append(self._left(case_id, error))
        entries = [entry for _, entry in changes]
        if not done.dry_run and entries:
            entries = self._written(changes, take, refused)
        return done.replace(
            migrated=done.migrated + len(entries),
            unchanged=done.unchanged + unchanged,
            cards=(
                *done.cards,
                *(card for entry in entries for card in impact_of(entry.case, entry.events)),
            ),
            refused=(*done.refused, *refused),
        )

    def _loaded(self, ids: list[str], refused: list[LeftOut]) -> Iterator[tuple[str, Case]]:
        load_many = getattr(self._store, "load_many", None)
        cases = None
        aside: list[Quarantined] = []
        with suppress(Exception):  # what hinders the whole question hinders none of those that come alone
            cases = None if load_many is None else load_many(ids, aside=aside.append)
        if aside:  # the one by itself says why
            cases = None
        for case_id in ids:
            try:
                case = self._store.load(case_id) if cases is None else cases.get(case_id)
            except Exception as error:
                refused.append(self._left(case_id, error))
                continue
            if case is not None:
                yield case_id, case

    def _written(
        self,
        changes: list[tuple[Case, Append]],
        take: Callable[[Case], Append],
        refused: list[LeftOut],
    ) -> list[Append]:
        """The entries as they were written: all at once, or one by one where others write too."""
        entries = [entry for _, entry in changes]
        try:
            self._record(changes)
        except Exception as error:  # others write too, or a hook does not let one of them through
            if is_of_the_store(error):
                raise
            return [done for entry in entries for done in self._alone(entry.case.id, take, refused)]
        return entries

    def _record(self, changes: Sequence[tuple[Case, Append]]) -> None:
        """Append them, and what goes to other cases by a timed action of the new rules."""
        work = UnitOfWork(self._handler, self._handler.clock.now_us())
        for before, entry in changes:
            work.add(before, entry)
        self._handler.record(work.entries())

    def _alone(self, case_id: str, take: Callable[[Case], Append], refused: list[LeftOut]) -> list[Append]:
        for _ in range(ATTEMPTS):
            case = self._handler.known(case_id)
            try:
                if not case.is_open or case.origin.policy_hash == self._handler.target(case).pin:
                    return []
                entry = take(case)
                self._record([(case, entry)])
            except Stale:
                continue
            except Exception as error:
                refused.append(self._left(case_id, error))
                return []
            return [entry]
        refused.append(LeftOut(case_id, Stale(case_id, expected=0)))
        return []

    @staticmethod
    def _left(case_id: str, error: Exception) -> LeftOut:
        """A case that stays under its rules, whatever is wrong with it: the others must get theirs.

        Raises:
            StoreError: it is the store that cannot be used.
        """
        if is_of_the_store(error):
            raise error
        if isinstance(error, CaseflowError):
            return LeftOut(case_id, error)
        return LeftOut(case_id, CaseflowError("case-left", case=case_id, found=f"{error!r:.200}"))

    def _entry(self, case: Case, *, by: Actor, fields: dict[str, Any], now: int) -> Append:
        """The change of one case, to be appended.

        Raises:
            CaseflowError: it cannot be brought under the new rules.
        """
        handler = self._handler
        rules = handler.rules_of(case)
        command, texts = sealed(rules, MIGRATE, by, fields, None)
        after, events = migrate(
            rules,
            handler.target(case),
            case,
            command,
            now,
            history=self._store.events(case.id),
            authorizer=handler.authorizer,
        )
        version = next(
            turn for turn, event in enumerate(events, case.version + 1) if type(event) is e.Migrated
        )
        texts = tuple(text.replace(version=version) for text in texts)
        return Append(after, case.version, events, texts)


def impact_of(case: Case, events: Sequence[e.Event]) -> Iterator[CardImpact]:
    """What a change of rules did to cards; what was due before it is no part of it.

    Args:
        case: the case after the events.
        events: what was recorded, the change of rules among it.
    """
    changed = iter(events)
    next(event for event in changed if isinstance(event, e.Migrated))
    cards = {(*card_key(card), card.annulled_us): card for card in case.escalations}
    before: dict[tuple[str, str, int, str], Card] = {}
    for event in changed:
        if isinstance(event, e.CardAnnulled):
            key = event.clock, event.subject, event.cycle, event.level, event.issued_us, event.at_us
            before[*case.clock_of(cards[key]), event.level] = cards[key]
        elif isinstance(event, e.RungEvent):
            annulled = before.pop((event.clock, event.subject, event.cycle, event.level), None)
            yield CardImpact(
                case.id,
                "issued" if annulled is None else "moved",
                unit=event.subject or event.unit,
                clock=event.clock,
                level=event.level,
                is_breach=isinstance(event, e.CardIssued),
                was_us=None if annulled is None else annulled.effective_us,
                is_us=event.at_us,
            )
    for (clock, *_), card in before.items():
        yield CardImpact(
            case.id,
            "annulled",
            unit=card.addressee,
            clock=clock,
            level=card.level,
            is_breach=card.is_breach,
            was_us=card.effective_us,
        )
