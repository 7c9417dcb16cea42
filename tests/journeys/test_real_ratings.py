"""Real ratings on two axes, brought through an evaluation: what is recorded tells what the table tells."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from fractions import Fraction
from pathlib import Path
from statistics import mean

import pytest

from caseflow import Actor, Case, Desk, ManualClock, MemoryStore, Policy, load_policy
from caseflow.views.rates import resolution_rate, response_rate, satisfaction_rate

TABLE = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "zhejiang_board_ratings.csv.gz"
PROVIDER = Actor("import", role="importer")
POLICY = """
extends = "base"
name = "board"
remove = ["evaluation", "actions.invite", "actions.revoke_invitation", "clocks", "documents"]
[actions.rate]
roles = ["citizen"]
[evaluation]
satisfaction = "manner"
[evaluation.axes]
manner = { required = true, labels = { zh = "办理态度", en = "manner" } }
speed = { required = true, labels = { zh = "办理速度", en = "speed" } }
[clocks.reply]
start = ["submit"]
stop = ["reply"]
rungs = [{ level = "yellow", days = 5 }]
"""

Row = dict[str, str]
needs_table = pytest.mark.skipif(not TABLE.is_file(), reason="shared/data is not beside this checkout")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    file = tmp_path_factory.mktemp("board") / "board.toml"
    file.write_text(POLICY, encoding="utf-8")
    return load_policy(file)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The newest messages: the other two lists of the source were chosen by their outcome."""
    with gzip.open(TABLE, "rt", encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["source_list"] == "recent"]


@pytest.fixture(scope="module")
def cases(rules: Policy, rows: list[Row]) -> list[Case]:
    """Each message as a case, answered where it was done; the source has no time of the reply or rating."""
    clock = ManualClock("2025-01-01T00:00:00+08:00")
    desk = Desk(rules, MemoryStore(), clock=clock, tells=False)
    for row in sorted(rows, key=lambda row: row["submitted_on"]):
        clock.set(f"{row['submitted_on']}T09:00:00+08:00")
        citizen = Actor(f"c-{row['case_id']}", role="citizen")
        desk.submit(title="-", case_id=row["case_id"], by=citizen)
        if row["status"] == "已办理":
            desk.reply(row["case_id"], text="已办理", by=PROVIDER)
        if row["rating_manner"]:
            axes = {"manner": int(row["rating_manner"]), "speed": int(row["rating_speed"])}
            desk.rate(row["case_id"], by=citizen, own_fields=axes)
    return [desk.get(row["case_id"]) for row in rows]


@needs_table
@pytest.mark.parametrize("axis", ["manner", "speed"])
def test_each_axis_has_the_average_of_the_table(rows: list[Row], cases: list[Case], axis: str) -> None:
    """Equal to a plain computation, as fractions and star by star; who did not rate counts nowhere."""
    plain = [int(row[f"rating_{axis}"]) for row in rows if row[f"rating_{axis}"]]
    recorded = [dict(case.rating.fields)[axis] for case in cases if case.rating is not None]
    assert Counter(recorded) == Counter(plain)
    assert mean(Fraction(str(stars)) for stars in recorded) == Fraction(sum(plain), len(plain))


@needs_table
def test_the_three_rates_are_those_of_the_table(rows: list[Row], cases: list[Case]) -> None:
    """Answered of all; satisfied, with four stars or five, of the rated; nobody was asked of resolution."""
    rated = [int(row["rating_manner"]) for row in rows if row["rating_manner"]]
    answered = sum(row["status"] == "已办理" for row in rows)
    shares = [count(cases) for count in (response_rate, satisfaction_rate, resolution_rate)]
    satisfied = sum(stars >= 4 for stars in rated)
    assert [(share.numerator, share.denominator) for share in shares] == [
        (answered, len(rows)), (satisfied, len(rated)), (0, 0),
    ]  # fmt: skip
    assert len(rated) < answered < len(rows)
