"""What a drawn policy may have besides submit, work and close: one function each, laid over its table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Table = dict[str, Any]


def plain() -> Table:
    """The plainest policy: a citizen submits, an officer works on it and closes it."""
    return {
        "name": "small",
        "roles": {"citizen": {"scope": "own"}, "officer": {}},
        "states": {
            "working": {"stage": "handling"},
            "closed": {"stage": "ended", "final": True},
        },
        "actions": {
            "submit": {"moves": {"start": "working"}, "roles": ["citizen", "officer"]},
            "note": {"moves": {"open": "="}, "roles": ["officer"]},
            "close": {"moves": {"open": "closed"}, "roles": ["officer"]},
        },
    }


def units(table: Table) -> None:
    """A dispatcher's state before work, and handlers who act for the unit that holds the case."""
    table["roles"]["handler"] = {"scope": "unit"}
    table["states"]["routing"] = {"stage": "inquiry"}
    table["actions"]["submit"] |= {"moves": {"start": "routing"}, "with_unit": "working"}
    table["actions"] |= {
        "route": {"moves": {"routing": "working"}, "roles": ["officer"]},
        "sign_in": {"moves": {"working": "="}, "roles": ["handler"], "guards": ["unit_holds"]},
        "transfer": {"moves": {"working": "="}, "roles": ["officer"], "guards": ["unit_holds"]},
        "return_to_dispatcher": {
            "moves": {"working": "routing"},
            "roles": ["handler"],
            "guards": ["unit_holds", "returns_left"],
            "reason": True,
        },
    }
    table["clocks"]["signing"] = {
        "start": ["submit", "route", "transfer"],
        "stop": ["sign_in"],
        "cancel": ["return_to_dispatcher"],
        "subject": "unit",
        "counting": "elapsed",
        "rungs": [{"level": "unsigned", "hours": 24}],
    }


def replies(table: Table) -> None:
    """Public replies, their retraction, and a close that waits for a standing one."""
    table["actions"] |= {
        "reply": {"moves": {"open": "="}, "roles": ["officer"]},
        "retract_reply": {"moves": {"open": "="}, "roles": ["officer"], "guards": ["has_reply"]},
    }
    table["actions"]["close"]["guards"] = ["has_reply"]
    first = table["clocks"]["clock1"]
    first |= {"stop": ["reply"], "revive": ["retract_reply"]}


def information(table: Table) -> None:
    """A state that waits for the citizen and pauses every clock that has no subject."""
    table["states"]["waiting"] = {"stage": "handling"}
    table["actions"] |= {
        "request_information": {"moves": {"working": "waiting"}, "roles": ["officer"]},
        "receive_information": {"moves": {"waiting": "working"}, "roles": ["citizen", "officer"]},
    }
    for clock in table["clocks"].values():
        if not clock.get("subject"):
            clock["pause"] = ["state:waiting"]


def extensions(table: Table) -> None:
    """Days more, asked for before the deadline and granted by an officer."""
    table["limits"] = {"extensions": 2, "extension_days": 5}
    table["actions"] |= {
        "request_extension": {
            "moves": {"open": "="},
            "roles": ["officer"],
            "guards": ["no_extension_pending", "before_breach", "extensions_left"],
        },
        "grant_extension": {
            "moves": {"open": "="},
            "roles": ["officer"],
            "guards": ["extension_pending", "extensions_left"],
        },
        "refuse_extension": {"moves": {"open": "="}, "roles": ["officer"], "guards": ["extension_pending"]},
    }


def withdrawal(table: Table) -> None:
    """The citizen takes the inquiry back, which cancels the first clock."""
    table["states"]["withdrawn"] = {"stage": "ended", "final": True}
    table["actions"]["withdraw"] = {"moves": {"open": "withdrawn"}, "roles": ["citizen"]}
    table["clocks"]["clock1"]["cancel"] = ["withdraw"]


def reopening(table: Table) -> None:
    """A closed case begins a new cycle, twice at the most."""
    table["actions"]["reopen"] = {
        "moves": {"closed": "working"},
        "roles": ["citizen", "officer"],
        "guards": ["reopens_left"],
        "reason": True,
    }
    table["clocks"]["clock1"]["start"] = ["submit", "reopen"]


def helpers(table: Table) -> None:
    """Co-handling units, each with a clock of its own until it reports."""
    table["roles"]["helper"] = {"scope": "unit"}
    table["actions"] |= {
        "add_co_handler": {"moves": {"open": "="}, "roles": ["officer"]},
        "report": {"moves": {"open": "="}, "roles": ["helper"], "co_handlers": True},
    }
    table["clocks"]["helping"] = {
        "start": ["add_co_handler"],
        "stop": ["report"],
        "subject": "co_handler",
        "rungs": [{"level": "no-help", "days": 2}],
    }


def visits(table: Table) -> None:
    """An action of the policy's own with a field of every type."""
    table["actions"]["visit"] = {
        "moves": {"open": "="},
        "roles": ["officer"],
        "fields": {
            "when": {"type": "instant", "required": True},
            "persons": {"type": "int", "min": 1, "max": 9, "required": True},
            "outcome": {"choices": ["met", "absent"], "required": True},
            "host": {"type": "unit"},
            "urgent": {"type": "bool"},
            "photo": {"type": "sha256"},
            "remark": {"type": "text"},
        },
    }


def timed_closing(table: Table) -> None:
    """A case that nobody touches after its last rung is closed by the system, if its guards let it."""
    table["clocks"]["clock1"]["rungs"][-1]["then"] = "close"


def urgent_cases(table: Table) -> None:
    """A second clock that is only for urgent cases."""
    table["clocks"]["urgent"] = {
        "start": ["submit"],
        "stop": ["close"],
        "when": {"urgency": ["high"]},
        "counting": "elapsed",
        "rungs": [{"level": "urgent", "hours": 4}],
    }


def late_facts(table: Table) -> None:
    """Officers may record a fact late, with a reason."""
    table["roles"]["officer"] = {"backdate": True}


FEATURES: tuple[Callable[[Table], None], ...] = (
    units,
    replies,
    information,
    extensions,
    withdrawal,
    reopening,
    helpers,
    visits,
    timed_closing,
    urgent_cases,
    late_facts,
)
"""Every feature, in the order in which they are laid over a policy."""
