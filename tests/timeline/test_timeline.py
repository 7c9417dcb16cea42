"""Timelines: time that jumps from deadline to deadline, and tests that read like a dated story."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from caseflow import Actor, BadInput, Calendar, Refused, SqliteStore, UnknownCase, load_policy
from caseflow.testing import Timeline

MONDAY = "2025-01-20T09:00:00+08:00"
UNIT = "城管局"


@pytest.fixture
def monday() -> Timeline:
    return Timeline("wuhu", start=MONDAY)


def at(timeline: Timeline) -> str:
    return timeline.now.isoformat(sep=" ", timespec="minutes")[:16]


# -- time ------------------------------------------------------------------------------------------------


def test_street_light(monday: Timeline) -> None:
    """A portal's test: submit, go from deadline to deadline, reply, and compare the story."""
    timeline = monday
    case = timeline.submit("路灯不亮", to="城管局")
    timeline.advance(working_days=3)
    assert at(timeline) == "2025-01-23 09:00"
    assert timeline.to_next_deadline().level == "reminder"
    assert timeline.to_next_deadline().level == "yellow"
    timeline.reply(case, "已修复")
    assert timeline.cards(case) == ("yellow",)
    assert timeline.reminders(case) == ("reminder",)
    timeline.assert_story("""
        2025-01-20 09:00  submitted           城管局
        2025-01-24 00:00  reminder            reply, 3 natural days
        2025-01-26 00:00  yellow card         reply, 5 natural days, last day 2025-01-25
        2025-01-26 00:00  replied             已修复
    """)


ADVANCES = {
    "days": ({"days": 3}, "2025-01-23 09:00"),
    "hours": ({"hours": 3, "minutes": 30}, "2025-01-20 12:30"),
    "working days, over the make-up Sunday": ({"working_days": 6}, "2025-01-27 09:00"),
    "working days, over the Spring Festival": ({"working_days": 7}, "2025-02-05 09:00"),
    "an instant": ({"to": "2025-01-26T00:00:00+08:00"}, "2025-01-26 00:00"),
    "another zone's instant": ({"to": "2025-01-25T16:00:00+00:00"}, "2025-01-26 00:00"),
    "the office's wall clock": ({"to": "2025-01-26 08:30"}, "2025-01-26 08:30"),
    "a date is its midnight": ({"to": date(2025, 1, 26)}, "2025-01-26 00:00"),
    "a naive datetime": ({"to": datetime(2025, 1, 26, 8)}, "2025-01-26 08:00"),  # it is the case
    "nowhere": ({}, "2025-01-20 09:00"),
}


@pytest.mark.parametrize("name", ADVANCES)
def test_time_moves_by_the_office_clock(monday: Timeline, name: str) -> None:
    """Days keep the time of day, working days follow the calendar, and instants are the office's."""
    by, expected = ADVANCES[name]
    monday.advance(**by)  # type: ignore[arg-type]  # a table of all its arguments
    assert at(monday) == expected


def test_days_keep_the_time_of_day_over_summer_time(tmp_path: Path) -> None:
    """A day across a change of the clocks has 23 or 25 hours, and 24 hours are 24 hours."""
    file = tmp_path / "berlin.toml"
    file.write_text('extends = "wuhu"\nname = "berlin"\ntimezone = "Europe/Berlin"\n')
    timeline = Timeline(file, start="2025-03-29 09:00")
    timeline.advance(days=1)
    assert timeline.now.isoformat() == "2025-03-30T09:00:00+02:00"
    timeline.advance(hours=24 * 209 + 24)
    assert timeline.now.isoformat() == "2025-10-26T08:00:00+01:00"


WRONG_ADVANCES = {
    "back by days": ({"days": -1}, "clock-moves-back"),
    "back to an instant": ({"to": "2025-01-19"}, "clock-moves-back"),
    "to and days": ({"to": "2025-02-01", "days": 1}, "not-beside"),
    "no instant": ({"to": "tomorrow"}, "bad-instant"),
    "half a day": ({"days": 0.5}, "bad-int"),
    "past the last date": ({"days": 10**9}, "bad-instant"),
    "past the calendar": ({"working_days": 2000}, "past-horizon"),
}


@pytest.mark.parametrize("name", WRONG_ADVANCES)
def test_time_that_cannot_pass_is_refused(monday: Timeline, name: str) -> None:
    """Backwards, nowhere, twice at once or past the calendar: an error with a code, and time stands still."""
    by, code = WRONG_ADVANCES[name]
    with pytest.raises(BadInput) as caught:
        monday.advance(**by)  # type: ignore[arg-type]  # a table of all its arguments
    assert caught.value.code == code
    assert at(monday) == "2025-01-20 09:00"


def test_what_falls_due_on_the_way_fires_at_its_own_instant(monday: Timeline) -> None:
    """`advance` returns what fired, in order, each noticed when it was due."""
    monday.submit("甲", to=UNIT)
    monday.advance(days=1)
    monday.submit("乙", to=UNIT)
    fired = monday.advance(days=6)
    assert [(card.case_id, card.level, f"{card.effective_at:%d}") for card in fired] == [
        ("case-1", "reminder", "24"),
        ("case-2", "reminder", "25"),
        ("case-1", "yellow", "26"),
        ("case-2", "yellow", "27"),
    ]
    assert all(card.detected_at == card.effective_at for card in fired)


def test_deadlines_of_one_instant_come_one_by_one(monday: Timeline) -> None:
    """Each call returns one card; those of the same instant follow while time stands still."""
    monday.submit("甲", to=UNIT)
    monday.submit("乙", to=UNIT)
    first, second = monday.to_next_deadline(), monday.to_next_deadline()
    assert (first.case_id, second.case_id) == ("case-1", "case-2")
    assert first.effective_at == second.effective_at == monday.now
    monday.to_next_deadline()
    monday.advance(days=1)
    assert monday.to_next_deadline().level == "red"


def test_quiet_comes_after_the_last_rung(monday: Timeline) -> None:
    """`run_until_quiet` fires every rung there is and stops; then no deadline lies ahead."""
    case = monday.submit("甲", to=UNIT)
    assert [card.level for card in monday.run_until_quiet()] == ["reminder", "yellow", "red", "urge"]
    assert monday.cards(case) == ("yellow", "red", "urge")
    assert monday.run_until_quiet() == ()
    with pytest.raises(AssertionError, match="no deadline lies ahead"):
        monday.to_next_deadline()


def test_endless_deadlines_are_told(monday: Timeline) -> None:
    """A run that is still busy after the limit is an error and no hang."""
    monday.submit("甲", to=UNIT)
    with pytest.raises(AssertionError, match="still busy after 2 deadlines"):
        monday.run_until_quiet(limit=2)


# -- actors ----------------------------------------------------------------------------------------------


def test_every_action_finds_its_actor(monday: Timeline) -> None:
    """A whole life without naming anybody: each event bears a role that the policy allows."""
    case = monday.submit("甲", body="三天了", kind="complaint")
    monday.acknowledge(case)
    monday.route(case, UNIT)
    monday.add_co_handler(case, "水务集团")
    monday.take_charge(case)
    monday.dispatch(case, "老王")
    monday.report(case, "管道无漏")
    monday.request_information(case, "哪一盏?")
    monday.receive_information(case, "北门")
    monday.placeholder(case)
    monday.note(case, "等零件")
    monday.request_extension(case, days=2, reason="零件")
    monday.grant_extension(case)
    monday.attach(case, reference="f1", sha256="0" * 64, size=3, media_type="text/plain", name="照片")
    monday.reply(case, "已修复")
    monday.retract_reply(case, reason="未修复")
    monday.transfer(case, "住建局")
    monday.send_back(case, reason="不属本局")
    monday.route(case, UNIT)
    monday.reply(case, "已修复")
    monday.complete(case)
    monday.rate(case, 4, text="好")
    monday.assess(case, efficiency=4, effect=5)
    monday.link_rectification(case, "r-1")
    monday.verify_rectification(case, "r-1")
    monday.close(case)
    monday.migrate(case, reason="新办法")
    monday.redact(case, fields=["body"], basis="个人信息保护法 §47", reason="本人请求")
    monday.reopen(case, reason="又坏了")
    monday.reject(case, "repeated")
    other = monday.submit("乙", to=UNIT)
    monday.request_extension(other, days=1, reason="x")
    monday.refuse_extension(other)
    third = monday.submit("丙", to=UNIT)
    monday.merge(third, other)
    monday.withdraw(other)
    roles = {event.name: (event.by.role, event.by.unit) for event in monday.desk.history(case.id)}
    assert roles["submitted"] == roles["rated"] == ("citizen", "")
    assert roles["charge-taken"] == ("handler", UNIT)
    assert roles["reported"] == ("handler", "水务集团")
    assert roles["routed"] == ("coordinator", "")
    assert roles["reply-retracted"] == ("lead_official", UNIT)
    assert roles["extension-granted"] == ("supervisor", "")
    assert monday.case(third).state == "handling"
    assert monday.case(case).state == "rejected"


def test_who_acts_can_be_said(monday: Timeline) -> None:
    """`by` takes a role or an actor, `unit` the unit it acts for."""
    case = monday.submit("甲", to=UNIT, by="coordinator", citizen="c-9")
    assert case.citizen == "c-9"
    monday.note(case, "一", by="lead_official")
    monday.note(case, "二", by=Actor("o-7", role="handler", unit=UNIT))
    last = monday.desk.history(case.id)[-2:]
    assert [(event.by.id, event.by.role) for event in last] == [
        ("lead_official-城管局", "lead_official"),
        ("o-7", "handler"),
    ]
    with monday.refused("not-your-unit"):
        monday.reply(case, "不是我的", by="handler", unit="住建局")


def test_the_policys_own_actions_are_taken_by_name(tmp_path: Path) -> None:
    """`act` takes any action with its fields."""
    file = tmp_path / "own.toml"
    file.write_text(
        'extends = "wuhu"\nname = "own"\n[actions.publish]\nmoves = { answered = "=" }\n'
        'roles = ["supervisor"]\nfields = { page = { type = "string", required = true } }\n'
    )
    timeline = Timeline(file, start=MONDAY)
    case = timeline.submit("甲", to=UNIT)
    timeline.reply(case, "已修复")
    timeline.act(case, "publish", fields={"page": "p/1"})
    assert str(timeline.story()).splitlines()[-1] == "2025-01-20 09:00  publish             page p/1"


def test_a_refusal_is_expected_by_its_code(monday: Timeline) -> None:
    """`refused` takes the refusal that came, and is an error when none or another came."""
    case = monday.submit("甲", to=UNIT)
    with monday.refused("not-in-state") as expected:
        monday.retract_reply(case, reason="x")
    assert expected.refusal is not None
    assert (expected.refusal.action, expected.refusal.state) == ("retract_reply", "routed")
    with pytest.raises(AssertionError, match="expected to be refused with any code, but nothing was"):  # noqa: SIM117
        with monday.refused():
            monday.note(case, "y")
    with pytest.raises(AssertionError, match="expected to be refused with no-reply, but got not-in-state"):  # noqa: SIM117
        with monday.refused("no-reply"):
            monday.close(case)


def test_a_case_is_its_id_or_any_value_of_it(monday: Timeline) -> None:
    """Old values and ids name the case as it is now; an unknown id is an error."""
    old = monday.submit("甲", to=UNIT, case_id="灯-1")
    monday.reply("灯-1", "已修复")
    assert monday.case(old).state == monday.case("灯-1").state == "answered"
    with pytest.raises(UnknownCase):
        monday.reply("灯-2", "?")


# -- faults ----------------------------------------------------------------------------------------------


def test_an_outage_ends_with_one_late_sweep(monday: Timeline) -> None:
    """Nothing fires inside; afterwards the cards bear their true instants and when they were noticed."""
    case = monday.submit("甲", to=UNIT)
    with monday.outage() as outage:
        assert monday.advance(days=16) == ()
        assert monday.cards(case) == ()
        with pytest.raises(AssertionError, match="no deadline fires during an outage"):
            monday.to_next_deadline()
    assert [card.level for card in outage.fired] == ["reminder", "yellow", "red"]
    assert {card.detected_at for card in outage.fired} == {monday.now}
    assert monday.story() == _same_without_outage()


def _same_without_outage() -> object:
    timeline = Timeline("wuhu", start=MONDAY)
    timeline.submit("甲", to=UNIT)
    timeline.advance(days=16)
    return timeline.story()


def test_a_command_delivered_twice_changes_nothing(monday: Timeline) -> None:
    """Under one key the second delivery changes nothing, and a refused command is refused again."""
    with monday.twice():
        case = monday.submit("甲", to=UNIT)
        monday.advance(days=6)
        monday.reply(case, "已修复")
        with monday.refused("not-in-state"):
            monday.take_charge(case)
    assert monday.case(case).version == 4


class Forgetful(SqliteStore):
    """A store that forgets idempotency keys."""

    def recall(self, actor: str, key: str) -> None:
        return None


def test_a_store_that_forgets_keys_is_caught(tmp_path: Path) -> None:
    """What a second delivery changes, or says otherwise, is an error that names it."""
    store = Forgetful(tmp_path / "cases.db")
    timeline = Timeline("wuhu", start=MONDAY, store=store)
    with pytest.raises(AssertionError, match="with different outcomes"), timeline.twice():
        timeline.submit("甲", to=UNIT)
    store.close()


def test_a_late_delivery_is_true_since_it_was_given(monday: Timeline) -> None:
    """A command held back arrives by a role that may record late, and annuls what it disproves."""
    case = monday.submit("甲", to=UNIT)
    monday.advance(days=1)
    with monday.held_back() as late:
        assert monday.reply(case, "已修复") == case
    monday.advance(days=8)
    assert monday.cards(case) == ("yellow",)
    (after,) = late.deliver(reason="网络中断")
    assert late.deliver() == ()
    assert monday.cards(case) == monday.reminders(case) == ()
    assert after.facts.replies[0].at_us < after.last_us
    assert monday.story().lines[-3].detail == "已修复, reason: 网络中断, true since 2025-01-21 09:00"


def test_a_case_that_is_not_there_is_not_held_back(monday: Timeline) -> None:
    """A command held back must name a case, or one submitted among those held back."""
    with monday.held_back() as late:
        with pytest.raises(UnknownCase):
            monday.reply("case-1", "x")
        case = monday.submit("甲", to=UNIT, by="coordinator")
        monday.reply(case, "已修复")
    assert [arrived.state for arrived in late.deliver(by="coordinator")] == ["routed", "answered"]


@pytest.mark.parametrize("kind", ["memory", "sqlite", "opened by a function"])
def test_a_crash_loses_nothing(tmp_path: Path, kind: str) -> None:
    """Cases, keys and deadlines survive the process; the desk does not."""
    path = tmp_path / "cases.db"
    stores = {"memory": None, "sqlite": SqliteStore(path) if kind == "sqlite" else None,
              "opened by a function": lambda: SqliteStore(path)}  # fmt: skip
    timeline = Timeline("wuhu", start=MONDAY, store=stores[kind])
    case = timeline.submit("甲", to=UNIT)
    timeline.note(case, "一", key="k1")
    desk = timeline.desk
    timeline.crash()
    assert timeline.desk is not desk
    assert timeline.case(case).version == 2
    assert timeline.note(case, "一", key="k1").version == 2
    assert [card.level for card in timeline.run_until_quiet()] == ["reminder", "yellow", "red", "urge"]
    timeline.store.close()


def test_a_store_that_loses_cases_is_caught(tmp_path: Path) -> None:
    """A crash after which a case is not what it was is an error with its id."""
    paths = iter((tmp_path / "1.db", tmp_path / "2.db"))
    timeline = Timeline("wuhu", start=MONDAY, store=lambda: SqliteStore(next(paths)))
    timeline.submit("甲", to=UNIT)
    with pytest.raises(AssertionError, match="after the crash case case-1 is not what it was"):
        timeline.crash()
    timeline.store.close()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_branch_leaves_no_trace(tmp_path: Path, kind: str) -> None:
    """Cases, keys, time and story are as they were, on every store, even after an error inside."""
    store = SqliteStore(tmp_path / "cases.db") if kind == "sqlite" else None
    timeline = Timeline("wuhu", start=MONDAY, store=store)
    case = timeline.submit("甲", to=UNIT)
    timeline.note(case, "一", key="k1")
    before = (timeline.story(), timeline.now, timeline.as_test(), timeline.case(case))
    with timeline.what_if() as branch:
        assert timeline.note(case, "一", key="k1").version == 2
        timeline.advance(days=20)
        timeline.submit("乙", to=UNIT)
        assert branch.cards(case) == ("yellow", "red")
        with timeline.what_if():
            timeline.reply(case, "已修复")
        timeline.crash()
        assert len(timeline.run_until_quiet()) == 5
    with pytest.raises(ZeroDivisionError), timeline.what_if():
        timeline.reply(case, "已修复")
        raise ZeroDivisionError
    assert (timeline.story(), timeline.now, timeline.as_test(), timeline.case(case)) == before
    assert timeline.submit("丙", to=UNIT).id == "case-2"
    assert timeline.to_next_deadline().case_id == "case-1"
    timeline.store.close()


# -- stories and sources ---------------------------------------------------------------------------------


def test_a_wrong_story_marks_the_first_difference(monday: Timeline) -> None:
    """The error shows the story as it is, with the expected line above the first that differs."""
    monday.submit("甲", to=UNIT)
    monday.advance(days=7)
    with pytest.raises(AssertionError) as caught:
        monday.assert_story("""
            2025-01-20 09:00  submitted     城管局

            2025-01-24 00:00  reminder  reply, 3 working days
            2025-01-26 00:00  yellow card   reply, 5 natural days, last day 2025-01-25
        """)
    assert str(caught.value).startswith("\n".join((
        "the story differs at line 2 (- expected, + actual)",
        "",
        "    2025-01-20 09:00  submitted           城管局",
        "  - 2025-01-24 00:00  reminder  reply, 3 working days",
        "  + 2025-01-24 00:00  reminder            reply, 3 natural days",
        "    2025-01-26 00:00  yellow card         reply, 5 natural days, last day 2025-01-25",
        "",
        "the run as a test of its own:",
    )))  # fmt: skip


STORIES = {
    "nothing at all": ("", 1),
    "a line too few": ("2025-01-20 09:00  submitted  城管局", 2),
    "a line too many": ("2025-01-20 09:00  submitted  城管局\n2025-01-20 09:00  noted  一\nand then", 3),
    "another instant": ("2025-01-20 09:01  submitted  城管局\n2025-01-20 09:00  noted  一", 1),
    "columns run together": ("2025-01-20 09:00  submitted 城管局\n2025-01-20 09:00  noted  一", 1),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_must_be_whole(monday: Timeline, name: str) -> None:
    """Lines missing, too many or otherwise are found at the right place."""
    monday.note(monday.submit("甲", to=UNIT), "一")
    text, line = STORIES[name]
    with pytest.raises(AssertionError, match=f"the story differs at line {line} "):
        monday.assert_story(text)


def test_a_story_in_chinese() -> None:
    """Stories and errors speak the timeline's language."""
    timeline = Timeline("wuhu", start=MONDAY, lang="zh")
    case = timeline.submit("甲", to=UNIT)
    timeline.assert_story("2025-01-20 09:00  提交  城管局", case=case)
    with pytest.raises(AssertionError, match="时间线从第 1 行起不符"):
        timeline.assert_story("2025-01-20 09:00  submitted  城管局")


def eventful() -> Timeline:
    """Every kind of step that a timeline knows."""
    timeline = Timeline("wuhu", start=MONDAY, calendar="CN")
    case = timeline.submit("路灯\"不亮\"\n'三天'", to=UNIT, kind="complaint")
    timeline.advance(working_days=1, hours=2, minutes=5)
    timeline.note(case, "反斜杠 \\ 与 \"\"\"", by=Actor("o-7", role="handler", unit=UNIT))  # fmt: skip
    timeline.act(case, "acknowledge", by="coordinator")
    with timeline.refused("not-in-state"):
        timeline.close(case)
    with pytest.raises(UnknownCase):
        timeline.note("nobody", "x")
    timeline.to_next_deadline()
    with timeline.outage():
        timeline.advance(to="2025-02-10")
        with timeline.twice():
            timeline.take_charge(case)
    with timeline.held_back() as late:
        timeline.reply(case, "已修复", reason="晚到")
    with timeline.what_if():
        timeline.withdraw(case)
    timeline.advance(days=2, seconds=1)
    late.deliver(by="coordinator")
    primary = timeline.submit("同一盏灯", case_id="灯-2", citizen="c-9", by="coordinator")
    timeline.merge(timeline.submit("又一件"), primary)
    timeline.crash()
    with timeline.outage():
        pass
    timeline.run_until_quiet()
    return timeline


def test_a_run_can_be_pasted_as_a_test() -> None:
    """The source does the same, expects the same story, passes by itself, and writes itself again."""
    timeline = eventful()
    source = timeline.as_test("test_again")
    namespace: dict[str, object] = {}
    exec(source + "    return timeline\n", namespace)
    again = namespace["test_again"]()  # type: ignore[operator]  # the function that the source defines
    assert again.as_test("test_again") == source
    assert "what_if" not in source


def test_a_pasted_run_fails_when_the_policy_changes(tmp_path: Path) -> None:
    """A policy given as a value stands in the source as its document, and a changed one fails it."""
    file = tmp_path / "slow.toml"
    file.write_text('extends = "wuhu"\nname = "slow"\n[[clocks.reply.rungs]]\nlevel = "late"\ndays = 9\n')
    timeline = Timeline(load_policy(file), start=MONDAY)
    timeline.submit("甲", to=UNIT)
    assert [card.level for card in timeline.run_until_quiet()] == ["late"]
    source = timeline.as_test()
    namespace: dict[str, object] = {}
    exec(source, namespace)
    namespace["test_timeline"]()  # type: ignore[operator]  # as above
    exec(source.replace('\\"days\\": 9', '\\"days\\": 8'), namespace)
    with pytest.raises(AssertionError, match="the story differs at line 2"):
        namespace["test_timeline"]()  # type: ignore[operator]  # as above


def test_a_run_on_an_old_store_says_what_its_source_lacks(tmp_path: Path) -> None:
    """Cases that were there before are no part of the source, which says so."""
    store = SqliteStore(tmp_path / "cases.db")
    Timeline("wuhu", start=MONDAY, store=store).submit("甲", to=UNIT)
    again = Timeline("wuhu", start=MONDAY, store=store)
    assert again.submit("乙", to=UNIT).id == "case-2"
    assert "# The run began on a store that held cases already" in again.as_test()
    store.close()


# -- policies and calendars ------------------------------------------------------------------------------


def test_a_policy_is_read_once_and_again_when_it_changed(tmp_path: Path) -> None:
    """Timelines share the compiled policy; a file that was edited is read again."""
    assert Timeline("wuhu").rules is Timeline("wuhu").rules
    file = tmp_path / "own.toml"
    file.write_text('extends = "wuhu"\nname = "own"\n')
    first = Timeline(file)
    assert Timeline(file).rules is first.rules
    file.write_text('extends = "wuhu"\nname = "own two"\n')
    assert Timeline(file).policy.name == "own two"


def test_working_days_follow_the_calendar_given(tmp_path: Path) -> None:
    """A calendar, its file, or the policy's only one; else the Chinese public calendar."""
    calendar = Calendar(name="short", first=date(2025, 1, 1), last=date(2025, 12, 31), week=(0,))
    timeline = Timeline("wuhu", start=MONDAY, calendar=calendar)
    timeline.advance(working_days=2)
    assert at(timeline) == "2025-02-03 09:00"
    assert 'advance(to="2025-02-03T09:00:00+08:00")' in timeline.as_test()
    file = tmp_path / "sunday.toml"
    file.write_text('name = "sunday"\nfirst = 2025-01-01\nlast = 2025-12-31\nweek = ["sun"]\n')
    timeline = Timeline("wuhu", start=MONDAY, calendar=file)
    timeline.advance(working_days=1)
    assert at(timeline) == "2025-01-26 09:00"
    own = Timeline(Path(__file__).parents[1] / "laws" / "policy.toml")
    assert own.calendar is next(iter(own.policy.tables.values()))
    assert Timeline("wuhu").calendar.name == "CN"


def test_deadlines_that_wait_for_a_calendar_are_told(tmp_path: Path) -> None:
    """When nothing is certain to fall due the error says that cases wait."""
    (tmp_path / "short.toml").write_text('name = "short"\nfirst = 2025-01-01\nlast = 2025-01-21\n')
    file = tmp_path / "own.toml"
    file.write_text(
        'extends = "wuhu"\nname = "own"\n[calendars.short]\nfile = "short.toml"\n'
        '[clocks.reply]\ncounting = "working"\ncalendar = "short"\n'
    )
    timeline = Timeline(file, start=MONDAY)
    timeline.submit("甲", to=UNIT)
    with pytest.raises(AssertionError, match="1 cases wait for a calendar that reaches further"):
        timeline.to_next_deadline()


def test_refused_commands_are_errors_when_nobody_expects_them(monday: Timeline) -> None:
    """Outside of `refused` a refusal is raised as the desk raises it."""
    case = monday.submit("甲")
    with pytest.raises(Refused) as caught:
        monday.take_charge(case)
    assert caught.value.refusal.code == "not-in-state"


def test_what_makes_no_timeline_is_refused(tmp_path: Path) -> None:
    """A wrong language, store or calendar, and a case that is none, are told at once."""
    for wrong, code in (({"lang": "fr"}, "bad-lang"), ({"store": "sqlite:///x.db"}, "no-store")):
        with pytest.raises(BadInput) as caught:
            Timeline("wuhu", **wrong)  # type: ignore[arg-type]  # wrong on purpose
        assert caught.value.code == code
    with pytest.raises(BadInput, match=r"no\.toml"):
        Timeline("wuhu", calendar=tmp_path / "no.toml")
    with pytest.raises(UnknownCase):
        Timeline("wuhu").reply(None, "x")  # type: ignore[arg-type]  # wrong on purpose
