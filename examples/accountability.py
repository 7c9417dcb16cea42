"""效能问责: a quarter of forty offices; what rules propose, who is heard, what is found, and what it costs.

2,000 inquiries to forty made-up offices. Run it:  python examples/accountability.py
It prints:
    cards: 2,000 inquiries, 452 yellow, 49 red, 5 urging notices
    April 2025: 13 proposed for delay 13, inaction 0
    May 2025: 13 proposed for delay 12, inaction 1
    June 2025: 20 proposed for delay 17, inaction 3
    findings: confirmed 35, dismissed 8, overturned 4
    points: 339 of 17 offices; most: office 31 with 49
    a reply found later: 2 cards annulled, -4 points
    evidence of office 05: 7 cards, 5 stand; a page for print: True
    the table: unit,at,points,conduct,item,referral,case_id,version,effective_at,cause
"""

from __future__ import annotations

import io
from collections import Counter
from datetime import date
from random import Random

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.oversight import (
    evidence_sheet,
    point_ledger,
    propose_referrals,
    review_referrals,
    sheet_html,
    write_points,
)

CITIZEN, CLERK = Actor("c-1", role="citizen"), Actor("d-1", role="coordinator")
RULES, SUPERVISOR = Actor("rules", role="proposer"), Actor("s-1", role="supervisor")
PANEL, REVIEW = Actor("p-1", role="panel"), Actor("r-1", role="review_panel")
chance = Random(2008)
clock = ManualClock("2025-04-01T09:00:00+08:00")
desk = Desk([load_policy("wuhu"), load_policy("referral")], MemoryStore(), clock=clock)

# The quarter: inquiries are answered after some days, by some offices much later than by others.
days: dict[int, list[tuple[str, str]]] = {}
for number in range(2000):
    office = number % 40
    day, slowness = number // 22, 2 + (office % 8) ** 2 / 9
    days.setdefault(day, []).append(("ask", f"q-{number:04}"))
    days.setdefault(day + round(chance.expovariate(1 / slowness)), []).append(("answer", f"q-{number:04}"))
for day in range(122):
    clock.set(date.fromordinal(date(2025, 4, 1).toordinal() + day).isoformat() + "T09:00:00+08:00")
    desk.sweep()
    for what, name in days.get(day, ()):
        if what == "ask":
            desk.submit(title="诉求", to=f"office {int(name[2:]) % 40:02}", by=CITIZEN, case_id=name)
        else:
            desk.reply(name, text="已办理", by=CLERK)
levels = Counter(card.level for number in range(2000) for card in desk.get(f"q-{number:04}").cards)
print(
    f"cards: 2,000 inquiries, {levels['yellow']} yellow, {levels['red']} red, {levels['urge']} urging notices"
)

# Each month rules propose; a person opens, the unit is heard or lets its term pass, a panel finds.
referrals: list[str] = []
for month, name in ((4, "April"), (5, "May"), (6, "June")):
    since, until = date(2025, month, 1), date(2025, month + 1, 1)
    proposed = propose_referrals(desk, since=since, until=until, by=RULES, lang="en").referrals
    kinds = Counter(desk.get(one).origin.kind for one in proposed)
    print(f"{name} 2025: {len(proposed)} proposed for delay {kinds['delay']}, inaction {kinds['inaction']}")
    referrals += proposed
arbitrary = desk.submit(
    title="fees without a basis", kind="arbitrary", to="office 03", by=SUPERVISOR, policy="referral"
)
referrals.append(arbitrary.id)
for number, name in enumerate(referrals):
    desk.act(name, "open", by=SUPERVISOR)
    if number % 3 == 0:
        official = Actor("lead", role="lead_official", unit=desk.get(name).unit)
        desk.act(name, "rebut", by=official, fields={"statement": "the parts came late"})
clock.advance(days=11)
desk.sweep()
for number, name in enumerate(referrals):
    verdict = "dismiss" if number % 6 == 0 else "find"
    desk.act(name, verdict, by=PANEL, fields={"findings": "seen and heard"})
    if number % 6 == 3:
        official = Actor("lead", role="lead_official", unit=desk.get(name).unit)
        desk.act(name, "appeal", by=official, fields={"grounds": "not our fault"})
        desk.act(name, "overturn" if number % 12 == 3 else "uphold", by=REVIEW, fields={"findings": "seen"})
clock.advance(days=16)
desk.sweep()
states = Counter(desk.get(name).state for name in referrals)
print("findings:", ", ".join(f"{state} {count}" for state, count in sorted(states.items())))

# What it costs, each point with its evidence; and a card that falls takes its points back.
year = {"since": "2025-01-01", "until": "2026-01-01"}
ledger = point_ledger(desk, **year)
worst = max(ledger.totals.items(), key=lambda total: total[1])
print(
    f"points: {sum(ledger.totals.values())} of {len(ledger.totals)} offices; most: {worst[0]} with {worst[1]}"
)
red = next(entry for entry in ledger.entries if entry.item == "reply/red")
earlier = f"{desk.get(red.case_id).submitted_at.date()}T12:00:00+08:00"
desk.reply(red.case_id, text="当日已电话答复", by=CLERK, effective_at=earlier, reason="补录电话答复")
taken = review_referrals(desk, by=RULES).taken_back
after = point_ledger(desk, **year)
change = sum(after.totals.values()) - sum(ledger.totals.values())
print(f"a reply found later: {len(taken)} cards annulled, {change} points")
sheet, table = evidence_sheet(desk, red.referral, at=clock.now(), lang="en"), io.StringIO()
write_points(after, table)
print(f"evidence of {sheet.unit}: {len(sheet.rows)} cards, {sum(row.stands for row in sheet.rows)} stand;",
      f"a page for print: {'A4' in sheet_html(sheet, lang='en')}")  # fmt: skip
print("the table:", table.getvalue().splitlines()[0])
