"""A scenario: a city's units, cases and people's behaviour as typed values; TOML keys are attribute names."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs

from caseflow.core.policy import Policy
from caseflow.core.time.calendar import Calendar
from caseflow.policies.parse import is_table
from caseflow.simulation.delays import NOTHING, Delay

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def table() -> Any:
    """A table, empty by default."""
    return attrs.field(factory=dict[str, Any])


def share(default: float) -> Any:
    """Part of all cases: 0 to 1."""
    return attrs.field(default=default, metadata={"most": 1.0})


def amount(default: float) -> Any:
    """Any number that is not negative."""
    return attrs.field(default=default, metadata={"most": float("inf")})


def count(default: int, *, least: int = 0) -> Any:
    """A whole number that is not too small."""
    return attrs.field(default=default, metadata={"least": least})


def numbers(default: tuple[float, ...], length: int) -> Any:
    """So many numbers, none negative, not all of them 0."""
    return attrs.field(default=default, metadata={"length": length})


@attrs.frozen(kw_only=True)
class Arrivals:
    """When citizens write. All numbers are relative: twice the number, twice as often."""

    month: tuple[float, ...] = numbers((1.0,) * 12, 12)
    """The season: cases a day in January to December."""
    weekday: tuple[float, ...] = numbers((1.0,) * 7, 7)
    """Cases a day on Monday to Sunday. A rest day of the calendar counts as Sunday, a make-up working day
    as Friday."""
    hour: tuple[float, ...] = numbers((1.0,) * 24, 24)
    """Cases in each hour of a working day, from 0:00."""
    rest_hour: tuple[float, ...] = numbers((), 24)
    """The same on rest days (Saturday, Sunday, holidays); as ``hour`` when left out."""


@attrs.frozen(kw_only=True)
class Office:
    """When an office works. Delays of an office run in its own hours only."""

    hours: tuple[str, ...] = ("09:00-17:00",)
    """Opening hours of a working day, on quarters of an hour."""
    days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri")
    """Working weekdays. A rest day of the calendar is worked as a Sunday, a make-up day as a Friday."""
    week: dict[str, tuple[float, ...]] = table()
    """Instead of both: ``mon`` to ``sun``, each with 24 strengths by hour; an hour of strength 0.5 brings
    half an office hour."""


@attrs.frozen(kw_only=True)
class Dispatch:
    """The desk that routes cases to units. Left out, citizens write to the unit itself."""

    delay: Delay = NOTHING
    """Office hours from the submission, or a return, to the routing."""
    rejected: float = share(0.0)
    """Share of cases that are not accepted."""
    reject_codes: dict[str, float] = table()
    """Why not: reason codes of the policy with their weights."""
    merged: float = share(0.0)
    """Share merged into an open case of the same title of the last ``merge_hours``, where there is one."""
    merge_hours: float = amount(8.0)
    """How old the other case may be, in hours."""


@attrs.frozen(kw_only=True)
class Handling:
    """What units do with a case until they reply."""

    wait: Delay = NOTHING
    """Office hours from the routing until the reply could be written: inquiries, visits, other people."""
    work: Delay = NOTHING
    """Office hours that the reply keeps one officer busy; it waits until one is free."""
    takes: str = "arrival"
    """Which waiting case a free officer takes: by ``arrival``, or the one whose ``deadline`` is nearest."""
    heeds: float = share(0.0)
    """Share of cases that the unit hurries with once the next reminder or card is due."""
    hurry: float = share(0.5)
    """What is left of the wait then, as a share."""
    step: Delay = NOTHING
    """Office hours that each small step takes: the sign-in, an acknowledgement, a request."""
    acknowledged: float = share(0.0)
    """Share of cases that get 立即回复."""
    signed_in: float = share(0.0)
    """Share of cases signed in (按程序办理)."""
    returned: float = share(0.0)
    """Share of cases that the first unit gives back; another unit gets them."""
    dispatched: float = share(0.0)
    """Share of cases with a visit (及时派员)."""
    co_handled: float = share(0.0)
    """Share of cases in which another unit helps and reports."""
    extended: float = share(0.0)
    """Share of cases for which an extension is asked, if the deadline has not passed."""
    extension_days: int = count(5, least=1)
    """Days asked for."""
    granted: float = share(0.7)
    """Share of those that are granted."""
    informed: float = share(0.0)
    """Share of cases in which the citizen is asked for more, and answers."""
    information: Delay = NOTHING
    """Hours of any day until the citizen answers."""
    placeholder: float = share(0.0)
    """Share of cases with a reply that only says that there will be one (已收到)."""
    withdrawn: float = share(0.0)
    """Share of cases that the citizen withdraws before there is a reply."""
    retracted: float = share(0.0)
    """Share of replies taken back and given again."""
    correction: Delay = NOTHING
    """Office hours from a reply to its retraction, and again to the new reply."""


@attrs.frozen(kw_only=True)
class Evaluation:
    """What follows a reply."""

    completed: float = share(0.0)
    """Share of replied cases with a completion notice (办结告知)."""
    completion: Delay = NOTHING
    """Office hours from the reply to the notice."""
    rated: float = share(0.0)
    """Share of citizens who rate."""
    rating: Delay = NOTHING
    """Hours of any day until they do."""
    scores: tuple[float, ...] = numbers((1.0,) * 5, 5)
    """How often a prompt reply is rated 1, 2, 3, 4 and 5."""
    late_scores: tuple[float, ...] = numbers((), 5)
    """The same of a very late reply; as ``scores`` when left out."""
    patience: float = amount(10.0)
    """Days from the submission to the reply after which half of the citizens rate as for a very late one."""
    assessed: float = share(0.0)
    """Share of cases that the supervising office assesses."""
    rectified: float = share(0.0)
    """Share of cases that lead to a rectification."""
    rectification: Delay = NOTHING
    """Office hours until it is verified."""
    closed: float = share(0.0)
    """Share of cases closed."""
    closing: Delay = NOTHING
    """Office hours from the last step to the closing."""
    reopened: float = share(0.0)
    """Share of closed cases that the citizen reopens."""
    reopened_unsatisfied: float = share(0.0)
    """The same where the citizen rated 1 or 2."""
    reopening: Delay = NOTHING
    """Hours of any day until they do."""


def quarter(text: str) -> int:
    """The quarter of an hour since midnight that ``HH:MM`` names; -1 where it names none.

    >>> quarter("08:30")
    34
    """
    hour, colon, minute = text.strip().partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and len(minute) == 2):
        return -1
    slot, rest = divmod(int(hour) * 60 + int(minute), 15)
    return slot if not rest and slot <= 96 and int(minute) < 60 else -1


@attrs.frozen(kw_only=True)
class UnitBehaviour:
    """A handling unit."""

    weight: float = amount(1.0)
    """How often cases go to it, relative to the others."""
    officers: int = count(0)
    """How many replies it can work on at once; 0 for as many as come."""
    wait: Delay | None = None
    """Its own ``handling.wait``."""
    work: Delay | None = None
    """Its own ``handling.work``."""
    office: Office | None = None
    """Its own ``office``."""


@attrs.frozen(kw_only=True)
class InquiryKind:
    """A kind of inquiry, and what citizens write about."""

    weight: float = amount(1.0)
    """How often, relative to the other kinds."""
    titles: tuple[str, ...] = ()
    """Titles to choose from; none leaves the title out."""


@attrs.frozen(kw_only=True)
class Roles:
    """The policy's roles by what they do in the simulation."""

    citizen: str = "citizen"
    """Submits, rates, withdraws, reopens."""
    handler: str = "handler"
    """Works for a unit."""
    lead: str = "lead_official"
    """Takes replies back."""
    coordinator: str = "coordinator"
    """Routes, rejects, merges."""
    supervisor: str = "supervisor"
    """Grants extensions, assesses, closes."""


@attrs.frozen(kw_only=True)
class Texts:
    """What is written in the cases."""

    body: str = "{title}，请予处理。"
    """``{title}`` stands for the title."""
    reply: str = "您好，您反映的问题已办理，感谢您的监督。"
    """Of a reply."""
    corrected: str = "更正：问题已重新核实并办理。"
    """Of a reply after a retraction."""
    again: str = "已再次处理。"
    """Of a reply after a reopening."""
    placeholder: str = "您的留言已收到。"
    """Of a placeholder."""
    report: str = "协办意见已报。"
    """Of a co-handling unit's report."""
    request: str = "请补充具体位置。"
    """Of a request for information."""
    information: str = "位置已补充。"
    """Of its answer."""
    returned: str = "不属于本单位职责"
    """The reason of a return."""
    extension: str = "需要现场勘查"
    """The reason of an extension."""
    withdrawn: str = "问题已自行解决"
    """The reason of a withdrawal."""
    retracted: str = "答复内容有误"
    """The reason of a retraction."""
    reopened: str = "问题再次出现"
    """The reason of a reopening."""


@attrs.frozen(kw_only=True)
class Scenario:
    """A city to simulate.

    ``rules`` and ``working_days`` are what ``policy`` and ``calendar`` name, read with the scenario.
    """

    format: int = 1
    """The version of this file format."""
    name: str = ""
    """What people call it."""
    policy: str = "wuhu"
    """The rules: a shipped policy's name, or a file's path relative to this file."""
    start: date
    """The first day, in the policy's zone."""
    days: int = count(365, least=1)
    """For how many days citizens write."""
    after: int = count(0)
    """Days that are simulated after those; what would come later still is left out."""
    cases: int = count(1000, least=1)
    """How many cases are submitted; ``--cases`` says otherwise."""
    seed: int = 1
    """Where chance begins; ``--seed`` says otherwise."""
    citizens: int = count(0)
    """How many citizens there are to write; 0 for one a case."""
    calendar: str = ""
    """Holidays: ``CN`` (with the extra ``cn``) or a table file; none when left out."""
    arrivals: Arrivals = Arrivals()
    """When citizens write."""
    office: Office = Office()
    """When offices work."""
    dispatch: Dispatch | None = None
    """The desk that routes."""
    handling: Handling = Handling()
    """Until the reply."""
    evaluation: Evaluation = Evaluation()
    """After the reply."""
    units: dict[str, UnitBehaviour] = table()
    """The handling units by name; at least one."""
    kinds: dict[str, InquiryKind] = table()
    """What citizens write about; none leaves the kind out."""
    roles: Roles = Roles()
    """Who acts."""
    texts: Texts = Texts()
    """What they write."""
    rules: Policy | None = attrs.field(default=None, metadata={"document": False})
    working_days: Calendar | None = attrs.field(default=None, metadata={"document": False})


def document(part: Any) -> dict[str, Any]:
    """A scenario, or a part of one, as a TOML table: what differs from the default, and every first key."""
    table: dict[str, Any] = {}
    for field in attrs.fields(part.__class__):
        value = getattr(part, field.name)
        if not field.metadata.get("document", True) or value is None:
            continue
        if value != _default(field) or field.name in ("format", "name", "policy", "days"):
            table[field.name] = _written(value)
    return table


def _default(field: attrs.Attribute[Any]) -> Any:
    make = getattr(field.default, "factory", None)
    return field.default if make is None else make()


def _written(value: Any) -> Any:
    if isinstance(value, Delay):
        return value.document()
    if is_table(value):
        return {key: _written(inner) for key, inner in value.items()}
    return document(value) if attrs.has(value.__class__) else value
