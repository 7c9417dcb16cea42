"""网络理政: one policy copied from city to city (成都、广元、绵阳), checked, proved, and changed.

The four files lie in ``examples/policies/systems``; their lengths are made up. It needs the extras `cn` and
`testing`.
Run it:  python examples/copied_policy.py           150 inquiries a city
         python examples/copied_policy.py --full    5,000, and a longer proof
It prints:
    成都成文：26 行，其余承自通用规则
    广元取自成都：6 行，不同之处 2 项
      limits.returns
      clocks.charge.cancel
    绵阳取自广元：6 行，不同之处 2 项
      limits.extension_days
      kinds.praise
    检查：成都发现 5 类，广元改正一类，余 4 类
      unit-clock-after-hand-over
    证明：绵阳之规则，生成 3 案逐步核对，全部成立：是
    成都日常运行：150 件，逾期未签收 12、黄牌 43、红牌 11
    广元日常运行：150 件，逾期未签收 8、黄牌 36、红牌 6
    绵阳日常运行：150 件，逾期未签收 12、黄牌 40、红牌 3
    绵阳换版：clocks.reply.rungs.red.days 15 -> 10
      先看影响：在办 26 件，red 提前 3、新发 3、撤销 0
      换版：26 件，与所见相同；再做一次：0 件
"""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

from caseflow import Actor, Desk, ManualClock, MemoryStore, Policy, load_policy
from caseflow.policies.lint.findings import findings
from caseflow.policies.policy_diff import policy_diff
from caseflow.testing.laws.policy_laws import policy_laws

FOLDER = Path(__file__).parent / "policies" / "systems"
CITIES = {"成都": "chengdu", "广元": "guangyuan", "绵阳": "mianyang"}
SUPERVISOR, COORDINATOR = Actor("s-1", role="supervisor"), Actor("d-1", role="coordinator")
OFFICER, DAYS = Actor("o-1", role="handler", unit="城管局"), 42


def written(file: str) -> int:
    """Lines of a policy file that say something."""
    lines = (FOLDER / f"{file}.toml").read_text(encoding="utf-8").splitlines()
    return sum(bool(line.strip()) and not line.startswith("#") for line in lines)


def live(policy: Policy, size: int, chance: Random) -> Desk:
    """Six weeks of a city: most inquiries are replied to, some late, some not at all."""
    desk = Desk(policy, MemoryStore(), clock=ManualClock("2025-03-03T09:00:00+08:00"))
    start, waiting = desk.clock.now(), dict[str, int]()
    for day in range(DAYS):
        desk.clock.set(start + timedelta(days=day))
        desk.sweep()
        for name in [name for name, due in waiting.items() if due <= day]:
            del waiting[name]
            desk.reply(name, text="已办理。", by=OFFICER)
            desk.close(name, by=COORDINATOR)
        for number in range(size * day // DAYS, size * (day + 1) // DAYS):
            name, by = f"{number:05}", Actor(f"c-{number}", role="citizen")
            desk.submit(title="诉求", to="城管局", by=by, case_id=name)
            if chance.random() < 0.9:
                waiting[name] = day + round(chance.expovariate(1 / 5))
            if chance.random() < 0.8:
                desk.take_charge(name, by=OFFICER)
    return desk


def main(size: int, lives: int) -> None:
    """Copy, check, prove, live, and take on the next version."""
    policies = {city: load_policy(FOLDER / f"{file}.toml") for city, file in CITIES.items()}
    print(f"成都成文：{written('chengdu')} 行，其余承自通用规则")
    for (before, old), (city, new) in pairwise(policies.items()):
        changes = [change for change in policy_diff(old, new) if not change.is_of_words]
        print(f"{city}取自{before}：{written(CITIES[city])} 行，不同之处 {len(changes)} 项")
        for change in changes:
            print(f"  {change.path}")
    first, second = ({row.code for row in findings(policies[city])} for city in ("成都", "广元"))
    print(f"检查：成都发现 {len(first)} 类，广元改正一类，余 {len(second)} 类")
    print("  " + "、".join(sorted(first - second)))
    proof = policy_laws(policies["绵阳"], examples=lives, steps=15)
    print(f"证明：绵阳之规则，生成 {lives} 案逐步核对，全部成立：{'是' if proof.ok else '否'}")

    desks = {city: live(policy, size, Random(city)) for city, policy in policies.items()}
    for city, desk in desks.items():
        levels = Counter(card.level for number in range(size) for card in desk.get(f"{number:05}").cards)
        cards = f"逾期未签收 {levels['unsigned']}、黄牌 {levels['yellow']}、红牌 {levels['red']}"
        print(f"{city}日常运行：{size} 件，{cards}")

    desk = desks["绵阳"]
    following = load_policy(FOLDER / "mianyang-2.toml")
    (change,) = (one for one in policy_diff(policies["绵阳"], following) if one.path.endswith(".days"))
    print(f"绵阳换版：{change.path} {change.old} -> {change.new}")
    renewed = Desk(following, desk.store, clock=desk.clock)
    impact = renewed.migrate_all(by=SUPERVISOR, reason="改用第二版", dry_run=True)
    for row in impact.impact:
        moves = f"提前 {row.moved}、新发 {row.issued}、撤销 {row.annulled}"
        print(f"  先看影响：在办 {impact.migrated} 件，{row.level} {moves}")
    done = renewed.migrate_all(by=SUPERVISOR, reason="改用第二版")
    again = renewed.migrate_all(by=SUPERVISOR, reason="改用第二版")
    same = "相同" if done.cards == impact.cards else "不同"
    print(f"  换版：{done.migrated} 件，与所见{same}；再做一次：{again.migrated} 件")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="5,000 inquiries a city, 200 lives")
    main(*((5_000, 200) if parser.parse_args().full else (150, 3)))
