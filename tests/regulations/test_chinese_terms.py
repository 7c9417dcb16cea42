"""Terms of Chinese law that no table of answers holds: the last days were counted on a calendar by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from caseflow.testing import Timeline
from tests.regulations.answers import first_late

Step = tuple[str, str] | tuple[str, str, dict[str, Any]]
"""When something is done in 2025, by the office's wall clock; the action; its fields."""

Situations = dict[str, tuple[dict[str, Any], tuple[Step, ...], str, str]]
"""Words -> the fields of the submission, what is done, the level of a rung, and its last day in 2025."""

RESPONDENT = {"respondent": "市交通局"}
TO_THE_REVIEW: tuple[Step, ...] = (
    ("03-06 10:00", "accept"),
    ("04-01 10:00", "reply", {"text": "处理意见"}),
    ("04-10 10:00", "ask_review"),
    ("05-08 10:00", "review_opinion"),
    ("06-05 10:00", "ask_re_review"),
)

PETITIONS: Situations = {
    "the office passes on within 15 days": ({}, (), "not_forwarded", "03-18"),
    "after an objection the next authority has 15 days of its own": (
        {"to": "区住建局"},
        (("03-06 10:00", "send_back", {"reason": "无管辖"}), ("03-10 10:00", "route", {"to": "区城管局"})),
        "not_told",
        "03-25",
    ),
    "a hearing of ten days does not count in the re-review's thirty": (
        {"to": "区住建局"},
        (*TO_THE_REVIEW, ("06-10 10:00", "begin_hearing"), ("06-20 10:00", "end_hearing")),
        "re_review_late",
        "07-15",
    ),
}
INFORMATION: Situations = {
    "the fee is paid within 20 working days": ({}, (("03-06 10:00", "ask_fee"),), "not_paid", "04-03"),
    "the twenty days begin anew with the payment": (
        {}, (("03-06 10:00", "ask_fee"), ("03-10 10:00", "pay_fee")), "late", "04-08",
    ),
    "a co-author has 15 working days": ({}, (("03-06 10:00", "ask_co_author"),), "co_author_over", "03-27"),
    "the days on which a co-author is waited for do not count": (
        {}, (("03-06 10:00", "ask_co_author"), ("03-12 10:00", "co_author_opinion")), "late", "04-07",
    ),
    "a later day takes the place of the twenty": (
        {},
        (("03-20 10:00", "set_later_day", {"answer_by": "2025-05-30", "reason": "数量过大"}),),
        "later_reply_late",
        "05-30",
    ),
    "who does not correct by the day that was set has given up": (
        {}, (("03-05 10:00", "request_information", {"correct_by": "2025-03-25"}),), "not_corrected", "03-25",
    ),
    "sixty days for reconsideration": (
        {}, (("03-20 10:00", "reply", {"text": "不予公开"}),), "reconsideration_over", "05-19",
    ),
}  # fmt: skip
RECONSIDERATION: Situations = {
    "five working days to examine": ({}, (), "deemed_accepted", "03-10"),
    "silence accepts on the fifth of them: sixty days from that day": ({}, (), "late", "05-09"),
    "by silence the copy goes out within seven": ({}, (), "copy_late", "03-19"),
    "an express acceptance: sixty days that end in a holiday": (
        {}, (("03-05 10:00", "accept"),), "late", "05-06",
    ),
    "thirty days in the simplified procedure": (
        {}, (("03-05 10:00", "accept_simplified"),), "simplified_late", "04-07",
    ),
    "after a change of procedure the sixty run from the acceptance": (
        {}, (("03-05 10:00", "accept_simplified"), ("03-20 10:00", "to_ordinary")), "late", "05-06",
    ),
    "a suspension of ten days": (
        {},
        (
            ("03-05 10:00", "accept"),
            ("04-07 10:00", "suspend", {"reason": "调解"}),
            ("04-17 10:00", "continue"),
        ),
        "late",
        "05-14",
    ),
    "the copy within three working days": (
        {}, (("03-05 10:00", "accept_simplified"),), "copy_simplified_late", "03-10",
    ),
    "ten working days to answer": (
        {}, (("03-05 10:00", "accept"), ("03-10 10:00", "send_copy", RESPONDENT)), "no_response", "03-24",
    ),
    "five working days to answer": (
        {},
        (("03-05 10:00", "accept_simplified"), ("03-10 10:00", "send_copy_simplified", RESPONDENT)),
        "no_response_simplified",
        "03-17",
    ),
    "ten working days to complete": (
        {}, (("03-06 10:00", "request_information"),), "not_corrected", "03-20",
    ),
    "fifteen days to go to court, to the end of a holiday": (
        {}, (("03-05 10:00", "accept"), ("04-17 10:00", "decide")), "suit_over", "05-06",
    ),
    "fifteen days to go to court for silence, from the end of the sixty": (
        {}, (("03-05 10:00", "accept"),), "silence_suit_over", "05-21",
    ),
    "sixty days of waiting for a successor": (
        {},
        (("03-05 10:00", "accept"), ("04-07 10:00", "suspend_for_successor", {"reason": "申请人死亡"})),
        "to_terminate",
        "06-06",
    ),
    "thirty days to review a document": (
        {},
        (("03-05 10:00", "accept"), ("03-10 10:00", "suspend_to_review_norm")),
        "norm_review_late",
        "04-09",
    ),
    "three working days to ask its maker": (
        {},
        (("03-05 10:00", "accept"), ("03-10 10:00", "suspend_to_review_norm")),
        "norm_question_late",
        "03-13",
    ),
    "seven working days to refer it": (
        {},
        (("03-05 10:00", "accept"), ("03-10 10:00", "suspend_to_refer_norm")),
        "norm_referral_late",
        "03-19",
    ),
    "sixty days for whoever receives it, to the end of a weekend": (
        {},
        (
            ("03-05 10:00", "accept"),
            ("03-10 10:00", "suspend_to_refer_norm"),
            ("03-12 10:00", "refer_norm"),
        ),
        "norm_reply_late",
        "05-12",
    ),
    "sixty days to report on a letter of opinion": (
        {},
        (("03-05 10:00", "accept"), ("04-17 10:00", "decide"), ("04-17 11:00", "send_opinion")),
        "opinion_late",
        "06-16",
    ),
}  # fmt: skip
LICENCES: Situations = {
    "ten working days to deliver": (
        {}, (("03-06 10:00", "accept"), ("04-03 10:00", "grant")), "delivered_late", "04-18",
    ),
    "a lower authority has twenty working days": (
        {"kind": "referred"}, (("03-06 10:00", "accept"),), "lower_late", "04-03",
    ),
    "an inspection does not count": (
        {},
        (
            ("03-06 10:00", "accept"),
            ("03-10 10:00", "begin_examination", {"what": "inspection"}),
            ("03-14 10:00", "end_examination"),
        ),
        "late",
        "04-10",
    ),
}  # fmt: skip
MARKET: Situations = {
    "fifteen working days to verify a report": ({"kind": "report"}, (), "report_late", "03-24"),
    "five working days to tell the reporter": (
        {"kind": "report"},
        (("03-05 10:00", "take_report"), ("03-20 10:00", "decide_filing")),
        "reporter_told_late",
        "03-27",
    ),
    "seven working days to tell the parties": (
        {"kind": "complaint"},
        (("03-06 10:00", "accept"), ("04-15 10:00", "end_mediation")),
        "tell_late",
        "04-24",
    ),
}
HOTLINE: Situations = {
    "two working days for a consultation": ({"kind": "consultation"}, (), "consultation_late", "03-05"),
    "ten for a need": ({"kind": "need"}, (), "help_late", "03-17"),
    "criticism five working days after the second": ({"kind": "consultation"}, (), "criticised", "03-12"),
    "criticism five working days after the day on which 24 hours were over": (
        {"kind": "need", "urgency": "urgent"}, (), "criticised", "03-11",
    ),
    "called back on the next day": (
        {"kind": "need"}, (("03-06 10:00", "reply", {"text": "已办"}),), "not_called_back", "03-07",
    ),
}  # fmt: skip
DUTY: Situations = {
    "two months that end in a holiday": ({}, (), "inaction", "05-06"),
    "sixty days without a term of the law's own": ({}, (), "waited", "05-02"),
    "then sixty to ask for reconsideration": ({}, (), "inaction_reconsideration_over", "07-01"),
}

TABLES = {
    "cn-petitions": PETITIONS,
    "cn-open-information": INFORMATION,
    "cn-reconsideration": RECONSIDERATION,
    "cn-licence": LICENCES,
    "cn-market-complaints": MARKET,
    "cn-12345": HOTLINE,
    "cn-duty": DUTY,
}
SITUATIONS = [(policy, words) for policy, table in TABLES.items() for words in table]


def lived(policy: str, origin: dict[str, Any], steps: tuple[Step, ...], level: str) -> datetime:
    """Submitted on Monday 3 March 2025 at nine; the instant at which the rung fires after these steps."""
    timeline = Timeline(policy, start="2025-03-03 09:00")
    case = timeline.submit("一件事", **origin)
    for at, action, *fields in steps:
        timeline.advance(to=f"2025-{at}")
        values: dict[str, Any] = dict(*fields)
        reason = values.pop("reason", None)
        timeline.act(case, action, fields=values, **({"reason": reason} if reason else {}))
    return first_late(timeline, case, level)


@pytest.mark.parametrize(("policy", "words"), SITUATIONS)
def test_the_last_day_is_as_counted_by_hand(policy: str, words: str) -> None:
    """A rung fires at the midnight after the last day, in China."""
    origin, steps, level, last = TABLES[policy][words]
    day = date.fromisoformat(f"2025-{last}") + timedelta(days=1)
    assert lived(policy, origin, steps, level).isoformat() == f"{day}T00:00:00+08:00"
