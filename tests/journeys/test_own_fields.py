"""Fields that a policy gives built-in actions: kept on the event, of a submission also on the case."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, Refused, SqliteStore, load_policy
from caseflow.core.model.evolve import replay as folded
from caseflow.interchange.commands_csv import write_commands
from caseflow.interchange.log_replay import replay
from caseflow.testing.timeline.stored_story import story_of

CITIZEN = Actor("c", role="citizen")
OFFICER = Actor("o", role="handler", unit="A局")
SUPERVISOR = Actor("s", role="supervisor")
IMPORTER = Actor("i", role="importer")
POLICY = """
extends = "wuhu"
name = "mine"
[actions.submit.fields]
parcels = { type = "int", min = 1 }
on_paper = { type = "bool" }
seen = { type = "date", labels = { en = "seen on", zh = "发现日期" } }
hint = { type = "text" }
[actions.close]
required = ["outcome"]
[actions.close.fields]
outcome = { choices = ["granted", "denied"] }
[clocks.paper]
start = ["submit"]
stop = ["close"]
when = { on_paper = [true], not = { parcels = [1] } }
rungs = [{ level = "filed", days = 9, recipients = ["supervisor"] }]
"""
SUBMITTED: dict[str, Any] = {"parcels": 3, "on_paper": True, "seen": date(2025, 2, 28), "hint": "后院"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    file = tmp_path / "mine.toml"
    file.write_text(POLICY, encoding="utf-8")
    store = SqliteStore(tmp_path / "store.db")
    return Desk(load_policy(file), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))


def submitted(desk: Desk, **changed: Any) -> str:
    own = SUBMITTED | changed
    return desk.submit(title="树", to="A局", by=CITIZEN, case_id="c", own_fields=own).id


def test_they_are_kept_on_the_event_and_of_a_submission_on_the_case(desk: Desk) -> None:
    """Typed as they were given, a date as its text; a text lies apart."""
    submitted(desk)
    own = (("parcels", 3), ("on_paper", True), ("seen", "2025-02-28"))
    assert desk.history("c")[0].own == own
    assert desk.get("c").origin.fields == own
    assert {text.field: text.text for text in desk.texts("c")} == {"title": "树", "hint": "后院"}
    desk.reply("c", text="已处理", by=OFFICER)
    desk.close("c", by=SUPERVISOR, own_fields={"outcome": "granted"})
    assert desk.history("c")[-1].own == (("outcome", "granted"),)
    assert folded("c", desk.history("c")) == desk.get("c")
    assert "seen on 2025-02-28" in str(story_of(desk))


@pytest.mark.parametrize(("changed", "clocks"), [({}, 2), ({"on_paper": False}, 1), ({"parcels": 1}, 1)])
def test_the_condition_of_a_clock_may_ask_about_them(desk: Desk, changed: Any, clocks: int) -> None:
    """A clock is for the cases that say so in a field of the policy's own."""
    submitted(desk, **changed)
    assert len(desk.get("c").clocks) == clocks
    assert desk.explain("c", clock="reply")


@pytest.mark.parametrize("name", ["changed", "field", "replace"])
def test_a_condition_may_ask_about_any_name(tmp_path: Path, name: str) -> None:
    """An own field may be called as something is in the library: it is the submission that is asked."""
    rules = (
        'extends = "wuhu"\nname = "mine"\n'
        f'[actions.submit.fields]\n{name} = {{ type = "bool" }}\n'
        f'[clocks.filed]\nstart = ["submit"]\nwhen = {{ {name} = [true] }}\n'
        'rungs = [{ level = "filed", days = 9, recipients = ["supervisor"] }]\n'
    )
    (tmp_path / "mine.toml").write_text(rules, encoding="utf-8")
    portal = Desk(
        load_policy(tmp_path / "mine.toml"), MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00")
    )
    case = portal.submit(title="树", to="A局", by=CITIZEN, own_fields={name: True})
    assert [run.clock for run in case.clocks if run.clock == "filed"] == ["filed"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"seen": "28.2.2025"}, "field-not-date"),
        ({"seen": "2025-02-29"}, "field-not-date"),
        ({"parcels": 0}, "field-out-of-range"),
        ({"on_paper": "yes"}, "field-not-bool"),
        ({"colour": "red"}, "field-unknown"),
    ],
)
def test_they_are_checked_by_type(desk: Desk, fields: Any, code: str) -> None:
    """As fields of an action of the policy's own are."""
    with pytest.raises(Refused) as caught:
        submitted(desk, **fields)
    assert caught.value.code == code


def test_they_may_be_required(desk: Desk) -> None:
    """A case is not closed without its outcome."""
    submitted(desk)
    desk.reply("c", text="已处理", by=OFFICER)
    with pytest.raises(Refused) as caught:
        desk.close("c", by=SUPERVISOR)
    assert caught.value.refusal.missing == ("outcome",)


def test_the_public_sees_none_of_them(desk: Desk) -> None:
    """The public view is an allow-list."""
    submitted(desk)
    assert "2025-02-28" not in repr(desk.public("c"))


def test_they_are_columns_of_a_log(desk: Desk, tmp_path: Path) -> None:
    """Commands are written with them, and read again to the same case."""
    submitted(desk)
    desk.reply("c", text="已处理", by=OFFICER)
    desk.close("c", by=SUPERVISOR, own_fields={"outcome": "denied"})
    out = io.StringIO()
    write_commands(desk.store, out, with_texts=True)
    log = tmp_path / "log.csv"
    log.write_text(out.getvalue(), encoding="utf-8")
    again = MemoryStore()
    replay([log], policy=desk.rules.policy, store=again)
    case = again.load("c")
    assert case is not None
    assert case.origin.fields == desk.get("c").origin.fields
    assert [event.own for event in again.events("c")] == [event.own for event in desk.history("c")]


def test_a_case_is_taken_over_with_them(desk: Desk) -> None:
    """Its clocks ask about them as of any other case."""
    desk.adopt(
        "old",
        state="handling",
        unit="A局",
        submitted_at="2025-03-01T09:00:00+08:00",
        state_since="2025-03-02T09:00:00+08:00",
        own_fields={"on_paper": True, "parcels": 2},
        reason="旧系统",
        by=IMPORTER,
    )
    case = desk.get("old")
    assert case.origin.fields == (("parcels", 2), ("on_paper", True))
    assert {run.clock for run in case.clocks} == {"reply", "paper"}
