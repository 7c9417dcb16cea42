"""A policy of your own: a state, an action with typed fields, and a clock, without a line of Python in it.

Run it:  python examples/02_own_policy.py
It prints:
    now inspected
    refused: field-out-of-range
    refused: unknown-action
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from caseflow import Actor, Desk, ManualClock, MemoryStore, Refused, load_policy

POLICY = """
extends = "wuhu"
name = "with-inspections"
remove = ["actions.assess"]

[states.inspected]
stage = "handling"
labels = { zh = "已现场核查", en = "inspected" }

[actions.inspect]
moves = { routed = "inspected", handling = "inspected" }
roles = ["handler"]
labels = { zh = "现场核查", en = "inspect the site" }

[actions.inspect.fields]
people = { type = "int", required = true, min = 1, max = 20 }
"""

with TemporaryDirectory() as folder:
    file = Path(folder, "own.toml")
    file.write_text(POLICY, encoding="utf-8")
    policy = load_policy(file)

desk = Desk(policy, MemoryStore(), clock=ManualClock("2025-03-03T09:30:00+08:00"))
officer = Actor("o-4", role="handler", unit="城管局")
case = desk.submit(title="井盖破损", to="城管局", by=Actor("c-1", role="citizen"))

for action, fields in (("inspect", {"people": 0}), ("assess", {"efficiency": 5, "effect": 5})):
    try:
        desk.act(case.id, action, by=officer, fields=fields)
    except Refused as error:
        refused = error.refusal.code
        if action == "inspect":
            case = desk.act(case.id, "inspect", by=officer, fields={"people": 2})
            print(f"now {case.state}")
        print(f"refused: {refused}")
