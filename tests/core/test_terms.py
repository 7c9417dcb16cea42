"""The keys of a length, boundary by boundary: months, day 1, cut-offs, closing, paused days, office hours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.term_rows import SPRING, late


def at(text: str, offset: str = "+08:00") -> str:
    """``03-03T10:00`` of 2025 as an instant of the office."""
    return f"2025-{text}{offset}"


def paused(*pairs: str) -> str:
    """``03-03T10:00/03-04T10:00`` as pauses of 2025."""
    return " ".join("/".join(at(edge) if edge else "" for edge in pair.split("/")) for pair in pairs)


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2025-01-31T10:00+08:00", 1, "2025-03-01"),  # no 31 February: the month's last day
        ("2025-01-30T10:00+08:00", 1, "2025-03-01"),
        ("2025-01-29T10:00+08:00", 1, "2025-03-01"),
        ("2025-01-28T10:00+08:00", 1, "2025-03-01"),
        ("2025-01-27T10:00+08:00", 1, "2025-02-28"),
        ("2024-01-31T10:00+08:00", 1, "2024-03-01"),  # a leap year
        ("2024-01-29T10:00+08:00", 1, "2024-03-01"),
        ("2024-02-29T10:00+08:00", 12, "2025-03-01"),
        ("2024-02-29T10:00+08:00", 48, "2028-03-01"),
        ("2025-02-28T10:00+08:00", 1, "2025-03-29"),  # the last of a month is no last of the next
        ("2025-11-30T10:00+08:00", 3, "2026-03-01"),  # over the year's end
        ("2025-12-31T23:59:59.999999+08:00", 2, "2026-03-01"),
        ("2026-01-01T00:00:00+08:00", 2, "2026-03-02"),
    ],
)
def test_months_end_on_the_corresponding_day(start: str, months: int, expected: str) -> None:
    """Else on the month's last (民法典 §202, BGB §188 II and III, Regulation 1182/71 art. 3)."""
    assert late(start, months=months) == expected
    assert months % 12 or late(start, years=months // 12) == expected


@pytest.mark.parametrize(
    ("start", "keys", "expected"),
    [
        ("03-03T10:00", {"days": 1}, "2025-03-04"),
        ("03-03T10:00", {"days": 5}, "2025-03-08"),
        ("03-03T10:00", {"weeks": 1}, "2025-03-10"),
        ("03-03T10:00", {"months": 1}, "2025-04-03"),
        ("01-01T10:00", {"months": 1}, "2025-02-01"),  # the first to the last
        ("01-28T10:00", {"months": 1}, "2025-02-28"),
        ("01-29T10:00", {"months": 1}, "2025-03-01"),  # ends with the 28th, the day before the 29th
        ("01-30T10:00", {"months": 1}, "2025-03-01"),  # no 30th: with the month's last, not the day before
        ("01-31T10:00", {"months": 1}, "2025-03-01"),
        ("03-31T10:00", {"months": 1}, "2025-05-01"),
        ("03-01T10:00", {"days": 1, "counting": "working"}, "2025-03-04"),  # Saturday: Monday is the first
        ("03-03T10:00", {"days": 1, "counting": "working"}, "2025-03-04"),
        ("03-03T10:00", {"days": 0}, "2025-03-04"),
    ],
)  # fmt: skip
def test_the_starts_own_day_may_be_day_1(start: str, keys: dict[str, Any], expected: str) -> None:
    """So many days or months from that day on (BGB §187 II, §188 II and III)."""
    assert late(at(start), first="same-day", **keys) == expected


@pytest.mark.parametrize(
    ("start", "keys", "expected"),
    [
        ("03-06T10:00", {"days": 1}, "2025-03-08"),  # Friday
        ("03-07T10:00", {"days": 1}, "2025-03-09"),  # the make-up Saturday
        ("03-08T10:00", {"days": 1}, "2025-03-11"),  # over Sunday to Monday
        ("03-08T10:00", {"days": 2}, "2025-03-12"),
        ("03-11T10:00", {"days": 3}, "2025-03-16"),  # over the holiday to Thursday; then days run on
        ("03-11T10:00", {"days": 3, "counting": "working"}, "2025-03-18"),
        ("03-08T10:00", {"months": 1}, "2025-04-09"),  # months run from the base day all the same
        ("06-29T10:00", {"days": 1}, "2025-07-01"),  # Monday the 30th is the last certain day
        ("06-30T10:00", {"days": 1}, "2025-07-02?"),  # whether 1 July works is not known
        ("06-30T10:00", {"days": 3}, "2025-07-04?"),
        ("06-30T10:00", {"months": 1}, "2025-07-31"),
        ("06-30T10:00", {"days": 0}, "2025-07-01"),  # the same day asks for no other
        ("06-27T10:00", {"days": 9}, "2025-07-09"),  # day 1 is certain, and natural days need no calendar
    ],
)  # fmt: skip
def test_day_1_may_be_the_next_working_day(start: str, keys: dict[str, Any], expected: str) -> None:
    """Rest days after the start are passed over before anything counts."""
    assert late(at(start), first="next-working-day", **keys) == expected


@pytest.mark.parametrize(
    ("start", "keys", "expected"),
    [
        ("03-03T16:59:59.999999", {"days": 1}, "2025-03-05"),
        ("03-03T17:00:00", {"days": 1}, "2025-03-06"),  # exactly at the minute is too late
        ("03-03T17:00:00.000001", {"days": 1}, "2025-03-06"),
        ("03-03T23:59:59.999999", {"days": 1}, "2025-03-06"),
        ("03-04T00:00:00", {"days": 1}, "2025-03-06"),  # early is in time
        ("03-07T17:00:00", {"days": 1}, "2025-03-10"),  # as of the make-up Saturday
        ("03-08T17:00:00", {"days": 1}, "2025-03-12"),  # as of Monday
        ("03-09T10:00:00", {"days": 1}, "2025-03-12"),  # a rest day, whatever the hour
        ("03-09T10:00:00", {"days": 0}, "2025-03-11"),
        ("03-12T00:00:00", {"days": 1, "counting": "working"}, "2025-03-15"),  # a holiday
        ("03-11T17:00:00", {"months": 1}, "2025-04-14"),  # from Thursday the 13th
        ("03-07T17:00:00", {"days": 1, "first": "same-day"}, "2025-03-09"),
        ("03-08T17:00:00", {"days": 1, "first": "next-working-day"}, "2025-03-12"),
        ("06-30T16:59:59", {"days": 1}, "2025-07-02"),
        ("06-30T17:00:00", {"days": 1}, "2025-07-03?"),  # from 1 July, if that works
    ],
)
def test_from_the_cut_off_on_a_start_is_of_the_next_working_day(
    start: str, keys: dict[str, Any], expected: str
) -> None:
    """The minute itself is too late; a rest day is so at any hour."""
    assert late(at(start), cut_off="17:00", **keys) == expected


def test_office_time_before_the_calendar_is_uncertain() -> None:
    """The start's day is asked about where the office may have been open on it, and only there."""
    start = "2024-12-31T10:00+08:00"
    assert late(start, counting="office", hours=1) == "2024-12-31 11:00:00.000001?"
    assert late(start, counting="office", hours=8) == "2025-01-01 11:00:00.000001?"
    keys: dict[str, Any] = {"counting": "office", "first": "next-working-day"}
    assert late(start, hours=1, **keys) == "2025-01-01 10:00:00.000001"


def test_a_start_before_the_calendar_has_an_uncertain_base_day() -> None:
    """Whether 31 December was a working day is not known, so neither is the day from which is counted."""
    assert late("2024-12-31T10:00+08:00", days=3) == "2025-01-04"
    assert late("2024-12-31T10:00+08:00", days=3, cut_off="17:00") == "2025-01-04?"


@pytest.mark.parametrize(
    ("start", "days", "pauses", "expected"),
    [
        ("03-03T10:00", 1, "", "2025-03-04 17:00:00"),
        ("03-13T10:00", 1, "", "2025-03-14 12:00:00"),  # a half day closes at noon
        ("03-14T10:00", 1, "", "2025-03-16"),  # a Saturday of rest: it is shut, so the day ends at midnight
        ("03-07T10:00", 1, "", "2025-03-08 17:00:00"),  # the make-up day
        ("06-30T10:00", 1, "", "2025-07-01 17:00:00?"),  # when it closes is not known
        # The day ends at closing, and so does what a pause can take.
        ("03-03T10:00", 1, "03-04T16:59/03-04T17:00", "2025-03-05 17:00:00"),
        ("03-03T10:00", 1, "03-04T16:00/03-04T16:59:59.999999", "2025-03-04 17:00:00"),
        ("03-03T10:00", 1, "03-04T17:00/03-05T08:00", "2025-03-04 17:00:00"),  # after the breach
        ("03-03T10:00", 1, "03-04T17:00/", "2025-03-04 17:00:00"),
        ("03-03T10:00", 1, "03-04T16:59:59.999999/", "never"),
        ("03-03T10:00", 2, "03-04T16:00/03-04T18:00", "2025-03-06 17:00:00"),
    ],
)  # fmt: skip
def test_the_last_day_may_end_at_closing(start: str, days: int, pauses: str, expected: str) -> None:
    """When the office closes (民法典 §203 II); at midnight where it is shut. A later pause is too late."""
    text = paused(*pauses.split())
    assert late(at(start), text, days=days, ends="closing") == expected


PAUSED_DAYS = [
    # pause, ends, touched, whole: the first late instant of 3 natural days from Monday 3 March
    ("03-04T00:00/03-05T00:00", "2025-03-08", "2025-03-08", "2025-03-08"),  # one whole day
    ("03-04T00:00:00.000001/03-05T00:00", "2025-03-08", "2025-03-08", "2025-03-07"),
    ("03-04T00:00/03-04T23:59:59.999999", "2025-03-07", "2025-03-08", "2025-03-07"),
    ("03-04T12:00/03-05T12:00", "2025-03-08", "2025-03-09", "2025-03-07"),
    ("03-04T12:00/03-06T12:00", "2025-03-09", "2025-03-10", "2025-03-08"),
    ("03-05T00:00/03-05T00:00:00.000001", "2025-03-07", "2025-03-08", "2025-03-07"),
    ("03-03T12:00/03-04T00:00", "2025-03-07", "2025-03-07", "2025-03-07"),  # the start day is not counted
    ("03-06T23:00/03-07T00:00", "2025-03-08", "2025-03-08", "2025-03-07"),  # over the last day's end
    ("03-07T00:00/03-09T00:00", "2025-03-07", "2025-03-07", "2025-03-07"),  # begins at it: too late
    ("03-07T00:00/", "2025-03-07", "2025-03-07", "2025-03-07"),
    ("03-06T23:59:59.999999/", "never", "never", "never"),
    ("03-04T12:00/", "never", "never", "never"),
    ("03-06T12:00/03-07T00:00 03-07T00:00/", "never", "never", "2025-03-07"),  # it has been the last
    ("03-06T12:00/", "never", "never", "never"),
    ("03-04T00:00/03-04T12:00 03-04T12:00/03-05T00:00", "2025-03-08", "2025-03-08", "2025-03-08"),
]


@pytest.mark.parametrize(("pauses", "ends", "touched", "whole"), PAUSED_DAYS)
def test_which_days_a_pause_takes(pauses: str, ends: str, touched: str, whole: str) -> None:
    """Those at whose end it holds, all it touches, or those wholly inside; an open one defers for ever."""
    text = paused(*pauses.split())
    for rule, expected in (("ends", ends), ("touched", touched), ("whole", whole)):
        assert late(at("03-03T10:00"), text, days=3, paused_day=rule) == expected, rule


def test_a_paused_day_puts_the_end_of_months_off() -> None:
    """Each taken day adds one, day 1 included; then the last day may roll."""
    start = at("02-10T10:00")
    keys: dict[str, Any] = {"months": 1, "roll": "next-working-day"}
    assert late(start, **keys) == "2025-03-11"
    assert late(start, paused("02-20T00:00/02-21T00:00"), **keys) == "2025-03-12"
    assert late(start, paused("02-20T00:00/02-22T00:00"), **keys) == "2025-03-14"  # over the holiday
    assert late(start, paused("02-10T12:00/02-11T00:00"), first="same-day", **keys) == "2025-03-11"
    assert late(start, paused("02-10T12:00/02-11T00:00"), **keys) == "2025-03-11"
    assert late(start, first="same-day", months=1) == "2025-03-10"
    assert late(start, paused("02-10T12:00/02-11T00:00"), first="same-day", months=1) == "2025-03-11"


@pytest.mark.parametrize(
    ("start", "keys", "expected"),
    [
        ("03-03T10:00", {"hours": 2}, "2025-03-03 12:00:00.000001"),
        ("03-03T10:00", {"hours": 3}, "2025-03-03 14:00:00.000001"),  # over lunch
        ("03-03T12:30", {"minutes": 1}, "2025-03-03 13:01:00.000001"),
        ("03-03T17:00", {"minutes": 1}, "2025-03-04 09:01:00.000001"),
        ("03-03T16:59", {"minutes": 1}, "2025-03-03 17:00:00.000001"),  # at closing: still on time
        ("03-03T09:00", {"days": 1}, "2025-03-03 17:00:00.000001"),  # a full day has 7 hours
        ("03-07T16:00", {"hours": 2}, "2025-03-08 10:00:00.000001"),  # the make-up Saturday
        ("03-08T16:00", {"hours": 2}, "2025-03-10 10:00:00.000001"),
        ("03-13T16:00", {"hours": 5}, "2025-03-17 10:00:00.000001"),  # the half day has 3 hours
        ("03-03T10:00", {"hours": 2, "first": "next-working-day"}, "2025-03-04 11:00:00.000001"),
        ("03-08T10:00", {"hours": 2, "first": "next-working-day"}, "2025-03-10 11:00:00.000001"),
        ("06-30T10:00", {"hours": 6}, "2025-06-30 17:00:00.000001"),
        ("06-30T10:00", {"hours": 3, "first": "next-working-day"}, "2025-07-01 12:00:00.000001?"),
        ("06-30T10:00", {"minutes": 361}, "2025-07-01 09:01:00.000001?"),
    ],
)
def test_office_time_runs_while_the_office_is_open(start: str, keys: dict[str, Any], expected: str) -> None:
    """Lunch, nights, rest days and half days do not run; exactly so much is still on time."""
    assert late(at(start), counting="office", **keys) == expected


@pytest.mark.parametrize(
    ("pauses", "expected"),
    [
        ("03-03T10:00/03-03T11:00", "2025-03-03 15:00:00.000001"),
        ("03-03T12:00/03-03T13:00", "2025-03-03 14:00:00.000001"),  # lunch does not run anyway
        ("03-03T11:30/03-03T13:30", "2025-03-03 15:00:00.000001"),
        ("03-03T14:00/03-03T15:00", "2025-03-03 15:00:00.000001"),  # begins as it is used up
        ("03-03T14:00:00.000001/03-03T15:00", "2025-03-03 14:00:00.000001"),
        ("03-03T14:00/", "never"),
        ("03-03T16:00/", "2025-03-03 14:00:00.000001"),
        ("03-03T10:30/03-05T09:00", "2025-03-05 11:30:00.000001"),
    ],
)
def test_a_pause_stops_office_time(pauses: str, expected: str) -> None:
    """Three hours from ten o'clock; what is paused while the office is shut costs nothing."""
    assert late(at("03-03T10:00"), paused(pauses), counting="office", hours=3) == expected


ZURICH: dict[str, Any] = {"zone": "Europe/Zurich", "calendar": SPRING, "counting": "office"}


def test_office_hours_are_read_off_the_clocks_there() -> None:
    """Before and after summer time the office opens at nine, local time, and a day has its seven hours."""
    assert late("2025-03-28T16:00:00+01:00", hours=2, **ZURICH) == "2025-03-31 10:00:00.000001"
    night = SPRING.from_document({**SPRING.document(), "hours": ["00:00-24:00"], "week": list(range(7)),
                                  "holidays": {}, "makeup": {}, "half": {}})  # fmt: skip
    always: dict[str, Any] = {**ZURICH, "calendar": night}
    # The day of the spring change has 23 hours, so that 24 hours run an hour into the next.
    assert late("2025-03-30T00:00:00+01:00", hours=24, **always) == "2025-03-31 01:00:00.000001"
    assert late("2025-03-30T00:00:00+01:00", hours=23, **always) == "2025-03-31 00:00:00.000001"


@pytest.mark.parametrize(
    ("hours", "budget", "expected"),
    [
        (["01:00-04:00"], 120, "2025-03-30 04:00:00.000001"),  # from 1 to 4 are two hours that night
        (["02:00-04:00"], 60, "2025-03-30 04:00:00.000001"),  # it opens at 3, when the clocks get there
        (["02:30-04:00"], 60, "2025-03-30 04:00:00.000001"),
        (["01:00-02:30"], 60, "2025-03-30 03:00:00.000001"),  # it closes when the gap is over
    ],
)
def test_an_opening_in_the_hour_that_is_skipped(hours: list[str], budget: int, expected: str) -> None:
    """A time that the spring change skips is the first instant after the gap."""
    document = {**SPRING.document(), "hours": hours, "week": list(range(7)), "holidays": {}, "makeup": {}}
    calendar = SPRING.from_document({**document, "half": {}})
    keys: dict[str, Any] = {**ZURICH, "calendar": calendar, "minutes": budget}
    assert late("2025-03-30T00:00:00+01:00", **keys) == expected


def test_an_opening_in_the_hour_that_comes_twice() -> None:
    """It opens at the first and closes at the second: from 2 to 3 are two hours."""
    document = {**SPRING.document(), "hours": ["02:00-02:30"], "week": list(range(7)), "last": "2025-12-31"}
    calendar = SPRING.from_document({**document, "holidays": {}, "makeup": {}, "half": {}})
    keys: dict[str, Any] = {**ZURICH, "calendar": calendar}
    # Open from 02:00 summer time until 02:30 winter time: an hour and a half.
    assert late("2025-10-26T00:00:00+02:00", minutes=90, **keys) == "2025-10-26 02:30:00.000001"
    assert late("2025-10-26T00:00:00+02:00", minutes=91, **keys) == "2025-10-27 02:01:00.000001"


SAMOA = [
    ("2011-12-29T10:00:00-10:00", {"days": 1}, "2012-01-01"),  # there was no 30 December
    ("2011-12-29T10:00:00-10:00", {"days": 1, "first": "same-day"}, "2011-12-31"),
    ("2011-11-30T10:00:00-10:00", {"months": 1}, "2012-01-01"),  # the corresponding day is not there
    ("2011-11-29T10:00:00-10:00", {"months": 1}, "2011-12-31"),
    ("2011-12-28T10:00:00-10:00", {"weeks": 1}, "2012-01-06"),
    ("2011-12-29T10:00:00-10:00", {"days": 1, "counting": "working"}, "2012-01-03"),
    ("2011-12-29T10:00:00-10:00", {"days": 1, "first": "next-working-day"}, "2012-01-03"),
    ("2011-12-29T18:00:00-10:00", {"days": 0, "cut_off": "17:00"}, "2012-01-03"),
    ("2011-12-29T16:30:00-10:00", {"hours": 1, "counting": "office"}, "2012-01-02 09:30:00.000001"),
]


@pytest.mark.parametrize(("start", "keys", "expected"), SAMOA)
def test_a_date_that_the_zone_skipped_is_no_day(start: str, keys: dict[str, Any], expected: str) -> None:
    """Samoa went from Thursday 29 December 2011 to Saturday: nothing counts, ends or opens between."""
    document = {**SPRING.document(), "first": "2011-01-01", "last": "2012-06-30", "holidays": {}}
    calendar = SPRING.from_document({**document, "makeup": {}, "half": {}})
    assert late(start, zone="Pacific/Apia", calendar=calendar, **keys) == expected
