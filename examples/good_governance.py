"""良治报告: what a log says of the eight characteristics of good governance, against the half-year before.

The sites of 六加二 and the 惠州共识 ask of a portal what UN ESCAP asks of government. In this made-up city
replies become faster in the second half-year, one district stays behind, and answers begin to be published.
What the log cannot tell is said.
Run it:  python examples/good_governance.py           900 inquiries
         python examples/good_governance.py --full    40,000
It prints:
    良治报告：2025-01-01 起至 2025-07-01 前，上期自 2024-07-01，截至 2026-01-01，诉求 900 件
    参与
      三十日内市民作出评价，占已答复
        214 / 468（45.7%）；上期 215 / 465（46.2%），变化未超出偶然
      未能说明：没有提问的人是谁、为何不问，日志里没有。
    法治
      九十日内未被撤销的牌，占所发
        181 / 181（100.0%）；上期 216 / 216（100.0%），变化未超出偶然
      未能说明：答复实体上是否合法，由复议与法院判断。
    透明
      答复后三十日内公开，占已答复
        286 / 468（61.1%）；上期 0 / 465（0.0%），上升
      未能说明：公开的内容是否有人找到、看懂，没有记录。
    回应
      未亮牌即答复，占已有结果的诉求
        336 / 468（71.8%）；上期 307 / 475（64.6%），上升
      未能说明：按时的答复也可能答非所问，请并看满意度。
    共识
      九十日内转为满意，占曾不满意的市民
        39 / 74（52.7%）；上期 38 / 65（58.5%），变化未超出偶然
      未能说明：一位市民认可不等于社会共识；后者见问计及其评分。
    公平与包容
      按时答复不落后于整体的地区，占已有结果达 30 件的地区
        3 / 4（75.0%）；上期 3 / 4（75.0%），变化未超出偶然
      未能说明：年龄、性别、收入、残障均无记录，无从比较这些群体。
    效果与效率
      满意，占作出满意度评价
        179 / 210（85.2%）；上期 181 / 204（88.7%），变化未超出偶然
      三十日内未重开，占已答复
        448 / 468（95.7%）；上期 439 / 465（94.4%），变化未超出偶然
      未能说明：答复耗费多少经费与工时，没有记录。
    责任
      三十日内签收，占送达的编号文书
        14 / 16（87.5%）；上期 9 / 13（69.2%），变化未超出偶然
      一百八十日内核查通过，占已启动的整改
        74 / 74（100.0%）；上期 64 / 64（100.0%），变化未超出偶然
      未能说明：认定对个人有何后果，在人事档案里，不在这里。
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.oversight import governance_report

POLICY = Path(__file__).parent / "policies" / "systems" / "open-city.toml"
START, CHANGE, END = date(2024, 7, 1), date(2025, 1, 1), date(2025, 7, 1)
DISTRICTS = ("东区", "南区", "西区", "北区")
CLERK, SUPERVISOR = Actor("d-1", role="coordinator"), Actor("s-1", role="supervisor")
FIRST, SECOND = Actor("m-1", role="moderator"), Actor("m-2", role="moderator")


def life(desk: Desk, name: str, day: date, chance: Random) -> Iterator[int]:
    """What becomes of an inquiry; each number is how many days pass before the next step."""
    case, is_after = desk.get(name), day >= CHANGE
    citizen = Actor(case.citizen, role="citizen")
    official = Actor("l", role="lead_official", unit=case.unit)
    slow = 8 if case.origin.region == "北区" else 3 if is_after else 5
    yield round(chance.expovariate(1 / slow))
    if chance.random() < 0.03:
        yield 40  # forgotten: an urging notice is served
        for document in desk.documents(name):
            desk.sign_receipt(name, document=document.draft.id, by=official)
    desk.reply(name, text="已办理。", by=official)
    if is_after and chance.random() < 0.6:
        desk.act(name, "propose_publication", by=FIRST, fields={"text": "已办理。"})
        desk.act(name, "publish", by=SECOND, fields={"text": "已办理。"})
    yield 1
    if chance.random() < 0.5:
        score = chance.choice((1, 2, 4, 4, 5, 5))
        desk.rate(name, score=score, by=citizen)
        if score < 4:  # the office hears them, does more, and asks again
            yield 3
            desk.link_rectification(name, rectification=f"整改-{name}", by=SUPERVISOR)
            yield 20
            desk.verify_rectification(name, rectification=f"整改-{name}", by=SUPERVISOR)
            desk.rate(name, score=chance.choice((score, 4)), by=citizen)
    desk.close(name, by=CLERK)
    if chance.random() < 0.05:
        yield 5
        desk.reopen(name, reason="问题又出现", by=citizen)
        yield 2
        desk.reply(name, text="已再次办理。", by=official)


def live(desk: Desk, size: int, chance: Random) -> None:
    """Both half-years, and the time after which everything can be looked at."""
    waiting, days, count = defaultdict[date, list[Iterator[int]]](list), (END - START).days, 0
    for number in range(days + 185):
        day = START + timedelta(days=number)
        desk.clock.set(f"{day}T09:00:00+08:00")
        desk.sweep()
        steps = waiting.pop(day, [])
        for _ in range(size * (number + 1) // days - size * number // days if number < days else 0):
            name, place = f"{count:05}", chance.choice(DISTRICTS)
            by = Actor(f"c-{name}", role="citizen")
            desk.submit(title="诉求", region=place, to=f"{place}街道", by=by, case_id=name)
            steps.append(life(desk, name, day, chance))
            count += 1
        for step in steps:
            wait = next(step, None)
            if wait is not None:
                waiting[day + timedelta(days=max(wait, 1))].append(step)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="40,000 inquiries")
    size = 40_000 if parser.parse_args().full else 900
    desk = Desk(load_policy(POLICY), MemoryStore(), clock=ManualClock(f"{START}T00:00:00+08:00"))
    live(desk, size, Random(2009))
    for line in governance_report(desk, since=CHANGE, until=END).lines("zh"):
        print(line)
