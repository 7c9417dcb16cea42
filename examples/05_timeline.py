"""A case in simulated time: deadlines, an outage, a branch, its story, and its picture.

Run it:  python examples/05_timeline.py
It prints:
    reminder 2025-01-24, yellow 2025-01-26
    the worker was down: red 2025-02-05, noticed 2025-02-10
    had nobody replied: urge 2025-02-20
    2025-01-20 09:00  submitted           城管局
    2025-01-24 00:00  reminder            reply, 3 natural days
    2025-01-26 00:00  yellow card         reply, 5 natural days, last day 2025-01-25
    2025-02-05 00:00  red card            reply, 15 natural days, last day 2025-02-04
    2025-02-10 09:00  replied             已修复
    drawn: 3 cards and reminders, in SVG and for Mermaid
"""

from caseflow.testing import Timeline

timeline = Timeline("wuhu", start="2025-01-20T09:00:00+08:00")
case = timeline.submit("路灯不亮", to="城管局")
fired = timeline.advance(days=7)
print(", ".join(f"{card.level} {card.effective_at:%Y-%m-%d}" for card in fired))

with timeline.outage() as outage:
    timeline.advance(days=14)
for card in outage.fired:
    noticed = f"noticed {card.detected_at:%Y-%m-%d}"
    print(f"the worker was down: {card.level} {card.effective_at:%Y-%m-%d}, {noticed}")

with timeline.what_if():
    card = timeline.to_next_deadline()
    print(f"had nobody replied: {card.level} {card.effective_at:%Y-%m-%d}")

timeline.reply(case, "已修复")
print(timeline.story())

picture, chart = timeline.svg(case), timeline.mermaid(case)
assert picture.startswith("<svg ") and chart.startswith("gantt")
rungs = timeline.cards(case) + timeline.reminders(case)
print(f"drawn: {len(rungs)} cards and reminders, in SVG and for Mermaid")
