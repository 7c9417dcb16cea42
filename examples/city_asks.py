"""奥一网“有话问……”: a city asks for questions, and its leaders' offices answer what many ask.

Messages are merged into questions and scored blind; each selected one is put to an office, which claims
it (认领) and replies by the ladder of its own board. The reply reaches the question and every message of it
in one transaction. Offices and texts are made up.
Run it:  python examples/city_asks.py           600 messages
         python examples/city_asks.py --full    30,000
It prints:
    公告；征集开始前的来信不收：not-in-state
    征集 600 条：网站 400、微博 200
    未提问题 28 条；其余并为 24 问，最多的一问来自 150 条
    三人盲评，选 6 问，交 3 个职位
    认领并答复：五日内 4、黄牌后 1、红牌后 1
    来信去向：所属建议已回应 380、所属建议未入选 192、未归入建议 28
    告知 600 位来信人，共 980 次
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from random import Random

from caseflow import Actor, Desk, ManualClock, MemoryStore, Refused, load_policy
from caseflow.campaigns.agreement import ranked, scores_of
from caseflow.campaigns.intake import (
    CitizenMessage,
    act_on_proposals,
    collect,
    draw_up,
    figures,
    merge_in,
    set_aside,
)
from caseflow.core.time.instants import micros

FOLDER = Path(__file__).parent / "policies" / "systems"
ORGANISER, SCREENER = Actor("org-1", role="organiser"), Actor("scr-1", role="screener")
SCORERS = [Actor(f"sco-{number}", role="scorer") for number in (1, 2, 3)]
CAMPAIGN, OFFICES = "有话问", ("市委书记", "市长", "分管副市长")
Lists = dict[str, list[str]]


def open_campaign() -> Desk:
    """A desk of four policies, and the announcement: a window, and the channels by which it asks."""
    own = [load_policy(FOLDER / f"{name}.toml") for name in ("question", "asked-office")]
    policies = [*own, load_policy("campaign"), load_policy("message")]
    desk = Desk(policies, MemoryStore(), clock=ManualClock("2026-03-02T09:00:00+08:00"))
    window = {
        "opens": micros("2026-03-05T00:00:00+08:00"),
        "closes": "2026-03-20",
        "channels": ["web", "weibo"],
    }
    desk.submit(title="有话问", by=ORGANISER, case_id=CAMPAIGN, policy="campaign", own_fields=window)
    return desk


def questions(desk: Desk, size: int, chance: Random) -> Lists:
    """Collect in the window, set aside what asks nothing, merge the rest; returns messages by question."""
    many = max(size // 25, 8)
    weights = [2, *(10 / (rank + 1) for rank in range(many))]
    about = chance.choices(range(-1, many), weights, k=size)
    by = ["weibo" if number % 3 == 0 else "web" for number in range(size)]
    sent = [CitizenMessage(f"m{number:05}", channel, "有话问", citizen=f"c-{number}")
            for number, channel in enumerate(by)]  # fmt: skip
    try:
        collect(desk, CAMPAIGN, sent, by=ORGANISER)
    except Refused as error:
        print(f"公告；征集开始前的来信不收：{error.code}")
    desk.clock.set("2026-03-10T09:00:00+08:00")
    desk.sweep()
    collect(desk, CAMPAIGN, sent, by=ORGANISER)
    received = figures(desk, CAMPAIGN, [one.id for one in sent]).received
    print(f"征集 {size} 条：网站 {received['web']}、微博 {received['weibo']}")
    desk.clock.set("2026-03-21T09:00:00+08:00")
    desk.sweep()
    merged: Lists = {}
    for topic, one in zip(about, sent, strict=True):
        merged.setdefault(f"q{topic:04}", []).append(one.id)
    nothing = merged.pop("q-001", [])
    set_aside(desk, dict.fromkeys(nothing, "no_proposal"), by=SCREENER)
    draw_up(desk, CAMPAIGN, {name: f"问题 {name}" for name in merged}, by=SCREENER)
    merge_in(desk, merged, by=SCREENER)
    most = max(map(len, merged.values()))
    print(f"未提问题 {len(nothing)} 条；其余并为 {len(merged)} 问，最多的一问来自 {most} 条")
    return merged


def put_to_offices(desk: Desk, merged: Lists, chance: Random) -> list[str]:
    """Score blind, select one in four, and put each to an office; returns those questions."""
    desk.act(CAMPAIGN, "begin_scoring", by=ORGANISER)
    act_on_proposals(desk, merged, "begin_scoring", by=SCREENER)
    for scorer in SCORERS:
        points = {name: min(5, 1 + len(ids) // 12 + chance.randint(0, 1)) for name, ids in merged.items()}
        marks = {name: {"points": mark} for name, mark in points.items()}
        act_on_proposals(desk, merged, "score", by=scorer, fields=marks.__getitem__)
    order = [one.proposal for one in ranked(scores_of(desk, merged))]
    selected, others = order[: len(order) // 4], order[len(order) // 4 :]
    act_on_proposals(desk, selected, "select", by=ORGANISER)
    act_on_proposals(desk, others, "decline", by=ORGANISER, fields=lambda _: {"reason": "关注者较少"})
    for number, name in enumerate(selected):
        office = OFFICES[number % len(OFFICES)]
        case = f"问-{name}"
        desk.submit(title=f"问题 {name}", to=office, by=ORGANISER, policy="asked-office", case_id=case)
        desk.link(name, case, as_="put-to", by=ORGANISER)
    print(f"三人盲评，选 {len(selected)} 问，交 {len(OFFICES)} 个职位")
    return selected


def answer(desk: Desk, selected: list[str]) -> None:
    """Within the month most are claimed and replied to, in time or late."""
    days = {name: (2, 4, 9, 3, 1, 20)[number % 6] for number, name in enumerate(selected)}
    for day in range(1, 31):
        desk.clock.advance(days=1)
        desk.sweep()
        for name in (name for name, due in days.items() if due == day):
            handler = Actor("秘书", role="handler", unit=desk.get(f"问-{name}").unit)
            desk.take_charge(f"问-{name}", by=handler)
            desk.reply(f"问-{name}", text="答复如下。", by=handler)
    cards = Counter(desk.get(f"问-{name}").level or "按期" for name in selected)
    labels = {"按期": "五日内", "yellow": "黄牌后", "red": "红牌后"}
    print("认领并答复：" + "、".join(f"{label} {cards[level]}" for level, label in labels.items()))


def show(desk: Desk, size: int) -> None:
    """What became of every message, and how many people were told."""
    states = Counter(desk.get(f"m{number:05}").state for number in range(size))
    known = desk.policies["message"].policy.states
    listed = [f"{known[state].labels.zh} {count}" for state, count in sorted(states.items())]
    print("来信去向：" + "、".join(listed))
    told = [posted.notice for posted in desk.store.notices(limit=100 * size)]
    citizens = [one.case_id for one in told if one.role == "citizen" and one.case_id.startswith("m")]
    print(f"告知 {len(set(citizens))} 位来信人，共 {len(citizens)} 次")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="30,000 messages")
    size, chance = 30_000 if parser.parse_args().full else 600, Random(2008)
    desk = open_campaign()
    merged = questions(desk, size, chance)
    answer(desk, put_to_offices(desk, merged, chance))
    show(desk, size)
