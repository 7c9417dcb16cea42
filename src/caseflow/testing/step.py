"""A step of a case's life as a value, in the one form that the whole kit uses, and its Python text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from caseflow.clock import ManualClock
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.errors import BadInput
from caseflow.policies.parse import is_table

SWEEP = ""
"""The action of a step at which nobody acts and the desk only sweeps."""


class Step(Value):
    """Somebody takes an action on a case; or, with an empty action, nobody does and the desk sweeps.

    Attributes:
        action: the action's name; empty for a sweep.
        by: who acts; `None` for a sweep, or for whoever may, of that ``role`` and ``unit`` if they are set.
        fields: the action's fields by name.
        case_id: the case; for a submission the id it will have.
        at_us: when, epoch microseconds (UTC).
        effective_us: since when it is true, when that is before `at_us`.
        key, expected_version, policy: as for `caseflow.Desk.act`.
        zone: the office's zone, in which the step is printed.
        about: why the instant is interesting, such as ``1 us before yellow of reply``.
    """

    action: str = SWEEP
    by: Actor | None = None
    fields: Mapping[str, Any] = {}
    case_id: str = ""
    at_us: int = 0
    effective_us: int | None = None
    key: str | None = None
    expected_version: int | None = None
    role: str = ""
    unit: str = ""
    zone: str = "UTC"
    about: str = ""
    policy: str | None = None

    @property
    def at(self) -> datetime:
        """When, in the office's zone."""
        return moment(self.at_us, self.zone)

    @property
    def since(self) -> datetime | None:
        """Since when it is true, in the office's zone; `None` for its own instant."""
        return None if self.effective_us is None else moment(self.effective_us, self.zone)

    @property
    def is_sweep(self) -> bool:
        """Whether nobody acts and the desk only sweeps."""
        return self.action == SWEEP

    def with_field(self, name: str, content: Any) -> Step:
        """The same step with one field more, or another one."""
        return self.replace(fields={**self.fields, name: content})

    def without_field(self, name: str) -> Step:
        """The same step with one field less."""
        return self.replace(fields={field: part for field, part in self.fields.items() if field != name})

    def ask(self, desk: Desk, *, by: Actor | None = None) -> Case:
        """The case after the action, taken as of the desk's own clock; ``by`` takes it where nobody is named.

        Raises:
            Refused: the rules do not allow it.
            BadInput: the step is a sweep, or names nobody.
        """
        by = self.by or by
        if by is None:
            raise BadInput("bad-option", what="by", found=f"nobody takes {self.action or 'a sweep'}")
        since = None if self.effective_us is None else self.since
        return desk.act(
            self.case_id, self.action, by=by, fields=self.fields, effective_at=since, key=self.key,
            expected_version=self.expected_version, policy=self.policy,
        )  # fmt: skip

    def take(self, desk: Desk) -> Case | None:
        """Set the desk's `ManualClock` to the step and take it; the case after it, `None` for a sweep.

        Raises:
            Refused: the rules do not allow it.
            BadInput: the desk's clock cannot be set.
        """
        clock = desk.clock
        if not isinstance(clock, ManualClock):
            kind = f"{type(clock).__name__}, expected a ManualClock"
            raise BadInput("bad-option", what="desk", found=kind)
        clock.set(self.at_us)
        if self.by is None:
            desk.sweep()
            return None
        return self.ask(desk)

    def __str__(self) -> str:
        text = "sweep"
        if self.by is not None:
            who = f"{self.by.role} {self.by.id}" + (f" of {self.by.unit}" if self.by.unit else "")
            fields = "".join(f", {name}={part!r:.60}" for name, part in self.fields.items())
            since = f", true since {office_text(self.effective_us, self.zone)}" if self.effective_us else ""
            text = f"{self.case_id}  {self.action} by {who}{fields}{since}"
        about = f"   ({self.about})" if self.about else ""
        return f"{office_text(self.at_us, self.zone):16}  {text}{about}"

    def __repr__(self) -> str:
        return f"<{self}>"


class Call(Value):
    """The call of a method by which a step was asked for, so that it can be written down and made again."""

    method: str
    args: tuple[Any, ...] = ()
    named: Mapping[str, Any] = {}

    def on(self, target: object) -> Any:
        """What the target's method of that name returns."""
        return getattr(target, self.method)(*self.args, **self.named)

    def source(self, target: str) -> str:
        """The call as Python source."""
        parts = [*map(python_source, self.args)]
        parts += [f"{name}={python_source(part)}" for name, part in self.named.items()]
        return f"{target}.{self.method}({', '.join(parts)})"


def office_text(us: int, zone: str) -> str:
    """The instant as people of the zone write it, seconds and less only where they are not zero."""
    at = moment(us, zone).replace(tzinfo=None)
    return at.isoformat(sep=" ", timespec="auto" if at.microsecond or at.second else "minutes")


def utc_text(us: int) -> str:
    """An instant as code says it: ISO 8601 in UTC."""
    return moment(us).isoformat()


def python_source(content: Any) -> str:
    """The value as Python source: an actor, an instant as its text, a table, a list, or anything plain."""
    if isinstance(content, Actor):
        unit = f", unit={python_source(content.unit)}" if content.unit else ""
        return f"Actor({python_source(content.id)}, role={python_source(content.role)}{unit})"
    if isinstance(content, date):
        content = content.isoformat()
    if is_table(content):
        items = (f"{python_source(name)}: {_nested(part)}" for name, part in content.items())
        return f"{{{', '.join(items)}}}"
    if type(content) in (list, tuple):
        parts = ", ".join(map(_nested, content))
        return f"[{parts}]" if type(content) is list else f"({parts}{',' * (len(content) == 1)})"
    if isinstance(content, str) and content.isprintable():
        return json.dumps(content, ensure_ascii=False)  # the same text as in Python, in double quotes
    return repr(content)


def _nested(content: Any) -> str:
    """A value inside another as Python source: an instant stays one, since fields take no text for it."""
    is_instant = isinstance(content, datetime)
    return f"datetime.fromisoformat({content.isoformat()!r})" if is_instant else python_source(content)
