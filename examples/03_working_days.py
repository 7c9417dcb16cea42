"""Working days from a table of holidays and make-up days, a pause, and the explanation of both.

Run it:  python examples/03_working_days.py
It prints:
    2025-01-23 start
    2025-01-24 counts
    2025-01-25 rest weekend
    2025-01-26 counts 春节
    2025-01-27 paused
    2025-01-28 rest 春节
    2025-01-29 counts
    2025-01-30 last
    late from 2025-01-31
"""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from caseflow import Actor, Calendar, Desk, ManualClock, MemoryStore, load_policy

POLICY = """
extends = "wuhu"
[clocks.reply]
counting = "working"
calendar = "office"
pause = ["state:awaiting_information"]
rungs = [{ level = "late", days = 4 }]
[calendars.office]
file = "given-in-python.toml"
"""
table = Calendar(
    name="office",
    first=date(2025, 1, 1),
    last=date(2025, 12, 20),
    holidays={date(2025, 1, 28): "春节"},
    makeup={date(2025, 1, 26): "春节"},
)
with TemporaryDirectory() as folder:
    file = Path(folder, "own.toml")
    file.write_text(POLICY, encoding="utf-8")
    policy = load_policy(file, calendars={"office": table})

clock = ManualClock("2025-01-23T10:00:00+08:00")
desk = Desk(policy, MemoryStore(), clock=clock)
officer = Actor("o-4", role="handler", unit="城管局")
case = desk.submit(title="路灯不亮", to="城管局", by=Actor("c-1", role="citizen"))
clock.set("2025-01-27T15:00:00+08:00")
desk.request_information(case.id, text="哪一盏?", by=officer)
clock.set("2025-01-28T09:00:00+08:00")
desk.receive_information(case.id, text="门口那盏", by=officer)

explanation = desk.explain(case.id, clock="reply")[0]
for day in explanation.days:
    print(day.date, day.why, day.note)
late = explanation.rungs[0].late_at
assert late is not None
print(f"late from {late:%Y-%m-%d}")
