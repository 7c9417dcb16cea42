"""Hooks: called before and after the record, in order, each kind of failure with its stated end."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from caseflow import (
    Actor,
    BadInput,
    Case,
    Desk,
    KeyReused,
    ManualClock,
    MemoryStore,
    Refusal,
    Refused,
    SqliteStore,
    Stale,
    load_policy,
)
from caseflow.core.model.events import CardIssued, Event, Replied, RungEvent, Submitted
from caseflow.desk.hooks import Happened, Hooks
from caseflow.errors import HookFailed
from caseflow.ports import Store
from caseflow.ports.observations import HookError
from caseflow.stores.sqlalchemy import SqlStore

CITIZEN = Actor("c-1", role="citizen")
OFFICER = Actor("o-1", role="handler", unit="城管局")
SUPERVISOR = Actor("s-1", role="supervisor")
START = "2025-03-03T09:30:00+08:00"


@pytest.fixture
def desk() -> Desk:
    return a_desk(MemoryStore())


def a_desk(store: Store, **options: Any) -> Desk:
    return Desk(load_policy("wuhu"), store, clock=ManualClock(START), **options)


def submitted(desk: Desk, case_id: str = "c1") -> Case:
    return desk.submit(title="路灯不亮", to="城管局", by=CITIZEN, case_id=case_id)


def raising(error: BaseException) -> Callable[[Happened], None]:
    def hook(happened: Happened) -> None:
        raise error

    return hook


def refusal() -> Refused:
    return Refused(Refusal(code="field-missing", action="reply", missing=("附件",), source="本站规定"))


# -- who is called, for what, in which order -----------------------------------------------------------------


def test_a_hook_gets_the_event_the_case_and_the_version(desk: Desk) -> None:
    """After a command it is told each event of its kind with the case as the command left it."""
    seen: list[Happened] = []
    desk.subscribe(Event, seen.append)
    case = submitted(desk)
    assert [(one.event, one.version) for one in seen] == list(
        zip(desk.history("c1"), range(1, case.version + 1), strict=True)
    )
    assert {one.case for one in seen} == {case}


def test_a_kind_is_a_class_its_subclasses_or_a_registered_name(desk: Desk) -> None:
    """``RungEvent`` stands for reminders and cards, a name for one class; nothing else is called."""
    seen: list[str] = []
    desk.subscribe("card-issued", lambda one: seen.append(f"name {one.event.name}"))
    desk.subscribe(CardIssued, lambda one: seen.append(f"class {one.event.name}"))
    desk.subscribe(RungEvent, lambda one: seen.append(f"rung {one.event.name}"))
    submitted(desk)
    desk.clock.advance(days=7)
    desk.sweep()
    assert seen == ["rung reminded", "name card-issued", "class card-issued", "rung card-issued"]


def test_hooks_are_called_by_event_and_then_by_subscription(desk: Desk) -> None:
    """First those before, then those after; for each event in the order in which they subscribed."""
    seen: list[str] = []
    desk.subscribe(Event, lambda one: seen.append(f"after 1 {one.event.name}"))
    desk.subscribe(Event, lambda one: seen.append(f"before {one.event.name}"), when="before")
    desk.subscribe(Event, lambda one: seen.append(f"after 2 {one.event.name}"))
    submitted(desk)
    seen.clear()
    desk.clock.advance(days=4)
    desk.reply("c1", text="已修复", by=OFFICER)
    assert seen == [
        "before reminded", "before replied", "after 1 reminded", "after 2 reminded", "after 1 replied",
        "after 2 replied",
    ]  # fmt: skip


def test_everybody_hears_of_versions_in_order_also_when_a_hook_commands(desk: Desk) -> None:
    """A hook takes the next steps itself; who comes after it hears of each version after the one before."""
    seen: dict[str, list[int]] = {"first": [], "last": []}

    def act_on(happened: Happened) -> None:
        seen["first"].append(happened.version)
        if happened.version == 1:
            desk.take_charge("c1", by=OFFICER)
            desk.note("c1", text="x", by=OFFICER)
        if happened.version == 3:
            desk.reply("c1", text="已修复", by=OFFICER)

    desk.subscribe(Event, act_on)
    desk.subscribe(Event, lambda one: seen["last"].append(one.version))
    submitted(desk)
    assert seen == {"first": [1, 2, 3, 4], "last": [1, 2, 3, 4]}


def test_an_interrupt_in_a_hook_leaves_nothing_to_the_next_command(desk: Desk) -> None:
    """It goes up; the calls that were left are lost with it, and the next command's are made."""
    seen: list[int] = []
    leave = desk.subscribe("submitted", raising(KeyboardInterrupt()))
    desk.subscribe(Event, lambda one: seen.append(one.version))
    with pytest.raises(KeyboardInterrupt):
        submitted(desk)
    leave()
    desk.take_charge("c1", by=OFFICER)
    assert seen == [2]


def test_a_desk_that_takes_the_place_of_another_keeps_its_hooks(desk: Desk) -> None:
    """It is given them, and an end that was had from the first counts for the second."""
    seen: list[str] = []
    hooks = Hooks()
    first, second = (a_desk(desk.store, hooks=hooks) for _ in range(2))
    leave = first.subscribe("submitted", lambda one: seen.append(one.case.id))
    submitted(second, "c1")
    leave()
    submitted(second, "c2")
    assert seen == ["c1"]


def test_before_nothing_is_recorded_and_after_all_is(desk: Desk) -> None:
    """A hook before sees the store as it was, a hook after sees the command in it."""
    seen: list[tuple[str, Case | None]] = []
    desk.subscribe(Submitted, lambda one: seen.append(("before", desk.store.load("c1"))), when="before")
    desk.subscribe(Submitted, lambda one: seen.append(("after", desk.store.load("c1"))))
    case = submitted(desk)
    assert seen == [("before", None), ("after", case)]


def test_a_subscription_ends_when_told(desk: Desk) -> None:
    """What `subscribe` returns ends that subscription alone; twice is once."""
    seen: list[str] = []
    leave = desk.subscribe(Submitted, lambda one: seen.append("first"))
    desk.subscribe(Submitted, lambda one: seen.append("second"))
    leave()
    leave()
    submitted(desk)
    assert seen == ["second"]


def test_the_same_function_twice_is_called_twice(desk: Desk) -> None:
    """Two subscriptions of one function are two; ending one leaves the other."""
    seen: list[int] = []
    hook = lambda one: seen.append(one.version)  # noqa: E731  # one function object, twice
    leave = desk.subscribe(Submitted, hook)
    desk.subscribe(Submitted, hook)
    submitted(desk)
    leave()
    submitted(desk, "c2")
    assert seen == [1, 1, 1]


def test_a_hook_may_act_on_cases_after_the_commit(desk: Desk) -> None:
    """A command inside a hook is an ordinary command, whose own hooks are called."""
    desk.subscribe(Replied, lambda one: desk.note(one.case.id, text="已公开", by=SUPERVISOR))
    submitted(desk)
    desk.reply("c1", text="已修复", by=OFFICER)
    assert [event.name for event in desk.history("c1")][-2:] == ["replied", "noted"]


def test_both_cases_of_a_merge_are_told(desk: Desk) -> None:
    """What one append brings to several cases reaches the hooks for each of them."""
    seen: list[tuple[str, str]] = []
    submitted(desk, "c1")
    submitted(desk, "c2")
    desk.subscribe(Event, lambda one: seen.append((one.case.id, one.event.name)))
    desk.merge("c2", primary="c1", reason="重复", by=Actor("d", role="coordinator"))
    assert seen == [("c2", "merged"), ("c1", "followed")]


# -- when nobody is called -----------------------------------------------------------------------------------


def test_a_repeat_calls_nobody(desk: Desk) -> None:
    """The same key again returns the first answer; no hook is called a second time."""
    seen: list[str] = []
    submitted(desk)
    desk.subscribe(Replied, lambda one: seen.append("before"), when="before")
    desk.subscribe(Replied, lambda one: seen.append("after"))
    for _ in range(2):
        desk.reply("c1", text="已修复", by=OFFICER, key="k")
    assert seen == ["before", "after"]


def test_a_refused_command_calls_nobody(desk: Desk) -> None:
    """What the rules refuse never comes to a hook, though rungs were due on the way."""
    seen: list[Happened] = []
    submitted(desk)
    desk.subscribe(Event, seen.append, when="before")
    desk.subscribe(Event, seen.append)
    desk.clock.advance(days=9)
    with pytest.raises(Refused):
        desk.reply("c1", text="x", by=CITIZEN)
    assert seen == []


def test_a_lost_race_calls_those_after_once() -> None:
    """Another writer was faster: those before are asked for each decision, those after hear the last."""
    store = MemoryStore()
    desk, other = a_desk(store), a_desk(store)
    submitted(desk)
    seen: list[tuple[str, int]] = []

    def meddle(happened: Happened) -> None:
        seen.append(("before", happened.version))
        if len(seen) == 1:
            other.note("c1", text="x", by=SUPERVISOR)

    desk.subscribe(Replied, meddle, when="before")
    desk.subscribe(Replied, lambda one: seen.append(("after", one.version)))
    case = desk.reply("c1", text="已修复", by=OFFICER)
    assert seen == [("before", case.version - 1), ("before", case.version), ("after", case.version)]


def test_a_race_lost_for_good_calls_nobody_after() -> None:
    """With an expected version the command ends; nothing was recorded, nobody after is called."""
    store = MemoryStore()
    desk, other = a_desk(store), a_desk(store)
    version = submitted(desk).version
    seen: list[Happened] = []
    desk.subscribe(Replied, lambda one: other.note("c1", text="x", by=SUPERVISOR), when="before")
    desk.subscribe(Replied, seen.append)
    with pytest.raises(Stale):
        desk.reply("c1", text="已修复", by=OFFICER, expected_version=version)
    assert seen == []


# -- the table of failures: before ---------------------------------------------------------------------------


@pytest.mark.parametrize("error", [refusal(), ValueError("x"), PermissionError("x"), KeyboardInterrupt()])
def test_an_error_before_stops_the_command(desk: Desk, error: BaseException) -> None:
    """Any error reaches whoever gave the command, as it is; nothing is recorded and nobody else is called."""
    seen: list[Happened] = []
    before = submitted(desk)
    desk.clock.advance(days=4)  # a reminder is due on the way
    desk.subscribe(Replied, raising(error), when="before")
    desk.subscribe(Replied, seen.append, when="before")
    desk.subscribe(Event, seen.append)
    with pytest.raises(type(error)) as caught:
        desk.reply("c1", text="已修复", by=OFFICER)
    assert caught.value is error
    assert (desk.get("c1"), seen) == (before, [])


def test_a_veto_uses_up_no_key(desk: Desk) -> None:
    """The same key is free for the next attempt, when the hook lets it through."""
    submitted(desk)
    leave = desk.subscribe(Replied, raising(refusal()), when="before")
    with pytest.raises(Refused) as caught:
        desk.reply("c1", text="已修复", by=OFFICER, key="k")
    assert caught.value.refusal.source == "本站规定"
    leave()
    assert desk.reply("c1", text="别的", by=OFFICER, key="k").state == "answered"


@pytest.mark.parametrize("error", [Stale("c9", expected=1), KeyReused("k", actor="x")])
def test_a_hooks_lost_race_does_not_pass_for_the_commands(desk: Desk, error: Exception) -> None:
    """`Stale` and `KeyReused` of a hook are `HookFailed`, with the error as cause, and not tried again."""
    calls: list[Happened] = []
    submitted(desk)
    desk.subscribe(Replied, calls.append, when="before")
    desk.subscribe(Replied, raising(error), when="before")
    with pytest.raises(HookFailed) as caught:
        desk.reply("c1", text="已修复", by=OFFICER, key="k")
    assert caught.value.__cause__ is error
    assert len(calls) == 1


def test_a_veto_in_a_sweep_leaves_that_case_out(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The other cases are swept; the one held back is named, told in the log, and met by the next sweep."""
    for case_id in ("c1", "c2", "c3"):
        submitted(desk, case_id)

    def hold_back(happened: Happened) -> None:
        if happened.case.id == "c2":
            raise ValueError("秘密")

    leave = desk.subscribe(CardIssued, hold_back, when="before")
    desk.clock.advance(days=7)
    swept = desk.sweep()
    assert [desk.get(name).cards != () for name in ("c1", "c2", "c3")] == [True, False, True]
    assert (len(swept.cards), [one.name for one in swept.quarantined]) == (2, ["c2"])
    assert "hold_back failed before card-issued of c2" in caplog.text
    assert "秘密" not in caplog.text
    leave()
    late = desk.sweep()
    assert (len(late.cards), late.quarantined) == (1, ())
    assert late.cards[0].effective_at == swept.cards[0].effective_at


def test_a_veto_is_named_once_though_the_sweep_lost_a_race(monkeypatch: pytest.MonkeyPatch) -> None:
    """Swept one by one after another writer was faster, whoever is held back then is named as well."""
    store, asked, lost = MemoryStore(), Counter[str](), Counter[str]()
    desk, append = a_desk(store), store.append
    for case_id in ("c1", "c2", "c3"):
        submitted(desk, case_id)

    def lose_the_first(entries: Any, claim: Any = None) -> None:
        lost["once"] += 1
        if lost["once"] < 4:  # all of them, and each half of those
            raise Stale("c3", expected=1)
        append(entries, claim)

    def hold_back(happened: Happened) -> None:
        asked[happened.case.id] += 1
        if happened.case.id == "c1" or (happened.case.id == "c2" and asked["c2"] > 1):
            raise ValueError

    monkeypatch.setattr(store, "append", lose_the_first)
    desk.subscribe(CardIssued, hold_back, when="before")
    desk.clock.advance(days=7)
    swept = desk.sweep()
    assert sorted(one.name for one in swept.quarantined) == ["c1", "c2"]
    assert [desk.get(name).cards != () for name in ("c1", "c2", "c3")] == [False, False, True]
    assert asked["c1"] == 1


# -- the table of failures: after ----------------------------------------------------------------------------


def test_an_error_after_stops_nobody(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The command stands, the other hooks are called, and the log names hook and kind, not the words."""
    seen: list[Happened] = []
    desk.subscribe(Submitted, raising(ValueError("身份证号 340000")))
    desk.subscribe(Submitted, seen.append)
    with caplog.at_level(logging.ERROR):
        case = submitted(desk)
    assert desk.get("c1") == case
    assert len(seen) == 1
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("caseflow.desk", "ERROR")
    assert record.getMessage().endswith("hook failed after submitted of c1 at version 1: ValueError")
    assert record.exc_info is None


def test_an_error_after_stops_no_sweep(desk: Desk) -> None:
    """Every case is swept, and every hook called, though one of them always fails."""
    seen: list[Happened] = []
    for case_id in ("c1", "c2"):
        submitted(desk, case_id)
    desk.subscribe(CardIssued, raising(ValueError()))
    desk.subscribe(CardIssued, seen.append)
    desk.clock.advance(days=7)
    assert len(desk.sweep().cards) == len(seen) == 2


def test_who_stops_the_process_stops_it_after_the_commit(desk: Desk) -> None:
    """KeyboardInterrupt in a hook goes up; what was committed stands."""
    desk.subscribe(Submitted, raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        submitted(desk)
    assert desk.get("c1").state == "routed"


def test_the_observer_gets_the_error_itself() -> None:
    """A portal that wants the traceback has it from its observer."""
    seen: list[Any] = []

    class Notes:
        def observe(self, one: Any, /) -> None:
            seen.append(one)

    desk, error = a_desk(MemoryStore(), observer=Notes()), ValueError("x")
    desk.subscribe(Submitted, raising(error))
    submitted(desk)
    (told,) = [one for one in seen if isinstance(one, HookError)]
    assert told.error is error
    assert (told.when, told.case_id, told.version, told.event) == ("after", "c1", 1, "submitted")


# -- stores --------------------------------------------------------------------------------------------------


def test_it_is_the_same_on_sqlite(tmp_path: Path) -> None:
    """A hook after sees the command in the file, one before can keep it out."""
    desk = a_desk(SqliteStore(tmp_path / "c.db"))
    seen: list[Case] = []
    desk.subscribe(Submitted, lambda one: seen.append(desk.get(one.case.id)))
    desk.subscribe(Replied, raising(refusal()), when="before")
    case = submitted(desk)
    with pytest.raises(Refused):
        desk.reply("c1", text="x", by=OFFICER)
    assert (seen, desk.get("c1")) == ([case], case)
    desk.store.close()


def test_in_the_portals_transaction_they_wait_for_its_commit(tmp_path: Path) -> None:
    """With a joined store those after are called once the portal commits, and never if it rolls back."""
    engine = create_engine(f"sqlite:///{tmp_path / 'portal.db'}")
    SqlStore.made(engine).close()
    seen: list[str] = []

    def work(case_id: str) -> None:
        desk = a_desk(SqlStore.joined(connection))
        desk.subscribe(Submitted, lambda one: seen.append(f"before {one.case.id}"), when="before")
        desk.subscribe(Submitted, lambda one: seen.append(f"after {one.case.id}"))
        submitted(desk, case_id)
        seen.append("returned")

    with engine.begin() as connection:
        work("c1")
    assert seen == ["before c1", "returned", "after c1"]
    seen.clear()
    with engine.connect() as connection:
        work("c2")
        connection.rollback()
    assert seen == ["before c2", "returned"]
    engine.dispose()


# -- wrong arguments -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["card", "", "Submitted", int, object, None])
def test_an_unknown_kind_is_refused(desk: Desk, what: Any) -> None:
    """A name that is not registered, or a class that is no event, is told at once."""
    with pytest.raises(BadInput) as caught:
        desk.subscribe(what, print)
    assert "no event is called" in str(caught.value)


@pytest.mark.parametrize(("function", "when"), [(print, "during"), ("print", "after"), (None, "before")])
def test_a_subscription_that_can_never_be_called_is_refused(desk: Desk, function: Any, when: Any) -> None:
    """Another ``when``, or what is no function, is told at once."""
    with pytest.raises(BadInput):
        desk.subscribe(Submitted, function, when=when)
