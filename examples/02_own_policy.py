"""A policy of your own: a state, an action with typed fields, and a role, without a line of Python in it.

Run it:  python examples/02_own_policy.py
It prints:
    case m-1: people=0 is out of range
    now inspected
    case m-1: the policy has no action assess
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from caseflow import Actor, Desk, ManualClock, MemoryStore, Refused, load_policy

POLICY = """
extends = "wuhu"
name = "with-inspections"
remove = ["actions.assess"]

[roles.inspector]
scope = "unit"
labels = { zh = "核查员", en = "inspector" }

[states.inspected]
stage = "handling"
labels = { zh = "已现场核查", en = "inspected" }

[actions.inspect]
moves = { routed = "inspected", handling = "inspected" }
roles = ["inspector"]
labels = { zh = "现场核查", en = "inspect the site" }

[actions.inspect.fields]
people = { type = "int", required = true, min = 1, max = 20 }
"""

with TemporaryDirectory() as folder:
    file = Path(folder, "own.toml")
    file.write_text(POLICY, encoding="utf-8")
    policy = load_policy(file)

desk = Desk(policy, MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
inspector = Actor("i-2", role="inspector", unit="城管局")
case = desk.submit(case_id="m-1", title="井盖破损", to="城管局", by=Actor("c-1", role="citizen"))

try:
    desk.act(case.id, "inspect", by=inspector, fields={"people": 0})
except Refused as error:
    print(error.text("en"))

case = desk.act(case.id, "inspect", by=inspector, fields={"people": 2})
print("now", case.state)

try:
    desk.assess(case.id, efficiency=5, effect=5, by=Actor("s-1", role="supervisor"))
except Refused as error:
    print(error.text("en"))
