"""Units: names as people write them, a register, and cases handed on when units change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from caseflow import Actor, Case, Desk, ManualClock, MemoryStore, Policy, Refused, load_policy, load_units
from caseflow.cli import run
from caseflow.core.units import Unit, near_names, unit_name
from caseflow.delivery.directory import ListedDirectory
from caseflow.errors import BadInput, UnitsError
from caseflow.policies.unit_register import ListedUnits
from caseflow.ports import Store
from tests.journeys.people import CITIZEN, COORDINATOR, MONDAY, SUPERVISOR, submitted

REGISTER = """
[[units]]
name = "市政府"

[[units]]
name = "城市管理局"
parent = "市政府"
lead = "l-1"
duty_officer = "z-2"
aliases = ["城管局"]
former = ["市容局"]

[[units]]
name = "水务局"
parent = "市政府"
until = 2025-03-10
successor = "水利局"

[[units]]
name = "水利局"
parent = "市政府"
since = 2025-03-10

[[units]]
name = "河道科"
parent = "水务局"
until = 2025-03-05
"""


@pytest.fixture
def register(tmp_path: Path) -> ListedUnits:
    (tmp_path / "units.toml").write_text(REGISTER, encoding="utf-8")
    return load_units(tmp_path / "units.toml")


@pytest.fixture
def known(store: Store, register: ListedUnits) -> Desk:
    """A desk with the register."""
    return Desk(load_policy("wuhu"), store, clock=ManualClock(MONDAY), units=register)


def held(case: Case) -> tuple[str, tuple[str, ...]]:
    return case.unit, case.facts.co_handlers


# -- how a name is written -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("A局 ", "A局"), ("\u3000A局\u3000", "A局"), ("第一  科", "第一 科"),
        ("第一\u3000\u00a0科", "第一 科"), ("Bu\u0308ro", "B\u00fcro"), ("", ""), (" ", ""), ("A局", "A局"),
    ],
)  # fmt: skip
def test_a_name_is_kept_in_one_form(written: str, kept: str) -> None:
    """Blanks of every kind around it go, runs become one, and letters are in one Unicode form."""
    assert unit_name(written) == kept == unit_name(kept)


def test_wherever_a_name_comes_in_it_is_kept_in_that_form(desk: Desk, tmp_path: Path) -> None:
    """Fields, actors, takeovers, lists, directories and policies name the same unit, blanks or not."""
    blank = "城管局\u3000"
    submitted(desk, to=blank)
    desk.add_co_handler("c1", co_handler=" 水务局", by=COORDINATOR)
    assert held(desk.get("c1")) == ("城管局", ("水务局",))
    officer = Actor("o-4", role="handler", unit=blank)
    assert officer.unit == "城管局"
    assert desk.take_charge("c1", by=officer).state == "handling"
    desk.adopt(
        "c2",
        by=Actor("i-1", role="importer"),
        reason="移交",
        state="handling",
        unit=blank,
        submitted_at=MONDAY,
    )
    assert [case.id for case in desk.cases(unit=f" {blank}")] == ["c1", "c2"]
    assert [case.id for case in desk.cases(by=officer)] == ["c1", "c2"]
    people = [{"id": "li", "roles": ["handler"], "units": ["城管局 "]}]
    assert [
        one.id for one in ListedDirectory(people).holders("handler", unit="城管局", case=desk.get("c1"))
    ] == ["li"]
    (tmp_path / "p.toml").write_text(
        'extends = "wuhu"\nname = "p"\n[units."A局 "]\nparent = "\u3000B局"\n'
        '[clocks.reply]\nwhen = { unit = ["A局\u3000"] }\n', encoding="utf-8",
    )  # fmt: skip
    rules = load_policy(tmp_path / "p.toml")
    assert (rules.units["A局"].parent, rules.clocks["reply"].when.admits) == ("B局", {"unit": ("A局",)})


def test_without_a_register_a_unit_of_any_name_is_taken(desk: Desk) -> None:
    """As ever; and nobody knows who goes on with its cases unless that is said."""
    assert submitted(desk, to="随便什么局").unit == "随便什么局"
    with pytest.raises(BadInput) as wrong:
        desk.hand_over("随便什么局", by=COORDINATOR, reason="改名")
    assert wrong.value.code == "nobody-goes-on"
    done = desk.hand_over("随便什么局", to="城管局", by=COORDINATOR, reason="改名")
    assert (done.handed, desk.get("c1").unit) == (1, "城管局")


# -- a register ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["城市管理局", "城管局", "市容局", " 市容局\u3000"])
def test_every_name_of_a_unit_means_its_present_one(known: Desk, name: str) -> None:
    """Present, short and former names of fields and actors; lists and the directory follow."""
    assert submitted(known, to=name).unit == "城市管理局"
    officer = Actor("o-4", role="handler", unit=name)
    assert known.take_charge("c1", by=officer).state == "handling"
    assert known.history("c1")[-1].by.unit == "城市管理局"
    for seen in (known.cases(unit=name), known.cases(by=officer), known.seen_by(officer).cases(unit=name)):
        assert [case.id for case in seen] == ["c1"]
    assert [one.action for one in known.allowed("c1", by=officer) if not one.refusal]


@pytest.mark.parametrize(
    ("to", "code", "missing"),
    [
        ("城管", "unknown-unit", ("城市管理局",)), ("水物局", "unknown-unit", ("水务局", "水利局")),
        ("xyz", "unknown-unit", ()), ("水利局", "unit-not-yet", ()),
    ],
)  # fmt: skip
def test_a_unit_that_is_not_there_is_refused(
    known: Desk, to: str, code: str, missing: tuple[str, ...]
) -> None:
    """With the names that are near, and in both languages; nothing is recorded."""
    with pytest.raises(Refused) as refused:
        submitted(known, to=to)
    refusal = refused.value.refusal
    assert (refusal.code, refusal.rule) == (code, "actions.submit.fields.to")
    assert set(missing) <= set(refusal.missing)
    assert not known.store.heads()
    assert to in refusal.text("zh") and to in refusal.text("en")


def test_the_day_counts_on_which_the_act_takes_effect(known: Desk) -> None:
    """The last day of one unit, the first of its successor, and a fact of before that is told after."""
    submitted(known, to="")
    known.clock.set("2025-03-09T23:59:59+08:00")
    submitted(known, "c2", to="水务局")
    known.clock.set("2025-03-10T00:00:00+08:00")
    with pytest.raises(Refused) as refused:
        submitted(known, "c3", to="水务局")
    assert (refused.value.refusal.code, refused.value.refusal.missing) == ("unit-dissolved", ("水利局",))
    with pytest.raises(Refused) as ended:
        submitted(known, "c3", to="河道科")
    assert ended.value.refusal.code == "unit-ended"
    assert submitted(known, "c3", to="水利局").unit == "水利局"
    late = known.route(
        "c1", to="水务局", by=COORDINATOR, reason="补录", effective_at="2025-03-04T09:00:00+08:00"
    )
    assert late.unit == "水务局"


def test_who_may_not_act_is_told_that_and_no_names_of_units(known: Desk) -> None:
    """A stranger who names an unknown unit hears that the action is not theirs."""
    submitted(known)
    for by in (CITIZEN, Actor("o-9", role="handler", unit="水务局")):
        with pytest.raises(Refused) as refused:
            known.transfer("c1", to="城管", by=by)
        assert refused.value.refusal.code == "role-may-not"


def test_a_takeover_names_units_that_are_there(known: Desk) -> None:
    """A former name is the present one; an unknown one is refused; the same again changes nothing."""
    by = Actor("i-1", role="importer")
    taken = {"by": by, "reason": "移交", "state": "handling", "submitted_at": MONDAY}
    assert known.adopt("c1", unit="市容局", **taken).unit == "城市管理局"  # type: ignore[arg-type]  # an actor, texts
    assert known.adopt("c1", unit="城管局", **taken).version == 1  # type: ignore[arg-type]  # an actor, texts
    with pytest.raises(Refused) as refused:
        known.adopt("c2", unit="城管", **taken)  # type: ignore[arg-type]  # an actor, texts
    assert refused.value.refusal.code == "unknown-unit"


# -- handing on ----------------------------------------------------------------------------------------------


def test_a_dissolved_unit_hands_on_what_it_holds_and_helps_with(known: Desk) -> None:
    """One call; in every open state; closed cases stay; a second call finds nothing left."""
    for case_id in ("held", "answered", "closed"):
        submitted(known, case_id, to="水务局")
    submitted(known, "helped")
    officer = Actor("o-9", role="handler", unit="水务局")
    known.add_co_handler("helped", co_handler="水务局", by=COORDINATOR)
    for case_id in ("answered", "closed"):
        known.reply(case_id, text="已修复", by=officer)
    known.close("closed", by=COORDINATOR)
    known.clock.set("2025-03-10T09:00:00+08:00")
    judged = known.hand_over("水务局", by=COORDINATOR, reason="机构改革", dry_run=True)
    assert (judged.to, judged.handed, judged.helped, judged.refused) == ("水利局", 2, 1, ())
    assert known.get("held").unit == "水务局"
    done = known.hand_over("水务局", by=COORDINATOR, reason="机构改革")
    assert (done.handed, done.helped, done.refused) == (2, 1, ())
    assert {case_id: held(known.get(case_id)) for case_id in ("held", "answered", "closed", "helped")} == {
        "held": ("水利局", ()), "answered": ("水利局", ()), "closed": ("水务局", ()),
        "helped": ("城市管理局", ("水务局", "水利局")),
    }  # fmt: skip
    assert (known.get("held").state, known.get("answered").state) == ("routed", "answered")
    assert [text.text for text in known.texts("held") if text.field == "reason"] == ["机构改革"]
    again = known.hand_over("水务局", by=COORDINATOR, reason="机构改革")
    assert (again.handed, again.helped) == (0, 0)
    heir = Actor("o-10", role="handler", unit="水利局")
    assert {case.id for case in known.cases(by=heir)} == {"held", "answered", "helped"}


def test_a_renamed_unit_gets_what_is_kept_under_its_former_names(store: Store, register: ListedUnits) -> None:
    """The cases of before the register, under either name, go to the present name; the deadline stays."""
    before = Desk(load_policy("wuhu"), store, clock=ManualClock(MONDAY))
    submitted(before, "c1", to="市容局")
    deadline = submitted(before, "c2", to="城管局").deadline
    submitted(before, "c3", to="水务局")
    after = Desk(load_policy("wuhu"), store, clock=ManualClock(MONDAY), units=register)
    done = after.hand_over("市容局", by=COORDINATOR, reason="更名")
    assert (done.to, done.handed) == ("城市管理局", 2)
    assert [after.get(case_id).unit for case_id in ("c1", "c2", "c3")] == [
        "城市管理局",
        "城市管理局",
        "水务局",
    ]
    assert after.get("c2").deadline == deadline


def test_a_case_that_its_rules_do_not_let_go_is_listed(known: Desk) -> None:
    """By a role that may not, each case stays, with the refusal; an unknown heir is refused at once."""
    submitted(known, to="水务局")
    known.clock.set("2025-03-10T09:00:00+08:00")
    done = known.hand_over("水务局", by=SUPERVISOR, reason="机构改革")
    assert [(one.case_id, one.error.code) for one in done.refused] == [("c1", "role-may-not")]
    for to, code in (("城管", "unknown-unit"), ("水务局", "unit-dissolved")):
        with pytest.raises(BadInput) as wrong:
            known.hand_over("水务局", to=to, by=COORDINATOR, reason="机构改革")
        assert wrong.value.code == code
    with pytest.raises(BadInput) as nobody:
        known.hand_over("河道科", by=COORDINATOR, reason="机构改革")
    assert nobody.value.code == "nobody-goes-on"


# -- what else a register says -------------------------------------------------------------------------------


def test_the_directory_finds_lead_official_and_duty_officer_by_the_register(
    known: Desk, register: ListedUnits
) -> None:
    """By the ids that the register has; others by role and unit under any of the unit's names."""
    people: list[dict[str, object]] = [
        {"id": "z-2", "name": "王值班"}, {"id": "l-1"},
        {"id": "o-4", "roles": ["handler"], "units": ["市容局"]},
        {"id": "x", "roles": ["duty_officer"], "units": ["水务局"]},
    ]  # fmt: skip
    directory, case = ListedDirectory(people, units=register), submitted(known)
    for role, ids in (("duty_officer", ["z-2"]), ("lead_official", ["l-1"]), ("handler", ["o-4"])):
        for unit in ("城市管理局", "市容局"):
            assert [one.id for one in directory.holders(role, unit=unit, case=case)] == ids


CALENDARS = """
extends = "wuhu"
name = "with-calendars"
[clocks.reply]
counting = "working"
calendar = "office"
[calendars.office]
file = "office.toml"
by = "unit"
[calendars.north]
file = "north.toml"
"""
OFFICE = 'name = "office"\nfirst = 2025-01-01\nlast = 2026-12-31\n'


def calendars_policy(folder: Path, register: ListedUnits, text: str = CALENDARS) -> Policy:
    (folder / "office.toml").write_text(OFFICE, encoding="utf-8")
    (folder / "north.toml").write_text(f'{OFFICE}[holidays]\n2025-03-04 = "北"\n', encoding="utf-8")
    (folder / "p.toml").write_text(text, encoding="utf-8")
    return load_policy(folder / "p.toml", units=register)


def test_a_policy_takes_calendars_zones_and_parents_of_the_register(tmp_path: Path) -> None:
    """Working days of a unit's own office, its zone, and who is above it; the policy itself goes before."""
    register = ListedUnits([
        Unit(name="市"), Unit(name="北局", former=("老北局",), parent="市", calendar="north"),
        Unit(name="西局", parent="市", timezone="Asia/Urumqi"),
    ])  # fmt: skip
    rules = calendars_policy(tmp_path, register)
    assert (rules.units["西局"].timezone, rules.units["北局"].parent) == ("Asia/Urumqi", "市")
    desk = Desk(rules, MemoryStore(), clock=ManualClock(MONDAY), units=register)
    plain, north = submitted(desk, "a", to="市"), submitted(desk, "b", to="老北局")
    assert plain.deadline is not None and north.deadline is not None
    assert (north.deadline - plain.deadline).days == 1
    with pytest.raises(Exception, match="by = 'unit'"):
        calendars_policy(tmp_path, register, 'extends = "wuhu"\nname = "p"\n')


@pytest.mark.parametrize(
    ("units", "problems"),
    [
        ([Unit(name="甲"), Unit(name="甲 ")], ["units[1].name unit-twice"]),
        ([Unit(name="甲"), Unit(name="乙", aliases=("甲",))], ["units[1].aliases[0] unit-twice"]),
        ([Unit(name="甲", former=("旧",)), Unit(name="乙", former=("旧",))],
         ["units[1].former[0] unit-twice"]),
        ([Unit(name="甲", parent="乙")], ["units[0].parent unit-not-listed"]),
        ([Unit(name="甲", parent="甲")],
         ["units[0].parent unit-not-listed", "units[0].parent unit-too-deep"]),
        ([Unit(name="甲", parent="乙"), Unit(name="乙", parent="甲")],
         ["units[0].parent unit-too-deep", "units[1].parent unit-too-deep"]),
        ([Unit(name="1"), Unit(name="2", parent="1"), Unit(name="3", parent="2"), Unit(name="4", parent="3")],
         ["units[3].parent unit-too-deep"]),
        ([Unit(name="甲", timezone="Asia/Wuhu")], ["units[0].timezone unknown-zone"]),
        ([Unit(name="甲"), Unit(name="乙", successor="甲")], ["units[1].successor unit-goes-on"]),
        ([Unit(name="")], ["units[0].name bad-name"]), ([Unit(name="甲\n")], ["units[0].name bad-name"]),
    ],
)  # fmt: skip
def test_a_register_with_problems_tells_all_of_them(units: list[Unit], problems: list[str]) -> None:
    """Each with its place; a name that one unit has now may be what another was called."""
    with pytest.raises(UnitsError) as wrong:
        ListedUnits(units)
    assert [f"{one.path} {one.code}" for one in wrong.value.problems] == problems
    assert ListedUnits([Unit(name="甲"), Unit(name="乙", former=("甲",))]).unit("甲") == Unit(name="甲")


CSV = """\ufeffname,parent,former,aliases,since,until,successor,lead,duty_officer,zh,en
市政府,,,,,,,,,,
城市管理局,市政府,市容局；旧城管局,城管局、城管,,,,l-1,z-2,城市管理局,city management
水务局,市政府,,,2003-01-01,2025-03-10,水利局,,,,
水利局 ,市政府,,,2025-03-10,,,,,,
"""


def test_a_csv_says_the_same_as_toml(tmp_path: Path) -> None:
    """As a spreadsheet writes it: a mark first, several names in a cell, a blank behind one."""
    (tmp_path / "u.csv").write_text(CSV, encoding="utf-8")
    register = load_units(tmp_path / "u.csv")
    assert register.names() == ("市政府", "城市管理局", "水务局", "水利局")
    unit = register.unit("旧城管局")
    assert unit is not None
    assert (unit.aliases, unit.lead, unit.labels.en) == (("城管局", "城管"), "l-1", "city management")
    gone = register.unit("水务局")
    assert gone is not None
    assert (str(gone.until), gone.successor) == ("2025-03-10", "水利局")


@pytest.mark.parametrize(
    ("name", "text", "codes"),
    [
        ("u.csv", "name,colour\n甲,red\n", ["unknown-key"]),
        ("u.csv", "name,until\n甲,明天\n", ["bad-date"]),
        ("u.csv", "parent\n甲\n", ["missing-key"]),
        ("u.toml", "[[units]]\nname = 7\n", ["wrong-type"]),
        ("u.toml", "[[units]]\nname = '甲'\ncolour = 'red'\n[people]\n", ["unknown-key", "unknown-key"]),
        ("u.toml", "units = 7\n", ["wrong-type"]),
    ],
)  # fmt: skip
def test_a_file_with_problems_tells_all_of_them(
    tmp_path: Path, name: str, text: str, codes: list[str]
) -> None:
    """Unknown columns and keys, dates and types, each with its place."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UnitsError) as wrong:
        load_units(tmp_path / name)
    assert [one.code for one in wrong.value.problems] == codes


def test_names_that_are_near_come_nearest_first(register: ListedUnits) -> None:
    """Another sign, another width, another part of the name; at most three."""
    assert near_names(register, "水务處")[0] == "水务局"
    assert near_names(register, "城市管理") == ("城市管理局",)
    assert len(near_names(register, "局")) <= 3


def test_the_command_line_checks_a_register_and_hands_cases_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`units check` tells problems with exit code 1; `units hand-over` judges, moves and lists."""
    from caseflow import SqliteStore

    (tmp_path / "units.toml").write_text(REGISTER, encoding="utf-8")
    (tmp_path / "bad.csv").write_text("name,parent\n甲,乙\n", encoding="utf-8")
    url, file = f"sqlite:///{tmp_path / 'c.db'}", str(tmp_path / "units.toml")
    with SqliteStore(tmp_path / "c.db") as store:
        submitted(Desk(load_policy("wuhu"), store, clock=ManualClock(MONDAY)), to="水务局")
    assert run(("units", "check", file, "--lang", "en")) == 0
    assert run(("units", "check", str(tmp_path / "bad.csv"), "--lang", "zh")) == 1
    assert "乙" in capsys.readouterr().out
    call = (
        "units",
        "hand-over",
        "水务局",
        "--units",
        file,
        "--by",
        "d-1",
        "--reason",
        "机构改革",
        "--store",
        url,
    )
    assert run((*call, "--dry-run", "--json")) == 0
    assert json.loads(capsys.readouterr().out) == {
        "to": "水利局", "handed": 1, "helped": 0, "refused": [], "dry_run": True,
    }  # fmt: skip
    assert run((*call, "--role", "citizen", "--lang", "zh")) == 1
    assert run((*call, "--lang", "en")) == 0
    assert "1 case handed on to 水利局" in capsys.readouterr().out
