"""Mappings with conditions: which rows an event is for, and rows that no event is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from caseflow import LogError, MemoryStore, PolicyError, load_policy
from caseflow.interchange import Summary, load_mapping, replay

LOG = """case_id,at,what,by
c1,2025-03-03T09:00:00+08:00,saved,
c1,2025-03-04T09:00:00+08:00,handed in,
c2,2025-03-03T09:00:00+08:00,handed in,
c2,2025-03-05T09:00:00+08:00,answered,o-1
"""
MAPPING = """
format = 1
[[events]]
rows = "first"
action = "submit"
when = [{ column = "what", among = ["saved", "handed in"] }]
[[events]]
rows = "later"
action = "acknowledge"
when = [{ column = "what", equals = "handed in" }]
[[events]]
action = "reply"
when = [{ column = "what", equals = "answered" }, { column = "by", empty = false }]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def replayed(log: str, mapping: str = MAPPING, on_error: str = "stop") -> tuple[Summary, MemoryStore]:
    Path("log.csv").write_text(log, encoding="utf-8")
    Path("mapping.toml").write_text(mapping, encoding="utf-8")
    store = MemoryStore()
    summary = replay(
        [Path("log.csv")],
        policy=load_policy("wuhu"),
        store=store,
        mapping=load_mapping("mapping.toml"),
        on_error=on_error,
    )
    return summary, store


def test_an_event_is_for_the_rows_that_it_says(folder: Path) -> None:
    """The same activity begins a case in its first row, and is another action in a later one."""
    summary, store = replayed(LOG)
    assert (summary.events, summary.rejected) == (4, 0)
    assert [event.name for event in store.events("c1")] == ["submitted", "acknowledged"]
    assert [event.name for event in store.events("c2")] == ["submitted", "replied"]


def test_a_case_is_met_where_its_first_row_stands(folder: Path) -> None:
    """A row that comes first counts as first even when the event for first rows is not for it."""
    summary, store = replayed(LOG + "c3,2025-03-05T09:00:00+08:00,answered,o-1\n", on_error="skip")
    assert (summary.rejected, store.load("c3")) == (1, None)


def test_all_conditions_must_hold(folder: Path) -> None:
    """A row for which one condition of two holds is for no event, and is told with its line."""
    with pytest.raises(LogError) as caught:
        replayed(LOG.replace("answered,o-1", "answered,"))
    assert str(caught.value).startswith("log.csv, line 5: no event of the mapping is for this row")
    summary, _ = replayed(LOG.replace("answered,o-1", "answered,"), on_error="skip")
    assert (summary.events, summary.rejected) == (3, 1)


def test_a_row_passed_over_is_not_met(folder: Path) -> None:
    """A `skip` comes before everything: the next row is the case's first."""
    skip = 'skip = [{ column = "what", equals = "saved" }]\n'
    summary, store = replayed(LOG, MAPPING.replace("format = 1\n", f"format = 1\n{skip}"))
    assert (summary.events, [event.name for event in store.events("c1")]) == (3, ["submitted"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (MAPPING.replace('"later"', '"last"'), "events[1].rows: rows is all, first or later; found last"),
        (MAPPING.replace("equals", "equal"), "events[1].when[0].equal: unknown key equal"),
        (MAPPING.replace('rows = "first"', "rows = 1"), "events[0].rows: wrong type"),
    ],
)
def test_a_wrong_condition_is_told(folder: Path, wrong: str, message: str) -> None:
    """Which event, which key, what was found."""
    with pytest.raises(PolicyError) as caught:
        replayed(LOG, wrong)
    assert message in str(caught.value)


def test_a_missing_column_of_a_condition_is_told(folder: Path) -> None:
    """Columns that only a condition names are looked for as well."""
    with pytest.raises(LogError) as caught:
        replayed(LOG.replace(",by\n", ",whom\n"))
    assert "the columns by are missing" in str(caught.value)
