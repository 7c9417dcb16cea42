"""Boards: every measure as a plain fold has it, days of the office, what the policy leaves out, growth."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import ibis
import pytest
import sqlglot
from hypothesis import given, settings
from sqlalchemy.engine import make_url

from caseflow import Actor, Desk, ManualClock, MemoryStore, SqliteStore, load_policy
from caseflow.analytics.boards import BOARDS, board, expressions, figures_of
from caseflow.analytics.measures import MEASURES, QuantileMeasure
from caseflow.analytics.office_board import office_year
from caseflow.analytics.table_export import arrow_tables
from caseflow.analytics.table_schemas import TABLES
from caseflow.cli import run
from caseflow.core.units import Unit
from caseflow.errors import BadInput, PolicyError
from caseflow.offices.office_figures import coverage
from caseflow.offices.office_register import Level
from caseflow.policies.unit_register import ListedUnits
from caseflow.ports import Query, Store
from caseflow.views.board_rows import BoardPeriod
from caseflow.views.rates import Growth, Rate, resolution_rate, response_rate, satisfaction_rate
from tests.analytics.figures_by_hand import figures
from tests.analytics.stores import EVER, WAYS, backend_of, city, leaders, lives
from tests.contracts.databases import postgres
from tests.laws.histories import Step, World, steps

UNTRIED = {"resolution_rate", "reply_working_days_median", "reply_working_days_p90"}
"""What the city's policy asks nobody, and the working days that it has no calendar for."""
CITIZEN, COORDINATOR = Actor("c-1", role="citizen"), Actor("d-1", role="coordinator")
SUPERVISOR = Actor("s-1", role="supervisor")
CENTRE, WATER = "城管局", "水务集团"


def officer(unit: str) -> Actor:
    return Actor(f"o-{unit}", role="handler", unit=unit)


def by_unit_and_month(day: date, unit: str) -> tuple[str, ...]:
    return unit, f"{day:%Y-%m}"


def check(store: Store) -> dict[Any, dict[str, Any]]:
    """Each figure of each unit and month is that of the plain fold."""
    expected = figures(lives(store), EVER.since, EVER.until, by_unit_and_month)
    shown = figures_of(backend_of(store), MEASURES.values(), EVER, by=("unit", "month"))
    said = {key: {name: one for name, one in row.items() if says(name, one)} for key, row in shown.items()}
    assert said == expected
    return expected


def says(name: str, figure: Any) -> bool:
    """Whether a figure is of anything; a length of 0 days is."""
    if isinstance(figure, Rate):
        return figure.denominator > 0
    return figure is not None and (figure != 0 or name.endswith(("_median", "_p90")))


# -- every measure -----------------------------------------------------------------------------------------


@settings(max_examples=3, deadline=None)
@given(steps())
def test_every_measure_is_as_the_histories_tell(history: list[Step]) -> None:
    """Late facts, retractions, hand-overs, returns, annulled cards, merged cases, other rules: all count."""
    check(World().run(history).finish().store)


@pytest.mark.soak
@settings(max_examples=300, deadline=None)
@given(steps(longest=60))
def test_every_measure_is_as_long_histories_tell(history: list[Step]) -> None:
    """The same of longer lives, and more of them."""
    check(World().run(history).finish().store)


def test_every_measure_of_a_city_is_as_its_histories_tell() -> None:
    """No measure is untried: the city has rows of each, but of what its policy asks nobody."""
    expected = check(city())
    assert {name for row in expected.values() for name in row} == MEASURES.keys() - UNTRIED


def test_a_pass_over_all_days_counts_as_one_for_each_day_does() -> None:
    """Without a row for each month the measures of a table are counted in one pass: to the same figures."""
    backend = backend_of(city())
    whole = figures_of(backend, MEASURES.values(), EVER, by=("unit",))
    expected = figures(lives(city()), EVER.since, EVER.until, lambda _, unit: (unit,))
    said = {key: {name: one for name, one in row.items() if says(name, one)} for key, row in whole.items()}
    assert said == expected


def test_the_rates_of_cases_are_those_of_boards() -> None:
    """What `caseflow.views.rates` says of all cases is what a board of all says, denominators too."""
    cases = city().find(Query(limit=10_000))
    shown = board(backend_of(city()), "overview", period=EVER, by=())
    by_hand = {
        "response_rate": response_rate(cases),
        "resolution_rate": resolution_rate(cases),
        "satisfaction_rate": satisfaction_rate(cases),
    }
    assert by_hand["satisfaction_rate"].denominator > 50
    assert {name: shown.figure(name) for name in by_hand} == by_hand


@pytest.mark.postgres
def test_postgresql_gives_the_same_figures() -> None:
    """The same expressions over the same rows: equal to the last digit."""
    whole = backend_of(city())
    with postgres() as text:
        url = make_url(text)
        other = ibis.postgres.connect(
            host=url.host, port=url.port, user=url.username, password=url.password, database=url.database,
            options=url.query["options"],
        )  # fmt: skip
        try:
            for name, rows in arrow_tables(city()).items():
                other.create_table(name, rows)
            assert all_figures(other) == all_figures(whole)
            store, offices = leaders()
            for name, rows in arrow_tables(store).items():
                other.create_table(name, rows, overwrite=True)
            assert office_year(other, offices, 2010) == office_year(backend_of(store), offices, 2010)
        finally:
            other.disconnect()


def all_figures(backend: Any) -> list[Any]:
    """The figures of all measures by everything that rows can be of."""
    return [figures_of(backend, MEASURES.values(), EVER, by=by) for by in WAYS]


# -- what counts when, and against whom --------------------------------------------------------------------


def desk_at(instant: str, policy: str | Path = "wuhu") -> Desk:
    return Desk(load_policy(policy), MemoryStore(), clock=ManualClock(instant))


def test_a_month_is_the_offices() -> None:
    """The last microsecond of March and the first of April, in Shanghai, lie in two months; in UTC in one."""
    desk = desk_at("2025-03-31T23:59:59.999999+08:00")
    desk.submit(title="甲", to=CENTRE, by=CITIZEN, case_id="a")
    desk.clock.set("2025-04-01T00:00:00+08:00")
    desk.submit(title="乙", to=CENTRE, by=CITIZEN, case_id="b")
    for month in ("2025-03", "2025-04"):
        assert desk.board("overview", period=month).figure("received", CENTRE) == 1
    quarter = desk.board("overview", period="2025", by=("quarter",))
    assert [row.key for row in quarter.rows] == [("2025-Q1",), ("2025-Q2",)]


def test_a_fault_counts_against_who_held_the_case_then() -> None:
    """The yellow card is the first unit's, the red one the second's, until it is annulled on appeal."""
    desk = desk_at("2025-03-03T09:00:00+08:00")
    desk.submit(title="甲", to=CENTRE, by=CITIZEN, case_id="a")
    desk.clock.set("2025-03-10T09:00:00+08:00")
    desk.transfer("a", to=WATER, by=COORDINATOR)
    desk.clock.set("2025-03-20T09:00:00+08:00")
    desk.sweep()
    shown = desk.board("faults", period="2025-03")
    assert [shown.figure("yellow_cards", unit) for unit in (CENTRE, WATER)] == [1, 0]
    assert [shown.figure("red_cards", unit) for unit in (CENTRE, WATER)] == [0, 1]
    desk.annul_card("a", clock="reply", level="red", reason="网站停机", by=SUPERVISOR)
    shown = desk.board("faults", period="2025-03")
    assert (shown.figure("cards", WATER), shown.figure("annulled_cards", WATER)) == (0, 1)


def test_the_policy_says_which_cases_count(tmp_path: Path) -> None:
    """By default merged ones do not; here neither those withdrawn nor those that are out of scope."""
    path = tmp_path / "own.toml"
    path.write_text(
        'extends = "wuhu"\nname = "own"\nnot_counted = ["merged", "withdrawn", "rejected:out_of_scope"]\n',
        encoding="utf-8",
    )
    for policy, received in (("wuhu", 4), (path, 2)):
        desk = desk_at("2025-03-03T09:00:00+08:00", policy)
        for case_id in "abcde":
            desk.submit(title=case_id, by=CITIZEN, case_id=case_id)
            desk.clock.advance(minutes=1)
        desk.merge("b", primary="a", by=COORDINATOR)
        desk.withdraw("c", by=CITIZEN)
        desk.reject("d", code="out_of_scope", reason="不属于", by=COORDINATOR)
        desk.reject("e", code="unclear", reason="不清", by=COORDINATOR)
        shown = desk.board("overview", period="2025-03", by=())
        assert shown.figure("received") == received
        ends = [shown.figure(name) for name in ("merged", "withdrawn", "rejected")]
        assert ends == [1, 1, 2]


def test_a_policy_names_no_end_that_there_is_not(tmp_path: Path) -> None:
    """A reason that the policy does not know is a problem of its file."""
    path = tmp_path / "own.toml"
    path.write_text('extends = "wuhu"\nname = "own"\nnot_counted = ["rejected:whim"]\n', encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert [one.code for one in caught.value.problems] == ["unknown-outcome"]


def test_a_count_of_what_nobody_knows_yet_is_zero_in_sparks_words_too() -> None:
    """Where no case is decided there are no decided ones: what Spark is asked, put to DuckDB, says 0."""
    desk = desk_at("2025-03-03T09:30:00+08:00")
    desk.submit(title="t", to=CENTRE, by=CITIZEN, case_id="c1")
    backend = backend_of(desk.store)
    for expression, group in expressions(MEASURES.values(), BoardPeriod.of("2025"), by=("unit",)):
        (query,) = sqlglot.transpile(ibis.to_sql(expression, dialect="pyspark"), read="spark", write="duckdb")
        for row in backend.con.execute(query).to_arrow_table().to_pylist():
            counts = [row[one.name] for one in group if not isinstance(one, QuantileMeasure)]
            assert None not in counts, query


def test_growth_is_over_the_same_days_of_the_year_before() -> None:
    """Two cases after one: +100 %; of none before there is no percentage."""
    desk = desk_at("2024-02-29T09:00:00+08:00")
    desk.submit(title="甲", to=CENTRE, by=CITIZEN)
    desk.clock.set("2025-02-28T09:00:00+08:00")
    for unit in (CENTRE, CENTRE, WATER):
        desk.submit(title="乙", to=unit, by=CITIZEN)
    shown = desk.board("growth", period="2025-02")
    received = {row.key[0]: row.figures[0] for row in shown.rows}
    assert received == {CENTRE: Growth(2, 1), WATER: Growth(1, 0)}
    assert Growth(2, 1).percent == 100 and Growth(1, 0).percent is None


def test_a_hotline_is_asked_for_resolution_and_works_on_working_days() -> None:
    """A week with a holiday has fewer of them; who was called late may be answered in time."""
    desk = desk_at("2025-04-03T09:00:00+08:00", "cn-12345")
    for case_id in "ab":
        desk.submit(title=case_id, kind="complaint", to=CENTRE, by=CITIZEN, case_id=case_id)
    desk.clock.set("2025-04-08T09:00:00+08:00")  # after Qingming, 4 to 6 April
    for case_id, answer in zip("ab", ("resolved", "unresolved"), strict=True):
        desk.reply(case_id, text="已修复", by=officer(CENTRE))
        desk.rate(case_id, own_fields={"satisfaction": "satisfied", "resolution": answer}, by=CITIZEN)
    shown = desk.board("overview", period="2025-04")
    assert shown.figure("resolution_rate", CENTRE) == Rate(1, 2, of="rated for resolution")
    assert shown.figure("reply_days_median", CENTRE) == 5
    assert shown.figure("reply_working_days_median", CENTRE) == 2
    assert shown.figure("on_time_rate", CENTRE) == Rate(2, 2, of="cycles decided")
    assert shown.figure("cards", CENTRE) == 2


def test_units_have_levels_and_provinces() -> None:
    """A register says of which level a unit is, and under which it stands."""
    units = ListedUnits(
        [Unit(name="省厅"), Unit(name="市局", parent="省厅"), Unit(name="县局", parent="市局")]
    )
    desk = Desk(
        load_policy("wuhu"), MemoryStore(), clock=ManualClock("2025-03-03T09:00:00+08:00"), units=units
    )
    for unit in ("省厅", "市局", "市局", "县局"):
        desk.submit(title="甲", to=unit, by=CITIZEN)
    shown = desk.board("overview", period="2025-03", by=("level", "province"))
    assert {row.key: row.figures[0] for row in shown.rows} == {
        ("province", "省厅"): 1, ("city", "省厅"): 2, ("county", "省厅"): 1
    }  # fmt: skip


def test_the_year_of_offices_is_that_of_their_cases() -> None:
    """Provinces, leaders by level, messages: as the plain count over the cases has them."""
    store, offices = leaders()
    expected = coverage(store.find(Query(limit=10_000)), offices, 2010)
    assert expected.leaders[Level.CITY].numerator > 20 and expected.rated.denominator == 150
    assert office_year(backend_of(store), offices, 2010) == expected


# -- periods, words, doors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2025", "2025-01-01", "2026-01-01"),
        ("2025-Q4", "2025-10-01", "2026-01-01"),
        ("2024-02", "2024-02-01", "2024-03-01"),
        ("2025-12", "2025-12-01", "2026-01-01"),
        ("2026-W01", "2025-12-29", "2026-01-05"),
        ("2025-03-31", "2025-03-31", "2025-04-01"),
        ("2025-03-01..2025-03-01", "2025-03-01", "2025-03-02"),
    ],
)
def test_a_period_is_whole_days(text: str, since: str, until: str) -> None:
    """From the first day up to and without the day after the last."""
    assert BoardPeriod.of(text) == BoardPeriod(date.fromisoformat(since), date.fromisoformat(until))


@pytest.mark.parametrize(
    "text",
    ["", "25", "2025-13", "2025-Q5", "2025-W54", "2025-02-30", "2025-03-02..2025-03-01", "0000", "9999"],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    """With what one looks like, in both languages."""
    with pytest.raises(BadInput) as caught:
        BoardPeriod.of(text)
    assert caught.value.code == "bad-period" and "2025-Q1" in caught.value.text("zh")


@pytest.mark.parametrize(
    ("name", "by"), [("best", ("unit",)), ("overview", ("citizen",)), ("overview", ("level",))]
)
def test_what_there_is_not_is_refused(name: str, by: tuple[str, ...]) -> None:
    """A board, and a word that rows could be of; levels without a register."""
    with pytest.raises(BadInput, match="overview" if name == "best" else "unit"):
        board(None, name, period="2025", by=by)


def test_a_year_before_has_no_leap_day() -> None:
    """29 February has the 28th before it."""
    assert BoardPeriod.of("2024-02-29").year_before() == BoardPeriod(date(2023, 2, 28), date(2023, 3, 1))


def test_the_command_prints_a_board(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For people, as JSON, as CSV, in both languages; from the store or from a folder of tables."""
    path = tmp_path / "cases.db"
    desk = Desk(load_policy("wuhu"), SqliteStore(path), clock=ManualClock("2025-03-03T09:00:00+08:00"))
    for number in range(12):
        case_id = f"c{number}"
        desk.submit(title="甲", to=CENTRE, by=CITIZEN, case_id=case_id)
        desk.take_charge(case_id, by=officer(CENTRE))
        desk.clock.advance(minutes=5)
        desk.reply(case_id, text="已修复", by=officer(CENTRE))
        desk.rate(case_id, score=5 if number else 1, by=CITIZEN)
    desk.store.close()
    words = ["--store", f"sqlite:///{path}", "--period", "2025-03"]
    assert run(["board", "satisfied", *words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    rate = {"numerator": 11, "denominator": 12, "of": "rated for satisfaction"}
    assert document["rows"][0]["satisfaction_rate"] == rate and document["rows"][0]["rank"] == 1
    tables = ["--tables", str(tmp_path / "tables")]
    assert run(["board", "satisfied", *words, *tables, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == document
    assert run(["board", "speed", *words, "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split(",")[:4] == [CENTRE, "12", "300000000", "300000000"]
    assert run(["board", "satisfied", *words, "--lang", "zh"]) == 0
    printed = capsys.readouterr().out
    assert "91.7 %（12 中 11）" in printed and "满意回复排行榜" in printed
    assert run(["board", "growth", *words, "--least", "3", "--lang", "en"]) == 0
    assert "- (12 after 0)" in capsys.readouterr().out
    assert run(["board", "speed", "--store", f"sqlite:///{path}", "--period", "2024", "--lang", "en"]) == 0
    assert "nothing in this period" in capsys.readouterr().out


def test_the_desk_needs_no_library_of_boards_until_it_is_asked_for_one() -> None:
    """Importing caseflow and its command line imports neither Ibis nor DuckDB nor Arrow."""
    program = (
        "import sys, caseflow, caseflow.cli; print({'ibis', 'duckdb', 'pyarrow', 'numpy'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_boards_show_measures_that_there_are() -> None:
    """And each measure asks for columns that its table has, by days."""
    assert {name for kind in BOARDS.values() for name in kind.measures} == MEASURES.keys()
    for one in MEASURES.values():
        sorts = {column.name: column.sort for column in TABLES[one.table].columns}
        assert sorts[one.day] == "day" and sorts["unit"] == "unit"


def test_unlike_rates_are_not_compared() -> None:
    """Of one denominator they are, exactly; of two, or of nothing, never."""
    third, more = Rate(1, 3, of="cases"), Rate(33_333_333, 99_999_998, of="cases")
    assert third < more and more > third and third <= third and third >= Rate(2, 6, of="cases")
    assert third.value == Fraction(1, 3)
    for other in (Rate(1, 3, of="rated for satisfaction"), Rate(0, 0, of="cases")):
        with pytest.raises(BadInput) as caught:
            assert third < other
        assert caught.value.code == "unlike-rates"
