"""广东网上办事大厅: windows of a province and its cities, five halls, and “我对省长说句话”, on one desk.

Each hall has the rules of its own law, the units are on three levels, and what the governor's office passes
down is linked to the window that has it. Halls and units are made up. It needs the extra `cn`.
Run it:  python examples/provincial_hall.py           600 matters
         python examples/provincial_hall.py --full    20,000
It prints:
    窗口：省 1、市 21；单位 133 个，三级；一张工作台，6 套规则
    政务公开厅（cn-open-information）：104 件，已答复、已决定 104，亮牌 0 件
    行政许可厅（cn-licence）：166 件，已答复、已决定 163，亮牌 10 件
    政民互动厅（inquiry）：241 件，已答复、已决定 241，亮牌 52 件
    消费维权厅（cn-market-complaints）：74 件，已答复、已决定 71，亮牌 0 件
    我对省长说句话（governor）：15 件，已答复、已决定 15，亮牌 0 件
    省窗口 37 件，市窗口 563 件；亮牌最多：市13 7、市06 5、市20 5
    省长来信：交办 15 件，市里未办结即办结被拒 15 次，得知已办结 15 件
    效能监察厅（referral）：依黄牌、红牌提出 2 件，由人立案
    一位办事人看得到的：7 件，分属 2 套规则
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random

from caseflow import Actor, Case, Desk, ManualClock, MemoryStore, Refused, load_policy
from caseflow.oversight import propose_referrals
from caseflow.policies.unit_register import ListedUnits
from caseflow.ports import Unit

FOLDER = Path(__file__).parent / "policies" / "systems"
PROVINCE, GOVERNOR, CITIES = "省", "省长", [f"市{number:02}" for number in range(1, 22)]
BUREAUS = ("公安", "市监", "住建", "人社", "交通")
DAYS, START = 60, date(2025, 3, 3)
COORDINATOR, refused = Actor("d-1", role="coordinator"), Counter[str]()
Life = Iterator[int]
"""What happens to a matter: each number is how many days pass before the next step."""


def register() -> ListedUnits:
    """The province, its governor's office, its cities; bureaus below each."""
    windows = [Unit(name=PROVINCE), *(Unit(name=city, parent=PROVINCE) for city in CITIES)]
    bureaus = [Unit(name=f"{one.name}{name}局", parent=one.name) for one in windows for name in BUREAUS]
    return ListedUnits([*windows, Unit(name=GOVERNOR, parent=PROVINCE), *bureaus])


def information(desk: Desk, case: Case, chance: Random) -> Life:
    """政务公开: an application for information is answered."""
    yield round(chance.expovariate(1 / 10))
    desk.reply(case.id, text="予以公开。", by=Actor("o", role="handler", unit=case.unit))


def licence(desk: Desk, case: Case, chance: Random) -> Life:
    """行政许可: accepted, granted, delivered; what nobody accepts is accepted by law."""
    officer = Actor("o", role="handler", unit=case.unit)
    yield chance.randint(0, 5)
    if desk.get(case.id).state == "received":
        desk.act(case.id, "accept", by=officer)
    yield round(chance.expovariate(1 / 12))
    desk.act(case.id, "grant", by=officer)
    yield chance.randint(0, 12)
    desk.act(case.id, "deliver", by=officer)


def inquiry(desk: Desk, case: Case, chance: Random) -> Life:
    """政民互动: replied to, and closed."""
    yield round(chance.expovariate(1 / 4))
    desk.reply(case.id, text="已办理。", by=Actor("o", role="handler", unit=case.unit))
    yield 1
    desk.close(case.id, by=COORDINATOR)


def complaint(desk: Desk, case: Case, chance: Random) -> Life:
    """消费维权: accepted, and settled by mediation."""
    officer = Actor("o", role="handler", unit=case.unit)
    yield chance.randint(1, 9)
    desk.act(case.id, "accept", by=officer)
    yield chance.randint(5, 40)
    desk.act(case.id, "agree", by=officer)


def to_governor(desk: Desk, case: Case, chance: Random) -> Life:
    """我对省长说句话: passed down to a city's window, and completed when that is done, not before."""
    officer, city = Actor("s", role="handler", unit=GOVERNOR), chance.choice(CITIES)
    down = desk.submit(title="交办", to=city, by=COORDINATOR, policy="inquiry", case_id=f"{case.id}-交办")
    desk.link(case.id, down.id, as_="passed-down", by=COORDINATOR)
    yield 1
    desk.reply(case.id, text=f"已交{city}办理。", by=officer)
    try:
        desk.complete(case.id, by=officer)
    except Refused as error:
        refused[error.refusal.code] += 1
    yield from inquiry(desk, down, chance)  # what the city does with it
    if desk.get(case.id).state == "answered":
        desk.complete(case.id, by=officer)


HALLS: dict[str, tuple[str, str, str, Callable[[Desk, Case, Random], Life]]] = {
    "政务公开厅": ("cn-open-information", "applicant", "", information),
    "行政许可厅": ("cn-licence", "applicant", "住建局", licence),
    "政民互动厅": ("inquiry", "citizen", "公安局", inquiry),
    "消费维权厅": ("cn-market-complaints", "consumer", "市监局", complaint),
    "我对省长说句话": ("governor", "citizen", "", to_governor),
}
"""Hall -> its policy, who asks there, which bureau has it, and what happens."""


def live(desk: Desk, size: int, chance: Random) -> dict[str, list[str]]:
    """Sixty days, and thirty more in which nobody asks; returns the ids of each hall."""
    waiting, ids, clock = defaultdict[int, list[Life]](list), defaultdict[str, list[str]](list), desk.clock
    for day in range(DAYS + 30):
        clock.set(f"{START + timedelta(days=day)}T09:00:00+08:00")
        desk.sweep()
        steps = waiting.pop(day, [])
        for number in range(size * day // DAYS, size * (day + 1) // DAYS) if day < DAYS else ():
            hall = chance.choices(list(HALLS), weights=(15, 30, 40, 12, 3))[0]
            policy, role, bureau, life = HALLS[hall]
            unit = GOVERNOR if policy == "governor" else chance.choice([PROVINCE, *CITIES]) + bureau
            by, name = Actor(f"c-{number % 97}", role=role), f"{number:05}"
            kind = "complaint" if policy == "cn-market-complaints" else ""
            case = desk.submit(title="事项", to=unit, by=by, policy=policy, case_id=name, kind=kind)
            ids[hall].append(name)
            steps.append(life(desk, case, chance))
        for step in steps:
            wait = next(step, None)
            if wait is not None:
                waiting[day + max(wait, 1)].append(step)
    return ids


def show(desk: Desk, units: ListedUnits, ids: dict[str, list[str]]) -> None:
    """Each hall with its rules, the windows with most cards, and what rules propose of it."""
    late, windows = Counter[str](), Counter[str]()
    for hall, (policy, *_) in HALLS.items():
        cases = [desk.get(name) for name in ids[hall]]
        cards = [card for case in cases for card in case.cards]
        done = sum(case.stage in ("evaluation", "ended") for case in cases)
        late_ones = len({card.case_id for card in cards})
        print(f"{hall}（{policy}）：{len(cases)} 件，已答复、已决定 {done}，亮牌 {late_ones} 件")
        windows.update(_window(units, case.unit) for case in cases)
        late.update(_window(units, card.unit) for card in cards)
    print(f"省窗口 {windows[PROVINCE]} 件，市窗口 {sum(windows[city] for city in CITIES)} 件；亮牌最多："
          + "、".join(f"{name} {count}" for name, count in late.most_common(3)))  # fmt: skip
    passed = [desk.get(name) for name in ids["我对省长说句话"]]
    heard = sum(link.state == "closed" for case in passed for link in case.facts.links)
    print(f"省长来信：交办 {len(passed)} 件，市里未办结即办结被拒 {refused['linked-case-open']} 次，"
          f"得知已办结 {heard} 件")  # fmt: skip
    rules, until = Actor("rules", role="proposer"), START + timedelta(days=DAYS)
    proposed = propose_referrals(desk, since=START, until=until, by=rules).referrals
    print(f"效能监察厅（referral）：依黄牌、红牌提出 {len(proposed)} 件，由人立案")
    roles = {role for _, role, *_ in HALLS.values()}
    own = [case for role in roles for case in desk.seen_by(Actor("c-7", role=role)).cases(limit=1_000)]
    print(f"一位办事人看得到的：{len(own)} 件，分属 {len({case.origin.policy_hash for case in own})} 套规则")


def _window(units: ListedUnits, name: str) -> str:
    """The window that a unit stands behind: a city, or the province."""
    while name not in (PROVINCE, *CITIES) and (unit := units.unit(name)) is not None:
        name = unit.parent
    return name


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="20,000 matters")
    size, units = 20_000 if parser.parse_args().full else 600, register()
    own = (FOLDER / "hall-inquiry.toml", FOLDER / "governor.toml")
    shipped = ("cn-open-information", "cn-licence", "cn-market-complaints", "referral")
    policies = [load_policy(name) for name in (*own, *shipped)]
    print(f"窗口：省 1、市 {len(CITIES)}；单位 {len(units)} 个，三级；一张工作台，{len(policies)} 套规则")
    clock = ManualClock(f"{START}T09:00:00+08:00")
    desk = Desk(policies, MemoryStore(), clock=clock, units=units)
    show(desk, units, live(desk, size, Random(2012)))
