"""The laws of other countries: what they answer in stated situations, under the shipped policies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from caseflow import load_policy
from caseflow.core.model.case import Case
from caseflow.core.policy import Policy
from caseflow.core.time.calendar import Calendar
from caseflow.policies.calendars import read_calendar
from caseflow.testing import Timeline
from tests.regulations.answers import FILE, Key, Steps, answers, compare, first_late, needs_answers

REGULATIONS = ("UK FOIA", "GDPR DSAR", "US FOIA", "NL Awb", "DE VwVfG", "NZ OIA", "TW 公文")


@cache
def taiwan() -> Policy:
    """The test's own policy, since none that is shipped is Taiwan's, with the answers' table of days."""
    days = read_calendar(FILE.parent / "calendars" / "tw.toml")
    morning = Calendar.from_document({**days.document(), "hours": ["08:00-12:00"]})
    tables = {"TW": days, "MORNING": morning}
    return load_policy(Path(__file__).with_name("taiwan.toml"), calendars=tables)


def submitted(policy: str | Policy, start: str, **origin: Any) -> tuple[Timeline, Case]:
    """A case under the policy, submitted then by the office's wall clock, and held by no unit."""
    timeline = Timeline(policy, start=start)
    return timeline, timeline.submit("a request", **origin)


def plain(policy: str | Policy, start: str, level: str, **origin: Any) -> datetime:
    """Nobody acts after the submission."""
    timeline, case = submitted(policy, start, **origin)
    return first_late(timeline, case, level)


def extended(timeline: Timeline, case: Case, clock: str, **by: Any) -> None:
    """More time for the clock is asked for and granted at once."""
    timeline.act(case, "request_extension", fields={"clock": clock, **by}, reason="a complex matter")
    timeline.grant_extension(case)


# -- United Kingdom --------------------------------------------------------------------------------------


def uk_clarified() -> datetime:
    timeline, case = submitted("uk-foia", "2025-03-03 10:00")
    timeline.advance(to="2025-03-10 10:00")
    timeline.request_information(case, "Which year?")
    timeline.advance(to="2025-04-12 10:00")
    timeline.receive_information(case, "The last.")
    return first_late(timeline, case, "late")


def uk_fee(paid: str) -> datetime:
    timeline, case = submitted("uk-foia", "2025-03-03 10:00")
    timeline.advance(to="2025-03-10 10:00")
    timeline.act(case, "give_fees_notice")
    timeline.advance(to=paid)
    timeline.act(case, "receive_fee")
    return first_late(timeline, case, "late")


def uk_fee_unpaid() -> datetime:
    timeline, case = submitted("uk-foia", "2024-11-28 10:00")
    timeline.advance(to="2024-11-30 10:00")
    timeline.act(case, "give_fees_notice")
    return first_late(timeline, case, "fee_unpaid")


def uk() -> Iterator[tuple[str, Steps]]:
    for start, words in {
        "2024-12-23T10:00": "Christmas, 2 Jan (Scotland)",
        "2025-03-14T23:59": "St Patrick 17 Mar (NI)",
        "2025-03-29T12:00": "Saturday; over the start of BST",
        "2025-07-11T09:00": "12 July (14th) NI, 4 Aug Scotland",
        "2025-10-25T23:59": "Saturday; over the end of BST",
    }.items():
        yield f"20 wd from {start} ({words})", partial(plain, "uk-foia", start, "late")
    yield "clarified on 12 Apr (Saturday): anew", uk_clarified
    yield (
        "fees notice Mon 10, fee Wed 12 Mar: 10, 11, 12 disregarded (s.10(2))",
        partial(uk_fee, "2025-03-12 10:00"),
    )
    yield "fees notice and fee on one day: that day disregarded", partial(uk_fee, "2025-03-10 15:00")
    yield "fee to be paid within three months of 30 Nov 2024", uk_fee_unpaid


# -- the European Union, as England counts -----------------------------------------------------------------


def gdpr_extended() -> datetime:
    timeline, case = submitted("eu-gdpr", "2025-01-31 10:00", region="GB-ENG")
    extended(timeline, case, "reply", months=2)
    return first_late(timeline, case, "late")


def gdpr() -> Iterator[tuple[str, Steps]]:
    for day in (
        "2018-09-03", "2019-01-31", "2024-01-31", "2025-03-31", "2025-04-01", "2025-07-25", "2025-11-25"
    ):  # fmt: skip
        steps = partial(plain, "eu-gdpr", f"{day} 10:00", "late", region="GB-ENG")
        yield f"one month from {day} (as 31 days, rolled)", steps
    yield "one month + two months from 31 Jan 2025 (31+62 days)", gdpr_extended


# -- United States -----------------------------------------------------------------------------------------


def us_referred(sent: str, referred: str = "") -> datetime:
    timeline, case = submitted("us-foia", sent)
    timeline.advance(to=referred or sent)
    timeline.act(case, "refer")
    return first_late(timeline, case, "late")


def us_tolled(*, days: int = 0) -> datetime:
    timeline, case = submitted("us-foia", "2025-03-03 10:00")
    timeline.act(case, "refer")
    timeline.advance(to="2025-03-07 10:00")
    timeline.request_information(case, "Which site?")
    timeline.advance(to="2025-03-14 10:00")
    timeline.receive_information(case, "The old one.")
    if days:
        extended(timeline, case, "determination", days=days)
    return first_late(timeline, case, "late")


def us() -> Iterator[tuple[str, Steps]]:
    yield (
        "20 wd from the proper component's receipt, 13 Jan (MLK, Presidents' Day)",
        partial(us_referred, "2025-01-10 10:00", "2025-01-13 10:00"),
    )
    yield (
        "never referred: the 20 wd commence not later than ten days after 10 Jan (20 Jan)",
        partial(plain, "us-foia", "2025-01-10 10:00", "late"),
    )
    yield "tolled 7 Mar to 14 Mar over the start of DST (nights)", us_tolled
    yield "+10 wd", partial(us_tolled, days=10)
    yield "EPA: sent Monday at 18:00 counts as received Tuesday", partial(us_referred, "2025-03-03 18:00")
    yield (
        "EPA: sent Friday 28 Feb at 18:00 = received Monday 3 Mar",
        partial(us_referred, "2025-02-28 18:00"),
    )
    yield (
        "expedited: 10 days",
        partial(plain, "us-foia", "2025-03-03 10:00", "expedition_late", urgency="expedited"),
    )


# -- the Netherlands ---------------------------------------------------------------------------------------


def nl_invited(completed: str = "") -> datetime:
    timeline, case = submitted("nl-awb", "2025-03-03 10:00")
    timeline.advance(to="2025-03-10 10:00")
    timeline.act(case, "request_information", fields={"term": 14})
    if completed:
        timeline.advance(to=completed)
        timeline.receive_information(case, "the missing plan")
    return first_late(timeline, case, "late")


def nl_objection() -> datetime:
    timeline, case = submitted("nl-awb", "2025-02-03 10:00")
    timeline.advance(to="2025-03-03 10:00")
    timeline.reply(case, "The permit is refused.")
    timeline.advance(to="2025-03-20 10:00")
    timeline.act(case, "object")
    return first_late(timeline, case, "objection_late")


def nl() -> Iterator[tuple[str, Steps]]:
    for day in ("2025-02-20", "2025-04-05", "2024-10-31"):
        yield f"8 weeks from {day}", partial(plain, "nl-awb", f"{day} 10:00", "late")
    yield (
        "invited Mon 10, completed Wed 12 Mar: suspended from the 11th until the 12th: 1 day",
        partial(nl_invited, "2025-03-12 10:00"),
    )
    yield "invited and completed on one day: nothing", partial(nl_invited, "2025-03-10 16:00")
    yield "not completed within 2 weeks (24 Mar): suspended 11..24 Mar = 14 days", nl_invited
    yield (
        "decision on the objection: six weeks from the day after the objection term (14 Apr)",
        nl_objection,
    )


# -- Germany -----------------------------------------------------------------------------------------------


def de_posted(day: str) -> datetime:
    timeline, case = submitted("de-vwvfg", "2025-03-03 10:00")
    timeline.advance(to=f"{day} 10:00")
    timeline.reply(case, "The permit is refused.")
    return first_late(timeline, case, "final")


def de() -> Iterator[tuple[str, Steps]]:
    words = "posted 5 Mar 2025: notified 9 Mar (4th day), objection until 9 Apr"
    yield words, partial(de_posted, "2025-03-05")
    yield "posted 1 Apr 2025: notified 5 Apr, objection until 5 May", partial(de_posted, "2025-04-01")
    for day in ("2025-01-31", "2025-11-30", "2025-08-31", "2024-11-29"):
        steps = partial(plain, "de-vwvfg", f"{day} 10:00", "inaction")
        yield f"three months from {day} (as 91 days)", steps


# -- New Zealand -------------------------------------------------------------------------------------------


def nz_amended(day: str, amended: str) -> datetime:
    timeline, case = submitted("nz-oia", f"{day} 10:00")
    timeline.advance(to=f"{amended} 10:00")
    timeline.receive_information(case, "Only the last year.")
    return first_late(timeline, case, "late")


def nz_extended() -> datetime:
    timeline, case = submitted("nz-oia", "2025-03-03 10:00")
    extended(timeline, case, "reply", until="2025-05-30")
    return first_late(timeline, case, "late")


def nz() -> Iterator[tuple[str, Steps]]:
    for day in ("2019-01-03", "2017-04-16", "2022-11-25", "2022-11-28", "2025-09-25", "2025-12-24"):
        yield f"20 wd from {day}", partial(plain, "nz-oia", f"{day} 10:00", "late")
    yield (
        "amended 15 Jan while the clock runs: a new request",
        partial(nz_amended, "2019-01-03", "2019-01-15"),
    )
    yield (
        "amended 8 Mar 2025 while the clock runs: a new request",
        partial(nz_amended, "2025-03-03", "2025-03-08"),
    )
    yield "extended to a date, 30 May 2025", nz_extended


# -- Taiwan ------------------------------------------------------------------------------------------------


def tw_letter(day: str, urgency: str, level: str) -> datetime:
    return plain(taiwan(), f"{day} 10:00", level, urgency=urgency)


def tw_half_a_day() -> str:
    """The row gives the time of day without a zone."""
    return f"{tw_letter('2025-10-09', '半日', 'late_half'):%Y-%m-%d %H:%M}"


def tw() -> Iterator[tuple[str, Steps]]:
    for day in ("2025-10-09", "2025-01-24"):
        for urgency, days in {"最速件": 1, "速件": 3, "普通件": 6}.items():
            yield f"{urgency} {days} days from {day}", partial(tw_letter, day, urgency, f"late_{days}")
    yield "陳情 30 days", partial(tw_letter, "2025-10-09", "陳情", "late_30")
    yield "half a day, from the day after the receipt", tw_half_a_day


COUNTRIES = (uk, gdpr, us, nl, de, nz, tw)
STEPS: dict[Key, Steps] = {
    (regulation, words): steps
    for regulation, country in zip(REGULATIONS, COUNTRIES, strict=True)
    for words, steps in country()
}
"""Regulation and situation -> what lives through it."""
ANSWERS = {answer.key: answer for answer in answers(*REGULATIONS)}


@needs_answers
@pytest.mark.parametrize("key", STEPS, ids=" ".join)
def test_a_policy_answers_as_its_law_does(key: Key) -> None:
    """The first late instant of a situation is the one that the law gives."""
    compare(ANSWERS[key], STEPS)


@needs_answers
def test_every_answer_has_its_steps() -> None:
    """No row is left out, and no steps stand for a row that is not there."""
    assert STEPS.keys() == ANSWERS.keys()
