"""Past cards stay: every golden history is replayed against today's code and policies."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import caseflow.core.engine.escalation
import caseflow.core.model.evolve
from caseflow import Actor, Desk, ManualClock, MemoryStore, Policy, SqliteStore, UnknownCase, load_policy
from caseflow.core.engine.actions import command_of
from caseflow.core.model.events import EVENTS, Adopted, Event, Migrated, Submitted
from caseflow.core.time.deadline import breach
from caseflow.core.time.instants import DAY
from caseflow.core.time.pauses import Breach
from caseflow.errors import BadInput, StoreError
from caseflow.serialization.codec import encode
from caseflow.testing import (
    accept_golden,
    check_golden,
    compared,
    golden_files,
    read_golden,
    record,
    write_golden,
)
from caseflow.testing.golden.golden_history import rules_by_pin, written
from caseflow.testing.golden.redecide import redecided
from tests.laws.histories import Step, World, steps

HERE = Path(__file__).parent
FILES = golden_files(HERE)
TODAY = {name: HERE / f"{name}.toml" for name in ("city", "coast", "island", "bridge", "evaluated")}
"""Today's policies that the histories need beside the shipped ones."""
CITIZEN = Actor("c-17", role="citizen")
OFFICER = Actor("o-4", role="handler", unit="城管局")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_past_stays(path: Path) -> None:
    """The history folds to its case, and brings the same cards under the rules of its time and of today."""
    check_golden(path, policies=TODAY)
    held = compared(read_golden(path), policies=TODAY)
    assert [one.against for one in held] == ["fold", "recorded", "today"]


def unpinned(event: Event) -> bytes:
    """The event's bytes without the pin, which a new key of policies changes."""
    if isinstance(event, Submitted | Adopted):
        return encode(event.replace(origin=event.origin.replace(policy_hash="")))
    return encode(event.replace(policy_hash="") if isinstance(event, Migrated) else event)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_record_is_what_is_decided_again(path: Path) -> None:
    """Under the policies of its time the commands lead to the recorded events, byte for byte."""
    history = read_golden(path)
    again = redecided(history.events, rules_by_pin(history))
    assert again.refused == ()
    for case_id in history.ids():
        decided = [unpinned(event) for found, event in again.events if found == case_id]
        assert decided == [unpinned(event) for event in history.of(case_id)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_as_it_would_be_written(path: Path) -> None:
    """Reading a file and writing it gives the same, but for the words of its story, which may grow better."""
    assert without_story(written(read_golden(path))) == without_story(path.read_text(encoding="utf-8"))


def without_story(text: str) -> list[str]:
    """The lines of a golden file that are no lines of a story."""
    kept, inside = [], False
    for line in text.splitlines():
        inside = line == '      "story": [' or (inside and line != "      ],")
        kept += [] if inside else [line]
    assert len(kept) < len(text.splitlines())
    return kept


def test_the_histories_hold_every_kind_of_event() -> None:
    """Together they hold each registered event but those that no command of today makes."""
    seen = {event.name for path in FILES for _, event in read_golden(path).events}
    assert set(EVENTS) - seen == set()


def test_no_text_of_a_person_is_in_a_history() -> None:
    """The files hold salted hashes alone: no text, and no salt to try words with."""
    assert all(not read_golden(path).texts for path in FILES)


def changed(**limits: int) -> Policy:
    """``wuhu`` with other days on its rungs, by level."""
    wuhu = load_policy("wuhu")
    rule = wuhu.clocks["reply"]
    rungs = tuple(attrs.evolve(rung, days=limits.get(rung.level, rung.days)) for rung in rule.rungs)
    return attrs.evolve(wuhu, clocks={"reply": attrs.evolve(rule, rungs=rungs)})


def failure(name: str, policies: dict[str, Policy] | None = None) -> str:
    with pytest.raises(AssertionError) as caught:
        check_golden(HERE / f"{name}.json", policies=policies or TODAY)
    return str(caught.value)


def test_a_policy_that_waits_a_day_longer_is_told_by_card() -> None:
    """Yellow after 6 days instead of 5 names card, case, both instants, and shows the story."""
    told = failure("natural", {"wuhu": changed(yellow=6)}).splitlines()
    assert told[1:3] == [
        "decided again under today's policy wuhu:",
        "  case g-1: yellow (reply, cycle 1) was 2025-01-26T00:00:00+08:00 城管局,"
        " is 2025-01-27T00:00:00+08:00 城管局",
    ]
    assert [line.split()[0] for line in told if "yellow card" in line and line.startswith("    ")] == [
        "-",
        "+",
    ]


def test_a_policy_that_changes_no_past_card_is_no_failure() -> None:
    """A longer last rung that no recorded case came to, and new labels, pass."""
    check_golden(HERE / "reopen.json", policies={"wuhu": changed(urge=31)})


def test_a_rung_that_is_gone_or_new_is_told() -> None:
    """A card that is not issued any more, and one that was not, are told as such."""
    gone = failure("natural", {"wuhu": changed(urge=40)})
    assert (
        "case g-1: urge (reply, cycle 1) of 2025-02-20T00:00:00+08:00 城管局 is not issued any more" in gone
    )
    new = failure("reopen", {"wuhu": changed(red=6)})
    assert "case g-1: red (reply, cycle 1) of 2025-03-10T00:00:00+08:00 城管局 is new" in new


def test_days_that_are_counted_wrong_are_told_by_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day count that is one day too long fails under the recorded policy, and names every card."""

    def a_day_late(*given: Any) -> Breach:
        late = breach(*given)
        return late if late.at_us is None else Breach(late.at_us + DAY, late.certain)

    monkeypatch.setattr("caseflow.core.model.rung_count.breach", a_day_late)
    told = failure("natural")
    assert "decided again under the policies of their time:" in told
    assert "case g-1: yellow (reply, cycle 1) was 2025-01-26T00:00:00+08:00" in told
    for name in ("working", "adoption", "skipped-day", "horizon"):
        assert "cycle 1) was" in failure(name)


def test_a_fold_that_changed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the events fold to another case, the key path of the difference is named."""
    folds = {kind: fold for kind, fold in caseflow.core.model.evolve.FOLDS.items() if kind.name != "returned"}
    monkeypatch.setattr(caseflow.core.model.evolve, "FOLDS", folds)
    told = failure("return")
    assert "the recorded events fold to another case:" in told
    assert "case g-1: facts.past_units" in told


def test_pauses_that_are_forgotten_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that counts paused days fails on the history of pauses, not on that of natural days."""
    monkeypatch.setattr(
        "caseflow.core.model.rung_count.breach",
        lambda span, start, pauses, days: breach(span, start, (), days),
    )
    assert "case g-1: overdue (completion, cycle 1) was 2025-03-15T00:00:00+08:00" in failure("pauses")
    assert "yellow (reply, cycle 1) was 2025-03-11T00:00:00+08:00" in failure("retraction")
    check_golden(HERE / "natural.json")


def test_an_engine_that_annuls_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card that was annulled and now stands is a change of the past."""
    monkeypatch.setattr(caseflow.core.engine.escalation, "_holds", lambda rules, case, card: True)
    assert "annulled 2025-03-20T09:00:00+08:00 (replied), is 2025-03-09T00:00:00+08:00" in failure(
        "backdated"
    )


def test_an_act_that_is_refused_today_is_told(tmp_path: Path) -> None:
    """A policy without the action says what is refused and when it was; accepting leaves the file alone."""
    file = tmp_path / "wuhu.toml"
    file.write_text('extends = "wuhu"\nremove = ["actions.rate"]\n', encoding="utf-8")
    copy = tmp_path / "natural.json"
    copy.write_bytes((HERE / "natural.json").read_bytes())
    with pytest.raises(
        AssertionError, match=r"rate of 2025-02-22T01:00:00\+00:00 is refused: the policy has no"
    ):
        check_golden(copy, policies={"wuhu": file})
    with pytest.raises(BadInput) as caught:
        accept_golden(copy, policies={"wuhu": file})
    assert caught.value.code == "golden-refused"
    assert copy.read_bytes() == (HERE / "natural.json").read_bytes()


def test_an_accepted_change_is_the_new_record(tmp_path: Path) -> None:
    """After accepting, the file holds today's cards, policy and story; a second time changes nothing."""
    copy = tmp_path / "natural.json"
    copy.write_bytes((HERE / "natural.json").read_bytes())
    slower = {"wuhu": changed(yellow=6)}
    assert accept_golden(copy, policies=slower)
    check_golden(copy, policies=slower)
    assert not accept_golden(copy, policies=slower)
    history = read_golden(copy)
    assert list(history.policies) == [slower["wuhu"].pin]
    assert history.cards["g-1"][1]["effective_at"] == "2025-01-27T00:00:00+08:00"


def test_an_adopted_policy_is_todays_and_the_one_before_stays() -> None:
    """Of two policies of one name only the last is replaced: the first was superseded in its own time."""
    history = read_golden(HERE / "adoption.json")
    first, last = history.policies
    again = compared(history, policies=TODAY)[-1].history
    assert list(again.policies) == [first, load_policy(HERE / "city.toml").pin]
    assert history.policies[first]["policy"]["version"] == "0"
    assert history.policies[last]["policy"]["version"] == "1"


def a_desk(store: MemoryStore | SqliteStore | None = None) -> Desk:
    clock = ManualClock("2025-03-03T09:30:00+08:00")
    return Desk(load_policy("wuhu"), MemoryStore() if store is None else store, clock=clock)


def test_a_record_takes_merged_cases_along(tmp_path: Path) -> None:
    """Recording a primary records its followers, and a follower its primary; from SQLite as from memory."""
    found = []
    for store in (MemoryStore(), SqliteStore(tmp_path / "c.db")):
        desk = a_desk(store)
        for case_id in ("a", "b", "other"):
            desk.submit(title="路灯不亮", by=CITIZEN, case_id=case_id)
        desk.merge("b", primary="a", by=Actor("d-1", role="coordinator"))
        found.append([record(desk, [case_id]).ids() for case_id in ("a", "b")])
        store.close()
    assert found == [[("a", "b"), ("a", "b")]] * 2


def test_texts_are_kept_only_when_asked_for(tmp_path: Path) -> None:
    """Without ``with_texts`` no text is in the file; with it they are, and the story tells them."""
    desk = a_desk()
    desk.submit(title="路灯不亮", body="北京路七号", by=CITIZEN, case_id="a")
    desk.clock.advance(days=6)
    desk.reply("a", text="已修复", by=Actor("d-1", role="coordinator"))
    plain, full = tmp_path / "plain.json", tmp_path / "full.json"
    write_golden(plain, record(desk, ["a"]))
    write_golden(full, record(desk, ["a"], with_texts=True))
    assert all(text not in plain.read_text(encoding="utf-8") for text in ("路灯", "北京路", "已修复"))
    assert "已修复" in json.loads(full.read_bytes())["cases"]["a"]["story"][-1]
    slower = {"wuhu": changed(reminder=4, yellow=7)}
    assert accept_golden(full, policies=slower)
    assert "已修复" in json.loads(full.read_bytes())["cases"]["a"]["story"][-1]
    check_golden(full, policies=slower)


def test_a_policy_that_nobody_knows_today_is_held_against_its_time_alone() -> None:
    """Without today's policy of that name two comparisons remain."""
    held = compared(read_golden(HERE / "working.json"))
    assert [one.against for one in held] == ["fold", "recorded"]


def test_what_cannot_be_recorded_or_read_is_told(tmp_path: Path) -> None:
    """An unknown case, another suffix, a missing or foreign file, an empty folder: each with its own code."""
    desk = a_desk()
    desk.submit(title="路灯不亮", by=CITIZEN, case_id="a")
    with pytest.raises(UnknownCase):
        record(desk, ["nobody"])
    with pytest.raises(BadInput) as suffix:
        write_golden(tmp_path / "a.toml", record(desk, ["a"]))
    assert suffix.value.code == "golden-suffix"
    with pytest.raises(BadInput) as empty:
        golden_files(tmp_path)
    assert empty.value.code == "no-golden-files"
    for text in ("", "[]", "{}", '{"format": 2}', '{"format": 1, "about": "", "events": []}', "[" * 100_000):
        (tmp_path / "x.json").write_text(text, encoding="utf-8")
        with pytest.raises(BadInput) as caught:
            read_golden(tmp_path / "x.json")
        assert caught.value.code == "bad-golden"
    with pytest.raises(BadInput, match="No such file"):
        read_golden(tmp_path / "none.json")


def test_a_history_whose_policy_is_missing_is_told(tmp_path: Path) -> None:
    """Events that pin a policy which the file does not hold cannot be decided again."""
    document = json.loads((HERE / "natural.json").read_bytes())
    document["policies"] = {}
    (tmp_path / "x.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        check_golden(tmp_path / "x.json")
    assert caught.value.code == "unknown-pin"


def test_a_policy_of_an_older_version_is_read(tmp_path: Path) -> None:
    """A policy recorded before some of its keys existed has another pin today, and the same cards."""
    document = json.loads((HERE / "working.json").read_bytes())
    for kept in document["policies"].values():
        for action in kept["policy"]["actions"].values():
            del action["co_handlers"]
    (tmp_path / "x.json").write_text(json.dumps(document), encoding="utf-8")
    check_golden(tmp_path / "x.json", policies=TODAY)


def test_an_edited_card_is_found() -> None:
    """A card changed in the file by hand is told as another fold."""
    history = read_golden(HERE / "natural.json")
    cards = [dict(card) for card in history.cards["g-1"]]
    cards[0]["unit"] = "水务局"
    (fold, *_) = compared(history.replace(cards={"g-1": cards}))
    assert [(change.what, change.name) for change in fold.changes] == [("card", "reminder (reply, cycle 1)")]


@pytest.mark.soak
@settings(
    max_examples=30, deadline=None, derandomize=True, database=None,
    phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(steps())
def test_any_history_can_be_decided_again(history: list[Step]) -> None:
    """Whatever befell two cases under five clocks, the recorded events lead to themselves."""
    world = World().run(history).finish()
    kept = record(world.store, [case.id for case in world.cases()])
    again = redecided(kept.events, rules_by_pin(kept))
    assert again.refused == ()
    for case_id in kept.ids():
        mine = tuple(event for found, event in again.events if found == case_id)
        assert mine == kept.of(case_id)


def test_what_comes_of_itself_is_no_command() -> None:
    """Cards, annulments, timed actions and notes on followers are asked of nobody; nor are takeovers."""
    events: list[Event] = [event for path in FILES for _, event in read_golden(path).events]
    asked = {event.name for event in events if command_of(event) is not None}
    assert {event.name for event in events} - asked == {
        "adopted",
        "reminded",
        "card-issued",
        "card-annulled",
        "followed",
        "linked-case-moved",
        "rectification-dropped",
    }
    closed = [event for event in events if event.name == "closed" and event.by.role == "system"]
    assert closed
    assert all(command_of(event) is None for event in closed)


def test_a_calendar_of_today_is_part_of_the_comparison() -> None:
    """A holiday more than at the time moves cards counted by working days, and the check names them."""
    city = load_policy(HERE / "city.toml")
    office = city.tables["office"]
    days = {date.fromordinal(day): name for day, name in office.holidays.items()}
    more = attrs.evolve(
        office, holidays=days | {date(2025, 3, 13): "临时"},
        makeup={date.fromordinal(day): name for day, name in office.makeup.items()},
    )  # fmt: skip
    told = failure("pauses", {"city": attrs.evolve(city, tables={"office": more})})
    assert "overdue (completion, cycle 1) was 2025-03-15T00:00:00+08:00 城管局, is 2025-03-18" in told
