"""What the processes of a proof do, until they are killed or their time is over: write, sweep, tell."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import attrs

from caseflow import Desk, Refused, Stale, load_policy
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.time.instants import HOUR, moment
from caseflow.delivery.directory import ListedDirectory
from caseflow.delivery.relay import Relay, RetryPolicy
from caseflow.ports.records import Delivery
from caseflow.stores.locations import open_store
from tests.faults.crew import Task
from tests.faults.orders import BOSS, CITIZEN, UNIT, Journal, Order

RULES = CompiledPolicy(load_policy("wuhu"))
ACTIONS = (
    *("submit",) * 4, *("note",) * 8, "reply", "late reply", "acknowledge", "retract_reply", "merge",
)  # fmt: skip


@contextmanager
def at_work(task: Task) -> Iterator[tuple[Desk, Journal]]:
    journal = Journal(task.journal)
    store = open_store(task.url, must_exist=True)
    journal.write("ready")
    yield Desk(RULES, store, clock=task.clock), journal
    store.close()
    journal.close()


def write(task: Task) -> None:
    """Commands of all kinds; each is asked in the journal, then given, then acknowledged there."""
    dice, known, until = Random(task.seed), list(task.known), time.monotonic() + task.seconds
    with at_work(task) as (desk, journal):
        number = 0
        while time.monotonic() < until:
            number += 1
            order = thought_up(desk, dice, known, f"{task.seed}/{number}")
            journal.write("asked", *attrs.astuple(order))
            give(desk, journal, order)
            if order.action == "submit":
                known.append(order.case_id)


MIXED = (*("adopt",) * 4, *("note",) * 4, "redact", "redact", "merge", "reply")


def mix(task: Task) -> None:
    """Cases taken over, with notes, merges and redactions on them."""
    dice, known, until = Random(task.seed), list[str](), time.monotonic() + task.seconds
    with at_work(task) as (desk, journal):
        number = 0
        while time.monotonic() < until:
            number += 1
            key, action = f"{task.seed}/{number}", dice.choice(MIXED) if known else "adopt"
            order = Order(key, dice.choice(known) if known else "", action)
            if action == "adopt":
                since = moment(task.clock.now_us() - HOUR).isoformat()
                order = Order(key, f"case-{key.replace('/', '-')}", action, since=since)
                known.append(order.case_id)
            elif action == "merge":
                order = attrs.evolve(order, other=dice.choice(known))
            journal.write("asked", *attrs.astuple(order))
            give(desk, journal, order)


def thought_up(desk: Desk, dice: Random, known: list[str], key: str) -> Order:
    action = dice.choice(ACTIONS) if known else "submit"
    if action == "submit":
        return Order(key, f"case-{key.replace('/', '-')}", action)
    case_id = dice.choice(known)
    if action == "merge":
        return Order(key, case_id, action, other=dice.choice(known))
    case = desk.store.load(case_id) if action == "late reply" else None
    if case is not None:
        return Order(key, case_id, "reply", since=moment(case.submitted_us + HOUR).isoformat())
    return Order(key, case_id, action if action != "late reply" else "note")


def give(desk: Desk, journal: Journal, order: Order) -> None:
    try:
        case = order.give(desk)
    except (Refused, Stale) as error:
        journal.write("refused", order.key, error.code)
    else:
        journal.write("done", order.key, case.version)


def annotate(task: Task) -> None:
    """Notes, and a reply here and there, on known cases alone."""
    dice, until = Random(task.seed), time.monotonic() + task.seconds
    with at_work(task) as (desk, journal):
        number = 0
        while time.monotonic() < until:
            number += 1
            action = "reply" if dice.random() < 0.02 else "note"
            order = Order(f"{task.seed}/{number}", dice.choice(task.known), action)
            journal.write("asked", *attrs.astuple(order))
            give(desk, journal, order)


def sweep(task: Task) -> None:
    """Sweep after sweep over all cases, so that sweepers meet at the same ones."""
    until = time.monotonic() + task.seconds
    with at_work(task) as (desk, journal):
        while time.monotonic() < until:
            done = desk.sweep()
            if done.cards or done.reminders or done.conflicts:
                journal.write("swept", len(done.cards), len(done.reminders), len(done.conflicts))
            time.sleep(0.001)


PEOPLE = ListedDirectory(
    [
        {"id": CITIZEN.id, "roles": ["citizen"], "addresses": {"test": "c"}},
        {"id": "z-1", "roles": ["duty_officer", "handler"], "units": [UNIT], "addresses": {"test": "z1"}},
        {"id": "z-2", "roles": ["duty_officer"], "units": [UNIT], "addresses": {"test": "z2"}},
        {"id": BOSS.id, "roles": ["lead_official"], "units": [UNIT], "addresses": {"test": "l"}},
        {"id": "s-1", "roles": ["supervisor", "coordinator"], "addresses": {"test": "s"}},
    ]
)
PACE = RetryPolicy(batch=20, lease=10 * 86_400, first=86_400, longest=86_400, attempts=1_000)
"""Days where an office has seconds: the proofs' clock runs that fast."""


@attrs.frozen
class Written:
    """A notifier whose messages are lines of the journal."""

    journal: Journal

    def send(self, delivery: Delivery) -> None:
        self.journal.write("told", delivery.id, delivery.notice.id, delivery.person.id)


def carry(task: Task) -> None:
    """A relay: one that is killed leaves its lease to run out, and what it had not said to be sent."""
    until = time.monotonic() + task.seconds
    with at_work(task) as (desk, journal):
        relay = Relay(desk.store, PEOPLE, Written(journal), clock=task.clock, retry_policy=PACE)
        while time.monotonic() < until:
            if not relay.once().claimed:
                time.sleep(0.001)
