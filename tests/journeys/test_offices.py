"""Boards of an office: who held it, on which level, bound by which document; and a year's figures."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from caseflow import Actor, Case, Desk, ManualClock, Refused, load_policy
from caseflow.cli import run
from caseflow.errors import UnitsError
from caseflow.offices.office_figures import BoardYear, coverage
from caseflow.offices.office_register import (
    Jurisdiction,
    Level,
    Mechanism,
    OfficeRegister,
    PublicOffice,
    Term,
    load_offices,
)
from caseflow.ports import Query, Store
from caseflow.stores.locations import open_store
from caseflow.views.rates import Growth, Rate

FIRST, CHANGE = date(2007, 1, 1), date(2010, 7, 1)
PLACES = [
    Jurisdiction(
        name="甲省",
        level="province",
        mechanisms=(
            Mechanism(title="办法", number="甲办发〔2009〕7号", issued=FIRST, valid_from=date(2009, 7, 1)),
            Mechanism(title="新办法", number="甲办发〔2011〕1号", issued=CHANGE, valid_from=date(2011, 1, 1)),
        ),
    ),
    Jurisdiction(name="丙省", level="province"),
    Jurisdiction(name="乙市", level="city", parent="甲省"),
    Jurisdiction(name="丁县", level="county", parent="乙市"),
]
OFFICES = [
    PublicOffice(
        name="甲省省长",
        jurisdiction="甲省",
        terms=(Term(holder="h-1", since=FIRST, until=CHANGE), Term(holder="h-2", since=CHANGE)),
    ),
    PublicOffice(name="乙市市长", jurisdiction="乙市", terms=(Term(holder="h-3", since=FIRST),)),
    PublicOffice(name="乙市书记", jurisdiction="乙市", terms=(Term(holder="h-3", since=FIRST),)),
    PublicOffice(
        name="丁县县长", jurisdiction="丁县", terms=(Term(holder="h-4", since=FIRST, until=CHANGE),)
    ),
]

REGISTER = """
[[jurisdictions]]
name = "甲省"
level = "province"

[[offices]]
name = "甲省省长"
jurisdiction = "甲省"
terms = [{ holder = "h-1", since = 2007-01-01 }]
"""


@pytest.fixture
def register() -> OfficeRegister:
    return OfficeRegister(PLACES, OFFICES)


@pytest.mark.parametrize(
    ("day", "holder"),
    [(date(2006, 12, 31), ""), (FIRST, "h-1"), (date(2010, 6, 30), "h-1"), (CHANGE, "h-2")],
)
def test_an_office_is_held_by_terms(register: OfficeRegister, day: date, holder: str) -> None:
    assert register.holder("甲省省长", day) == holder
    assert register.holder("没有的职务", day) == ""


def test_levels_and_documents(register: OfficeRegister) -> None:
    assert [register.level(office.name) for office in OFFICES] == [
        Level.PROVINCE, Level.CITY, Level.CITY, Level.COUNTY
    ]  # fmt: skip
    assert register.province("丁县") == "甲省"
    numbers = {
        day: (found := register.mechanism("甲省", day)) and found.number
        for day in (date(2009, 6, 30), date(2009, 7, 1), date(2011, 1, 1))
    }
    assert [*numbers.values()] == [None, "甲办发〔2009〕7号", "甲办发〔2011〕1号"]
    assert register.mechanism("乙市", CHANGE) is None  # a document binds its own jurisdiction alone


TERMS = {"terms": (Term(holder="a", since=FIRST), Term(holder="b", since=CHANGE))}
WRONG = [
    ([Jurisdiction(name="甲", level="town")], [], "jurisdictions[0].level bad-level"),
    ([Jurisdiction(name="甲", level="city")], [], "jurisdictions[0].parent bad-level"),
    ([Jurisdiction(name="甲", level="city", parent="乙")], [], "jurisdictions[0].parent unit-not-listed"),
    (
        [*PLACES, Jurisdiction(name="戊", level="city", parent="乙市")],
        [],
        "jurisdictions[4].parent bad-level",
    ),
    (PLACES[:1] * 2, [], "jurisdictions[0].name unit-twice"),
    (PLACES, [PublicOffice(name="长", jurisdiction="戊")], "offices[0].jurisdiction unit-not-listed"),
    (PLACES, [PublicOffice(name="长", jurisdiction="甲省", **TERMS)], "offices[0].terms[1].since terms-meet"),
    (
        PLACES,
        [PublicOffice(name="长", jurisdiction="甲省", terms=(Term(holder="a", since=CHANGE, until=FIRST),))],
        "offices[0].terms[0].until unit-ends-first",
    ),
    (PLACES, OFFICES[:1] * 2, "units[1].name unit-twice"),
]


@pytest.mark.parametrize(("places", "offices", "problem"), WRONG, ids=lambda part: str(part)[-40:])
def test_what_does_not_fit_is_told(
    places: list[Jurisdiction], offices: list[PublicOffice], problem: str
) -> None:
    with pytest.raises(UnitsError) as caught:
        OfficeRegister(places, offices)
    assert problem in [f"{one.path} {one.code}" for one in caught.value.problems]
    assert all(one.text("zh") and one.text("en") for one in caught.value.problems)


def test_a_file_with_an_unknown_key_is_told(tmp_path: Path) -> None:
    file = tmp_path / "offices.toml"
    file.write_text('[[offices]]\nname = "长"\nplace = "甲"\n', encoding="utf-8")
    with pytest.raises(UnitsError) as caught:
        load_offices(file)
    assert {one.code for one in caught.value.problems} == {"unknown-key", "missing-key"}


def ask(desk: Desk, case_id: str, office: str) -> Case:
    return desk.submit(title="路灯", to=office, by=Actor(f"c-{case_id}", role="citizen"), case_id=case_id)


def reply(desk: Desk, case_id: str) -> None:
    handler = Actor("o-1", role="handler", unit=desk.get(case_id).unit)
    desk.reply(case_id, text="已修复", by=handler)
    desk.complete(case_id, by=handler)


def figures(desk: Desk, register: OfficeRegister, ids: str, year: int = 2010) -> BoardYear:
    return coverage([desk.get(case_id) for case_id in ids], register, year)


def test_a_year_is_counted_by_who_held_the_office_then(store: Store, register: OfficeRegister) -> None:
    clock = ManualClock("2010-06-30T23:30:00+08:00")
    desk = Desk(load_policy("leader-board"), store, clock=clock, units=register)
    for case_id, office in zip(
        "abcdefg", ["甲省省长"] * 2 + ["乙市市长", "乙市书记"] + ["丁县县长"] * 3, strict=True
    ):
        ask(desk, case_id, office)
    for case_id in "ae":
        reply(desk, case_id)
    clock.set("2010-07-01T00:00:00+08:00")
    for case_id in "bcdf":
        reply(desk, case_id)
    desk.rate("a", score=4, by=Actor("c-a", role="citizen"))
    desk.rate("b", score=3, by=Actor("c-b", role="citizen"))
    assert [desk.get(case_id).state for case_id in "ab"] == ["closed", "closed"]
    year = figures(desk, register, "abcdefg")
    assert (year.provinces.numerator, year.provinces.denominator) == (1, 2)
    assert year.mechanisms.value == Fraction(1, 2)
    assert {level.value: (one.numerator, one.denominator) for level, one in year.leaders.items()} == {
        "province": (2, 2), "city": (1, 1), "county": (1, 1)
    }  # fmt: skip
    assert year.unheld == 1  # of 丁县 on 1 July, when its term was over
    assert [(one.numerator, one.denominator) for one in (year.replied, year.rated, year.satisfied)] == [
        (6, 7),
        (2, 6),
        (1, 2),
    ]

    clock.set("2011-01-01T00:00:00+08:00")
    reply(desk, "g")
    assert figures(desk, register, "abcdefg").replied.numerator == 6
    later = figures(desk, register, "abcdefg", 2011)
    assert (later.replied.numerator, later.replied.denominator) == (1, 5)  # two were closed the year before
    assert later.leaders[Level.COUNTY] == Rate(0, 0, of="leaders in office, county")


def test_an_office_that_there_is_not_gets_no_message(store: Store, register: OfficeRegister) -> None:
    desk = Desk(load_policy("leader-board"), store, units=register)
    with pytest.raises(Refused) as caught:
        ask(desk, "a", "乙市县长")
    assert caught.value.code == "unknown-unit" and "乙市市长" in caught.value.refusal.missing


def test_growth_has_the_year_before_as_its_denominator() -> None:
    percent = Growth(now=220_000, before=156_584).percent
    assert percent == Fraction(100 * 63_416, 156_584)
    assert Growth(now=1, before=0).percent is None


def test_the_command_prints_the_year_of_a_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In words of either language, each share with what it is of; as JSON the numbers of `coverage`."""
    file = tmp_path / "offices.toml"
    file.write_text(REGISTER, encoding="utf-8")
    offices = load_offices(file)
    url = f"sqlite:///{tmp_path}/boards.db"
    with open_store(url) as store:
        clock = ManualClock("2010-06-30T09:00:00+08:00")
        desk = Desk(load_policy("leader-board"), store, clock=clock, units=offices)
        for number in range(2):
            desk.submit(title="路灯", to="甲省省长", by=Actor("c-1", role="citizen"), case_id=f"b{number}")
        desk.reply("b0", text="已修复", by=Actor("o-1", role="handler", unit="甲省省长"))
        year = coverage(store.find(Query()), offices, 2010)
    arguments = ["coverage", "--store", url, "--offices", str(file), "--year", "2010"]
    assert run([*arguments, "--lang", "zh"]) == 0
    shown = capsys.readouterr().out
    assert "50.0 %（2 中 1）" in shown and "领导留言板，2010 年" in shown
    assert run([*arguments, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["replied"] == {"numerator": 1, "denominator": 2, "of": year.replied.of}
    assert printed["leaders"]["province"] == msgspec.to_builtins(year.leaders[Level.PROVINCE])
    assert (printed["growth"], printed["quarantined"]) == ({"now": 1, "before": 0}, [])
    assert run([*arguments, "--tables", str(tmp_path / "tables"), "--lang", "en"]) == 0
    assert run(["coverage", "--store", url, "--offices", str(tmp_path / "none.toml"), "--year", "2010"]) == 3
