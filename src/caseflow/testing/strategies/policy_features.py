"""What portals do, each laid over the plainest policy: the features from which policies are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from caseflow.testing.actors import UNITS

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
    """A coordinator's state before work, and handlers who act for the unit that holds the case."""
    table["roles"]["handler"] = {"scope": "unit"}
    table["states"]["routing"] = {"stage": "inquiry"}
    table["actions"]["submit"] |= {"moves": {"start": "routing"}, "with_unit": "working"}
    table["actions"] |= {
        "route": {"moves": {"routing": "working"}, "roles": ["officer"]},
        "take_charge": {"moves": {"working": "="}, "roles": ["handler"], "guards": ["unit_holds"]},
        "transfer": {"moves": {"working": "="}, "roles": ["officer"], "guards": ["unit_holds"]},
        "send_back": {
            "moves": {"working": "routing"},
            "roles": ["handler"],
            "guards": ["unit_holds", "returns_left"],
            "reason": True,
        },
    }
    table["clocks"]["signing"] = {
        "start": ["submit", "route", "transfer"],
        "stop": ["take_charge"],
        "cancel": ["send_back"],
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
    table["actions"]["close"]["guards"] = [*table["actions"]["close"].get("guards", []), "helpers_reported"]
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
            "until": {"type": "date"},
            "remark": {"type": "text"},
        },
    }


def own_fields(table: Table) -> None:
    """Fields of the policy's own on built-in actions, and a clock for cases that say something in one."""
    table["actions"]["submit"]["fields"] = {
        "paper": {"type": "bool"},
        "seen": {"type": "date"},
        "hint": {"type": "text"},
    }
    table["actions"]["close"]["fields"] = {"outcome": {"choices": ["granted", "denied"]}}
    table["clocks"]["papers"] = {
        "start": ["submit"],
        "stop": ["close"],
        "when": {"paper": [True]},
        "rungs": [{"level": "filed", "days": 9}],
    }


def suspension(table: Table) -> None:
    """Work is halted from any state and taken up where it was; a state beside keeps what its stage does."""
    table["states"] |= {"halted": {"stage": "handling"}, "seen": {"stage": "handling", "keeps": "stage"}}
    table["actions"] |= {
        "halt": {"moves": {"open": "halted", "halted": "="}, "roles": ["officer"]},
        "take_up": {"moves": {"halted": "back"}, "roles": ["officer"]},
        "look": {"moves": {"working": "seen"}, "roles": ["officer"]},
    }


def limits(table: Table) -> None:
    """A note twice in a cycle at the most, and an objection within three days of it."""
    table["actions"]["note"]["at_most"] = 2
    table["actions"]["object"] = {
        "moves": {"open": "="},
        "roles": ["citizen", "officer"],
        "within": {"days": 3, "of": "note"},
    }


def timed_closing(table: Table) -> None:
    """A case that nobody touches after its last rung is closed by the system, if its guards let it."""
    if any(not name.startswith("clock") for name in table["clocks"]):
        return  # a case that is closed by itself may never come as far as their rungs
    rungs = [dict(rung) for rung in table["clocks"]["clock1"]["rungs"]]
    last = next(rung for rung in reversed(rungs) if not ("of" in rung and rung.get("kind") == "warning"))
    for key in ("every", "times"):
        last.pop(key, None)
    last["then"] = "close"
    table["clocks"]["clock1"]["rungs"] = rungs


def urgent_cases(table: Table) -> None:
    """A second clock that is only for urgent cases."""
    table["clocks"]["urgent"] = {
        "start": ["submit"],
        "stop": ["close"],
        "when": {"urgency": ["high"]},
        "counting": "elapsed",
        "rungs": [{"level": "urgent", "hours": 4}],
    }


def own_terms(table: Table) -> None:
    """Terms of the case's own: a number of days that the submission says, and a date that is promised."""
    table["actions"]["submit"].setdefault("fields", {})["term"] = {"type": "int", "min": 0, "max": 20}
    table["actions"]["promise"] = {
        "moves": {"open": "="},
        "roles": ["officer"],
        "fields": {"promised": {"type": "date", "required": True}},
    }
    table["clocks"] |= {
        "agreed": {
            "start": ["submit"],
            "stop": ["close"],
            "rungs": [
                {"level": "agreed-soon", "of": "agreed", "days": -1, "kind": "warning"},
                {"level": "agreed", "days": "field:term"},
            ],
        },
        "promised": {
            "restart": ["promise"],
            "stop": ["close"],
            "rungs": [{"level": "broken", "at": "field:promised"}],
        },
    }


def chains(table: Table) -> None:
    """A clock that begins where the first one ends."""
    table["clocks"]["after"] = {
        "start": ["end:clock1"],
        "stop": ["note", "close"],
        "rungs": [{"level": "after", "days": 3}],
    }


def restarts(table: Table) -> None:
    """What begins the first clock anew."""
    table["actions"]["amend"] = {"moves": {"open": "="}, "roles": ["citizen", "officer"]}
    table["clocks"]["clock1"]["restart"] = ["amend"]


def appeals(table: Table) -> None:
    """Clocks that count from before their start: from the submission, and from a day that is told."""
    table["actions"]["appeal"] = {
        "moves": {"open": "="},
        "roles": ["citizen", "officer"],
        "fields": {"known": {"type": "date"}},
    }
    paused = {"pause": ["state:waiting"]} if "waiting" in table["states"] else {}
    common = {"start": ["appeal"], "stop": ["close"], **paused}
    if paused:
        common["start"] = ["appeal", "receive_information"]
    table["clocks"] |= {
        "whole": {**common, "since": "submit", "rungs": [{"level": "whole", "days": 12}]},
        "known": {**common, "since": "field:known", "rungs": [{"level": "known", "days": 6}]},
    }


def items(table: Table) -> None:
    """A clock for each item that is asked for, until that one is given."""
    item = {"item": {"choices": ["plan", "proof"], "required": True}}
    table["actions"] |= {
        "ask": {"moves": {"open": "="}, "roles": ["officer"], "fields": item},
        "give": {"moves": {"open": "="}, "roles": ["citizen", "officer"], "fields": item},
    }
    table["clocks"]["items"] = {
        "start": ["ask"],
        "stop": ["give"],
        "subject": "field:item",
        "rungs": [{"level": "not-given", "days": 4}],
    }


def changes(table: Table) -> None:
    """What was submitted may be changed: clocks begin and end by it, and terms are counted anew."""
    fields: Table = {"kind": {"choices": ["plain", "grave", "petty"]}}
    if "agreed" in table["clocks"]:
        fields["term"] = {"type": "int", "min": 0, "max": 20}
        table["clocks"]["agreed"]["when"] = {"not": {"kind": ["petty"]}}
    table["actions"]["reclassify"] = {
        "moves": {"open": "="},
        "roles": ["officer"],
        "fields": fields,
        "updates": list(fields),
    }
    paused = {"pause": ["state:waiting"]} if "waiting" in table["states"] else {}
    table["clocks"] |= {
        "grave": {
            "start": ["submit"],
            "stop": ["close"],
            **paused,
            "when": {"kind": ["grave"]},
            "rungs": [{"level": "grave", "days": 5}],
        },
        "usual": {
            "start": ["submit", "note"],
            "stop": ["close"],
            "when": {"not": {"kind": ["grave"]}},
            "counting": "elapsed",
            "rungs": [{"level": "usual", "hours": 90}],
        },
    }


def own_extensions(table: Table) -> None:
    """Extensions by a rule of each clock's own: by months, by weeks, or to a date."""
    extensions(table)
    rules: tuple[Table, ...] = ({"times": 2, "days": 4, "until": True}, {"times": 1, "months": 1})
    for turn, clock in enumerate(table["clocks"].values()):
        if not clock.get("subject"):
            clock["extension"] = dict(rules[turn % len(rules)])


def ratings(table: Table) -> None:
    """Citizens rate by verdicts and change it; who is not satisfied has the case handled again, once."""
    table["actions"] |= {
        "rate": {"moves": {"open": "="}, "roles": ["citizen", "officer"], "at_most": 3},
        "again": {"moves": {"open": "="}, "at_most": 1},
        "invite": {"moves": {"open": "="}, "roles": ["officer"]},
        "revoke_invitation": {"moves": {"open": "="}, "roles": ["officer"]},
    }
    verdicts = {"good": {"score": 5}, "bad": {"score": 1}, "unknown": {}}
    table["evaluation"] = {
        "scales": {"result": {"verdicts": verdicts}},
        "axes": {"result": {"scale": "result", "required": True}, "speed": {}},
        "satisfaction": "result",
        "causes": {"slow": {}, "rude": {}},
        "dissatisfied": {"then": "again"},
        "token_days": 9,
    }


def regions(table: Table) -> None:
    """The calendar is that of the case's region."""
    table["calendars"] = {"office": {"by": "region", "of": {"north": "north"}}, "north": {}}
    table["actions"]["note"]["fields"] = {"region": {"choices": ["north", "south"]}}
    table["actions"]["note"]["updates"] = ["region"]


def far_units(table: Table) -> None:
    """A unit has a zone of its own, by which clocks of its cases count."""
    table["units"] = {UNITS[0]: {"timezone": "America/St_Johns"}, UNITS[1]: {}}
    table["clocks"]["far"] = {
        "start": ["submit"],
        "stop": ["close"],
        "when": {"not": {"unit": [UNITS[1]]}},
        "rungs": [{"level": "far", "days": 2}],
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
    own_fields,
    suspension,
    limits,
    urgent_cases,
    own_terms,
    chains,
    restarts,
    appeals,
    items,
    changes,
    own_extensions,
    ratings,
    regions,
    far_units,
    late_facts,
    timed_closing,
)
"""Every feature, in the order in which they are laid over a policy."""
