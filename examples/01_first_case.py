"""A case from its submission to its end, with a clock that moves when told to.

Run it:  python examples/01_first_case.py
It prints:
    late from 2025-03-09 00:00 +08:00
    yellow, effective 2025-03-09, noticed 2025-03-11
    answered after 8 days, closed with a rating of 4
"""

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy

clock = ManualClock("2025-03-03T09:30:00+08:00")
desk = Desk(load_policy("wuhu"), MemoryStore(), clock=clock)
citizen = Actor("c-17", role="citizen")
officer = Actor("o-4", role="handler", unit="城管局")
office = Actor("s-1", role="supervisor")

case = desk.submit(title="路灯不亮", body="三天了", kind="complaint", to="城管局", by=citizen)
deadline = case.deadline
assert deadline is not None
print(f"late from {deadline:%Y-%m-%d %H:%M} +08:00")

clock.advance(days=8)
for card in desk.sweep().cards:
    print(f"{card.level}, effective {card.effective_at:%Y-%m-%d}, noticed {card.detected_at:%Y-%m-%d}")

desk.reply(case.id, text="路灯已修复", by=officer)
desk.complete(case.id, by=officer)
desk.rate(case.id, score=4, by=citizen)
case = desk.close(case.id, by=office)
waited = case.facts.replies[0].at_us - case.submitted_us
score = case.facts.ratings[0].score
print(f"answered after {waited // 86_400_000_000} days, {case.state} with a rating of {score}")
