"""A scenario: a city's units, cases and habits as typed values; TOML keys are the attribute names."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs

from caseflow.core.calendars import Calendar
from caseflow.core.policy import Policy
from caseflow.simulation.delays import Delay
from caseflow.simulation.habits import Arrivals, Dispatch, Evaluation, Handling, Office, amount, count, table


@attrs.frozen(kw_only=True)
class Unit:
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
class Kind:
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
    dispatcher: str = "dispatcher"
    """Routes, rejects, merges."""
    supervisor: str = "supervisor"
    """Grants extensions, assesses, closes."""


@attrs.frozen(kw_only=True)
class Texts:
    """What is written in the cases."""

    body: str = "{title},请予处理。"
    """``{title}`` stands for the title."""
    reply: str = "您好,您反映的问题已办理,感谢您的监督。"
    """Of a reply."""
    corrected: str = "更正:问题已重新核实并办理。"
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
    units: dict[str, Unit] = table()
    """The handling units by name; at least one."""
    kinds: dict[str, Kind] = table()
    """What citizens write about; none leaves the kind out."""
    roles: Roles = Roles()
    """Who acts."""
    texts: Texts = Texts()
    """What they write."""
    rules: Policy | None = attrs.field(default=None, metadata={"document": False})
    working_days: Calendar | None = attrs.field(default=None, metadata={"document": False})


def document(part: Any) -> dict[str, Any]:
    """A scenario, or a part of one, as a TOML table: what differs from the default, and every first key."""
    found: dict[str, Any] = {}
    for field in attrs.fields(type(part)):
        value = getattr(part, field.name)
        if not field.metadata.get("document", True) or value is None:
            continue
        if value != _default(field) or field.name in ("format", "name", "policy", "days"):
            found[field.name] = _written(value)
    return found


def _default(field: attrs.Attribute[Any]) -> Any:
    made = field.default
    return {} if isinstance(made, attrs.Factory) else made  # type: ignore[arg-type]  # only tables are made


def _written(value: Any) -> Any:
    if isinstance(value, Delay):
        return value.document()
    if isinstance(value, dict):
        return {key: _written(inner) for key, inner in value.items()}
    return document(value) if attrs.has(type(value)) else value
