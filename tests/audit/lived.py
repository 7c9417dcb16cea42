"""A store in which cases have lived: replies, cards, texts, a redaction, keys, notices and documents."""

from __future__ import annotations

from caseflow import Actor, Desk, ManualClock, load_policy
from caseflow.ports import Store

OFFICER = Actor("o-1", role="handler", unit="城管局")
CITIZEN = Actor("c-1", role="citizen")
SUPERVISOR = Actor("s-1", role="supervisor")
COORDINATOR = Actor("d-1", role="coordinator")


def live(store: Store, *, cases: int = 3) -> Desk:
    """Cases ``a0``, ``a1``...: of the first, with which another unit helps, a text is erased; the reply to
    the second is recorded late, so that its cards and its urging notice are annulled; the others keep theirs.
    """  # fmt: skip
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    for number in range(cases):
        title = f"路灯不亮 {number}"
        desk.submit(
            title=title, body="三天了", to="城管局", by=CITIZEN, case_id=f"a{number}", key=f"k{number}"
        )
    desk.add_co_handler("a0", co_handler="水务局", by=COORDINATOR)
    desk.clock.advance(days=6)
    desk.sweep()
    desk.redact("a0", fields=("body",), basis="个人信息保护法第四十七条", reason="本人申请", by=SUPERVISOR)
    desk.clock.advance(days=26)
    desk.sweep()
    desk.reply(
        "a1",
        text="已修复 🚧",
        by=COORDINATOR,
        key="r1",
        effective_at="2025-03-05T09:00:00+08:00",
        reason="补录",
    )
    return desk
