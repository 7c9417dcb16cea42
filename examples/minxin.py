"""辽宁民心网: outer intake, inner handling, outer publication, over 1,800 handling units on three levels.

Each evening a bundle is carried from either zone to the other. Inside, an inquiry is routed to a unit of the
city that it comes from; some come back and are routed anew. What is answered is published outside, without
personal data, and rated there. Units and inquiries are made up; extras `audit` and `analytics`.
Run it:  python examples/minxin.py           400 inquiries
         python examples/minxin.py --full    18,000
It prints:
    承办单位 1807 个，三级：省、14 市、各市 128 个单位
    分转：400 件到 365 个单位，退单后另转 35 件
    运转：外网到内网 80 包 607 项，内网到外网 80 包 1235 项
          时限自外网提交之时起算 400 件；外网评价到内网 207 件
    监控：黄牌 142、红牌 13、催办 1；最多：13 市 16、04 市 15、10 市 15
    分析：04 市投诉，末周 19 件，依以往应有 1.1 件
    外网公开反馈：400 件，其中电话号码 0 处
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.analytics import proposals_of
from caseflow.audit.checkpoint import make_key, read_private_key, read_public_key
from caseflow.desk.publications import Publications
from caseflow.interchange.zones import ZoneLink
from caseflow.policies.unit_register import ListedUnits
from caseflow.ports import Unit

FOLDER = Path(__file__).parent / "policies" / "systems"
CITIES, UNITS_OF_EACH = [f"{number:02} 市" for number in range(1, 15)], 128
START, DAYS = date(2025, 1, 6), 70
COORDINATOR = Actor("d-1", role="coordinator")
FIRST, SECOND = Actor("m-1", role="moderator"), Actor("m-2", role="moderator")
LABELS = {"complaint": "投诉", "consultation": "咨询", "need": "求助"}
KINDS = tuple(LABELS)


def register() -> ListedUnits:
    """The province, fourteen cities, and the units of each."""
    cities = [Unit(name=city, parent="省") for city in CITIES]
    units = [Unit(name=f"{city} {number:03} 单位", parent=city)
             for city in CITIES for number in range(UNITS_OF_EACH)]  # fmt: skip
    return ListedUnits([Unit(name="省"), *cities, *units])


class Zones:
    """Both desks, and the medium on which bundles are carried between them."""

    def __init__(self, medium: Path, units: ListedUnits) -> None:
        clock = self.clock = ManualClock(f"{START}T09:00:00+08:00")
        policies = {zone: load_policy(FOLDER / f"minxin-{zone}.toml") for zone in ("outer", "inner")}
        self.outer = Desk(policies["outer"], MemoryStore(), clock=clock)
        self.inner = Desk(policies["inner"], MemoryStore(), clock=clock, units=units)
        self.medium, self.bundles, self.carried = medium, Counter[str](), Counter[str]()
        self.ends = {"outer": ZoneLink(self.outer, zone="outer", peer="inner"),
                     "inner": ZoneLink(self.inner, zone="inner", peer="outer")}  # fmt: skip
        for zone in self.ends:
            make_key(medium / f"{zone}.key")

    def carry(self, zone: str, peer: str) -> None:
        """Write what the other zone may know, and do there what it says."""
        private = read_private_key(self.medium / f"{zone}.key")
        public = read_public_key(self.medium / f"{zone}.key.pub")
        while sent := self.ends[zone].export(self.medium, private):
            received = self.ends[peer].receive(sent.path, public)
            assert not received.refused
            self.bundles[zone] += 1
            self.carried[zone] += sent.items


def life(zones: Zones, name: str, chance: Random) -> Iterator[int]:
    """What becomes of an inquiry inside; each number is how many days pass before the next step."""
    inner, outer = zones.inner, zones.outer
    city = inner.get(name).origin.region
    units = [f"{city} {number:03} 单位" for number in chance.sample(range(UNITS_OF_EACH), 2)]
    inner.route(name, to=units[0], by=COORDINATOR)
    if chance.random() < 1 / 12:  # it is none of theirs
        yield 1
        inner.send_back(name, reason="不属本单位", by=Actor("o", role="handler", unit=units[0]))
        inner.route(name, to=units[1], by=COORDINATOR)
    yield round(chance.expovariate(1 / 4))
    officer = Actor("o", role="handler", unit=inner.get(name).unit)
    inner.reply(name, text="已办结，电话13900139000。", by=officer)
    fields = {
        "title": "诉求",
        "text": "已办结。",
    }  # what may be public: one proposes it, another publishes it
    inner.act(name, "propose_publication", by=FIRST, fields=fields)
    inner.act(name, "publish", by=SECOND, fields=fields)
    yield 2
    if chance.random() < 0.5:
        citizen = Actor(outer.get(name).citizen, role="citizen")
        outer.rate(name, score=chance.choice((2, 4, 5, 5)), by=citizen)


def live(zones: Zones, size: int, chance: Random) -> None:
    """Ten weeks of inquiries, and time to answer them; in the last week much more comes from one city."""
    steps, count = defaultdict[int, list[Iterator[int]]](list), 0
    for day in range(DAYS + 40):
        zones.clock.set(f"{START + timedelta(days=day)}T09:00:00+08:00")
        zones.inner.sweep()
        for step in steps.pop(day, ()):
            wait = next(step, None)
            if wait is not None:
                steps[day + max(wait, 1)].append(step)
        for _ in range(size * (day + 1) // DAYS - size * day // DAYS if day < DAYS else 0):
            name, is_hit = f"{count:05}", day >= DAYS - 7 and chance.random() < 0.4
            kind, city = ("complaint", CITIES[3]) if is_hit else (chance.choice(KINDS), chance.choice(CITIES))
            by = Actor(f"c-{name}", role="citizen")
            zones.outer.submit(title="诉求", body="内容", kind=kind, region=city, by=by, case_id=name)
            steps[day + 1].append(life(zones, name, chance))
            count += 1
        zones.clock.advance(hours=9)
        zones.carry("outer", "inner")
        zones.carry("inner", "outer")


def show(zones: Zones, units: ListedUnits, size: int) -> None:
    """Routing, transport, analysis, monitoring, and what anyone sees."""
    cases = [zones.inner.get(f"{number:05}") for number in range(size)]
    holders, returned = len({case.unit for case in cases}), sum(case.facts.returns for case in cases)
    print(f"分转：{size} 件到 {holders} 个单位，退单后另转 {returned} 件")
    carried = [f"{zones.bundles[zone]} 包 {zones.carried[zone]} 项" for zone in ("outer", "inner")]
    same = sum(zones.outer.get(case.id).submitted_us == case.submitted_us for case in cases)
    print(f"运转：外网到内网 {carried[0]}，内网到外网 {carried[1]}")
    rated = sum(case.rating is not None for case in cases)
    print(f"      时限自外网提交之时起算 {same} 件；外网评价到内网 {rated} 件")
    levels = Counter(card.level for case in cases for card in case.cards)
    parents = {unit.name: unit.parent for unit in units}
    cities = Counter(parents[card.unit] or "未分转" for case in cases for card in case.cards)
    listed = "、".join(f"{city} {count}" for city, count in cities.most_common(3))
    print(f"监控：黄牌 {levels['yellow']}、红牌 {levels['red']}、催办 {levels['urge']}；最多：{listed}")
    until = START + timedelta(days=DAYS)
    for proposal in proposals_of(zones.inner, days=7, until=until, with_texts=False).proposals:
        if (excess := proposal.excess) is not None:
            kind, count, usual = LABELS[proposal.kind], excess.count, excess.expected
            print(f"分析：{proposal.place}{kind}，末周 {count} 件，依以往应有 {usual:.1f} 件")
    board, texts = Publications(zones.outer), list[str]()
    page = board.page(limit=1_000)
    while True:
        texts += [text for one in page for _, text in one.texts]
        if not page.cursor:
            break
        page = board.page(limit=1_000, cursor=page.cursor)
    hidden = sum(bool(re.search(r"[0-9]{7}", text)) for text in texts)
    print(f"外网公开反馈：{len(texts) // 2} 件，其中电话号码 {hidden} 处")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="18,000 inquiries")
    size, units = 18_000 if parser.parse_args().full else 400, register()
    print(f"承办单位 {len(units)} 个，三级：省、{len(CITIES)} 市、各市 {UNITS_OF_EACH} 个单位")
    with TemporaryDirectory() as folder:
        zones = Zones(Path(folder), units)
        live(zones, size, Random(2004))
        show(zones, units, size)
