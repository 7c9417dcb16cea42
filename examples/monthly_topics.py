"""每月一题: a year's recurring problems, each with lead office, goal, measures and monthly progress.

At the scale of Beijing's first year (2021): 12 themes, one a month, and 27 problems. The offices, the
inquiries and what came of them are made up. Run it:  python examples/monthly_topics.py
It prints:
    12 themes, 27 problems, 81 measures; 351 inquiries gave rise to them
    monthly progress: 75 reports, 4 reminders, 4 yellow cards
    verified: 27; inquiries marked with them: 351
    came again under watch: 每月一题 2-1 (3 new cases), 每月一题 7-2 (2 new cases)
    on 2022-07-01: closed 25, working 2
    published: 每月一题 2-1 | office 4 | goal 1: half as many | working | recurrences 3
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.oversight import recurrences

HOTLINE = 'extends = "wuhu"\nname = "hotline"\nremove = ["kinds"]\n'  # a kind for each problem
PROBLEMS = [(month, part) for month in range(1, 13) for part in range(1, 4 if month in (1, 6, 12) else 3)]
SLOW = {(1, 3), (7, 2)}  # these offices report late
AGAIN = {(2, 1): 3, (7, 2): 2}  # new cases under watch
CITIZEN, CLERK = Actor("c-1", role="citizen"), Actor("d-1", role="coordinator")
CITY, VERIFIER = Actor("s-1", role="supervisor"), Actor("v-1", role="verifier")

with TemporaryDirectory() as folder:
    file = Path(folder, "hotline.toml")
    file.write_text(HOTLINE, encoding="utf-8")
    policies = [load_policy(file), load_policy("rectification")]
clock = ManualClock("2020-12-01T09:00:00+08:00")
desk = Desk(policies, MemoryStore(), clock=clock)


def on(month: int, day: int) -> None:
    """Move to nine o'clock of a day, months counted from January 2021, and sweep."""
    clock.set(f"{2021 + (month - 1) // 12}-{(month - 1) % 12 + 1:02}-{day:02}T09:00:00+08:00")
    desk.sweep()


def of(problem: tuple[int, int]) -> tuple[str, Actor]:
    """The problem's rectification, and the lead office's official."""
    office = f"office {sum(problem) + 1}"
    return f"topic-{problem[0]}-{problem[1]}", Actor(f"lead of {office}", role="lead_official", unit=office)


def inquire(problem: tuple[int, int], name: str) -> str:
    """An inquiry about the problem, answered at once."""
    kind, (_, lead) = f"problem {problem[0]}-{problem[1]}", of(problem)
    case = desk.submit(title=f"诉求 {name}", kind=kind, to=lead.unit, by=CITIZEN, case_id=name)
    return desk.reply(case.id, text="已纳入专项治理", by=CLERK).id


inquiries = {one: [inquire(one, f"q-{one}-{n}") for n in range(13)] for one in PROBLEMS}
on(1, 4)  # the year's list
for problem in PROBLEMS:
    topic, lead = of(problem)
    own = {"problem": f"problem {problem[0]}-{problem[1]}", "goal": "goal 1: half as many", "tolerated": 1}
    title = f"每月一题 {problem[0]}-{problem[1]}"
    desk.submit(title=title, kind="recurring", by=CITY, policy="rectification", case_id=topic, own_fields=own)
    for inquiry in inquiries[problem]:
        desk.link(inquiry, topic, as_="gave-rise-to", by=CITY)

reports, counted = 0, dict[tuple[int, int], int]()
for month in range(1, 19):
    on(month, 10)  # the month's theme: measures are set; those of three months ago are done
    for problem in PROBLEMS:
        topic, lead = of(problem)
        if problem[0] == month:
            desk.route(topic, to=lead.unit, by=CITY)
            for number in range(3):
                fields = {"measure": f"measure {number}", "owner": lead.unit, "due": date(2022, 4, 30)}
                desk.act(topic, "set_measure", by=lead, fields=fields)
        elif problem[0] == month - 3:
            for number in range(3):
                desk.act(topic, "complete_measure", by=lead, fields={"measure": f"measure {number}"})
            desk.act(topic, "report_done", by=lead, fields={"evidence": "验收单"})
            desk.act(topic, "verify", by=VERIFIER, fields={"findings": "抽查通过"})
    on(month, 25)  # monthly progress; what is watched is looked at
    for problem in PROBLEMS:
        topic, lead = of(problem)
        if desk.get(topic).state == "working" and problem[0] + 3 > month and problem not in SLOW:
            desk.act(topic, "report_progress", by=lead, fields={"progress": f"第 {month} 月进展"})
            reports += 1
        elif problem[0] == month - 3 and problem in AGAIN:
            for number in range(AGAIN[problem]):
                inquire(problem, f"new-{problem}-{number}")
        elif problem[0] == month - 4 and (seen := recurrences(desk, topic)).exceeds:
            counted[problem] = seen.count
            fields = {"reason": "观察期内新发", "new_cases": seen.count}
            desk.act(topic, "open_again", by=VERIFIER, fields=fields)

on(19, 1)
topics = [desk.get(of(problem)[0]) for problem in PROBLEMS]
marked = [desk.get(name) for names in inquiries.values() for name in names]
levels = Counter(card.level for case in topics for card in case.escalations if card.clock == "progress")
themes, many = len({month for month, _ in PROBLEMS}), len(PROBLEMS)
print(f"{themes} themes, {many} problems, {3 * many} measures; {len(marked)} inquiries gave rise to them")
reminders, cards = levels["reminder"], levels["yellow"]
print(f"monthly progress: {reports} reports, {reminders} reminders, {cards} yellow cards")
acts = [getattr(event, "action", "") for case in topics for event in desk.history(case.id)]
print(f"verified: {acts.count('verify')}; inquiries marked with them:",
      sum(any(one.verified_us for one in case.facts.rectifications) for case in marked))  # fmt: skip
again = [f"每月一题 {month}-{part} ({count} new cases)" for (month, part), count in counted.items()]
print("came again under watch:", ", ".join(again))
states = Counter(case.state for case in topics)
print("on 2022-07-01:", ", ".join(f"{state} {count}" for state, count in sorted(states.items())))
topic, lead = of((2, 1))
public = {one.field: one.text for one in desk.texts(topic) if one.audience == "public"}
print(f"published: 每月一题 2-1 | {lead.unit} | {public['goal']} | {desk.public(topic).state} |",
      f"recurrences {recurrences(desk, topic).count}")  # fmt: skip
