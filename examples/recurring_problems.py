"""智慧问政: from single cases to what must be put right; each Monday a week is held against its past.

What exceeds it, and letters that say nearly the same, are proposed; a person decides. Districts, problems and
letters are made up. It needs the extra `analytics`.
Run it:  python examples/recurring_problems.py           80 inquiries a week or so
         python examples/recurring_problems.py --full    1,500
It prints:
    2025-04-14 新区停水 15 件，应有 2.7、至多 10 件：立整改，关联 15 件
    2025-05-26 南区垃圾 10 件，应有 2.6、至多 9 件：逐件看过，没有共同原因，不立
    2025-05-26 北区停车 10 件，应有 2.6、至多 9 件：逐件看过，没有共同原因，不立
    2025-05-26 停车 雷同来信 12 件：不立整改，按一件办理
    看过类别与地点 420 个（次），提出 4 件，其余在平常之内
    整改核查后，15 件诉求随之标明；此后同类同地每周 3.6 件
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path
from random import Random

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.analytics import Proposal, dismiss, open_rectification, proposals_of
from caseflow.oversight import recurrences

HOTLINE = Path(__file__).parent / "policies" / "systems" / "hotline.toml"
KINDS, DISTRICTS = ("路灯", "停水", "噪声", "占道", "停车", "垃圾"), ("东区", "南区", "西区", "北区", "新区")
START, WEEKS = date(2025, 1, 6), 23
CITIZEN, CLERK = Actor("c-1", role="citizen"), Actor("d-1", role="coordinator")
SUPERVISOR, VERIFIER = Actor("s-1", role="supervisor"), Actor("v-1", role="verifier")
BROKEN, LETTER = range(14, 18), 20
"""Weeks in which water fails in 新区, until it is put right; the week of a letter that many send."""


def words(chance: Random, kind: str) -> str:
    """A text of its own."""
    return f"{kind}：" + "".join(chance.choices("春夏秋冬东西南北山水风雨花鸟鱼虫", k=24))


def ask(desk: Desk, week: int, size: int, chance: Random, *, is_mended: bool) -> None:
    """A week's inquiries: as usual, and what happens beside."""
    many = round(size * chance.uniform(0.9, 1.1))
    usual = [(chance.choice(KINDS), chance.choice(DISTRICTS)) for _ in range(many)]
    beside = [("停水", "新区")] * (size // 6) if week in BROKEN and not is_mended else []
    letter = "物业公司擅自提高停车费用，请责令其立即退还多收的款项并公开账目"
    letters = [("停车", chance.choice(DISTRICTS), f"{letter}，业主{n}") for n in range(12 * (week == LETTER))]
    for kind, place, text in [*((*one, words(chance, one[0])) for one in usual + beside), *letters]:
        desk.clock.advance(seconds=81_000 // size)
        case = desk.submit(title="诉求", body=text, kind=kind, region=place, by=CITIZEN)
        desk.reply(case.id, text="已办理。", by=CLERK)


def decide(desk: Desk, proposal: Proposal) -> str:
    """A person looks at the cases: one cause of all is put right; one hand's letters, and chance, are not."""
    count, week, place = len(proposal.cases), proposal.window.since, f"{proposal.place}{proposal.kind}"
    if (excess := proposal.excess) is None:
        dismiss(desk, proposal, by=SUPERVISOR, reason="同一份联名信，按一件办理")
        print(f"{week} {place} 雷同来信 {count} 件：不立整改，按一件办理")
        return ""
    usual = f"{week} {place} {count} 件，应有 {excess.expected:.1f}、至多 {excess.bound} 件"
    if place != "新区停水":
        dismiss(desk, proposal, by=SUPERVISOR, reason="逐件看过，没有共同原因")
        print(f"{usual}：逐件看过，没有共同原因，不立")
        return ""
    opening = open_rectification(desk, proposal, by=SUPERVISOR, title=f"{place}频发")
    print(f"{usual}：立整改，关联 {count - len(opening.unlinked)} 件")
    return opening.case.id


def put_right(desk: Desk, rectification: str) -> None:
    """The lead office sets a measure and reports it done; somebody else verifies."""
    official = Actor("l-1", role="lead_official", unit="水务局")
    desk.route(rectification, to="水务局", by=SUPERVISOR)
    measure = {"measure": "更换主管", "owner": "水务局", "due": "2025-12-31"}
    desk.act(rectification, "set_measure", by=official, fields=measure)
    desk.act(rectification, "complete_measure", by=official, fields={"measure": "更换主管"})
    desk.act(rectification, "report_done", by=official, fields={"evidence": "验收单"})
    desk.act(rectification, "verify", by=VERIFIER, fields={"findings": "抽查通过"})


def main(size: int) -> None:
    """Twenty-three weeks, one after the other."""
    desk = Desk([load_policy(HOTLINE), load_policy("rectification")], MemoryStore(),
                clock=ManualClock(f"{START}T08:00:00+08:00"))  # fmt: skip
    chance, opened, mended, looked, proposed = Random(2013), "", "", 0, 0
    for week in range(WEEKS):
        monday = START + timedelta(weeks=week)
        desk.clock.set(f"{monday}T08:00:00+08:00")
        desk.sweep()
        if opened and not mended:
            put_right(desk, opened)
            mended = opened
        if week > 8:  # before there is too little past
            result = proposals_of(desk, days=7, until=monday)
            looked, proposed = looked + result.search.looked_at, proposed + len(result.proposals)
            for proposal in result.proposals:
                opened = decide(desk, proposal) or opened
        ask(desk, week, size, chance, is_mended=bool(mended))
    marked = sum(link.inward for link in desk.get(mended).facts.links)
    again = recurrences(desk, mended).count
    print(f"看过类别与地点 {looked} 个（次），提出 {proposed} 件，其余在平常之内")
    print(f"整改核查后，{marked} 件诉求随之标明；此后同类同地每周 {again / (WEEKS - 16):.1f} 件")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="1,500 inquiries a week")
    main(1_500 if parser.parse_args().full else 80)
