"""政务微博等多种渠道，一件诉求: one matter is one case, by however many channels it came.

Every message has the id that its channel gave it, which is the idempotency key: what a channel delivers twice
is no second case. What several people say of one matter is found by its words (extra `analytics`), and merged
by a person; the one reply goes to each of them, by the channel by which they came.
Run it:  python examples/channels.py            1,000 messages
         python examples/channels.py --full     20,000
It prints:
    收到消息 1050 条
      政务微博 424、微信 264、客户端 159、网站 107、12345 热线 83、来信 13
    重复投递 50 条，各得原件，不另立案；立案 1000 件
    并案 302 件，余 698 个事项
    每个事项的渠道：1 种 627 个、2 种 19 个、3 种 32 个、4 种 18 个、5 种 2 个
    答复 698 次，按各自渠道告知 1000 人
    渠道         消息   案件   首提   告知
    政务微博      424    408    281    408
    微信          264    251    165    251
    客户端        159    150    117    150
    网站          107    100     65    100
    12345 热线     83     79     58     79
    来信           13     12     12     12
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from random import Random

from caseflow import Actor, Case, Desk, ManualClock, MemoryStore, load_policy
from caseflow.analytics import near_duplicates
from caseflow.delivery.notifiers.simple import CallableNotifier
from caseflow.delivery.relay import Relay
from caseflow.ports import Delivery, Person

CHANNELS = {
    "weibo": "政务微博",
    "wechat": "微信",
    "app": "客户端",
    "web": "网站",
    "phone": "12345 热线",
    "letter": "来信",
}
WEIGHTS = (40, 25, 15, 10, 8, 2)
PLACES = ("东门桥", "西湾路", "人民公园", "第二小学", "长途车站", "南市场", "火车站", "文化宫")
MATTERS = (
    "路灯连续多日不亮，夜间出行十分危险",
    "井盖破损下陷，车辆经过响声很大",
    "垃圾堆放多日无人清运，气味难闻",
    "公交站牌被撞倒，候车的人无从辨认",
    "自来水浑浊发黄，已经持续三天",
)
COORDINATOR = Actor("d-1", role="coordinator")


class Contacts:
    """The portal's directory: a citizen is told by the channel by which they came."""

    def holders(self, role: str, *, unit: str, case: Case) -> tuple[Person, ...]:
        """Who holds the role in the case; only citizens are told here."""
        return (
            (Person(case.citizen, addresses={case.origin.channel: case.citizen}),)
            if role == "citizen"
            else ()
        )


def messages(size: int, chance: Random) -> Iterator[tuple[str, str, str, str]]:
    """``(channel, id of the message there, citizen, text)``; one in twenty is delivered twice."""
    for number in range(size):
        channel = chance.choices(list(CHANNELS), weights=WEIGHTS)[0]
        # four in ten speak of something that others speak of, too
        matter = chance.randrange(size // 20) if chance.random() < 0.4 else size + number
        of = Random(matter)
        house, floor = of.randrange(1, 10_000), of.randrange(1, 40)
        ending = chance.choice(("请尽快处理", "盼复", "急"))
        text = f"{of.choice(PLACES)}{house}号{floor}栋{of.choice(MATTERS)}，{ending}"
        message = (channel, f"{channel}-{number:06}", f"c-{number:06}", text)
        yield message
        if number % 20 == 0:
            yield message


def take_in(desk: Desk, size: int, chance: Random) -> tuple[Counter[str], int, dict[str, str]]:
    """Each message becomes a case, or answers with the one it became; returns counts, and texts by case."""
    received, repeats, texts = Counter[str](), 0, dict[str, str]()
    for channel, message_id, citizen, text in messages(size, chance):
        desk.clock.advance(seconds=5)
        case = desk.submit(title=text[:12], body=text, channel=channel, to="城管局", key=message_id,
                           by=Actor(citizen, role="citizen"))  # fmt: skip
        received[channel] += 1
        repeats += case.is_repeat
        texts[case.id] = text
    return received, repeats, texts


def merge(desk: Desk, texts: dict[str, str]) -> list[list[Case]]:
    """A person merges what says nearly the same into what came first; returns the cases of each matter."""
    groups = [
        sorted(map(desk.get, ids), key=lambda case: case.submitted_us)
        for ids in near_duplicates(texts, similar=0.8)
    ]
    for first, *others in groups:
        for other in others:
            desk.merge(other.id, primary=first.id, by=COORDINATOR)
    together = {case.id for group in groups for case in group}
    return groups + [[desk.get(name)] for name in texts if name not in together]


def answer(desk: Desk, matters: list[list[Case]]) -> list[Delivery]:
    """One reply to each matter; returns what the relay told of it, to whom, and by which channel."""
    sent = list[Delivery]()
    notifiers = dict.fromkeys(CHANNELS, CallableNotifier(sent.append))
    relay = Relay(desk.store, Contacts(), notifiers, clock=desk.clock)
    for first, *_ in matters:
        desk.reply(first.id, text="已处理。", by=Actor("o-4", role="handler", unit="城管局"))
    while relay.once().claimed:
        pass
    return [one for one in sent if one.notice.topic == "replied"]


def main(size: int) -> None:
    """Take in, merge, answer, count."""
    clock, chance = ManualClock("2011-03-07T08:00:00+08:00"), Random(2011)
    desk = Desk(load_policy("wuhu"), MemoryStore(), clock=clock)
    received, repeats, texts = take_in(desk, size, chance)
    listed = "、".join(f"{label} {received[channel]}" for channel, label in CHANNELS.items())
    print(f"收到消息 {received.total()} 条\n  {listed}")
    print(f"重复投递 {repeats} 条，各得原件，不另立案；立案 {len(texts)} 件")
    matters = merge(desk, texts)
    print(f"并案 {sum(len(cases) - 1 for cases in matters)} 件，余 {len(matters)} 个事项")
    ways = Counter(len({case.origin.channel for case in cases}) for cases in matters)
    several = "、".join(f"{count} 种 {ways[count]} 个" for count in sorted(ways))
    print(f"每个事项的渠道：{several}")
    clock.advance(days=1)
    sent = answer(desk, matters)
    told = Counter(one.channel for one in sent)
    print(f"答复 {len(matters)} 次，按各自渠道告知 {len({one.person.id for one in sent})} 人")
    cases = Counter(case.origin.channel for group in matters for case in group)
    main_ones = Counter(group[0].origin.channel for group in matters)
    print("渠道         消息   案件   首提   告知")
    for channel, label in CHANNELS.items():
        wide = label + " " * (12 - sum(2 if sign > "~" else 1 for sign in label))
        counts = (received[channel], cases[channel], main_ones[channel], told[channel])
        print(wide + "".join(f"{count:5}  " for count in counts).rstrip())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="20,000 messages")
    main(20_000 if parser.parse_args().full else 1_000)
