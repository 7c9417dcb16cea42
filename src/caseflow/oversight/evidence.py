"""What may be held against a unit, read from the log: its cards, and the cases that it gave back (退单)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model.case import Case
from caseflow.core.model.events import Adopted, CardAnnulled, CardIssued, Event, Returned, Submitted
from caseflow.core.policy import RETURN
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.errors import BadInput, BadRecord, is_of_the_store
from caseflow.interchange.pagination import feed
from caseflow.ports import Quarantined

_T = TypeVar("_T")


class Evidence(Value):
    """A card that was issued against a unit, or a case that it gave back. Instants are epoch microseconds.

    Attributes:
        version: that of the case after the event by which it was recorded.
        level: of the card; ``return`` for a case given back.
        since_us: when it took effect.
        noticed_us: when it was recorded.
        annulled_us, cause: when the card was annulled, and because of what; ``None`` while it stands.
    """

    case_id: str
    version: int
    level: str
    unit: str
    since_us: int
    noticed_us: int
    clock: str = ""
    subject: str = ""
    cycle: int = 1
    annulled_us: int | None = None
    cause: str = ""

    @property
    def name(self) -> str:
        """What records call it: ``CASE@VERSION``, the event by which it was recorded."""
        return f"{self.case_id}@{self.version}"

    def stands_at(self, us: int) -> bool:
        """Whether it was on record at the instant, and not annulled by then."""
        return self.noticed_us <= us and (self.annulled_us is None or us < self.annulled_us)

    def item(self, *tables: dict[str, int]) -> str:
        """What tables of conduct call it: ``CLOCK/LEVEL`` or the level; empty where none of them names it."""
        names = (f"{self.clock}/{self.level}", self.level) if self.clock else (self.level,)
        return next((name for name in names if any(name in table for table in tables)), "")


class CaseLog(Value):
    """What a store says of units: the ids of cases with cards or returns, and those of referrals."""

    cases: tuple[str, ...]
    referrals: tuple[str, ...]


def read_log(desk: Desk) -> CaseLog:
    """One reading of the whole log, in its order; cases of referrals are not among the others."""
    cases, referrals = dict[str, None](), dict[str, None]()
    accountable = dict[str, bool]()
    for recorded in feed(desk.store):
        event, case_id = recorded.event, recorded.case_id
        if isinstance(event, Submitted | Adopted):
            pin = event.origin.policy_hash
            if pin not in accountable:
                accountable[pin] = _holds_to_account(desk, Case(case_id, origin=event.origin))
            if accountable[pin]:
                referrals[case_id] = None
        elif isinstance(event, CardIssued | Returned) and case_id not in referrals:
            cases[case_id] = None
    return CaseLog(tuple(cases), tuple(referrals))


def _holds_to_account(desk: Desk, case: Case) -> bool:
    """Whether the case's rules are those of referrals; not where they cannot be read."""
    try:
        return bool(desk.rules_of(case).policy.conduct)
    except Exception as error:
        if is_of_the_store(error):
            raise
        return False


def evidence_of(desk: Desk, case_id: str) -> tuple[Evidence, ...]:
    """The cards and returns of a case, in the order of its history.

    Not those without a unit, nor what an older system had issued before the case was taken over.

    Raises:
        UnknownCase: no such case.
    """
    case, events = desk.get(case_id), desk.history(case_id)
    rules = desk.rules_of(case)
    rows = (_row(rules, case, (version, event), events) for version, event in enumerate(events, 1))
    return tuple(row for row in rows if row is not None and row.unit)


def _row(
    rules: CompiledPolicy, case: Case, recorded: tuple[int, Event], events: Sequence[Event]
) -> Evidence | None:
    version, event = recorded
    match event:
        case CardIssued(inherited=False):
            end = _annulment(event, events[version:])
            return Evidence(
                case.id,
                version,
                event.level,
                _unit(rules, event),
                event.at_us,
                noticed_us=event.detected_us or event.at_us,
                clock=event.clock,
                subject=event.subject,
                cycle=event.cycle,
                annulled_us=None if end is None else end.at_us,
                cause="" if end is None else end.cause,
            )
        case Returned():
            unit = event.by.unit or case.own_unit_at(event.since_us)
            return Evidence(case.id, version, RETURN, unit, event.since_us, noticed_us=event.at_us)
        case _:
            return None


def _unit(rules: CompiledPolicy, event: CardIssued) -> str:
    """Against whom the card is: a clock of each unit, or of each that helps, has that as its subject."""
    rule = rules.policy.clocks.get(event.clock)
    of_units = rule is not None and rule.subject in ("unit", "co_handler")
    return event.subject if of_units and event.subject else event.unit


def _annulment(card: CardIssued, later: Sequence[Event]) -> CardAnnulled | None:
    key = (card.clock, card.subject, card.cycle, card.level, card.at_us)
    return next(
        (
            event
            for event in later
            if isinstance(event, CardAnnulled)
            and (event.clock, event.subject, event.cycle, event.level, event.issued_us) == key
        ),
        None,
    )


class EvidenceReader:
    """Reads evidence by its name, each case once; what cannot be read is set aside."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cases = dict[str, dict[int, Evidence]]()
        self.aside = list[Quarantined]()

    def of_case(self, case_id: str) -> dict[int, Evidence]:
        """The evidence of a case by version; empty for one that cannot be read."""
        if case_id not in self._cases:
            rows = self.tried(case_id, partial(evidence_of, self._desk, case_id)) or ()
            self._cases[case_id] = {row.version: row for row in rows}
        return self._cases[case_id]

    def get(self, name: str) -> Evidence | None:
        """The evidence of that name; `None`, and set aside, where there is none."""
        case_id, _, version = name.rpartition("@")
        rows = self.of_case(case_id)
        row = rows.get(int(version)) if version.isdecimal() and len(version) < 10 else None
        if row is None:
            self.aside.append(Quarantined.of("event", name, BadRecord("bad-event", found=name)))
        return row

    def tried(self, case_id: str, read: Callable[[], _T]) -> _T | None:
        """What is read of a case; `None` where that fails for a fault of its own, which is set aside."""
        try:
            return read()
        except Exception as error:
            if is_of_the_store(error):
                raise
            self.aside.append(Quarantined.of("case", case_id, error))
            return None


def rules_of_referrals(desk: Desk) -> CompiledPolicy:
    """The desk's policy of referrals.

    Raises:
        BadInput: it has none.
    """
    for rules in desk.policies.values():
        if rules.policy.conduct:
            return rules
    raise BadInput("no-conduct", known=", ".join(desk.policies))
