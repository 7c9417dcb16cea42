"""Terms of shipped policies that the stated answers do not reach, each counted by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from caseflow.core.model.case import Case
from caseflow.testing import Timeline
from tests.regulations.answers import first_late

Step = tuple[str, str, dict[str, Any]]
"""When something is done, by the office's wall clock; the action; its fields."""


def lived(policy: str, start: str, steps: tuple[Step, ...] = (), **origin: Any) -> tuple[Timeline, Case]:
    """A case under the policy, held by no unit, with these steps taken by whom the policy lets."""
    timeline = Timeline(policy, start=start)
    case = timeline.submit("a matter", **origin)
    for when, action, fields in steps:
        timeline.advance(to=when)
        timeline.act(case, action, fields=fields)
    return timeline, case


def due(policy: str, start: str, level: str, *steps: Step, **origin: Any) -> datetime:
    """When the rung of that level fires, if nobody does more than these steps."""
    timeline, case = lived(policy, start, steps, **origin)
    return first_late(timeline, case, level)


def at(expected: str) -> datetime:
    return datetime.fromisoformat(expected)


REPLY = {"text": "as follows"}
UNTIL = {"clock": "reply", "until": "2025-05-30", "reason": "consultations"}
THIRD_PARTY: tuple[Step, ...] = (("2025-03-06 10:00", "notify_third_party", {}),)


@pytest.mark.parametrize(
    ("level", "steps", "origin", "expected"),
    [
        ("late", (), {}, "2025-04-03 00:00+05:30"),  # 30 days: 2 April
        ("late_by_assistant", (), {"channel": "assistant"}, "2025-04-08 00:00+05:30"),  # 35: 7 April
        (
            "life_or_liberty_late",
            (),
            {"urgency": "life-or-liberty"},
            "2025-03-05 10:00:00.000001+05:30",
        ),
        (  # seven nights of waiting for the fee: 9 April
            "late",
            (("2025-03-10 10:00", "ask_fee", {}), ("2025-03-17 10:00", "receive_fee", {})),
            {},
            "2025-04-10 00:00+05:30",
        ),
        ("transfer_over", (), {}, "2025-03-09 00:00+05:30"),  # 5 days: 8 March
        (
            "third_party_silent",
            (("2025-03-06 10:00", "notify_third_party", {}),),
            {},
            "2025-03-17 00:00+05:30",
        ),
        ("late_third_party", THIRD_PARTY, {}, "2025-04-13 00:00+05:30"),
        ("appeal_over", (("2025-04-01 10:00", "reply", REPLY),), {}, "2025-05-02 00:00+05:30"),  # 1 May
        ("appeal_over", (), {}, "2025-05-03 00:00+05:30"),  # no reply until 2 April: 30 days later is 2 May
        ("appeal_late", (("2025-05-01 10:00", "appeal", {}),), {}, "2025-06-01 00:00+05:30"),  # 31 May
        (  # the appeal's last day is 31 May, 90 days later is 29 August
            "second_appeal_over",
            (("2025-05-01 10:00", "appeal", {}),),
            {},
            "2025-08-30 00:00+05:30",
        ),
    ],
)
def test_india(level: str, steps: tuple[Step, ...], origin: dict[str, Any], expected: str) -> None:
    """A request of Monday 3 March 2025, ten o'clock."""
    assert due("in-rti", "2025-03-03 10:00", level, *steps, **origin) == at(expected)


@pytest.mark.parametrize(
    ("start", "level", "steps", "expected"),
    [
        ("2025-02-10 10:00", "late", (), "2025-03-06 00:00-03:00"),  # Sunday, then two days of carnival
        ("2025-02-11 10:00", "late", (), "2025-03-06 00:00-03:00"),  # Monday of carnival
        ("2025-02-14 10:00", "late", (), "2025-03-07 00:00-03:00"),  # Thursday 6 March
        (  # 10 days: Good Friday, a weekend, Tiradentes: Tuesday 22 April
            "2025-04-01 10:00",
            "appeal_over",
            (("2025-04-08 10:00", "reply", REPLY),),
            "2025-04-23 00:00-03:00",
        ),
        (  # 5 days: Easter Sunday, Tiradentes: Tuesday 22 April
            "2025-04-01 10:00",
            "appeal_late",
            (("2025-04-08 10:00", "reply", REPLY), ("2025-04-15 10:00", "appeal", {})),
            "2025-04-23 00:00-03:00",
        ),
    ],
)
def test_brazil(start: str, level: str, steps: tuple[Step, ...], expected: str) -> None:
    """Running days, the last of which moves on to a day with office hours."""
    assert due("br-lai", start, level, *steps) == at(expected)


def test_brazil_extends_and_hears_three_appeals() -> None:
    """Ten days more lead to 12 March; a fourth appeal is refused."""
    timeline, case = lived("br-lai", "2025-02-10 10:00")
    timeline.request_extension(case, days=10, clock="reply", reason="many files")
    timeline.grant_extension(case)
    assert first_late(timeline, case, "late") == at("2025-03-13 00:00-03:00")
    timeline.reply(case, "no")
    for _ in range(3):
        timeline.act(case, "appeal")
        timeline.act(case, "decide_appeal")
    with timeline.refused():
        timeline.act(case, "appeal")


@pytest.mark.parametrize(
    ("kind", "start", "level", "expected"),
    [
        ("certificate", "2025-03-07 16:00", "at_once_late", "2025-03-10 10:00:00.000001+09:00"),
        ("certificate", "2025-03-06 11:00", "at_once_late", "2025-03-06 15:00:00.000001+09:00"),
        ("certificate", "2025-03-06 20:00", "at_once_late", "2025-03-07 12:00:00.000001+09:00"),
        ("grievance", "2025-03-07 16:00", "seven_days_late", "2025-03-18 00:00+09:00"),  # 7, 10-14, 17
        ("grievance", "2025-03-08 16:00", "seven_days_late", "2025-03-19 00:00+09:00"),  # 10-14, 17, 18
        ("legal_inquiry", "2025-03-07 16:00", "fourteen_days_late", "2025-03-27 00:00+09:00"),
        ("statutory_month", "2025-01-31 10:00", "month_late", "2025-03-01 00:00+09:00"),  # no 31st: 28
        ("statutory_month", "2025-03-31 10:00", "month_late", "2025-05-01 00:00+09:00"),  # no 31st: 30
        ("statutory_month", "2025-03-01 10:00", "month_late", "2025-04-01 00:00+09:00"),  # all of March
        ("statutory_month", "2025-04-15 10:00", "month_late", "2025-05-15 00:00+09:00"),  # 14 May
        ("statutory_month", "2025-05-01 10:00", "month_late", "2025-06-03 00:00+09:00"),  # Saturday 31
        ("statutory", "2025-03-07 16:00", "tell_progress", "2025-04-07 00:00+09:00"),  # 30 days: 6 April
        ("statutory", "2025-03-07 16:00", "tell_progress+11", "2026-03-03 00:00+09:00"),  # twelfth: 360 days
    ],
)
def test_korea(kind: str, start: str, level: str, expected: str) -> None:
    """Short terms by office hours, longer ones by working days with the first, months by the calendar."""
    assert due("kr-petitions", start, level, kind=kind) == at(expected)


def test_korea_counts_a_short_term_of_the_table_by_hours() -> None:
    """Five days are forty office hours: seven on Monday, four times eight, one on the next Monday."""
    term = ("2025-03-10 11:00", "set_term", {"days": 5})
    late = due("kr-petitions", "2025-03-10 10:00", "short_late", term, kind="statutory_short")
    assert late == at("2025-03-17 10:00:00.000001+09:00")


def test_korea_leaves_out_the_days_of_asking_and_of_the_answer() -> None:
    """Asked on the 12th, answered on the 14th: fourteen days are the 7th, 10th, 11th, and 17 to 31 March."""
    asked: Step = ("2025-03-12 10:00", "request_information", {})
    answered: Step = ("2025-03-14 10:00", "receive_information", {})
    late = due("kr-petitions", "2025-03-07 16:00", "fourteen_days_late", asked, answered, kind="proposal")
    assert late == at("2025-04-01 00:00+09:00")


@pytest.mark.parametrize(
    ("start", "level", "steps", "expected"),
    [
        ("2025-01-30 10:00", "silence", (), "2025-05-01 00:00+02:00"),  # 30 April
        ("2025-01-31 10:00", "silence", (), "2025-05-01 00:00+02:00"),  # no 31st: 30 April
        ("2025-02-02 10:00", "silence", (), "2025-05-06 00:00+02:00"),  # 2 May, Madrid; Monday 5 May
        ("2025-04-10 10:00", "not_told", (), "2025-04-29 00:00+02:00"),  # Easter between: 28 April
        (  # not mended until 24 February: fifteen nights, 15 May
            "2025-01-30 10:00",
            "silence",
            (("2025-02-10 10:00", "request_information", {}),),
            "2025-05-16 00:00+02:00",
        ),
        (
            "2025-03-03 10:00",
            "appeal_over",
            (("2025-05-08 10:00", "reply", REPLY),),
            "2025-06-10 00:00+02:00",  # 8 June is a Sunday
        ),
        (
            "2025-03-03 10:00",
            "appeal_late",
            (("2025-05-08 10:00", "reply", REPLY), ("2025-05-30 10:00", "appeal", {})),
            "2025-09-02 00:00+02:00",  # 30 August is a Saturday
        ),
        (
            "2025-03-03 10:00",
            "reconsideration_late",
            (("2025-05-08 10:00", "reply", REPLY), ("2025-06-02 10:00", "ask_reconsideration", {})),
            "2025-07-03 00:00+02:00",
        ),
    ],
)
def test_spain(start: str, level: str, steps: tuple[Step, ...], expected: str) -> None:
    """Months from date to date, days that are working days."""
    assert due("es-ley39", start, level, *steps) == at(expected)


@pytest.mark.parametrize(
    ("urgency", "start", "level", "expected"),
    [
        ("P1", "2025-03-07 16:45", "response_p1_late", "2025-03-10 09:15:00.000001+00:00"),
        ("P1", "2025-03-07 16:45", "resolution_p1_late", "2025-03-10 12:45:00.000001+00:00"),
        ("P2", "2025-03-07 09:00", "resolution_p2_50", "2025-03-07 13:00:00.000001+00:00"),
        ("P2", "2025-03-07 09:00", "resolution_p2_75", "2025-03-07 15:00:00.000001+00:00"),
        ("P2", "2025-03-07 09:00", "resolution_p2_90", "2025-03-07 16:12:00.000001+00:00"),
        ("P2", "2025-04-17 15:00", "resolution_p2_late", "2025-04-22 15:00:00.000001+01:00"),  # Easter
        ("", "2025-03-08 12:00", "response_p3_late", "2025-03-10 13:00:00.000001+00:00"),  # a Saturday
        ("P4", "2025-03-03 10:00", "resolution_p4_late", "2025-03-10 10:00:00.000001+00:00"),
    ],
)
def test_a_service_desk(urgency: str, start: str, level: str, expected: str) -> None:
    """Targets and their shares run from nine to five on working days."""
    assert due("itil-8x5", start, level, urgency=urgency) == at(expected)


def test_new_zealand_reminds_again_before_the_day_to_which_it_extended() -> None:
    """Five working days before Friday 30 May, and not only when that day is over."""
    timeline, case = lived("nz-oia", "2025-03-08 10:00", (("2025-03-28 10:00", "request_extension", UNTIL),))
    timeline.grant_extension(case)
    assert first_late(timeline, case, "reminder") == at("2025-05-23 00:00+12:00")
    assert first_late(timeline, case, "late") == at("2025-05-31 00:00+12:00")


def test_each_clue_is_extended_by_itself() -> None:
    """Fifteen working days more for the second alone; without its number it is not clear which is meant."""
    timeline, case = lived(
        "cn-market-complaints",
        "2025-03-03 09:00",
        (
            ("2025-03-06 10:00", "accept", {}),
            ("2025-03-10 10:00", "find_clue", {"clue": "1"}),
            ("2025-03-13 10:00", "find_clue", {"clue": "2"}),
        ),
        kind="complaint",
    )
    asked = {"clock": "clue", "days": 15, "reason": "复杂"}
    with timeline.refused("field-missing"):
        timeline.act(case, "request_extension", fields=asked)
    timeline.act(case, "request_extension", fields={**asked, "clue": "2"})
    timeline.grant_extension(case)
    late = [timeline.desk.explain(case.id, clock="clue")[turn].rungs[0].late_at for turn in (0, 1)]
    assert late == [at("2025-04-01 00:00+08:00"), at("2025-04-26 00:00+08:00")]
