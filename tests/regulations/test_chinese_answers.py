"""The shipped policies of Chinese law answer as the law does: each situation lived through."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

import attrs
import pytest

from caseflow import Refused, load_policy
from caseflow.core.model.case import Case
from caseflow.core.policy import Policy
from caseflow.testing import Timeline
from tests.regulations.answers import Key, Steps, answers, compare, first_late, needs_answers

MONDAY = "2025-03-03 09:00"
Life = tuple[Timeline, Case]


def begun(
    policy: str | Policy, start: str = MONDAY, *, kind: str = "", to: str = "", urgency: str = ""
) -> Life:
    """A case of that policy, submitted at that time of the office's clock."""
    timeline = Timeline(policy, start=start)
    return timeline, timeline.submit("一件事", kind=kind, to=to, urgency=urgency)


def extended(life: Life, clock: str, *, at: str, days: int, by: str = "") -> Life:
    """More time asked for and granted at that instant, by that role where several may grant."""
    timeline, case = life
    timeline.advance(to=at)
    timeline.request_extension(case, clock=clock, days=days, reason="情况复杂")
    timeline.grant_extension(case, by=by)
    return life


def late(life: Life, level: str) -> datetime:
    return first_late(*life, level)


# -- 信访 ------------------------------------------------------------------------------------------------


def petition(start: str, level: str) -> datetime:
    return late(begun("cn-petitions", start, to="区住建局"), level)


def accepted_petition() -> Life:
    life = timeline, case = begun("cn-petitions", to="区住建局")
    timeline.advance(to="2025-03-06 10:00")
    timeline.act(case, "accept")
    return life


def extended_petition() -> Life:
    return extended(accepted_petition(), "handling", at="2025-05-03 10:00", days=30)


def answered_petition() -> Life:
    life = timeline, case = extended_petition()
    timeline.advance(to="2025-06-01 10:00")
    timeline.reply(case, "处理意见")
    return life


def petition_in_review() -> Life:
    life = timeline, case = answered_petition()
    timeline.act(case, "ask_review")
    return life


def reviewed_petition() -> Life:
    life = timeline, case = petition_in_review()
    timeline.act(case, "review_opinion")
    return life


PETITION_STARTS = {
    "start on a holiday": "2025-01-28T10:00",
    "23:59; last day in the spring holiday": "2025-01-13T23:59",
    "last day 1 Oct": "2025-09-16T09:00",
    "month end": "2025-01-31T12:00",
}
PETITIONS: dict[str, Steps] = {
    **{f"15 days to tell, {words} {start}": partial(petition, start, "not_told")
       for words, start in PETITION_STARTS.items()},
    **{f"5 working days to object, {words}": partial(petition, start, "objection_over")
       for words, start in PETITION_STARTS.items()},
    "60 days from acceptance": lambda: late(accepted_petition(), "late"),
    "60+30, granted on day 58 (the warning has fired)": lambda: late(extended_petition(), "late"),
    "30 days to ask for 复查": lambda: late(answered_petition(), "review_window_over"),
    "30 days for the 复查 opinion": lambda: late(petition_in_review(), "review_late"),
    "30 days to ask for 复核": lambda: late(reviewed_petition(), "re_review_window_over"),
}  # fmt: skip


# -- 信息公开 ---------------------------------------------------------------------------------------------


def asked(start: str) -> datetime:
    return late(begun("cn-open-information", start), "late")


def corrected(policy: str | Policy = "cn-open-information") -> Life:
    life = timeline, case = begun(policy)
    timeline.advance(to="2025-03-05 10:00")
    timeline.act(case, "request_information", fields={"correct_by": "2025-03-25"})
    timeline.advance(to="2025-03-20 10:00")
    timeline.receive_information(case, "补正")
    return life


def third_party_heard(policy: str | Policy = "cn-open-information") -> Life:
    life = timeline, case = corrected(policy)
    timeline.advance(to="2025-03-24 10:00")
    timeline.act(case, "ask_third_party")
    timeline.advance(to="2025-03-27 10:00")
    timeline.act(case, "third_party_opinion")
    return life


def both_days_left_out() -> Policy:
    """The shipped policy, with every day left out that asking the third party touches."""
    rules = load_policy("cn-open-information")
    reply = attrs.evolve(rules.clocks["reply"], paused_day="touched")
    return attrs.evolve(rules, clocks={**rules.clocks, "reply": reply})


def third_party_silent() -> Life:
    life = timeline, case = begun("cn-open-information")
    timeline.act(case, "ask_third_party")
    return life


INFORMATION: dict[str, Steps] = {
    **{f"20 wd from {start}": partial(asked, start)
       for start in ("2025-01-27T09:00", "2025-01-28T23:59", "2025-09-25T10:00")},
    "补正 on 20 Mar: the 20 wd begin anew": lambda: late(corrected(), "late"),
    "third party asked 24 Mar, answered 27 Mar: days [24..26] skipped (nights)":
        lambda: late(third_party_heard(), "late"),
    "same, if both the day of asking and of the answer are left out [24..27]":
        lambda: late(third_party_heard(both_days_left_out()), "late"),
    "+20 wd": lambda: late(extended(third_party_heard(), "reply", at="2025-04-10 10:00", days=20), "late"),
    "third party silent: its 15 wd": lambda: late(third_party_silent(), "third_party_over"),
    "reply due when the third party stays silent": lambda: late(third_party_silent(), "late"),
}  # fmt: skip


# -- 行政许可 ---------------------------------------------------------------------------------------------


def accepted_application(kind: str, at: str) -> Life:
    life = timeline, case = begun("cn-licence", kind=kind)
    timeline.advance(to=at)
    timeline.act(case, "accept")
    return life


def single() -> Life:
    return accepted_application("single", "2025-03-06 10:00")


def joint() -> Life:
    return accepted_application("joint", "2025-03-04 10:00")


def joint_extended() -> Life:
    return extended(joint(), "joint", at="2025-05-07 10:00", days=15, by="government")


LICENCES: dict[str, Steps] = {
    "silence for 5 wd: accepted as of receipt: 20 wd from 3 Mar": lambda: late(begun("cn-licence"), "late"),
    "express acceptance 6 Mar: 20 wd": lambda: late(single(), "late"),
    "+10 wd": lambda: late(extended(single(), "decision", at="2025-04-01 10:00", days=10), "late"),
    "joint: 45 wd": lambda: late(joint(), "joint_late"),
    "joint +15 wd (limits.extension_days is 10 for every clock)":
        lambda: late(joint_extended(), "joint_late"),
}  # fmt: skip


# -- 山东12345 --------------------------------------------------------------------------------------------


def dispatched(start: str, level: str) -> datetime:
    return late(begun("cn-shandong-12345", start, kind="need", to="市城管局"), level)


def dispatched_again() -> Life:
    life = timeline, case = begun("cn-shandong-12345", kind="need", to="市城管局")
    timeline.advance(to="2025-03-04 10:00")
    timeline.send_back(case, reason="不属于本单位职责")
    timeline.advance(to="2025-03-05 10:00")
    timeline.route(case, "市住建局")
    return life


SHANDONG: dict[str, Steps] = {
    "5 wd from 2025-01-24T17:59 (make-up days around)": partial(dispatched, "2025-01-24T17:59", "late"),
    "2 wd to send back": partial(dispatched, "2025-01-24T17:59", "return_over"),
    "5 wd from 2025-01-26T08:00 (make-up days around)": partial(dispatched, "2025-01-26T08:00", "late"),
    "2 wd to send back #2": partial(dispatched, "2025-01-26T08:00", "return_over"),
    "5 wd from 2025-04-30T23:59 (make-up days around)": partial(dispatched, "2025-04-30T23:59", "late"),
    "2 wd to send back #3": partial(dispatched, "2025-04-30T23:59", "return_over"),
    "sent back and dispatched again 5 Mar: anew": lambda: late(dispatched_again(), "late"),
    "+10 wd": lambda: late(extended(dispatched_again(), "handling", at="2025-03-11 10:00", days=10), "late"),
}


# -- 分级12345 --------------------------------------------------------------------------------------------


def called_at_night() -> Life:
    return begun("cn-12345", "2025-01-28T22:30", kind="need", urgency="emergency", to="水务集团")


def regraded(*grades: str) -> Life:
    """An urgent case of Monday 09:00 whose grade changes, the first time an hour later."""
    life = timeline, case = begun("cn-12345", kind="need", urgency="urgent", to="水务集团")
    for grade in grades:
        timeline.advance(hours=1)
        timeline.act(case, "regrade", fields={"urgency": grade})
    return life


def complained() -> Life:
    return begun("cn-12345", kind="complaint", to="水务集团")


GRADED: dict[str, Steps] = {
    "emergency 2 h": lambda: late(called_at_night(), "emergency_late"),
    "contact 24 h": lambda: late(called_at_night(), "not_contacted"),
    "raised to emergency after 1 h, from the submission (backdated)":
        lambda: late(regraded("emergency"), "emergency_late"),
    "lowered to ordinary, 7 days from the submission": lambda: late(regraded("ordinary"), "ordinary_late"),
    "changed twice more: ordinary runs":
        lambda: late(regraded("ordinary", "urgent", "ordinary"), "ordinary_late"),
    "催办通知书 the day after the 15th wd": lambda: late(complained(), "complaint_late"),
    "通报: 5 wd later": lambda: late(complained(), "criticised"),
}  # fmt: skip


# -- 市监投诉 ---------------------------------------------------------------------------------------------


def in_mediation() -> Life:
    life = timeline, case = begun("cn-market-complaints", kind="complaint")
    timeline.advance(to="2025-03-06 10:00")
    timeline.act(case, "accept")
    return life


def after_a_test() -> Life:
    """Seven working days go to a test."""
    life = timeline, case = in_mediation()
    timeline.advance(to="2025-03-10 10:00")
    timeline.act(case, "send_to_test")
    timeline.advance(to="2025-03-19 10:00")
    timeline.act(case, "test_result")
    return life


def with_clue() -> Life:
    life = timeline, case = in_mediation()
    timeline.advance(to="2025-03-10 10:00")
    timeline.act(case, "find_clue", fields={"clue": "1"})
    return life


def clues_running() -> str:
    """How many clues have a term of their own that runs."""
    timeline, case = with_clue()
    timeline.advance(days=10)
    timeline.act(case, "find_clue", fields={"clue": "2"})
    return str(sum(run.clock == "clue" and run.is_running for run in timeline.case(case).clocks))


def mediation_extended() -> str:
    try:
        extended(in_mediation(), "mediation", at="2025-05-07 10:00", days=15)
    except Refused:
        return "refused"
    return "granted"


MARKET: dict[str, Steps] = {
    "7 wd": lambda: late(begun("cn-market-complaints", kind="complaint"), "accept_late"),
    "45 wd (Qingming, May, make-up days)": lambda: late(in_mediation(), "mediation_over"),
    "45 wd, test not counted": lambda: late(after_a_test(), "mediation_over"),
    "15 wd to verify the clue": lambda: late(with_clue(), "clue_late"),
    "+15 wd": lambda: late(extended(with_clue(), "clue", at="2025-03-28 10:00", days=15), "clue_late"),
    "mediation over by itself": lambda: late(after_a_test(), "mediation_over"),
    "7 wd to tell, from the decision to end (made by the system on the next day)":
        lambda: late(after_a_test(), "tell_late"),
    "extension of the 45 wd, which the law does not know": mediation_extended,
    "a second clue 10 days later has its own 15 wd": clues_running,
}  # fmt: skip


# -- 月 --------------------------------------------------------------------------------------------------


def unheeded(start: str) -> datetime:
    return late(begun("cn-duty", f"{start}T09:00"), "inaction")


def decided(start: str) -> datetime:
    life = timeline, case = begun("cn-duty", f"{start}T09:00")
    timeline.act(case, "decide")
    return late(life, "suit_over")


MONTHS: dict[str, Steps] = {
    f"{length} months from {start} (as {days} days)": partial(steps, start)
    for start in ("2024-12-31", "2025-01-15", "2025-07-31")
    for length, days, steps in (("two", 60, unheeded), ("six", 182, decided))
}


# -- the comparison ---------------------------------------------------------------------------------------

TABLES = {
    "CN 信访": PETITIONS,
    "CN 信息公开": INFORMATION,
    "CN 行政许可": LICENCES,
    "CN 山东12345": SHANDONG,
    "CN 分级12345": GRADED,
    "CN 市监投诉": MARKET,
    "CN 月": MONTHS,
}


def _steps() -> Iterator[tuple[Key, Steps]]:
    for regulation, table in TABLES.items():
        yield from (((regulation, situation), steps) for situation, steps in table.items())


STEPS = dict(_steps())
ANSWERS = {answer.key: answer for answer in answers("CN ")}


@needs_answers
def test_every_row_of_chinese_law_is_lived_through() -> None:
    """Each row has steps, and no steps are without a row."""
    assert STEPS.keys() == ANSWERS.keys()


@needs_answers
@pytest.mark.parametrize("key", STEPS, ids=" | ".join)
def test_the_policy_answers_as_the_law_does(key: Key) -> None:
    """The first late instant is the law's."""
    compare(ANSWERS[key], STEPS)


def test_the_mediation_ends_by_itself() -> None:
    """At the instant at which the forty-five days are over, the case is past mediation."""
    timeline, case = after_a_test()
    timeline.advance(to="2025-05-23 00:00")
    assert timeline.case(case).state == "over"
