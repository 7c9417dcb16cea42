"""Where an office's days begin: zones whose midnights are skipped, doubled, or whose days are missing."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow.core.time.calendar import Calendar
from caseflow.core.time.deadline import breach, walk
from caseflow.core.time.instants import micros, moment, office_days, zone_info
from caseflow.core.time.span import Span
from caseflow.errors import BadInput


def midnight(zone: str, day: str) -> str:
    return moment(office_days(zone).midnight(date.fromisoformat(day).toordinal()), zone).isoformat()


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("Asia/Shanghai", "2025-03-09", "2025-03-09T00:00:00+08:00"),
        # Midnight is skipped: the day begins at the first instant after the gap.
        ("America/Sao_Paulo", "2018-11-03", "2018-11-03T00:00:00-03:00"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00"),
        ("America/Sao_Paulo", "2018-11-05", "2018-11-05T00:00:00-02:00"),
        ("America/Toronto", "1919-03-31", "1919-03-31T00:30:00-04:00"),
        # Midnight comes twice: the first one counts.
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T00:00:00-03:00"),
        ("America/St_Johns", "2010-11-07", "2010-11-07T00:00:00-02:30"),
        ("America/Havana", "2018-11-04", "2018-11-04T00:00:00-04:00"),
        # The zone jumped over 30 December 2011.
        ("Pacific/Apia", "2011-12-29", "2011-12-29T00:00:00-10:00"),
        ("Pacific/Apia", "2011-12-31", "2011-12-31T00:00:00+14:00"),
        # China had summer time in 1990.
        ("Asia/Shanghai", "1990-07-21", "1990-07-21T00:00:00+09:00"),
    ],
)
def test_a_day_begins_at_its_first_instant(zone: str, day: str, begins: str) -> None:
    """Midnight where there is one, the first of two, and the end of the gap where there is none."""
    assert midnight(zone, day) == begins


def test_a_date_the_zone_skipped_has_no_instants_and_does_not_count() -> None:
    """Samoa had no 30 December 2011: one day from the 29th ends with the 31st."""
    days = office_days("Pacific/Apia")
    skipped = date(2011, 12, 30).toordinal()
    assert not days.exists(skipped)
    assert days.exists(skipped - 1)
    assert days.exists(skipped + 1)
    start = micros("2011-12-29T10:00:00-10:00")
    found = breach(Span.of(1), start, (), days)
    assert found.at_us is not None
    assert moment(found.at_us, "Pacific/Apia").isoformat() == "2012-01-01T00:00:00+14:00"
    assert [day.why for day in walk(Span.of(1), start, (), days)] == ["start", "no-such-day", "last"]


@pytest.mark.parametrize(
    ("zone", "start", "expected"),
    [
        ("America/Sao_Paulo", "2018-11-01T12:00:00-03:00", "2018-11-04T01:00:00-02:00"),
        ("America/Toronto", "1919-03-28T12:00:00-05:00", "1919-03-31T00:30:00-04:00"),
        ("America/Sao_Paulo", "2018-02-15T12:00:00-02:00", "2018-02-18T00:00:00-03:00"),
        ("Europe/Zurich", "2025-03-28T12:00:00+01:00", "2025-03-31T00:00:00+02:00"),
        ("America/St_Johns", "2010-11-04T12:00:00-02:30", "2010-11-07T00:00:00-02:30"),
    ],
)
def test_a_deadline_falls_on_the_first_instant_of_a_strange_day(zone: str, start: str, expected: str) -> None:
    """Two natural days from each start end where the strange day begins."""
    found = breach(Span.of(2), micros(start), (), office_days(zone))
    assert found.at_us is not None
    assert moment(found.at_us, zone).isoformat() == expected


ZONES = (
    "Asia/Shanghai", "America/Sao_Paulo", "America/Toronto", "Pacific/Apia", "America/St_Johns",
    "America/Havana", "Europe/Zurich", "Asia/Kathmandu", "Africa/Monrovia", "Pacific/Kiritimati", "UTC",
)  # fmt: skip


@settings(derandomize=True, database=None, max_examples=300)
@given(zone=st.sampled_from(ZONES), us=st.integers(-3_000_000_000_000_000, 2_500_000_000_000_000))
def test_every_instant_lies_in_exactly_one_day(zone: str, us: int) -> None:
    """``midnight(day) <= t < midnight(day + 1)``, and the day is never later than the wall clock's date."""
    days = office_days(zone)
    day = days.day_of(us)
    assert days.midnight(day) <= us < days.midnight(day + 1)
    assert 0 <= day - moment(us, zone).toordinal() <= 1  # one more only in a repeated hour before midnight
    assert moment(days.midnight(day), zone).toordinal() == day


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "../../etc/passwd", "Asia", "/etc/localtime", "亚洲/上海"]
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    """A name that is no IANA zone, paths included, gets ``unknown-zone``."""
    with pytest.raises(BadInput) as caught:
        zone_info(name)
    assert caught.value.code == "unknown-zone"


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ("now", "bad-instant"),
        ("P5D", "bad-instant"),
        ("", "bad-instant"),
        ("2025-02-30T00:00:00+08:00", "bad-instant"),
        ("2025-03-03T09:30:00", "naive-instant"),
        ("2025-03-03", "naive-instant"),
        (datetime(2025, 3, 3), "naive-instant"),
        (1.5, "bad-instant"),
        (True, "bad-instant"),
        (None, "bad-instant"),
    ],
)
def test_only_an_instant_with_an_offset_enters(found: object, code: str) -> None:
    """Text that is no instant and times without an offset are refused at the door."""
    with pytest.raises(BadInput) as caught:
        micros(found)  # type: ignore[arg-type]  # wrong values are the point
    assert caught.value.code == code


def test_instants_keep_their_microseconds() -> None:
    """From text to microseconds and back nothing is lost, before 1970 as well."""
    for text in ("2025-03-03T09:30:00.000001+08:00", "1969-12-31T23:59:59.999999+00:00"):
        assert moment(micros(text)) == datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"week": ()}, "empty-week"),
        ({"week": (7,)}, "empty-week"),
        ({"last": date(2024, 12, 31)}, "bad-horizon"),
        ({"holidays": {date(2025, 1, 4): "x"}, "makeup": {date(2025, 1, 4): "y"}}, "holiday-and-makeup"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(given: dict[str, object], code: str) -> None:
    """An empty week, an end before the start, a day both holiday and make-up day: each has its code."""
    table: dict[str, object] = {"name": "X", "first": date(2025, 1, 1), "last": date(2025, 12, 31), **given}
    with pytest.raises(BadInput) as caught:
        Calendar(**table)  # type: ignore[arg-type]  # wrong values are the point
    assert caught.value.code == code


def test_a_calendars_digest_follows_its_days() -> None:
    """The order in which days are written does not matter to the content hash; the days do."""
    one, two = date(2025, 1, 1), date(2025, 5, 1)
    first, last = date(2025, 1, 1), date(2025, 12, 31)
    made = Calendar(name="X", first=first, last=last, holidays={one: "元旦", two: "劳动节"})
    turned = Calendar(name="X", first=first, last=last, holidays={two: "劳动节", one: "元旦"})
    fewer = Calendar(name="X", first=first, last=last, holidays={one: "元旦"})
    assert made.digest == turned.digest != fewer.digest
    assert Calendar.from_document(made.document()) == made
