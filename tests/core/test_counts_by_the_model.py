"""The engine's counting is held to the testing kit's own, and what that once found is kept as a table."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from caseflow.core.model.clock_run import ClockRun
from caseflow.core.model.compiled_clock import CompiledClock
from caseflow.core.model.events import Basis
from caseflow.core.policy import ClockRule, Policy, Rung
from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import micros, moment, office_days
from caseflow.testing.laws.reference_arithmetic import Arithmetic, Counted

ZONE = "Asia/Shanghai"
OFFICE = Calendar(name="office", first=date(2025, 1, 1), last=date(2025, 4, 11), hours=("09:00-17:00",))


def at(text: str) -> int:
    """An hour of a day in 2025, ``03-03 09:30``."""
    return micros(f"2025-{text.replace(' ', 'T')}:00+08:00")


class Instance:
    """An instance of a clock that starts on Monday 3 March 2025, at nine in the morning unless told.

    Args:
        rule: the keys of its clock, with its rungs.
        fields: what the act that began it said.
        pauses, grants: with instants as `at` takes them.
    """

    def __init__(
        self,
        rule: dict[str, Any],
        *,
        start: str = "03-03 09:00",
        fields: dict[str, Any] | None = None,
        pauses: tuple[tuple[str, str | None], ...] = (),
        grants: tuple[tuple[str, Any, str], ...] = (),
    ) -> None:
        rungs = tuple(Rung(**rung) for rung in rule["rungs"])
        self.rule = ClockRule(**{"calendar": "office", **rule, "rungs": rungs})
        self.since = at(start)
        self.fields = tuple((fields or {}).items())
        self.pauses = tuple((at(begin), None if end is None else at(end)) for begin, end in pauses)
        self.grants = tuple((at(granted), amount, unit) for granted, amount, unit in grants)

    def engine(self) -> list[tuple[int | None, bool]]:
        """Each rung's first late instant as the engine counts it, and whether it is certain."""
        clock = CompiledClock("c", self.rule, order=0, days=office_days(ZONE), calendar=OFFICE)
        run = ClockRun(
            "c", "", 1, status="running", since_us=self.since, until_us=None, ladder=clock.ladder, dues=(),
            pauses=self.pauses, grants=self.grants, basis=Basis(fields=self.fields) if self.fields else None,
        )  # fmt: skip
        dues, unknown = clock.dues_of(run)
        return [(due, not unknown >> rung & 1) for rung, due in enumerate(dues)]

    def model(self) -> list[tuple[int | None, bool]]:
        """The same as the testing kit counts it."""
        policy = Policy(name="one", timezone=ZONE, clocks={"c": self.rule}, tables={"office": OFFICE})
        facts = Counted(self.since, self.since, fields=self.fields, pauses=self.pauses, grants=self.grants)
        return [Arithmetic(policy).late("c", rung, facts) for rung in range(len(self.rule.rungs))]


def said(late: tuple[int | None, bool]) -> str:
    """A deadline as people write it: ``?`` where it is only "not before", ``+`` a microsecond later."""
    if late[0] is None:
        return "-"
    shown = f"{moment(late[0], ZONE):%m-%d %H:%M}"
    return shown + ("+" if late[0] % 60_000_000 else "") + ("" if late[1] else "?")


TERM = {"level": "late", "days": "field:term"}
DATE = {"level": "late", "at": "field:day"}
BACK = ({"level": "soon", "of": "late", "days": -2, "kind": "warning"}, {"level": "late", "days": 6})
REMINDED = ({"level": "soon", "days": 3, "kind": "warning"}, {"level": "late", "of": "soon", "days": 2})

ROWS: dict[str, tuple[Instance, list[str]]] = {
    "days of the case's own, of running time": (
        Instance({"counting": "elapsed", "rungs": [TERM]}, fields={"term": 5}),
        ["03-08 09:00+"],
    ),
    "fewer days than none, with a pause": (
        Instance({"rungs": [TERM]}, fields={"term": -3}, pauses=(("03-04 09:00", "03-05 09:00"),)),
        ["03-04 00:00"],
    ),
    "a date that was set, extended by days": (
        Instance({"rungs": [DATE]}, fields={"day": "2025-03-10"}, grants=(("03-05 09:00", 5, "days"),)),
        ["03-16 00:00"],
    ),
    "an instant that lies before the start": (
        Instance({"counting": "elapsed", "rungs": [DATE]}, fields={"day": at("03-02 09:00")}),
        ["03-03 09:00"],
    ),
    "a breach that hangs on its own warning, extended after that": (
        Instance({"rungs": REMINDED}, grants=(("03-07 09:00", 4, "days"),)),
        ["03-11 00:00", "03-13 00:00"],
    ),
    "a month whose day 1, the start's own, is taken": (
        Instance(
            {"first": "same-day", "rungs": [{"level": "late", "months": 1}]},
            pauses=(("03-03 10:00", "03-04 10:00"),),
        ),
        ["04-04 00:00"],
    ),
    "day 1 beyond the horizon": (
        Instance({"first": "next-working-day", "rungs": [{"level": "late", "days": 1}]}, start="04-11 09:00"),
        ["04-13 00:00?"],
    ),
    "working days before a date beyond the horizon": (
        Instance(
            {"counting": "working", "rungs": [{**DATE}, {"level": "soon", "of": "late", "days": -5}]},
            fields={"day": "2025-04-15"},
        ),
        ["04-16 00:00", "04-10 00:00?"],
    ),
    "an office that closed before the start": (
        Instance(
            {"first": "same-day", "ends": "closing", "rungs": [{"level": "late", "days": 1}]},
            start="03-03 18:00",
        ),
        ["03-03 18:00"],
    ),
    "a warning that was given before a pause": (
        Instance({"rungs": BACK}, pauses=(("03-08 09:00", "03-12 09:00"),)),
        ["03-07 00:00", "03-14 00:00"],
    ),
    "a warning within a pause waits for its end": (
        Instance(
            {"rungs": [{"level": "soon", "of": "late", "days": -1}, {"level": "late", "days": 2}]},
            pauses=(("03-03 10:00", "03-06 09:00"),),
        ),
        ["03-06 09:00", "03-08 00:00"],
    ),
    "a last day that ends within a pause of no whole day": (
        Instance(
            {"paused_day": "whole", "rungs": [{"level": "late", "days": 2}]},
            pauses=(("03-05 10:00", "03-06 10:00"),),
        ),
        ["03-06 00:00"],
    ),
    "a pause after the office closed on the last day": (
        Instance(
            {"ends": "closing", "rungs": [{"level": "late", "days": 2}]},
            pauses=(("03-05 18:00", "03-07 10:00"),),
        ),
        ["03-05 17:00"],
    ),
    "a warning on another rung of a clock extended to a date": (
        Instance({"rungs": BACK}, grants=(("03-05 09:00", date(2025, 3, 20).toordinal(), "until"),)),
        ["03-18 00:00", "03-21 00:00"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_once_was_counted_wrongly(name: str) -> None:
    """Each is due as the row says, and as the independent model counts."""
    instance, expected = ROWS[name]
    assert [said(late) for late in instance.engine()] == expected
    assert [said(late) for late in instance.model()] == expected
