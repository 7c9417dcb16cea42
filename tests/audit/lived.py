"""A store in which cases have lived: replies, cards, texts, a redaction, keys, a notice and documents."""

from __future__ import annotations

from caseflow import Actor, Desk, ManualClock, load_policy
from caseflow.outbox import Draft, Notice, Void
from caseflow.ports import Append, Store

OFFICER = Actor("o-1", role="handler", unit="城管局")
CITIZEN = Actor("c-1", role="citizen")
SUPERVISOR = Actor("s-1", role="supervisor")
DAY = 86_400_000_000


def live(store: Store, *, cases: int = 3) -> Desk:
    """Cases ``a0``, ``a1``...: the first erased in part, the second replied to late, the others overdue."""
    desk = Desk(load_policy("wuhu"), store, clock=ManualClock("2025-03-03T09:30:00+08:00"))
    for number in range(cases):
        desk.submit(
            title=f"路灯不亮 {number}",
            body="三天了",
            to="城管局",
            by=CITIZEN,
            case_id=f"a{number}",
            key=f"k{number}",
        )
    desk.clock.advance(days=6)
    desk.sweep()
    desk.redact("a0", fields=("body",), basis="个人信息保护法第四十七条", reason="本人申请", by=SUPERVISOR)
    desk.reply("a1", text="已修复 🚧", by=OFFICER, key="r1")
    for name in ("a0", "a1"):
        case = desk.get(name)
        notice = Notice(f"n-{name}", name, case.version, "card", "yellow", "handler", "城管局", body={"n": 1})
        drafts = tuple(Draft(f"d-{name}-{n}", "催办", 2025, name, case.version, {"n": n}) for n in (1, 2))
        void = (Void(f"d-{name}-1", case.last_us, "annulled"),) if name == "a1" else ()
        store.append([Append(case, case.version, (), notices=(notice,), documents=drafts)])
        store.append([Append(case, case.version, (), voids=void)])
    return desk
