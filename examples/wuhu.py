"""芜湖市民心声: a quarter of consultations and complaints, watched daily, with cards and both boards.

Twelve made-up units, each with its lead official (分管领导) and its duty officer (专人), who logs in every
working day and takes charge of what is new.
Run it:  python examples/wuhu.py            600 inquiries
         python examples/wuhu.py --full     2,500, as many as the demo city has in a year
It prints:
    市民心声：12 个单位，各有分管领导与专人
    诉求 600 件：咨询 252、投诉维权 348
    每日登录：应登录 1236 次，未登录 19 次（单位 05：19）
    答复前：提醒 223、黄牌 124、红牌 24、催办通知单 5（第 1 至 5 号，已签收 5）
    通知分管领导 172 次，市政务公开办公室 53 次
    满意回复排行榜（按评价满意的 95% 下限）
      1  单位 00  21 / 21
      2  单位 11  26 / 27
      3  单位 01  23 / 24
    不满意回复排行榜（按评价满意的 95% 上限）
      1  单位 07  10 / 20
      2  单位 06  17 / 28
      3  单位 05  22 / 32
    评价不足 10 件、不排名：无
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.offices.duty_watch import duty_watch
from caseflow.policies.unit_register import ListedUnits
from caseflow.ports import Unit
from caseflow.views.rates import Rate, satisfaction_rate, wilson_bounds

POLICY = Path(__file__).parent / "policies" / "systems" / "wuhu.toml"
UNITS = [f"单位 {number:02}" for number in range(12)]
SLOW = {"单位 05": 11.0, "单位 06": 5.0, "单位 07": 7.0}  # days that a reply takes there, on average
SUPERVISOR = Actor("政务公开办", role="supervisor")
DAYS, LEAST = 90, 10


def city() -> Desk:
    """A desk with twelve units and the roster of each."""
    units = [Unit(name=name, lead=f"{name} 分管领导", duty_officer=f"{name} 专人") for name in UNITS]
    policies = [load_policy(POLICY), load_policy("duty-roster")]
    clock = ManualClock("2025-03-03T08:30:00+08:00")
    desk = Desk(policies, MemoryStore(), clock=clock, units=ListedUnits(units))
    for name in UNITS:
        desk.submit(title="每日登录", to=name, by=SUPERVISOR, policy="duty-roster", case_id=f"值班 {name}")
    return desk


def live(desk: Desk, size: int, chance: Random) -> list[str]:
    """A quarter, day by day; returns the ids of the inquiries."""
    start, ids, due = desk.clock.now(), list[str](), defaultdict[int, list[str]](list)
    for day in range(DAYS + 60):
        morning = start + timedelta(days=day)
        desk.clock.set(morning)
        desk.sweep()
        look_in(desk, morning)
        for name in due.pop(day, ()):
            answer(desk, name, chance)
        for _ in range(size * (day + 1) // DAYS - size * day // DAYS if day < DAYS else 0):
            desk.clock.advance(seconds=30)
            unit, name = chance.choice(UNITS), f"{len(ids) + 1:05}"
            kind = "consultation" if chance.random() < 0.4 else "complaint"
            by = Actor(f"市民 {name}", role="citizen")
            desk.submit(title="诉求", kind=kind, to=unit, by=by, case_id=name, channel="web")
            due[day + 1 + round(chance.expovariate(1 / SLOW.get(unit, 2.0)))].append(name)
            ids.append(name)
    return ids


def look_in(desk: Desk, morning: datetime) -> None:
    """Each duty officer logs in and takes charge of what is new; the one of 单位 05 never does on Mondays."""
    for watch in duty_watch(desk):
        if watch.is_due and not (watch.unit == "单位 05" and morning.weekday() == 0):
            officer = Actor(f"{watch.unit} 专人", role="duty_officer", unit=watch.unit)
            desk.act(watch.roster, "look_in", by=officer, fields={"unseen": len(watch.unseen)})
            for name in watch.unseen:
                desk.take_charge(name, by=officer)


def answer(desk: Desk, name: str, chance: Random) -> None:
    """The unit signs for urging notices and replies; half of the citizens rate."""
    case = desk.get(name)
    official = Actor(f"{case.unit} 分管领导", role="lead_official", unit=case.unit)
    for document in desk.documents(name):
        desk.sign_receipt(name, document=document.draft.id, by=official)
    desk.reply(name, text="已办理。", by=official)
    if chance.random() < 0.55:
        score = chance.choice((1, 2, 4, 5)) if case.unit in SLOW else chance.choice((3, 4, 4, 5, 5, 5, 5, 5))
        desk.rate(name, score=score, by=Actor(case.citizen, role="citizen"))


def board(shares: dict[str, Rate], *, worst: bool) -> list[tuple[int, str, Rate]]:
    """Units with enough ratings: best by the lower bound, worst by the upper; equal ones share a place."""
    bound = {name: wilson_bounds(share)[worst] for name, share in shares.items()
             if share.denominator >= LEAST}  # fmt: skip
    places = {name: 1 + sum((other < one) if worst else (other > one) for other in bound.values())
              for name, one in bound.items()}  # fmt: skip
    return sorted((place, name, shares[name]) for name, place in places.items())


def show(desk: Desk, ids: list[str]) -> None:
    """What the quarter came to."""
    cases = [desk.get(name) for name in ids]
    kinds = Counter(case.origin.kind for case in cases)
    print(f"诉求 {len(ids)} 件：咨询 {kinds['consultation']}、投诉维权 {kinds['complaint']}")
    rosters = [desk.get(watch.roster) for watch in duty_watch(desk)]
    turns = sum(len(roster.clocks) - 1 for roster in rosters)
    missed = {roster.unit: len(roster.cards) for roster in rosters if roster.cards}
    listed = "、".join(f"{unit}：{count}" for unit, count in missed.items())
    print(f"每日登录：应登录 {turns + sum(missed.values())} 次，未登录 {sum(missed.values())} 次（{listed}）")
    levels = Counter(card.level for case in cases for card in case.escalations)
    numbers = [document.number for name in ids for document in desk.documents(name)]
    signed = sum(len(case.facts.receipts) for case in cases)
    print(f"答复前：提醒 {levels['reminder']}、黄牌 {levels['yellow']}、红牌 {levels['red']}、"
          f"催办通知单 {len(numbers)}（第 1 至 {max(numbers)} 号，已签收 {signed}）")  # fmt: skip
    notices = Counter(posted.notice.role for posted in desk.store.notices(limit=100_000))
    print(f"通知分管领导 {notices['lead_official']} 次，市政务公开办公室 {notices['supervisor']} 次")
    shares = {unit: satisfaction_rate(case for case in cases if case.unit == unit) for unit in UNITS}
    for title, worst in (("满意回复排行榜（按评价满意的 95% 下限）", False),
                         ("不满意回复排行榜（按评价满意的 95% 上限）", True)):  # fmt: skip
        print(title)
        for place, unit, share in board(shares, worst=worst)[:3]:
            print(f"  {place}  {unit}  {share.numerator} / {share.denominator}")
    few = "、".join(unit for unit, share in shares.items() if share.denominator < LEAST)
    print(f"评价不足 {LEAST} 件、不排名：{few or '无'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="2,500 inquiries")
    size = 2_500 if parser.parse_args().full else 600
    print(f"市民心声：{len(UNITS)} 个单位，各有分管领导与专人")
    desk = city()
    show(desk, live(desk, size, Random(2003)))
