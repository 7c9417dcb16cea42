"""Rules changed under cases that live: what becomes of clocks and cards, one case or many, tried or done."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import caseflow
from caseflow import (
    BadInput,
    Desk,
    ManualClock,
    MemoryStore,
    Policy,
    PolicyError,
    Refused,
    SqliteStore,
    StoreError,
    load_policy,
)
from caseflow.audit.verify import verify
from caseflow.cli.exit_codes import Exit
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.projection import projected
from caseflow.core.model import events
from caseflow.core.model.case import Case
from caseflow.core.model.evolve import replay
from caseflow.desk.hooks import Happened
from caseflow.desk.migrator import Migration
from caseflow.interchange import importer, jsonl
from caseflow.stores.copy import copy_cases
from tests.journeys.people import (
    CITIZEN,
    COORDINATOR,
    IMPORTER,
    MONDAY,
    NEIGHBOUR,
    OFFICER,
    SUPERVISOR,
    dues,
    policy,
    refused,
    submitted,
    told,
)
from tests.journeys.test_cli import called

BASE = Path(caseflow.__file__).parent / "policies" / "base.toml"
TAKING_CHARGE = """
[clocks.charge]
start = ["submit", "route", "transfer"]
stop = ["take_charge"]
cancel = ["send_back"]
subject = "unit"
counting = "elapsed"
rungs = [{ level = "unsigned", hours = 30 }, { level = "asleep", days = 20 }]
"""
"""A clock for each unit that holds the case."""
FASTER = """
[clocks.reply]
rungs = [{ level = "reminder", days = 1, kind = "warning" },
    { level = "yellow", days = 2, recipients = ["handler"] },
    { level = "red", days = 15 }, { level = "urge", days = 30 }]
"""
SLOWER = FASTER.replace("days = 1,", "days = 8,").replace("days = 2,", "days = 10,")
RETIRED = 'retired = ["charge"]'


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryStore | SqliteStore]:
    kept = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "cases.db")
    yield kept
    kept.close()


@pytest.fixture
def desk(store: MemoryStore | SqliteStore) -> Desk:
    """A desk under ``wuhu`` on either store."""
    return Desk(load_policy("wuhu"), store, clock=ManualClock(MONDAY))


def renamed(folder: Path, was: str = 'was = ["reply"]', text: str = "") -> Policy:
    """The rules of ``wuhu``, which are those of ``base``, with the clock called ``answer``."""
    whole = BASE.read_text(encoding="utf-8").replace("clocks.reply", "clocks.answer")
    whole = whole.replace("[clocks.answer]\n", f"[clocks.answer]\n{was}\n").replace('"base"', '"renamed"', 1)
    file = folder / "renamed.toml"
    file.write_text(whole + text, encoding="utf-8")
    return load_policy(file)


def under(rules: Policy, desk: Desk) -> Desk:
    """A desk under other rules, on the same store and clock."""
    return Desk(rules, desk.store, clock=desk.clock)


def all_migrated(desk: Desk, **terms: Any) -> Migration:
    return desk.migrate_all(by=SUPERVISOR, reason="新规则", **terms)


def one_migrated(desk: Desk, case_id: str = "c1", **terms: Any) -> Case:
    return desk.migrate(case_id, by=SUPERVISOR, reason="新规则", **terms)


def assert_sound(desk: Desk, case_id: str = "c1") -> None:
    """The events give the stored case, and the whole history folded anew gives its clocks."""
    case, history = desk.get(case_id), desk.history(case_id)
    assert replay(case_id, history) == case
    plain = projected(desk.rules_of(case), case, history)
    assert {run.key: run for run in plain} == {run.key: run for run in case.clocks}


def effects(done: Migration) -> list[tuple[str, str, str, str]]:
    return [(card.case_id, card.effect, card.unit, card.level) for card in done.cards]


# -- what becomes of a clock --------------------------------------------------------------------------------


def test_a_renamed_clock_keeps_its_cards_and_its_deadline(desk: Desk, tmp_path: Path) -> None:
    """It goes on under its new name: the yellow card stands and is not issued twice, the red one follows."""
    submitted(desk)
    desk.clock.set("2025-03-10T09:00:00+08:00")
    desk.sweep()
    before = desk.get("c1")
    new = under(renamed(tmp_path), desk)
    case = one_migrated(new)
    assert (case.cards, case.reminders, case.deadline) == (before.cards, before.reminders, before.deadline)
    assert (dues(case, "answer"), case.latest("reply")) == (dues(before), None)
    assert new.sweep().cards == ()
    new.clock.advance(days=30)
    assert [(card.clock, card.level) for card in new.sweep().cards] == [("answer", "red"), ("answer", "urge")]
    assert [draft.draft.body["level"] for draft in new.documents("c1")] == ["urge"]
    assert_sound(new)


def test_documents_and_notices_of_a_renamed_clock_stay(desk: Desk, tmp_path: Path) -> None:
    """The urging notice keeps its number and is not void; nobody gets a correction."""
    submitted(desk)
    desk.clock.advance(days=40)
    desk.sweep()
    documents, notices = desk.documents("c1"), desk.store.notices(case_id="c1")
    new = under(renamed(tmp_path), desk)
    one_migrated(new)
    new.clock.advance(days=40)
    new.sweep()
    assert new.documents("c1") == documents
    assert new.store.notices(case_id="c1") == notices


def test_a_renamed_clock_keeps_its_extension(desk: Desk, tmp_path: Path) -> None:
    """What was granted under the old name is counted under the new one, also when a late fact comes after."""
    submitted(desk)
    desk.take_charge("c1", by=OFFICER)
    desk.request_extension("c1", days=10, reason="管线复杂", by=OFFICER)
    desk.grant_extension("c1", reason="同意", by=SUPERVISOR)
    before = desk.get("c1")
    new = under(renamed(tmp_path), desk)
    assert dues(one_migrated(new), "answer") == dues(before)
    new.clock.advance(days=2)
    case = new.act(
        "c1",
        "note",
        by=IMPORTER,
        fields={"text": "x", "reason": "补记"},
        effective_at="2025-03-03T09:40:00+08:00",
    )
    assert dues(case, "answer") == dues(before)
    assert_sound(new)


def test_an_extension_asked_for_under_the_old_name_is_granted_under_the_new(
    desk: Desk, tmp_path: Path
) -> None:
    """The request speaks of the clock, whatever it is called by then."""
    submitted(desk)
    desk.take_charge("c1", by=OFFICER)
    desk.request_extension("c1", clock="reply", days=10, reason="管线复杂", by=OFFICER)
    new = under(renamed(tmp_path), desk)
    one_migrated(new)
    case = new.grant_extension("c1", reason="同意", by=SUPERVISOR)
    assert dues(case, "answer")[1] == "03-19"
    assert_sound(new)


def test_a_clock_renamed_twice_is_one_clock(desk: Desk, tmp_path: Path) -> None:
    """Its cards, its earlier cycle and their explanation follow it through both changes."""
    submitted(desk)
    desk.clock.advance(days=7)
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.complete("c1", by=OFFICER)
    desk.close("c1", by=COORDINATOR)
    desk.reopen("c1", reason="又坏了", by=CITIZEN)
    first = under(renamed(tmp_path), desk)
    one_migrated(first)
    whole = (tmp_path / "renamed.toml").read_text(encoding="utf-8")
    whole = whole.replace("clocks.answer", "clocks.response").replace('was = ["reply"]', 'was = ["answer"]')
    (tmp_path / "third.toml").write_text(whole, encoding="utf-8")
    second = under(load_policy(tmp_path / "third.toml"), desk)
    case = one_migrated(second)
    assert [(run.clock, run.cycle, run.status) for run in case.clocks] == [
        ("response", 1, "stopped"), ("response", 2, "running"),
    ]  # fmt: skip
    assert told(case.cards) == ["yellow @ 03-09"]
    shown = second.explain("c1", clock="response")
    assert [(one.cycle, one.rule) for one in shown] == [(1, "clocks.reply"), (2, "clocks.response")]
    second.clock.advance(days=6)
    assert [(card.cycle, card.level) for card in second.sweep().cards] == [(2, "yellow")]
    assert_sound(second)


def test_a_new_clock_begins_at_its_true_instant(desk: Desk, tmp_path: Path) -> None:
    """It starts with the submission weeks ago; what is overdue is issued at its own instants, noticed now."""
    submitted(desk)
    desk.clock.set("2025-03-05T10:00:00+08:00")
    desk.reply("c1", text="已受理", by=OFFICER)
    desk.clock.set("2025-04-14T10:00:00+08:00")
    new = under(policy(tmp_path, TAKING_CHARGE), desk)
    case = one_migrated(new)
    run = case.latest("charge", "城管局")
    assert run is not None and run.since_us == case.submitted_us
    seen = [(card.level, card.unit, card.effective_at.isoformat(), card.detected_at) for card in case.cards]
    assert seen == [
        ("unsigned", "城管局", "2025-03-04T15:30:00.000001+08:00", new.clock.now()),
        ("asleep", "城管局", "2025-03-23T09:30:00.000001+08:00", new.clock.now()),
    ]  # fmt: skip
    assert_sound(new)


def test_a_running_clock_that_would_be_lost_is_refused(desk: Desk, tmp_path: Path) -> None:
    """Renamed without a word, it would end without anybody's decision; the refusal says the way out."""
    submitted(desk)
    new = under(renamed(tmp_path, was=""), desk)
    refusal = refused(new, "c1", "migrate", SUPERVISOR, reason="新规则")
    assert (refusal.code, refusal.found, refusal.missing) == ("clock-lost", "reply", ("answer",))
    assert "retired" in refusal.text("en") and "reply" in refusal.text("zh")
    done = all_migrated(new)
    assert [(one.case_id, one.error.code) for one in done.refused] == [("c1", "clock-lost")]
    desk.reply("c1", text="已修复", by=OFFICER)
    assert one_migrated(new).origin.policy_hash == new.rules.pin


def test_a_clock_that_is_no_more_for_the_case_is_lost_too(desk: Desk, tmp_path: Path) -> None:
    """A condition that leaves the case out takes its deadline: refused, unless the clock is retired."""
    submitted(desk, kind="complaint")
    desk.clock.advance(days=7)
    narrower = '[clocks.reply.when]\nkind = ["need"]\n'
    refusal = refused(under(policy(tmp_path, narrower), desk), "c1", "migrate", SUPERVISOR, reason="新规则")
    assert (refusal.code, refusal.found) == ("clock-lost", "reply")
    case = one_migrated(under(policy(tmp_path, f'retired = ["reply"]\n{narrower}'), desk))
    assert ([run.status for run in case.clocks], told(case.cards)) == (["cancelled"], ["yellow @ 03-09"])


def test_a_retired_clock_ends_and_its_cards_stand(store: MemoryStore | SqliteStore, tmp_path: Path) -> None:
    """It is cancelled with the change of rules and never fires again, whatever happens to the case."""
    desk = Desk(policy(tmp_path, TAKING_CHARGE), store, clock=ManualClock(MONDAY))
    submitted(desk)
    desk.clock.advance(days=3)
    new = under(policy(tmp_path, RETIRED, "newer.toml"), desk)
    case = one_migrated(new)
    run = case.latest("charge", "城管局")
    assert run is not None and (run.status, run.until_us) == ("cancelled", new.clock.now_us())
    assert [(card.level, card.stands) for card in case.cards] == [("unsigned", True)]
    new.act(
        "c1",
        "transfer",
        by=IMPORTER,
        fields={"to": "水务局", "reason": "x"},
        effective_at="2025-03-04T10:00:00+08:00",
    )
    new.clock.advance(days=30)
    assert {card.clock for card in new.sweep().cards} == {"reply"}
    assert_sound(new)


def test_two_clocks_never_become_one(store: MemoryStore | SqliteStore, tmp_path: Path) -> None:
    """A name under which cards of two clocks would stand is refused: none could be told from the other."""
    desk = Desk(
        policy(tmp_path, TAKING_CHARGE.replace('subject = "unit"\n', "")), store, clock=ManualClock(MONDAY)
    )
    submitted(desk)
    new = under(renamed(tmp_path, was='was = ["reply", "charge"]'), desk)
    refusal = refused(new, "c1", "migrate", SUPERVISOR, reason="新规则")
    assert (refusal.code, refusal.found) == ("clock-taken", "answer")


def test_a_former_name_is_not_given_to_another_clock_of_the_case(desk: Desk, tmp_path: Path) -> None:
    """The cards under the former name belong to the renamed clock, and stay there."""
    submitted(desk)
    one_migrated(under(renamed(tmp_path), desk))
    again = TAKING_CHARGE.replace("clocks.charge", "clocks.reply")
    whole = (tmp_path / "renamed.toml").read_text(encoding="utf-8").replace('was = ["reply"]\n', "")
    (tmp_path / "again.toml").write_text(whole + again, encoding="utf-8")
    new = under(load_policy(tmp_path / "again.toml"), desk)
    refusal = refused(new, "c1", "migrate", SUPERVISOR, reason="新规则")
    assert (refusal.code, refusal.found) == ("clock-taken", "reply")


def test_a_state_that_the_new_rules_lack_is_refused(store: MemoryStore | SqliteStore, tmp_path: Path) -> None:
    """The case would stand nowhere."""
    own = '[states.parked]\nstage = "handling"\n'
    own += '[actions.park]\nmoves = { open = "parked" }\nroles = ["handler"]\n'
    own += '[actions.unpark]\nmoves = { parked = "handling" }\nroles = ["handler"]\n'
    desk = Desk(policy(tmp_path, own), store, clock=ManualClock(MONDAY))
    submitted(desk)
    desk.act("c1", "park", by=OFFICER)
    refusal = refused(under(load_policy("wuhu"), desk), "c1", "migrate", SUPERVISOR, reason="新规则")
    assert (refusal.code, refusal.state) == ("state-unknown", "parked")


def test_a_unit_keeps_its_own_clock(store: MemoryStore | SqliteStore, tmp_path: Path) -> None:
    """Each unit's instance is counted anew by itself; the impact names the unit it is against."""
    desk = Desk(policy(tmp_path, TAKING_CHARGE), store, clock=ManualClock(MONDAY))
    submitted(desk)
    desk.clock.advance(hours=10)
    desk.transfer("c1", to="水务局", reason="管辖", by=COORDINATOR)
    desk.clock.advance(hours=31)
    desk.sweep()
    slower = TAKING_CHARGE.replace("hours = 30", "hours = 35")
    new = under(policy(tmp_path, slower, "slower.toml"), desk)
    done = all_migrated(new)
    assert set(effects(done)) == {
        ("c1", "moved", "城管局", "unsigned"),
        ("c1", "annulled", "水务局", "unsigned"),
    }
    case = new.get("c1")
    assert {(run.clock, run.subject) for run in case.clocks} == {
        ("reply", ""), ("charge", "城管局"), ("charge", "水务局"),
    }  # fmt: skip
    assert_sound(new)
    new.take_charge("c1", by=NEIGHBOUR)
    assert_sound(new)


# -- what becomes of cards ----------------------------------------------------------------------------------


def test_all_is_counted_anew_by_default(desk: Desk, tmp_path: Path) -> None:
    """Cards at other instants are annulled and issued; whoever was told of them gets a correction."""
    submitted(desk)
    desk.clock.set("2025-03-10T09:00:00+08:00")
    desk.sweep()
    posted = {row.notice.id for row in desk.store.notices(case_id="c1")}
    new = under(policy(tmp_path, FASTER), desk)
    done = all_migrated(new)
    assert effects(done) == [("c1", "moved", "城管局", "reminder"), ("c1", "moved", "城管局", "yellow")]
    case = new.get("c1")
    assert told(case.cards) == ["-yellow @ 03-09", "yellow @ 03-06"]
    assert [card.annulled_because for card in case.cards] == ["migrated", ""]
    rows = [row.notice for row in new.store.notices(case_id="c1") if row.notice.id not in posted]
    corrections = [row for row in rows if row.topic == "correction"]
    assert {row.corrects for row in corrections} <= posted and len(corrections) == 3
    assert [row.role for row in rows if row.topic == "card"] == ["handler"]
    assert_sound(new)


def test_not_retroactively_nothing_becomes_due_before_now(desk: Desk, tmp_path: Path) -> None:
    """Each rung keeps the later of its old and its new instant; a rung that is new waits for now."""
    submitted(desk)
    desk.clock.set("2025-03-06T09:00:00+08:00")
    stricter = FASTER.replace("rungs = [", 'rungs = [{ level = "early", days = 1, kind = "warning" },')
    stricter = stricter.replace('"reminder", days = 1', '"reminder", days = 2').replace(
        '"yellow", days = 2', '"yellow", days = 3'
    )
    new = under(policy(tmp_path, stricter.replace('"red", days = 15', '"red", days = 20')), desk)
    case = one_migrated(new, retroactive=False)
    assert dues(case) == ["03-06T09:00:00", "03-07", "03-09", "03-24", "04-03"]
    assert [(card.level, card.effective_at) for card in case.reminders] == [("early", new.clock.now())]
    new.clock.set("2025-03-09T00:00:00+08:00")
    assert told(new.sweep().cards) == ["yellow @ 03-09"]
    assert_sound(new)


def test_not_retroactively_a_pause_still_defers(desk: Desk, tmp_path: Path) -> None:
    """While the citizen is asked nothing breaches, and the new rules bring nothing due before now."""
    rules = policy(tmp_path, '[clocks.reply]\npause = ["state:awaiting_information"]\n')
    old = under(rules, desk)
    submitted(old)
    old.take_charge("c1", by=OFFICER)
    old.clock.set("2025-03-06T10:00:00+08:00")
    old.request_information("c1", text="门牌号?", by=OFFICER)
    new = under(policy(tmp_path, FASTER + 'pause = ["state:awaiting_information"]\n', "faster.toml"), desk)
    case = one_migrated(new, retroactive=False)
    assert case.cards == ()
    new.clock.set("2025-03-20T10:00:00+08:00")
    assert new.sweep().cards == ()
    case = new.receive_information("c1", text="3 号", by=CITIZEN)
    assert case.cards == ()
    assert_sound(new)


PAUSED = 'pause = ["state:awaiting_information"]\n'
COUNTINGS = {
    "natural": ("", ""),
    "working": ('counting = "working"\ncalendar = "X"\n', '[calendars.X]\nfile = "days.toml"\n'),
    "elapsed": ('counting = "elapsed"\n', ""),
}


DELAYS = (
    ("05", "request_information", OFFICER, {"text": "门牌号?"}),
    ("07", "receive_information", CITIZEN, {"text": "3 号"}),
    ("08", "request_extension", OFFICER, {"days": 4, "reason": "复杂"}),
    ("09", "grant_extension", SUPERVISOR, {"reason": "同意"}),
    ("10", "request_information", OFFICER, {"text": "哪一户?"}),
    ("17", "receive_information", CITIZEN, {"text": "2 户"}),
)
"""A day of March, and what is done on it."""


@pytest.mark.parametrize("counting", COUNTINGS)
@pytest.mark.parametrize("changed_on", ["04", "06", "08"])
def test_not_retroactively_the_old_instants_move_as_they_would_have(
    store: MemoryStore | SqliteStore, tmp_path: Path, counting: str, changed_on: str
) -> None:
    """Where they are the later ones: with the pauses and the extension before or after the change."""
    (tmp_path / "days.toml").write_text(
        'name = "X"\nfirst = 2025-01-01\nlast = 2025-12-20\n[holidays]\n2025-03-19 = "x"\n', encoding="utf-8"
    )
    how, calendar = COUNTINGS[counting]
    old = Desk(policy(tmp_path, f"[clocks.reply]\n{PAUSED}{how}{calendar}"), store, clock=ManualClock(MONDAY))
    new = under(policy(tmp_path, f"{FASTER}{PAUSED}{how}{calendar}", "faster.toml"), old)
    for name in ("kept", "changed"):
        old.clock.set(MONDAY)
        submitted(old, name)
        old.take_charge(name, by=OFFICER)
        for day, action, by, fields in DELAYS:
            is_under_old = new.get(name).origin.policy_hash != new.rules.pin
            if name == "changed" and changed_on < day and is_under_old:
                old.clock.set(f"2025-03-{changed_on}T08:00:00+08:00")
                one_migrated(new, name, retroactive=False)
            old.clock.set(f"2025-03-{day}T10:00:00+08:00")
            old.act(name, action, by=by, fields=fields)
    assert new.get("changed").origin.policy_hash == new.rules.pin
    assert dues(new.get("changed"))[1:] == dues(old.get("kept"))[1:]
    assert_sound(new, "changed")


def test_an_earlier_cycle_keeps_the_rules_it_ran_under(desk: Desk, tmp_path: Path) -> None:
    """Its cards stand and its explanation cites the old rungs; the present cycle is counted anew."""
    submitted(desk)
    desk.clock.set("2025-03-10T09:00:00+08:00")
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.complete("c1", by=OFFICER)
    desk.close("c1", by=COORDINATOR)
    desk.reopen("c1", reason="又坏了", by=CITIZEN)
    new = under(policy(tmp_path, SLOWER), desk)
    case = one_migrated(new)
    assert told(case.cards) == ["yellow @ 03-09"]
    assert [run.policy_hash for run in case.clocks] == [desk.rules.pin, ""]
    first, second = new.explain("c1", clock="reply")
    assert [rung.length for rung in first.rungs] == [3, 5, 15, 30]
    assert [rung.length for rung in second.rungs] == [8, 10, 15, 30]
    assert "市民心声办理规则（2008）" in first.rungs[1].source
    new.clock.set("2025-03-30T00:00:00+08:00")
    new.sweep()
    assert told(new.get("c1").cards) == ["yellow @ 03-09", "yellow @ 03-21", "red @ 03-26"]
    assert_sound(new)


def test_a_corrected_calendar_counts_earlier_cycles_too(
    store: MemoryStore | SqliteStore, tmp_path: Path
) -> None:
    """A holiday was left out of the table: the card of a cycle long over is annulled with the change."""
    working = '[clocks.reply]\ncounting = "working"\ncalendar = "X"\n[calendars.X]\nfile = "{}.toml"\n'
    for name, day in (("plain", ""), ("corrected", '2025-03-10 = "植树节"\n')):
        table = f'name = "X"\nfirst = 2025-01-01\nlast = 2025-12-20\n[holidays]\n{day}'
        (tmp_path / f"{name}.toml").write_text(table, encoding="utf-8")
    desk = Desk(policy(tmp_path, working.format("plain")), store, clock=ManualClock(MONDAY))
    submitted(desk)
    desk.clock.set("2025-03-11T09:00:00+08:00")
    desk.reply("c1", text="已修复", by=OFFICER)
    desk.complete("c1", by=OFFICER)
    desk.close("c1", by=COORDINATOR)
    desk.reopen("c1", reason="又坏了", by=CITIZEN)
    assert told(desk.get("c1").cards) == ["yellow @ 03-11"]
    new = under(policy(tmp_path, 'version = "2"\n' + working.format("corrected"), "newer.toml"), desk)
    case = one_migrated(new)
    assert told(case.cards) == ["-yellow @ 03-11"]
    assert [run.policy_hash for run in case.clocks] == ["", ""]
    assert_sound(new)


def test_a_late_fact_after_a_change_of_rules(desk: Desk, tmp_path: Path) -> None:
    """A reply that was made before both is folded in where it took effect, under the rules of now."""
    submitted(desk)
    desk.clock.set("2025-03-20T09:00:00+08:00")
    desk.sweep()
    new = under(renamed(tmp_path, text=TAKING_CHARGE), desk)
    one_migrated(new)
    new.clock.advance(days=1)
    case = new.act(
        "c1",
        "reply",
        by=IMPORTER,
        fields={"text": "已修复", "reason": "补录"},
        effective_at="2025-03-05T09:00:00+08:00",
    )
    assert [(card.clock, card.level) for card in case.cards if card.stands] == [("charge", "unsigned")]
    run = case.latest("answer")
    assert run is not None and run.status == "stopped"
    assert_sound(new)


def test_a_card_of_a_renamed_clock_that_moves_later_is_told_as_moved(desk: Desk, tmp_path: Path) -> None:
    """Also when the name was changed by an earlier change of rules."""
    submitted(desk)
    desk.clock.set("2025-03-10T09:00:00+08:00")
    desk.sweep()
    one_migrated(under(renamed(tmp_path), desk))
    whole = (tmp_path / "renamed.toml").read_text(encoding="utf-8").replace("days = 5\n", "days = 4\n")
    (tmp_path / "stricter.toml").write_text(whole, encoding="utf-8")
    done = all_migrated(under(load_policy(tmp_path / "stricter.toml"), desk))
    assert effects(done) == [("c1", "moved", "城管局", "yellow")]


# -- cases of other kinds -----------------------------------------------------------------------------------


def test_a_merged_case_and_its_primary(desk: Desk, tmp_path: Path) -> None:
    """The follower stays with its rules until it goes on; a clock that is held counts as one under way."""
    submitted(desk)
    submitted(desk, "c2")
    desk.merge("c2", primary="c1", reason="同一路灯", by=COORDINATOR)
    lost = under(renamed(tmp_path, was=""), desk)
    assert refused(lost, "c2", "migrate", SUPERVISOR, reason="新规则").code == "clock-lost"
    new = under(renamed(tmp_path), desk)
    done = all_migrated(new)
    assert (done.migrated, new.get("c2").origin.policy_hash) == (1, desk.rules.pin)
    case = one_migrated(new, "c2")
    assert [(run.clock, run.status) for run in case.clocks] == [("answer", "held")]
    new.clock.advance(days=7)
    new.withdraw("c1", by=CITIZEN, reason="不用了")
    follower = new.get("c2")
    assert [(card.clock, card.level, card.cycle) for card in follower.cards] == [("answer", "yellow", 1)]
    for name in ("c1", "c2"):
        assert_sound(new, name)


def test_a_retired_clock_of_a_merged_case_never_goes_on(
    store: MemoryStore | SqliteStore, tmp_path: Path
) -> None:
    """The primary lets the follower go; the clock that was given up meanwhile stays ended."""
    desk = Desk(policy(tmp_path, TAKING_CHARGE), store, clock=ManualClock(MONDAY))
    submitted(desk)
    submitted(desk, "c2")
    desk.merge("c2", primary="c1", reason="同一路灯", by=COORDINATOR)
    new = under(policy(tmp_path, RETIRED, "newer.toml"), desk)
    one_migrated(new, "c2")
    desk.clock.advance(days=3)
    desk.withdraw("c1", by=CITIZEN, reason="不用了")
    run = new.get("c2").latest("charge", "城管局")
    assert run is not None and run.status == "cancelled"
    assert {card.clock for card in new.get("c2").escalations} <= {"reply"}
    assert_sound(new, "c2")


def test_a_case_that_was_taken_over(desk: Desk, tmp_path: Path) -> None:
    """What the takeover told of a clock holds under its new name; what was due before is inherited."""
    desk.clock.set("2025-03-20T09:00:00+08:00")
    desk.adopt(
        "c1", by=IMPORTER, reason="接收", state="handling", submitted_at=MONDAY, unit="城管局",
        state_since="2025-03-03T10:00:00+08:00", started={"reply": "2025-03-04T09:30:00+08:00"},
    )  # fmt: skip
    before = desk.get("c1")
    new = under(renamed(tmp_path, text=TAKING_CHARGE), desk)
    case = one_migrated(new)
    assert dues(case, "answer") == dues(before)
    assert [card for card in case.cards if card.clock == "reply"] == list(before.cards)
    assert {card.inherited for card in case.cards} == {True}
    assert_sound(new)
    new.clock.advance(days=1)
    new.reply("c1", text="已修复", by=OFFICER)
    assert_sound(new)


# -- many cases ---------------------------------------------------------------------------------------------


def many(desk: Desk, count: int = 6) -> None:
    """So many cases, seven days old, every third answered, some cards issued."""
    for turn in range(count):
        submitted(desk, f"c{turn}", to=("城管局", "水务局")[turn % 2], kind=("complaint", "need")[turn % 2])
    desk.clock.advance(days=7)
    for turn in range(0, count, 3):
        desk.reply(f"c{turn}", text="已修复", by=OFFICER if turn % 2 == 0 else NEIGHBOUR)
    desk.sweep()


def feed(desk: Desk) -> list[object]:
    return [
        (name, desk.history(name), desk.get(name))
        for name in sorted({head.case_id for head in desk.store.heads()})
    ]


def test_a_dry_run_writes_nothing_and_tells_what_the_real_run_does(desk: Desk, tmp_path: Path) -> None:
    """The same cards, refusals and counts; the store as it was, the new policy not kept either."""
    many(desk)
    new = under(policy(tmp_path, SLOWER), desk)
    before = feed(desk)
    tried = all_migrated(new, dry_run=True)
    assert (feed(desk), desk.store.pinned(new.rules.pin)) == (before, None)
    done = all_migrated(new)
    assert tried.dry_run and tried.replace(dry_run=False) == done
    assert (done.migrated, done.unchanged, done.refused) == (6, 0, ())
    assert [(row.unit, row.level, row.is_breach, row.annulled) for row in done.impact] == [
        ("城管局", "reminder", False, 3), ("城管局", "yellow", True, 3),
        ("水务局", "reminder", False, 3), ("水务局", "yellow", True, 3),
    ]  # fmt: skip
    for turn in range(6):
        assert_sound(new, f"c{turn}")


def test_a_dry_run_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """Byte by byte."""
    file = tmp_path / "cases.db"
    with closing(SqliteStore(file)) as kept:
        many(Desk(load_policy("wuhu"), kept, clock=ManualClock(MONDAY)))
    content = file.read_bytes()
    with closing(SqliteStore(file)) as kept:
        new = Desk(policy(tmp_path, SLOWER), kept, clock=ManualClock("2025-03-12T09:00:00+08:00"))
        assert all_migrated(new, dry_run=True).migrated == 6
    assert file.read_bytes() == content


def test_a_second_run_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    """Every case is under the rules by then."""
    many(desk)
    new = under(policy(tmp_path, FASTER), desk)
    all_migrated(new)
    before = feed(desk)
    again = all_migrated(new)
    assert (again.migrated, again.unchanged, again.cards, feed(desk)) == (0, 6, (), before)


def test_a_run_that_was_broken_off_goes_on(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a batch wrote stands, the next call does the rest, and both together are one whole run."""
    monkeypatch.setattr("caseflow.desk.migrator.BATCH", 2)
    many(desk)
    new = under(policy(tmp_path, FASTER), desk)
    expected = all_migrated(new, dry_run=True)

    def broken(count: int) -> None:
        if count >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        all_migrated(new, progress=broken)
    under_new = [f"c{turn}" for turn in range(6) if new.get(f"c{turn}").origin.policy_hash == new.rules.pin]
    assert under_new == ["c0", "c1", "c2", "c3"]
    rest = all_migrated(new)
    assert (rest.migrated, rest.unchanged) == (2, 4)
    assert rest.cards == tuple(card for card in expected.cards if card.case_id in ("c4", "c5"))
    for turn in range(6):
        assert_sound(new, f"c{turn}")


def test_only_the_cases_that_are_asked_for(desk: Desk, tmp_path: Path) -> None:
    """By unit, state, kind and the rules they are under; closed ones never."""
    many(desk)
    desk.complete("c0", by=OFFICER)
    desk.close("c0", by=COORDINATOR)
    new = under(policy(tmp_path, FASTER), desk)
    count = {
        "": all_migrated(new, dry_run=True), "unit": all_migrated(new, dry_run=True, unit="水务局"),
        "state": all_migrated(new, dry_run=True, state="answered"),
        "kind": all_migrated(new, dry_run=True, kind="complaint"),
        "hash": all_migrated(new, dry_run=True, policy_hash=desk.rules.pin),
        "other": all_migrated(new, dry_run=True, policy_hash=new.rules.pin),
    }  # fmt: skip
    assert {name: done.migrated for name, done in count.items()} == {
        "": 5, "unit": 3, "state": 1, "kind": 2, "hash": 5, "other": 0,
    }  # fmt: skip


def test_two_changes_of_rules_at_once(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run and an officer come in between: each case is changed once, on what it is by then."""
    many(desk)
    new, other = under(policy(tmp_path, FASTER), desk), under(policy(tmp_path, FASTER), desk)
    append, calls, raced = desk.store.append, list[int](), list[Migration]()

    def late(*given: object) -> None:
        if not calls:
            calls.append(len(calls))
            raced.append(all_migrated(other, unit="水务局"))
            desk.reply("c2", text="已修复", by=OFFICER)
        append(*given)  # type: ignore[arg-type]  # as the store takes them

    monkeypatch.setattr(desk.store, "append", late)
    done = all_migrated(new)
    assert (done.migrated, raced[0].migrated, done.refused) == (3, 3, ())
    for turn in range(6):
        names = [event.name for event in desk.history(f"c{turn}")]
        assert names.count("migrated") == 1
        assert_sound(new, f"c{turn}")
    run = new.get("c2").latest("reply")
    assert run is not None and run.status == "stopped"


def test_one_case_that_cannot_follow_stops_no_other(desk: Desk, tmp_path: Path) -> None:
    """It stays under its rules and is listed, with the reason."""
    many(desk)
    done = all_migrated(under(renamed(tmp_path, was=""), desk))
    assert (done.migrated, [one.case_id for one in done.refused]) == (2, ["c1", "c2", "c4", "c5"])
    assert done.to_dict()["refused"][0]["code"] == "clock-lost"


def test_a_hook_keeps_one_case_back_and_no_other(desk: Desk, tmp_path: Path) -> None:
    """Whether it refuses or breaks: it is listed with what was wrong, the rest comes under the rules."""
    many(desk)
    new = under(policy(tmp_path, FASTER), desk)

    def hook(happened: Happened) -> None:
        if happened.case.id == "c1":
            raise ZeroDivisionError("a mistake of the portal's")

    new.subscribe("migrated", hook, when="before")
    done = all_migrated(new)
    assert (done.migrated, [(one.case_id, one.error.code) for one in done.refused]) == (
        5,
        [("c1", "case-left")],
    )
    assert "a mistake" in done.refused[0].error.text("zh")
    assert new.get("c1").origin.policy_hash == desk.rules.pin


def test_a_case_whose_policy_is_lost_stops_no_other(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows the rules of its time any more: it is listed, and the rest comes under the new ones."""
    many(desk)
    new = under(policy(tmp_path, FASTER), desk)
    rules_of = new._handler.rules_of

    def lost(case: Case) -> CompiledPolicy:
        if case.id == "c1":
            raise StoreError("unknown-pin", found=case.origin.policy_hash)
        return rules_of(case)

    monkeypatch.setattr(new._handler, "rules_of", lost)
    done = all_migrated(new)
    listed = [(one.case_id, one.error.code) for one in done.refused]
    assert (done.migrated, listed) == (5, [("c1", "unknown-pin")])


def test_a_store_that_breaks_ends_the_run(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No case is blamed for it, and the next call does all."""
    many(desk)
    new = under(policy(tmp_path, FASTER), desk)

    def full(*given: object) -> None:
        raise StoreError("store-full", path="x", found="y")

    with monkeypatch.context() as broken, pytest.raises(StoreError):
        broken.setattr(desk.store, "append", full)
        all_migrated(new)
    assert all_migrated(new).migrated == 6


def test_a_store_after_a_change_of_rules_is_sound(tmp_path: Path) -> None:
    """The audit finds nothing, and an export, its import and a copy hold the very cases."""
    file = tmp_path / "cases.db"
    with closing(SqliteStore(file)) as kept:
        desk = Desk(load_policy("wuhu"), kept, clock=ManualClock(MONDAY))
        many(desk)
        desk.clock.advance(days=40)
        desk.sweep()
        new = under(renamed(tmp_path, text=TAKING_CHARGE), desk)
        all_migrated(new)
        one_migrated(under(load_policy(tmp_path / "renamed.toml"), desk), "c0")
        assert verify(kept).faults == ()
        with (tmp_path / "out.jsonl").open("w", encoding="utf-8") as out:
            jsonl.write(kept, out)
        imported, copied = MemoryStore(), MemoryStore()
        importer.read(tmp_path / "out.jsonl", imported)
        copy_cases(kept, copied)
        for other in (imported, copied):
            assert [other.load(f"c{turn}") for turn in range(6)] == [
                kept.load(f"c{turn}") for turn in range(6)
            ]
        moved = Desk(new.rules, imported, clock=desk.clock)
        moved.reply("c1", text="已修复", by=NEIGHBOUR)
        assert_sound(moved, "c1")


# -- the policy and the command line ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        (f'{TAKING_CHARGE}was = ["reply"]\n', "clocks.charge.was[0]", "was-there"),
        (f'{TAKING_CHARGE}was = ["a", "a"]\n', "clocks.charge.was[1]", "was-twice"),
        (f'{TAKING_CHARGE}was = ["a"]\n[clocks.reply]\nwas = ["a"]\n', "clocks.charge.was[0]", "was-twice"),
        (f'{TAKING_CHARGE}was = [" "]\n', "clocks.charge.was[0]", "was-empty"),
        ('retired = [""]\n', "retired[0]", "retired-empty"),
        (f'retired = ["a"]\n{TAKING_CHARGE}was = ["a"]\n', "retired[0]", "retired-renamed"),
    ],
)
def test_former_names_must_make_sense(tmp_path: Path, text: str, path: str, code: str) -> None:
    """One former name for one clock, and none that is there: told with the key path, in both languages."""
    with pytest.raises(PolicyError) as caught:
        policy(tmp_path, text)
    assert [(problem.path, problem.code) for problem in caught.value.problems] == [(path, code)]
    assert all(problem.text(lang) for problem in caught.value.problems for lang in ("en", "zh"))


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store of six cases, far in the past, and the files of two policies beside it."""
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore(tmp_path / "c.db")) as kept:
        many(Desk(load_policy("wuhu"), kept, clock=ManualClock(MONDAY)))
    policy(tmp_path, SLOWER, "slower.toml")
    renamed(tmp_path, was="")
    return "sqlite:///c.db"


ASKED = ("--by", "s-1", "--reason", "新规则", "--lang", "en")


def test_the_impact_is_told_as_a_table(city: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By unit, rung and kind; nothing is written in a dry run, and the real run says the same."""
    call = ("policy", "migrate", "--store", city, "--policy", "slower.toml", *ASKED)
    code, out, _ = called(capsys, *call, "--dry-run")
    assert (code, out.splitlines()[0]) == (
        Exit.OK,
        "would come under the new rules: 6 cases; 0 are, 0 would stay under their own; nothing written",
    )
    table = [line.split("  ") for line in out.splitlines()[1:]]
    assert [cell.strip() for cell in table[0] if cell] == [
        "unit",
        "rung",
        "kind",
        "annulled",
        "issued",
        "moved",
    ]
    assert any(line.startswith("城管局") and "yellow" in line and "card" in line for line in out.splitlines())
    code, real, _ = called(capsys, *call)
    assert (code, real.splitlines()[1:]) == (Exit.OK, out.splitlines()[1:])
    code, again, _ = called(capsys, *call)
    assert (code, again) == (
        Exit.OK, "under the new rules: 0 cases; 6 were before, 0 stay under their own\n",
    )  # fmt: skip


def test_the_impact_is_told_as_json(city: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each card with its instants, the counts by unit and level, and the hash of the new rules."""
    code, out, _ = called(
        capsys, "policy", "migrate", "--store", city, "--policy", "slower.toml", "--unit", "城管局", *ASKED,
        "--json", "--dry-run",
    )  # fmt: skip
    document = json.loads(out)
    assert (code, document["dry_run"], document["migrated"]) == (Exit.OK, True, 3)
    assert document["policy_hash"] == load_policy("slower.toml").pin
    assert {row["unit"] for row in document["impact"]} == {"城管局"}
    moved = [card for card in document["cards"] if card["effect"] == "moved"]
    assert {(card["was"][:10], card["is"][:10]) for card in moved if card["level"] == "yellow"} == {
        ("2025-03-09", "2025-03-14")
    }


def test_cases_that_stay_are_listed(city: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1; each with its reason, in the language asked for, also in JSON."""
    call = ("policy", "migrate", "--store", city, "--policy", "renamed.toml", "--by", "s-1", "--reason", "r")
    code, out, err = called(capsys, *call, "--dry-run", "--lang", "zh")
    assert (code, "仍用原规则 4 件" in out) == (Exit.FOUND, True)
    assert "c1: " in err and "reply" in err and len(err.splitlines()) == 4
    code, out, _ = called(capsys, *call, "--json", "--lang", "en")
    refused_cases = json.loads(out)["refused"]
    assert code == Exit.FOUND
    assert {row["code"] for row in refused_cases} == {"clock-lost"}
    assert "retired" in refused_cases[0]["reason"]


def test_who_may_not_changes_no_rules(city: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The role is judged by the rules that each case is under."""
    call = ("policy", "migrate", "--store", city, "--policy", "slower.toml", *ASKED)
    code, _, err = called(capsys, *call, "--role", "citizen")
    assert (code, "c5" in err) == (Exit.FOUND, True)


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A slip in the name makes no empty file."""
    file = tmp_path / "none.db"
    call = ("policy", "migrate", "--store", f"sqlite:///{file}", "--policy", "wuhu", *ASKED)
    assert (called(capsys, *call)[0], file.exists()) == (Exit.STORE, False)


def test_ctrl_c_ends_it_after_the_batch(
    city: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written stands, and the same call does the rest."""
    monkeypatch.setattr("caseflow.desk.migrator.BATCH", 2)
    append, calls = SqliteStore.append, list[int]()

    def interrupted(self: SqliteStore, *given: object) -> None:
        calls.append(len(calls))
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        append(self, *given)  # type: ignore[arg-type]  # as the store takes them

    monkeypatch.setattr(SqliteStore, "append", interrupted)
    call = ("policy", "migrate", "--store", city, "--policy", "slower.toml", *ASKED)
    assert called(capsys, *call)[0] == Exit.INTERRUPTED
    code, out, _ = called(capsys, *call)
    assert (code, out.splitlines()[0]) == (
        Exit.OK, "under the new rules: 2 cases; 4 were before, 0 stay under their own",
    )  # fmt: skip


def test_the_system_changes_no_rules(desk: Desk) -> None:
    """Its role cannot be borrowed, for many cases no more than for one."""
    with pytest.raises((BadInput, caseflow.Refused)):
        desk.migrate_all(by=caseflow.Actor("x", role="system"), reason="r")


@pytest.mark.parametrize("given", [{"dry_run": True}, {"unit": "水务集团"}, {"policy_hash": "x"}], ids=str)
def test_what_selects_many_cases_is_refused_for_one(tmp_path: Path, given: dict[str, object]) -> None:
    """Passed over, a dry run of one case would write."""
    old = Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T09:00:00+08:00"))
    old.submit(title="x", by=caseflow.Actor("p", role="citizen"), case_id="c1")
    new = under(renamed(tmp_path), old)
    before = new.history("c1")
    with pytest.raises(TypeError, match=next(iter(given))):
        one_migrated(new, "c1", **given)
    assert new.history("c1") == before


def test_what_one_command_takes_is_refused_for_many(tmp_path: Path) -> None:
    """A key passed over would promise that a repeat changes nothing."""
    desk = Desk(renamed(tmp_path), MemoryStore())
    with pytest.raises(TypeError, match="key"):
        all_migrated(desk, key="k1")


def test_a_change_of_rules_takes_effect_when_it_is_recorded(desk: Desk) -> None:
    """An instant of its own is refused, not passed over."""
    desk.submit(title="路灯", to="城管局", by=CITIZEN, case_id="when")
    before = desk.get("when")
    desk.clock.advance(days=1)
    with pytest.raises(Refused) as caught:
        desk.migrate("when", reason="规则变更", by=SUPERVISOR, effective_at=before.submitted_at)
    assert "takes effect when it is recorded; leave effective_at out" in caught.value.text("en")
    assert "自记录之时起生效；请不要填写 effective_at" in caught.value.text("zh")
    assert desk.get("when") == before


def test_facts_are_folded_before_the_clocks_they_speak_of() -> None:
    """Out of their order, instants without a ladder are none; no fact is refused for that."""
    by, since = IMPORTER, 1_740_965_400_000_000
    began = events.Noted(since, by, clocks=(events.ClockChange("reply", since=since),))
    changed = events.Migrated(since, by, clocks=(events.ClockChange("reply", dues=(since,)),))
    card = events.CardIssued(since, by, clock="reply", cycle=1, level="late")
    annulled = events.CardAnnulled(since, by, clock="reply", cycle=1, level="late", issued_us=since)
    case = replay("c", (began, changed, card, annulled))
    assert [(run.ladder, run.dues) for run in case.clocks] == [((), ())]
    assert not case.cards[0].stands
