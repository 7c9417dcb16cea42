"""Systems of public record, each by its example's own functions: what must hold of them at any size."""

from __future__ import annotations

import runpy
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from caseflow import Actor, Desk, ManualClock, MemoryStore, Refused, load_policy
from caseflow.desk.publications import Publications
from caseflow.views.rates import Rate

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
POLICIES = EXAMPLES / "policies" / "systems"


def example(name: str) -> dict[str, Any]:
    """What the example defines, without its run."""
    return runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="example")


@pytest.fixture(scope="module")
def quarter() -> tuple[Desk, list[str]]:
    """芜湖市民心声, with 90 inquiries."""
    system = example("wuhu")
    desk: Desk = system["city"]()
    return desk, system["live"](desk, 90, Random(1))


def test_new_cases_are_seen_on_the_next_working_day(quarter: tuple[Desk, list[str]]) -> None:
    """Whoever is on duty takes charge of what came since, but where nobody looked in on a Monday."""
    desk, ids = quarter
    taken = 0
    for name in ids:
        charge = [event for event in desk.history(name) if event.name == "charge-taken"]
        taken += bool(charge)
        days = (charge[0].at_us - desk.get(name).submitted_us) / 86_400_000_000 if charge else 0
        assert days < 10  # the longest stretch of rest days of the quarter, and a Monday
    assert taken > len(ids) / 2


def test_cards_fall_on_their_days_and_their_units(quarter: tuple[Desk, list[str]]) -> None:
    """Each after so many days without a reply, against the unit that has the case; numbers have no gap."""
    desk, ids = quarter
    lengths, numbers = {"yellow": 5, "red": 15, "urge": 30}, list[int]()
    cards = [(desk.get(name), card) for name in ids for card in desk.get(name).cards]
    for case, card in cards:
        assert (card.effective_at.date() - case.submitted_at.date()).days == lengths[card.level] + 1
        assert card.unit == case.unit
        assert not [reply for reply in case.replies if reply.at_us < card.effective_us]
    for name in ids:
        numbers += [document.number for document in desk.documents(name)]
    assert cards and sorted(numbers) == list(range(1, len(numbers) + 1))


def test_lead_officials_hear_of_every_card(quarter: tuple[Desk, list[str]]) -> None:
    desk, ids = quarter
    told = Counter((one.notice.case_id, one.notice.level) for one in desk.store.notices(limit=100_000)
                   if one.notice.role == "lead_official" and one.notice.topic == "card")  # fmt: skip
    cards = Counter((name, card.level) for name in ids for card in desk.get(name).cards)
    rosters = {name: count for name, count in told.items() if name[0].startswith("值班")}
    assert {name: count for name, count in told.items() if name not in rosters} == dict(cards)
    assert {level for _, level in rosters} <= {f"missed{more}" for more in ("", "+1", "+2", "+3", "+4")}


def test_a_board_ranks_by_bounds() -> None:
    """29 of 30 is better than 10 of 10; 3 of 3 is too few; equal ones share a place."""
    shares = {"a": (29, 30), "b": (10, 10), "c": (10, 10), "d": (9, 20), "few": (3, 3)}
    rated = {name: Rate(*numbers, of="rated") for name, numbers in shares.items()}
    board = example("wuhu")["board"]
    assert [(place, name) for place, name, _ in board(rated, worst=False)] == [
        (1, "a"), (2, "b"), (2, "c"), (4, "d"),
    ]  # fmt: skip
    assert board(rated, worst=True)[0][:2] == (1, "d")


def test_each_who_asked_is_told_once_by_their_own_channel() -> None:
    """A reply to the primary reaches everyone merged into it; what is delivered twice is no second case."""
    system, desk = example("channels"), Desk(load_policy("wuhu"), MemoryStore(), clock=ManualClock(0))
    received, repeats, texts = system["take_in"](desk, 120, Random(5))
    assert (received.total() - repeats, len(texts)) == (120, 120)
    matters = system["merge"](desk, texts)
    assert sum(map(len, matters)) == 120 > len(matters)
    for first, *others in matters:
        assert all(desk.get(case.id).facts.primary == first.id for case in others)
        assert all(first.submitted_us <= case.submitted_us for case in others)
    sent = system["answer"](desk, matters)
    assert Counter(one.address for one in sent) == Counter(desk.get(name).citizen for name in texts)
    ways = {desk.get(name).citizen: desk.get(name).origin.channel for name in texts}
    assert all(one.channel == ways[one.address] for one in sent)


@pytest.fixture(scope="module")
def hall() -> tuple[dict[str, Any], Desk, dict[str, list[str]]]:
    """广东网上办事大厅, with 150 matters."""
    system = example("provincial_hall")
    shipped = ("cn-open-information", "cn-licence", "cn-market-complaints", "referral")
    policies = [load_policy(POLICIES / f"{name}.toml") for name in ("hall-inquiry", "governor")]
    policies += map(load_policy, shipped)
    desk = Desk(policies, MemoryStore(),
                clock=ManualClock("2025-03-03T09:00:00+08:00"), units=system["register"]())  # fmt: skip
    return system, desk, system["live"](desk, 150, Random(4))


def test_every_case_is_under_the_law_of_its_hall(hall: tuple[Any, Desk, Any]) -> None:
    system, desk, ids = hall
    for name, (policy, *_) in system["HALLS"].items():
        assert {desk.rules_of(one).policy.name for one in ids[name]} <= {policy}


def test_a_word_to_the_governor_waits_for_the_window(hall: tuple[Any, Desk, Any]) -> None:
    """Not completed before the city's case is closed, and told of that exactly once."""
    _, desk, ids = hall
    for name in ids["我对省长说句话"]:
        history, down = desk.history(name), desk.get(f"{name}-交办")
        closed = next(event for event in desk.history(down.id) if event.name == "closed")
        heard = [event for event in history if getattr(event, "action", "") == "hear_back"]
        completed = [event for event in history if event.name == "completed"]
        assert [event.at_us for event in heard] == [closed.at_us]
        assert all(event.at_us >= closed.at_us for event in completed)


def test_units_stand_on_three_levels(hall: tuple[Any, Desk, Any]) -> None:
    """A matter for a bureau that there is not is refused, with the names that are near."""
    _, desk, _ = hall
    with pytest.raises(Refused) as refused:
        desk.submit(title="事项", to="市99公安局", by=Actor("c", role="citizen"), policy="inquiry")
    assert refused.value.refusal.code == "unknown-unit"


def test_a_province_in_two_zones(tmp_path: Path) -> None:
    """Terms run since the submission outside; what is published has no number in it; ratings come inside."""
    system = example("minxin")
    units = system["register"]()
    assert len(units) == 1_807
    zones = system["Zones"](tmp_path, units)
    system["live"](zones, 30, Random(6))
    for number in range(30):
        inside, outside = zones.inner.get(f"{number:05}"), zones.outer.get(f"{number:05}")
        assert inside.submitted_us == outside.submitted_us
        assert units.unit(inside.unit).parent == inside.origin.region == outside.origin.region
        assert (inside.rating is None) == (outside.rating is None)
    published = Publications(zones.outer).page(limit=100).publications
    assert len(published) == 30
    assert {text for one in published for _, text in one.texts} == {"诉求", "已办结。"}


def test_a_reply_reaches_the_question_and_all_its_messages(capsys: pytest.CaptureFixture[str]) -> None:
    """In the reply's own append; what was not selected says so, and everyone hears."""
    system, chance = example("city_asks"), Random(3)
    desk: Desk = system["open_campaign"]()
    merged = system["questions"](desk, 200, chance)
    selected = system["put_to_offices"](desk, merged, chance)
    for name in selected:
        assert desk.get(name).state == "selected"
        desk.reply(f"问-{name}", text="答复", by=Actor("s", role="handler", unit=desk.get(f"问-{name}").unit))
        assert desk.get(name).state == "answered"
        assert {desk.get(message).state for message in merged[name]} == {"answered"}
    others = [message for name in merged.keys() - set(selected) for message in merged[name]]
    assert {desk.get(message).state for message in others} == {"not_selected"}
    told = {one.notice.case_id for one in desk.store.notices(limit=10_000) if one.notice.role == "citizen"}
    assert {f"m{number:05}" for number in range(200)} <= told
