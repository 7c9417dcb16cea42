"""Tables as people have them: spreadsheets' times, encodings, separators, rows twice; nothing is guessed."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseflow import BadInput, LogError, MemoryStore, PolicyError, load_policy
from caseflow.cli import run
from caseflow.core.model.events import Acted
from caseflow.interchange import Summary, load_mapping, replay
from caseflow.interchange.log_mapping import TableFormat
from caseflow.interchange.log_reader import looks_like, read_header
from caseflow.interchange.log_times import TimeReader, suggested, wrong_times

ROWS = "case_id,action,at,to,text\n甲1,submit,2025-03-03 09:30,城管局,\n甲1,reply,2025-03-12 10:00,,已修复\n"
ZONE = "Asia/Shanghai"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    return tmp_path


def replayed(raw: str | bytes, keys: str = "", **options: Any) -> Summary:
    Path("log.csv").write_bytes(raw.encode() if isinstance(raw, str) else raw)
    Path("m.toml").write_text(f"format = 1\n{keys}\n", encoding="utf-8-sig")
    return replay(
        [Path("log.csv")], policy=load_policy("wuhu"), store=MemoryStore(), mapping=load_mapping("m.toml"),
        timezone=ZONE, **options,
    )  # fmt: skip


def refusal(raw: str | bytes, keys: str = "", **options: Any) -> str:
    with pytest.raises(LogError) as caught:
        replayed(raw, keys, **options)
    assert "{" not in caught.value.text("en") + caught.value.text("zh")
    return str(caught.value)


# -- times -------------------------------------------------------------------------------------------------

HALF_PAST_NINE = datetime(2025, 3, 3, hour=9, minute=30)
WRITTEN = {
    "2025/3/3 9:30": "%Y/%m/%d %H:%M",
    "2025-3-3 9:30": "%Y-%m-%d %H:%M",
    "2025/03/03 09:30:00": "%Y/%m/%d %H:%M:%S",
    "2025.3.3 9:30": "%Y.%m.%d %H:%M",
    "2025年3月3日 9:30": "%Y年%m月%d日 %H:%M",
    "3/3/2025 9:30": "%d/%m/%Y %H:%M",
    "3/3/25 9:30 AM": "%m/%d/%y %I:%M %p",
    "03.03.2025 09:30": "%d.%m.%Y %H:%M",
    "45719.3958333333": "serial-1900",
    "45719,3958333333": "serial-1900",
    "44257.3958333333": "serial-1904",
    "2025-03-03T09:30": "iso",
}


WAYS = sorted({*WRITTEN.values()})


@pytest.mark.parametrize("text", WRITTEN)
def test_a_time_is_read_as_the_mapping_says(text: str) -> None:
    """Each spelling by the key that names it, and by that key alone: ISO 8601 is not read beside it."""
    assert TimeReader(None, [WRITTEN[text]]).local(text) == HALF_PAST_NINE
    others = [way for way in WRITTEN.values() if way != WRITTEN[text]]
    for way in others:
        try:
            read = TimeReader(None, [way]).local(text)
        except BadInput:
            continue
        assert read == HALF_PAST_NINE or {way, WRITTEN[text]} == {"serial-1900", "serial-1904"}


@pytest.mark.parametrize("text", WRITTEN)
def test_an_error_says_which_key_would_read_it(text: str) -> None:
    """What the time looks like, with what each key would make of it; the key that is right is among them."""
    other = "iso" if WRITTEN[text] != "iso" else "%Y/%m/%d"
    with pytest.raises(BadInput) as caught:
        TimeReader(None, [other]).local(text)
    assert f'"{WRITTEN[text]}" (2025-03-03 09:30:00)' in str(caught.value)
    assert suggested(text)[WRITTEN[text]] == HALF_PAST_NINE


@pytest.mark.parametrize(
    ("system", "number", "day"),
    [
        ("serial-1900", "1", "1900-01-01"),
        ("serial-1900", "59", "1900-02-28"),
        ("serial-1900", "60", None),  # 29 February 1900, which never was
        ("serial-1900", "61", "1900-03-01"),
        ("serial-1900", "0", None),
        ("serial-1900", "2958465", "9999-12-31"),
        ("serial-1900", "2958466", None),
        ("serial-1904", "0", "1904-01-01"),
        ("serial-1904", "60", "1904-03-01"),
        ("serial-1904", "2957003", "9999-12-31"),
        ("serial-1904", "2957003.9999999999", None),
        ("serial-1904", "2957004", None),
        ("serial-1904", "9999999", None),
        ("serial-1900", "-1", None),
        ("serial-1900", "1e5", None),
        ("serial-1900", "45.719.1", None),
    ],
)
def test_a_day_number_is_that_of_its_system(system: str, number: str, day: str | None) -> None:
    """The ends of both systems, and the day that the older one counts though there was none."""
    reader = TimeReader(None, [system])
    if day is None:
        with pytest.raises(BadInput):
            reader.local(number)
    else:
        assert reader.local(number) == datetime.fromisoformat(day)


@given(
    st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 31)).map(lambda time: time.replace(microsecond=0))
)
def test_a_day_number_with_ten_digits_is_exact_to_the_second(time: datetime) -> None:
    """What spreadsheets write, ten digits after the point, comes back as the second that it was."""
    time = time.replace(microsecond=0)
    for system, zero in (("serial-1900", datetime(1899, 12, 30)), ("serial-1904", datetime(1904, 1, 1))):
        if time >= zero:
            number = (time - zero) / timedelta(days=1)
            assert TimeReader(None, [system]).local(f"{number:.10f}") == time


@given(st.datetimes(datetime(1969, 1, 1), datetime(2068, 12, 31)), st.sampled_from(WAYS))
def test_what_a_pattern_writes_is_read_again(time: datetime, way: str) -> None:
    """And what the error suggests for it reads it to the same time."""
    if "%" not in way:
        return
    text = re.sub("(?<=[/ ])0(?=[1-9][/:])", "", time.strftime(way))
    read = TimeReader(None, [way]).local(text)
    assert read.date() == time.date()
    assert read in suggested(text).values()


@pytest.mark.parametrize(
    ("times", "code"),
    [
        ('["%Y/%m/%d %H:%M", "%Y/%m/%d"]', ""),
        ('["iso", "serial-1900"]', ""),
        ('["%d/%m/%Y", "%m/%d/%Y"]', "times-clash"),
        ('["%Y-%d-%m", "iso"]', "times-clash"),
        ('["serial-1900", "serial-1904"]', "times-clash"),
        ('["%y%m%d", "serial-1900"]', "times-clash"),
        ('"%Y/%m"', "unknown-times"),
        ('"%m/%d"', "unknown-times"),
        ('"%d. %B %Y"', "unknown-times"),
        ('"%c"', "unknown-times"),
        ('"%Y/%m/%d %I:%M"', "unknown-times"),
        ('"%Y/%m/%d %"', "unknown-times"),
        ('"excel"', "unknown-times"),
        ('""', "unknown-times"),
    ],
)
def test_ways_that_cannot_be_or_clash_are_refused(times: str, code: str) -> None:
    """No year, month or day by number; half a day without its half; two that read one text as two times."""
    Path("m.toml").write_text(f"times = {times}\n", encoding="utf-8")
    if not code:
        assert wrong_times(load_mapping("m.toml").times) == ("", "")
        return
    with pytest.raises(PolicyError) as caught:
        load_mapping("m.toml")
    assert [(problem.path, problem.code) for problem in caught.value.problems] == [("times", code)]


def test_fields_that_are_times_are_written_alike() -> None:
    """An instant and a date among the fields of an action are read as the log writes times."""
    Path("p.toml").write_text(
        'extends = "wuhu"\nname = "p"\n[actions.visit]\nmoves = { open = "=" }\n'
        'fields = { when = { type = "instant" }, day = { type = "date" } }\n',
        encoding="utf-8",
    )
    Path("log.csv").write_text(
        "case_id,action,at,when,day\nc,submit,2025/3/3 9:30,,\n"
        "c,visit,2025/3/5 8:00,2025/3/4 9:00,2025/3/4\n",
        encoding="utf-8",
    )
    Path("m.toml").write_text('times = ["%Y/%m/%d %H:%M", "%Y/%m/%d"]\n', encoding="utf-8")
    store = MemoryStore()
    keys: dict[str, Any] = {
        "mapping": load_mapping("m.toml"),
        "timezone": ZONE,
        "policy": load_policy("p.toml"),
    }
    replay([Path("log.csv")], store=store, **keys)
    visit = store.events("c")[-1]
    assert isinstance(visit, Acted)
    assert dict(visit.fields) == {"when": 1741050000000000, "day": "2025-03-04"}
    Path("log.csv").write_text(
        "case_id,action,at,day\nc,submit,2025/3/3,\nc,visit,2025/3/5,4.3.25\n", encoding="utf-8"
    )
    with pytest.raises(LogError, match=r"line 3, column day: day: 4\.3\.25 is written in another way"):
        replay([Path("log.csv")], store=MemoryStore(), **keys)


# -- encodings and separators ------------------------------------------------------------------------------

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "big5")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_table_is_read_in_the_encoding_that_the_mapping_names(encoding: str) -> None:
    """Or the option, which goes first; with a mark, which is no part of the first column."""
    rows = ROWS.replace("已修复", "已修復") if encoding == "big5" else ROWS
    files = [rows.encode(encoding)]
    if encoding not in ("big5", "utf-8-sig", "utf-16"):  # these have none, or bring it
        files.append(f"\ufeff{rows}".encode(encoding))
    for raw in files:
        assert replayed(raw, f'encoding = "{encoding}"').cases == 1
        assert replayed(raw, 'encoding = "ascii"', encoding=encoding).cases == 1


@pytest.mark.parametrize(
    ("encoding", "named", "looks"),
    [
        ("utf-16", "utf-8", "utf-16"),
        ("utf-16-le", "utf-8", "utf-16-le"),
        ("utf-16-be", "utf-8", "utf-16-be"),
        ("gb18030", "utf-8", "gb18030"),
        ("big5", "utf-8", "big5"),
        ("utf-8", "ascii", "utf-8"),
        ("utf-8-sig", "gb18030", "utf-8"),
        ("utf-16", "latin-1", "utf-16"),
    ],
)
def test_another_encoding_is_told_and_not_guessed(encoding: str, named: str, looks: str) -> None:
    """What the file looks like, and how to say it; a mark of another encoding is never read over."""
    rows = ROWS.replace("已修复", "已修復") if encoding == "big5" else ROWS
    message = refusal(rows.encode(encoding), f'encoding = "{named}"')
    assert f'it looks like {looks}: --encoding {looks}, or encoding = "{looks}" in the mapping' in message
    assert replayed(rows.encode(encoding), f'encoding = "{looks}"').cases == 1


def test_text_that_looks_like_nothing_gets_no_suggestion() -> None:
    """Western text of one byte a letter, and bytes that are no text, are not taken for Chinese."""
    assert looks_like("Straße,Größe,Äpfel über Öl".encode("latin-1")) == ""
    assert looks_like(bytes(range(128, 256)) * 4) == ""
    assert "it looks like" not in refusal("case_id,action,at\nStra\xdfe\n".encode("latin-1"))


@pytest.mark.parametrize("separator", [";", "\t", "|", "、"])
def test_a_table_is_parted_as_the_mapping_says(separator: str) -> None:
    """Also where the first line says it for a spreadsheet; without the key the error says which it is."""
    rows = ROWS.replace(",", separator)
    key = f"separator = {json.dumps(separator)}"
    for raw in (rows, f"sep={separator}\n{rows}"):
        assert replayed(raw, key).cases == 1
        message = refusal(raw)
        assert (f"they are there with {key} in the mapping" in message) == (separator != "、")
    assert replayed(f"sep=,\n{ROWS}").cases == 1


@pytest.mark.parametrize("separator", ['""', '";;"', '"\\""', '"\\n"', '" "'])
def test_what_is_no_separator_is_refused(separator: str) -> None:
    """One sign, and none that a cell is quoted or ended by; nothing at all is the comma."""
    Path("m.toml").write_text(f"separator = {separator}\n", encoding="utf-8")
    if separator == '""':
        assert load_mapping("m.toml").separator == ""
        return
    with pytest.raises(PolicyError, match="separator"):
        load_mapping("m.toml")


# -- rows twice, reminders, marks --------------------------------------------------------------------------


def test_identical_rows_are_set_aside_on_request() -> None:
    """They are counted and listed with the line they repeat; without the key they are an error."""
    twice = ROWS + ROWS.splitlines()[1] + "\n"
    assert "line 4: the same row as line 2" in refusal(twice)
    summary = replayed(twice, 'identical = "aside"', rejects=Path("aside.csv"))
    assert (summary.events, summary.identical, summary.rejected) == (2, 1, 0)
    assert summary.document()["identical"] == 1
    listed = Path("aside.csv").read_text(encoding="utf-8").splitlines()
    assert listed[0] == "file,line,column,reason,row"
    assert "line 4: the same row as line 2" in listed[1] and len(listed) == 2
    with pytest.raises(PolicyError, match="identical"):
        replayed(ROWS, 'identical = "drop"')


def test_a_row_that_differs_by_anything_is_another_row() -> None:
    """Only what is identical cell by cell is set aside, of one file."""
    other = ROWS + "甲1,note,2025-03-13 10:00,,a\n甲1,note,2025-03-13 10:00,,b\n"
    assert replayed(other, 'identical = "aside"').identical == 0


LINE = ["replay", "log.csv", "--policy", "wuhu", "--timezone", ZONE]


def test_reminders_are_listed_as_cards_are_and_every_table_may_begin_with_a_mark() -> None:
    """One row a reminder in the columns of cards; ``--bom`` is for each CSV that is written."""
    Path("log.csv").write_text(ROWS + "甲2,reply,2025-03-13 10:00,,已修复\n", encoding="utf-8")
    files = ["--cards", "c.csv", "--reminders", "r.csv", "--rejects", "x.csv", "--on-error", "skip"]
    assert run([*LINE, *files, "--bom"]) == 1
    texts = {name: Path(f"{name}.csv").read_text(encoding="utf-8") for name in "crx"}
    assert all(text.startswith("\ufeff") for text in texts.values())
    cards, reminders = (texts[name].removeprefix("\ufeff").splitlines() for name in "cr")
    assert cards[0] == reminders[0]
    assert reminders[1:] == [
        "甲1,reply,,1,reminder,城管局,2025-03-07T00:00:00+08:00,2025-03-07T00:00:00+08:00,"
    ]
    assert cards[1:] == ["甲1,reply,,1,yellow,城管局,2025-03-09T00:00:00+08:00,2025-03-09T00:00:00+08:00,"]
    assert run([*LINE, "--bom"]) == 2


def test_rows_set_aside_may_be_listed_without_skipping_others(capsys: pytest.CaptureFixture[str]) -> None:
    """``--rejects`` goes with a mapping that sets rows aside; exit code 0, for nothing was lost."""
    Path("log.csv").write_text(ROWS + ROWS.splitlines()[1] + "\n", encoding="utf-8")
    Path("m.toml").write_text('identical = "aside"\n', encoding="utf-8")
    assert run([*LINE, "--rejects", "x.csv"]) == 2
    assert run([*LINE, "--rejects", "x.csv", "--mapping", "m.toml"]) == 0
    assert "identical: 1\n" in capsys.readouterr().out
    assert len(Path("x.csv").read_text(encoding="utf-8").splitlines()) == 2


# -- any file ----------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: (ROWS + text).encode("utf-16", "surrogatepass"))
    | st.text(alphabet='甲,;\t"\r\n\0=1/2025-: ', max_size=80).map(lambda text: text.encode()),
    st.sampled_from(("", *ENCODINGS, "latin-1", "rot13", "utf-7", "no\0thing")),
    st.sampled_from(("", ";", "\t")),
)
def test_any_file_is_read_or_refused_by_name(raw: bytes, encoding: str, separator: str) -> None:
    """Whatever the bytes, and whatever is said of them: rows, or an error with the file's name."""
    path = Path("any.csv")
    path.write_bytes(raw)
    try:
        header, rows = read_header(path, TableFormat(encoding=encoding, separator=separator))
        assert all(len(row.cells) == len(header) for row in rows)
    except LogError as error:
        assert "any.csv" in error.text("en") and "any.csv" in error.text("zh")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30) | st.text(alphabet="0123456789/-.: 年月日APM,", max_size=20))
def test_any_text_is_a_time_or_no_time(text: str) -> None:
    """No text brings down a reader, whatever ways to write times it knows."""
    for way in WAYS:
        try:
            TimeReader("Europe/Rome", [way]).read(text)
        except BadInput as error:
            assert error.text("en") != error.text("zh")
