"""A fact recorded late annuls the card it disproves; a duplicate follows its primary until that is withdrawn.

Run it:  python examples/04_backdated_and_merge.py
It prints:
    yellow 2025-03-09 annulled because replied
    the duplicate is merged into first
    after the withdrawal: handling, cards yellow 2025-04-14
"""

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy

clock = ManualClock("2025-03-03T09:30:00+08:00")
desk = Desk(load_policy("wuhu"), MemoryStore(), clock=clock)
one, two = Actor("c-1", role="citizen"), Actor("c-2", role="citizen")
coordinator = Actor("d-1", role="coordinator")

desk.submit(case_id="late-entry", title="路灯不亮", to="城管局", by=one)
clock.advance(days=7)
desk.sweep()
case = desk.reply(
    "late-entry",
    text="已修复",
    by=coordinator,
    effective_at="2025-03-08T17:00:00+08:00",
    reason="纸质答复补录",
)
card = case.cards[0]
print(f"{card.level} {card.effective_at:%Y-%m-%d} annulled because {card.annulled_because}")

clock.set("2025-04-07T09:30:00+08:00")
desk.submit(case_id="first", title="井盖破损", to="城管局", by=one)
clock.advance(days=1)
desk.submit(case_id="again", title="井盖又破了", to="城管局", by=two)
case = desk.merge("again", primary="first", by=coordinator)
print(f"the duplicate is {case.state} into {case.facts.primary}")

clock.advance(days=7)
assert [card.case_id for card in desk.sweep().cards] == ["first"]  # the duplicate never escalates
desk.withdraw("first", by=one)
case = desk.get("again")
cards = ", ".join(f"{card.level} {card.effective_at:%Y-%m-%d}" for card in case.cards)
print(f"after the withdrawal: {case.state}, cards {cards}")
