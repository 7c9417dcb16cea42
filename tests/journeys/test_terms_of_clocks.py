"""Terms that hang on something: on another rung, another clock's end, what an act says, an earlier act."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from caseflow import Actor
from caseflow.testing import Timeline

ZONE = ZoneInfo("Asia/Shanghai")
CLERK = Actor("k", role="clerk", unit="A")
HEAD = Actor("h", role="head")
BASE = """
name = "terms"
timezone = "Asia/Shanghai"
[roles.clerk]
backdate = true
[roles.head]
[states]
asked = { stage = "handling" }
waiting = { stage = "handling" }
done = { stage = "ended", final = true }
[actions.submit]
moves = { start = "asked" }
roles = ["clerk"]
fields = { size = { type = "string" }, term = { type = "int" } }
[actions.accept]
moves = { open = "=" }
roles = ["clerk"]
[actions.accept.fields]
term = { type = "int" }
by = { type = "date" }
at = { type = "instant" }
desk = { type = "string" }
[actions.again]
moves = { open = "=" }
roles = ["clerk"]
fields = { desk = { type = "string" } }
[actions.ask]
moves = { asked = "waiting" }
roles = ["clerk"]
[actions.hear]
moves = { waiting = "asked" }
roles = ["clerk"]
[actions.revise]
moves = { open = "=" }
roles = ["clerk"]
updates = ["kind", "size", "term", "by"]
[actions.revise.fields]
kind = { type = "string" }
size = { type = "string" }
term = { type = "int" }
by = { type = "date" }
[actions.request_extension]
moves = { open = "=" }
roles = ["clerk"]
guards = ["no_extension_pending", "before_breach", "extensions_left"]
[actions.grant_extension]
moves = { open = "=" }
roles = ["clerk", "head"]
guards = ["extension_pending", "extensions_left"]
[actions.refuse_extension]
moves = { open = "=" }
roles = ["clerk", "head"]
[actions.transfer]
moves = { open = "=" }
roles = ["clerk"]
[actions.reply]
moves = { open = "done" }
roles = ["clerk"]
"""


def timeline(folder: Path, clocks: str, start: str = "2025-03-03T10:00:00+08:00") -> Timeline:
    path = folder / "terms.toml"
    path.write_text(BASE + clocks, encoding="utf-8")
    return Timeline(path, start=start)


def standing(line: Timeline) -> list[str]:
    """What stands, as ``level day time`` in the order of its instants; midnight is left out."""
    case = line.case("case-1")
    cards = [card for card in (*case.cards, *case.reminders) if card.stands]
    texts = (f"{card.effective_at.astimezone(ZONE):%m-%d %H:%M} {card.level}" for card in cards)
    turned = (" ".join(reversed(text.rsplit(" ", 1))) for text in sorted(texts))
    return [text.removesuffix(" 00:00") for text in turned]


def rung(level: str, length: str, kind: str = "breach") -> str:
    return f'{{ level = "{level}", {length}, kind = "{kind}", recipients = ["clerk"] }}'


Script = list[tuple[str, str, dict[str, object]]]
SUBMIT: Script = [("03-03 10:00", "submit", {})]
LATE = rung("late", "days = 5")

LIVES: dict[str, tuple[str, Script, list[str]]] = {
    "a warning before the breach, one after it, and its repetitions": (
        '[clocks.c]\nstart = ["submit"]\nstop = ["reply"]\nrungs = ['
        + rung("soon", 'of = "late", days = -2', "warning") + ","
        + '{ level = "late", days = 10, recipients = ["clerk"], every = 7, times = 2 },'
        + rung("last", 'of = "late", days = 30') + "]\n",
        SUBMIT,
        ["soon 03-11", "late 03-14", "late+1 03-21", "late+2 03-28", "last 04-13"],
    ),
    "a share of running time": (
        '[clocks.c]\nstart = ["submit"]\nstop = ["reply"]\ncounting = "elapsed"\nrungs = ['
        + rung("half", 'of = "late", percent = 50', "warning") + "," + rung("late", "hours = 8") + "]\n",
        SUBMIT,
        ["half 03-03 14:00", "late 03-03 18:00"],
    ),
    "a month that ends where another term ends": (
        '[clocks.fiction]\nstart = ["submit"]\nrungs = [' + rung("known", "days = 3", "warning") + "]\n"
        '[clocks.c]\nstart = ["end:fiction"]\nrungs = [' + rung("late", "months = 1") + "]\n",
        SUBMIT,
        ["known 03-07", "late 04-07"],  # the 6th is the last day of the first, and so of the second
    ),
    "a restart leaves one cycle running": (
        '[clocks.c]\nstart = ["submit"]\nrestart = ["again"]\nstop = ["reply"]\nrungs = [' + LATE + "]\n",
        [*SUBMIT, ("03-05 10:00", "again", {})],
        ["late 03-11"],
    ),
    "since the submission, whenever it starts": (
        '[clocks.c]\nstart = ["accept"]\nsince = "submit"\nstop = ["reply"]\nrungs = [' + LATE + "]\n",
        [*SUBMIT, ("03-06 10:00", "accept", {})],
        ["late 03-09"],
    ),
    "since the submission, but not before it starts": (
        '[clocks.c]\nstart = ["accept"]\nsince = "submit"\nstop = ["reply"]\nrungs = [' + LATE + "]\n",
        [*SUBMIT, ("03-20 10:00", "accept", {})],
        ["late 03-20 10:00"],
    ),
    "a pause between the earlier instant and the start counts": (
        '[clocks.c]\nstart = ["accept"]\nsince = "submit"\npause = ["state:waiting"]\n'
        + "rungs = [" + LATE + "]\n",
        [*SUBMIT, ("03-04 10:00", "ask", {}), ("03-06 10:00", "hear", {}), ("03-06 11:00", "accept", {})],
        ["late 03-11"],
    ),
    "a number of days that an act says": (
        '[clocks.c]\nstart = ["accept"]\nrungs = [' + rung("late", 'days = "field:term"') + "]\n",
        [*SUBMIT, ("03-03 11:00", "accept", {"term": 3})],
        ["late 03-07"],
    ),
    "a date that an act says is its last day": (
        '[clocks.c]\nstart = ["accept"]\nrungs = [' + rung("late", 'at = "field:by"') + "]\n",
        [*SUBMIT, ("03-03 11:00", "accept", {"by": "2025-03-20"})],
        ["late 03-21"],
    ),
    "an instant that an act says is still on time": (
        '[clocks.c]\nstart = ["accept"]\nrungs = [' + rung("late", 'at = "field:at"') + "]\n",
        [*SUBMIT, ("03-03 11:00", "accept", {"at": datetime(2025, 3, 20, 9, tzinfo=ZONE)})],
        ["late 03-20 09:00"],
    ),
    "a date that is set anew": (
        '[clocks.c]\nstart = ["accept"]\nrungs = [' + rung("late", 'at = "field:by"') + "]\n",
        [*SUBMIT, ("03-03 11:00", "accept", {"by": "2025-03-20"}),
         ("03-10 09:00", "revise", {"by": "2025-03-12"})],
        ["late 03-13"],
    ),
    "nothing is due where nothing was set": (
        '[clocks.c]\nstart = ["accept"]\nrungs = [' + rung("late", 'at = "field:by"') + "]\n",
        [*SUBMIT, ("03-03 11:00", "accept", {})],
        [],
    ),
    "one instance for each desk": (
        '[clocks.c]\nstart = ["accept"]\nstop = ["again"]\nsubject = "field:desk"\nrungs = [' + LATE + "]\n",
        [*SUBMIT, ("03-03 11:00", "accept", {"desk": "x"}), ("03-04 11:00", "accept", {"desk": "y"}),
         ("03-05 11:00", "again", {"desk": "x"})],
        ["late 03-10"],
    ),
    "one instance for each value of a field that the action brings": (
        '[actions.link_rectification]\nmoves = { open = "=" }\nroles = ["clerk"]\n'
        '[actions.verify_rectification]\nmoves = { open = "=" }\nroles = ["clerk"]\n'
        '[clocks.c]\nstart = ["link_rectification"]\nstop = ["verify_rectification"]\n'
        'subject = "field:rectification"\nrungs = [' + LATE + "]\n",
        [*SUBMIT, ("03-03 11:00", "link_rectification", {"rectification": "x"}),
         ("03-04 11:00", "link_rectification", {"rectification": "y"}),
         ("03-05 11:00", "verify_rectification", {"rectification": "x"})],
        ["late 03-10"],
    ),
    "for the large ones alone": (
        '[clocks.c]\nstart = ["submit"]\nwhen = { size = ["large"] }\nrungs = [' + LATE + "]\n"
        '[clocks.d]\nstart = ["submit"]\nwhen = { not = { size = ["large"] } }\nrungs = ['
        + rung("later", "days = 7") + "]\n",
        [("03-03 10:00", "submit", {"size": "large"})],
        ["late 03-09"],
    ),
    "what was submitted is changed: another term from the same start": (
        '[clocks.c]\nstart = ["submit"]\nwhen = { size = ["large"] }\nrungs = [' + LATE + "]\n"
        '[clocks.d]\nstart = ["submit"]\nwhen = { not = { size = ["large"] } }\nrungs = ['
        + rung("later", "days = 7") + "]\n",
        [("03-03 10:00", "submit", {"size": "small"}), ("03-05 10:00", "revise", {"size": "large"})],
        ["late 03-09"],
    ),
    "a term that is longer by months": (
        '[clocks.c]\nstart = ["submit"]\nextension = { months = 2 }\n'
        + "rungs = [" + rung("late", "months = 1") + "]\n",
        [*SUBMIT, ("03-05 10:00", "request_extension", {"months": 2, "reason": "r"}),
         ("03-06 10:00", "grant_extension", {"reason": "r"})],
        ["late 06-04"],
    ),
    "a term that is longer until a date": (
        '[clocks.c]\nstart = ["submit"]\nextension = { until = true }\nrungs = [' + LATE + "]\n",
        [*SUBMIT, ("03-05 10:00", "request_extension", {"until": "2025-03-20", "reason": "r"}),
         ("03-06 10:00", "grant_extension", {"reason": "r"})],
        ["late 03-21"],
    ),
    "a reminder comes again before a deadline that moved": (
        '[clocks.c]\nstart = ["submit"]\n'
        + "rungs = [" + rung("soon", "days = 3", "warning") + "," + LATE + "]\n",
        [*SUBMIT, ("03-07 10:00", "request_extension", {"days": 10, "reason": "r"}),
         ("03-07 11:00", "grant_extension", {"reason": "r"})],
        ["soon 03-07", "soon 03-17", "late 03-19"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("life", LIVES)
def test_a_clock_lives_as_its_terms_say(tmp_path: Path, life: str) -> None:
    """Each life is a few acts, and then what comes of itself, at its instant."""
    clocks, script, expected = LIVES[life]
    line = timeline(tmp_path, clocks)
    for when, action, fields in script:
        line.advance(to=f"2025-{when.replace(' ', 'T')}:00+08:00")
        line.act("case-1", action, fields=fields, by=CLERK)
    line.advance(days=200)
    assert standing(line) == expected


@pytest.mark.parametrize("life", LIVES)
def test_the_same_facts_told_late_come_to_the_same(tmp_path: Path, life: str) -> None:
    """All but the submission are told after everything was due; what stands is what would have come."""
    clocks, script, expected = LIVES[life]
    if any(action.endswith("extension") for _, action, _ in script):
        return  # an extension is no correction of a breach: it is asked for before
    line = timeline(tmp_path, clocks)
    line.act("case-1", "submit", fields=script[0][2], by=CLERK)
    line.advance(to="2025-09-01T09:00:00+08:00")
    for when, action, fields in script[1:]:
        since = f"2025-{when.replace(' ', 'T')}:00+08:00"
        line.act("case-1", action, fields={**fields, "reason": "late"}, by=CLERK, effective_at=since)
    assert standing(line) == expected


CHAIN = "".join(
    f'[clocks.{name}]\nstart = ["{start}"]\nstop = ["{stop}"]\nrungs = ['
    + rung(f"{name}1", "days = 3")
    + "]\n"
    for name, start, stop in (("a", "submit", "accept"), ("b", "end:a", "reply"), ("e", "end:b", "reply"))
)


def test_what_stops_a_clock_late_takes_back_what_began_at_its_end(tmp_path: Path) -> None:
    """Three terms in a row are over when it is told that the first was met: no card of any stands."""
    line = timeline(tmp_path, CHAIN)
    line.act("case-1", "submit", by=CLERK)
    line.advance(days=30)
    assert standing(line) == ["a1 03-07", "b1 03-10", "e1 03-13"]
    since = "2025-03-05T10:00:00+08:00"
    line.act("case-1", "accept", fields={"reason": "late"}, by=CLERK, effective_at=since)
    assert standing(line) == []
    assert [(run.clock, run.status) for run in line.case("case-1").clocks] == [("a", "stopped")]


def test_a_change_of_what_was_submitted_is_folded_in_where_it_took_effect(tmp_path: Path) -> None:
    """Small from the 5th, large again from the 6th: the card that was taken back is owed again."""
    line = timeline(tmp_path, LIVES["for the large ones alone"][0])
    line.act("case-1", "submit", fields={"size": "large"}, by=CLERK)
    line.advance(days=30)
    seen = []
    for day, size in ((5, "small"), (6, "large")):
        since = f"2025-03-0{day}T10:00:00+08:00"
        line.act("case-1", "revise", fields={"size": size, "reason": "late"}, by=CLERK, effective_at=since)
        seen.append(standing(line))
    assert seen == [["later 03-11"], ["late 03-09"]]


BY_REGION = """
[calendars.here]
file = "here.toml"
by = "region"
of = { north = "there" }
[calendars.there]
file = "there.toml"
[units.Urumqi]
timezone = "Asia/Urumqi"
[clocks.c]
start = ["submit"]
counting = "working"
calendar = "here"
rungs = [{ level = "late", days = 2, recipients = ["clerk"] }]
"""
DAYS = 'name = "{}"\nfirst = 2025-01-01\nlast = 2025-12-31\n[holidays]\n2025-03-0{} = "a day off"\n'


@pytest.mark.parametrize(
    ("region", "unit", "start", "expected"),
    [
        ("", "", "2025-03-03T10:00:00+08:00", "late 03-07"),  # the 4th is off
        ("south", "", "2025-03-03T10:00:00+08:00", "late 03-07"),
        ("north", "", "2025-03-03T10:00:00+08:00", "late 03-06"),  # there it is the 6th
        ("", "Urumqi", "2025-03-03T01:00:00+08:00", "late 03-06 02:00"),  # still the 2nd there
        ("", "Wuhu", "2025-03-03T01:00:00+08:00", "late 03-07"),
    ],
)
def test_a_case_counts_by_its_regions_calendar_and_its_units_zone(
    tmp_path: Path, region: str, unit: str, start: str, expected: str
) -> None:
    """What is chosen when the clock begins holds for it: days off of the region, midnights of the unit."""
    (tmp_path / "here.toml").write_text(DAYS.format("here", 4), encoding="utf-8")
    (tmp_path / "there.toml").write_text(DAYS.format("there", 6), encoding="utf-8")
    line = timeline(tmp_path, BY_REGION, start)
    fields = {name: text for name, text in (("region", region), ("to", unit)) if text}
    line.act("case-1", "submit", fields=fields, by=CLERK)
    line.advance(days=30)
    assert standing(line) == [expected]
    (explained,) = line.desk.explain("case-1", clock="c")
    assert explained.calendar.startswith("there" if region == "north" else "here")
