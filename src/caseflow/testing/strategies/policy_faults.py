"""Policies broken in one named way each, and the problem that loading one tells."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from itertools import starmap
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from caseflow.core.bounds import LARGEST_FILE, LONGEST_NAME, MOST_LEVELS
from caseflow.core.policy import Policy
from caseflow.core.time.span import LONGEST
from caseflow.core.value import Value
from caseflow.errors import BadInput, PolicyError, Problem
from caseflow.policies.load import load_policy
from caseflow.policies.parse import is_list, is_table
from caseflow.testing.strategies.arguments import PolicyLike, for_policy
from caseflow.testing.strategies.policy_strategies import as_toml, policies

FILE = "policy.toml"
"""What a broken policy's file is called; one that extends itself names it."""


class BrokenPolicy(Value):
    """A policy's file with one fault.

    Attributes:
        way: the fault in words.
        code: the code of the problem that loading it tells.
        path: the key path where the problem is told.
        content: the bytes of the file.
    """

    way: str
    code: str
    path: str
    content: bytes

    def problems(self) -> tuple[Problem, ...]:
        """What loading the file tells; empty when the fault was not noticed."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / FILE
            file.write_bytes(self.content)
            try:
                load_policy(file)
            except PolicyError as error:
                return error.problems
        return ()

    def __repr__(self) -> str:
        text = self.content.decode(errors="replace")
        shown = text if len(text) < 4000 else f"{text[:2000]}\n... {len(text)} characters"
        return f"<policy in which {self.way}: {self.path} is {self.code}\n{shown}>"


def broken_policies(
    policy: PolicyLike | None = None, *, codes: Sequence[str] | None = None
) -> st.SearchStrategy[BrokenPolicy]:
    """A valid policy with one thing wrong, with the code and key path of the problem that must be told.

    Everything that reading and checking a policy can find fault with is drawn, `POLICY_FAULTS` lists it.
    Other problems may follow from the one that was planted, and stand beside it.

    Shrinks to the first way, planted in the plainest policy.

    Args:
        policy: what is broken; small policies of all kinds by default.
        codes: only faults with these codes.

    Raises:
        BadInput: a code that no way leads to.
    """
    ways = [way for way in POLICY_FAULTS if codes is None or way.code in codes]
    missing = sorted(set(codes or ()) - {way.code for way in ways})
    if not ways or missing:
        known = ", ".join(sorted({way.code for way in POLICY_FAULTS}))
        raise BadInput("bad-option", what="codes", found=f"{missing}, expected some of {known}")
    whole = for_policy(policies() if policy is None else policy, lambda rules: st.just(rules.policy))
    return st.builds(broken_by, st.sampled_from(ways), whole)


def broken_by(way: PolicyFault, policy: Policy) -> BrokenPolicy:
    """The sound policy with that fault planted in it."""
    broken = _without_nothing(policy.document()["policy"])
    path = way.plant(broken)
    content = broken.pop("", None)
    text = as_toml(broken).encode() if content is None else content
    return BrokenPolicy(way.name, way.code, path, text.ljust(way.padded))


def _without_nothing(part: Any) -> Any:
    """The table with lists instead of tuples and without what says nothing, as a person would write it."""
    if is_table(part):
        kept = {key: _without_nothing(entry) for key, entry in part.items()}
        return {key: entry for key, entry in kept.items() if entry not in (None, "", {}, []) or key == "week"}
    if is_list(part):
        return [_without_nothing(entry) for entry in part]
    return part


Table = dict[str, Any]


class PolicyFault(Value):
    """One way to break a policy.

    ``plant`` changes the policy's table, which is valid, and returns the key path at which the problem is
    told. The entry ``""`` of the table, where it puts one, is the whole file in bytes instead.
    """

    name: str
    code: str
    plant: Callable[[Table], str]
    padded: int = 0
    """The least length of the file in bytes."""


def _set(path: str, to: Any) -> Callable[[Table], str]:
    """Puts the value at a key path, making tables on the way; the problem is told there."""
    return lambda table: _put(table, path, to)


def _set_at(path: str, to: Any, reported_at: str) -> Callable[[Table], str]:
    """The same for a problem that is told elsewhere."""

    def plant(table: Table) -> str:
        _put(table, path, to)
        return reported_at

    return plant


def _put(table: Table, path: str, to: Any) -> str:
    *tables, last = path.split(".")
    for key in tables:
        table = table.setdefault(key, {})
    table[last] = to
    return path


def _clock(below: str, *rungs: Table, **keys: Any) -> Callable[[Table], str]:
    """A clock of its own with these keys and rungs, one sound rung by default."""
    ladder = list(rungs) or [{"level": "late", "days": 5}]
    return _set_at(
        "clocks.planted", {"counting": "natural", **keys, "rungs": ladder}, f"clocks.planted{below}"
    )


def _rung(below: str, **keys: Any) -> Callable[[Table], str]:
    """A clock of its own whose only rung has these keys."""
    return _clock(f".rungs[0]{below}", {"level": "late", "days": 5, **keys})


def _within(below: str, **keys: Any) -> Callable[[Table], str]:
    """An action of its own that may be taken only so long after another."""
    return _set_at("actions.planted.within", keys, f"actions.planted.within{below}")


def _a_state(table: Table) -> str:
    return str(next(iter(table["states"])))


def _moved_from_nowhere(table: Table) -> str:
    return _put(table, "actions.planted.moves", {"nowhere": _a_state(table)}) + ".nowhere"


def _moved_to_nowhere(table: Table) -> str:
    _put(table, "actions.planted.moves", {_a_state(table): "nowhere"})
    return f"actions.planted.moves.{_a_state(table)}"


def _back_from_the_first(table: Table) -> str:
    """A case is submitted to a state into which nothing else leads, so nothing leads back."""
    table["states"]["planted"] = {"stage": "handling"}
    table["actions"]["submit"] |= {"moves": {"start": "planted"}, "with_unit": ""}
    table["actions"]["planted"] = {"moves": {"planted": "back"}}
    return "actions.planted.moves.planted"


def _trap(table: Table) -> str:
    _put(table, "states.planted.stage", "handling")
    table["actions"]["submit"]["moves"]["start"] = "planted"
    for rule in table["actions"].values():
        moves = rule.get("moves", {})
        if "open" in moves:
            moves["planted"] = "="
    return "states.planted"


def _endless(table: Table) -> str:
    for state in table["states"].values():
        state["final"] = False
    return "states"


def _startless(table: Table) -> str:
    del table["actions"]["submit"]
    return "actions.submit.moves"


def _started_twice(table: Table) -> str:
    return _put(table, "actions.planted.moves", {"start": _a_state(table)}) + ".start"


def _fields_of_submit(table: Table) -> str:
    return _put(table, "actions.submit.fields", {"kind": {"type": "int"}}) + ".kind"


def _then_with_reason(table: Table) -> str:
    _put(table, "actions.planted", {"moves": {"open": "="}, "reason": True})
    return _rung(".then", then="planted")(table)


def _a_list(table: Table) -> str:
    return _put(table, "actions.submit.roles", "citizen")


def _nameless(table: Table) -> str:
    del table["name"]
    return "name"


def _calendar(below: str, **keys: Any) -> Callable[[Table], str]:
    """A calendar with these keys, which no clock names."""
    return _set_at("calendars.planted", keys, f"calendars.planted{below}")


def _counted_by(counting: str, below: str = "", **keys: Any) -> Callable[[Table], str]:
    """The only clock counts by a calendar with these keys; calendars are read where all else is well."""

    def plant(table: Table) -> str:
        rungs = [{"level": "late", "days": 5}]
        table["calendars"] = {"planted": keys}
        table["clocks"] = {"planted": {"counting": counting, "calendar": "planted", "rungs": rungs}}
        return f"calendars.planted{below}"

    return plant


def _and(reported_at: str, **keys: Any) -> Callable[[Table], str]:
    """Keys of the file itself, besides what the policy says."""

    def plant(table: Table) -> str:
        table.update(keys)
        return reported_at

    return plant


def _bytes(raw: bytes) -> Callable[[Table], str]:
    return _set_at("", raw, ".")


def _former(*names: str, there: str = "", retired: tuple[str, ...] = ()) -> Callable[[Table], str]:
    """A clock with these former names, perhaps beside one that is there, and clocks given up."""

    def plant(table: Table) -> str:
        rungs = [{"level": "late", "days": 5}]
        clocks = table.setdefault("clocks", {})
        clocks["planted"] = {"start": ["submit"], "was": list(names), "rungs": rungs}
        if there:
            clocks[there] = {"start": ["submit"], "rungs": rungs}
        if retired:
            table["retired"] = list(retired)
            return "retired[0]"
        return f"clocks.planted.was[{len(names) - 1}]"

    return plant


def _series_of_both(table: Table) -> str:
    _put(table, "documents.planted.series", "样")
    _put(table, "case_series", "样")
    return "case_series"


def _token_for_nobody(table: Table) -> str:
    _put(table, "actions.rate", {"moves": {"open": "="}})
    _put(table, "evaluation.token_days", 9)
    return "evaluation.token_days"


def _invited_without_token(table: Table) -> str:
    _put(table, "actions.invite", {"moves": {"open": "="}})
    table.get("evaluation", {}).pop("token_days", None)
    return "actions.invite"


def _notice_on_nothing(table: Table) -> str:
    _put(table, "roles.planted.scope", "any")
    _put(table, "notices.planted", {"on": ["nowhere"], "to": ["planted"]})
    return "notices.planted.on[0]"


def _told_of_a_unit(table: Table) -> str:
    _put(table, "roles.planted.scope", "unit")
    _put(table, "without_unit", ["planted"])
    return "without_unit[0]"


def _issued_by_a_unit(table: Table) -> str:
    _put(table, "roles.planted.scope", "unit")
    return _put(table, "documents.planted.issuer", "planted")


def _duty_over_all(table: Table) -> str:
    _put(table, "roles.planted.scope", "any")
    table["duty"] = {"role": "planted", "unseen": []}
    return "duty.role"


def _told_without_unit(table: Table) -> str:
    _put(table, "roles.planted.scope", "unit")
    table["without_unit"] = ["planted"]
    return "without_unit[0]"


def _in_circle(table: Table) -> str:
    rungs = [{"level": "late", "days": 5}]
    for name, other in (("planted", "circled"), ("circled", "planted")):
        table.setdefault("clocks", {})[name] = {"start": [f"end:{other}"], "rungs": rungs}
    return "clocks.planted.start"


def _nested(levels: int) -> Table:
    table: Table = {}
    for _ in range(levels):
        table = {"deep": table}
    return table


_CIRCLE: tuple[dict[str, Any], ...] = (
    {"level": "a", "of": "c", "days": -1, "kind": "warning"},
    {"level": "b", "of": "d", "days": -3},
    {"level": "c", "days": 9, "kind": "warning"},
    {"level": "d", "of": "a", "days": 5, "kind": "warning"},
)
"""A breach on a warning that no breach follows, which hangs on a warning of that breach."""

POLICY_FAULTS: tuple[PolicyFault, ...] = tuple(
    starmap(PolicyFault, (
        ("a former name is empty", "was-empty", _former(" ")),
        ("a former name is that of a clock", "was-there", _former("old", there="old")),
        ("a former name stands twice", "was-twice", _former("old", "old")),
        ("a clock that is given up has no name", "retired-empty", _former("old", retired=(" ",))),
        ("a clock is given up and renamed", "retired-renamed", _former("old", retired=("old",))),
        ("a role's scope is misspelt", "unknown-scope", _set("roles.planted.scope", "town")),
        ("an action leaves an unknown state", "unknown-state", _moved_from_nowhere),
        ("no way leads back", "back-to-nowhere", _back_from_the_first),
        ("an action leads to an unknown state", "unknown-state", _moved_to_nowhere),
        ("the state of a held case is unknown", "unknown-state", _set("actions.submit.with_unit", "nowhere")),
        ("a state cannot be reached", "unreachable-state",
         _set_at("states.planted.stage", "handling", "states.planted")),
        ("a state has no way out", "no-way-to-an-end", _trap),
        ("no state is final", "no-end", _endless),
        ("nothing starts a case", "no-start", _startless),
        ("another action than submit starts a case", "start-not-submit", _started_twice),
        ("a state belongs to an unknown stage", "unknown-stage", _set("states.planted.stage", "limbo")),
        ("a state keeps the actions of itself", "keeps-nothing",
         _set_at("states.planted", {"stage": "handling", "keeps": "planted"}, "states.planted.keeps")),
        ("a state has a reserved name", "reserved-name",
         _set_at("states.open.stage", "handling", "states.open")),
        ("a field of submissions is called unit", "reserved-name", _set("actions.submit.fields.unit", {})),
        ("a field is called reason", "reserved-name", _set("actions.planted.fields.reason", {})),
        ("an action is for an unknown role", "unknown-role", _set("actions.planted.roles", ["nobody"])),
        ("a rung is told to an unknown role", "unknown-role", _rung(".recipients", recipients=["nobody"])),
        ("an axis has an unknown scale", "unknown-scale", _set("evaluation.axes.planted.scale", "nowhere")),
        ("satisfaction goes by an unknown axis", "unknown-axis", _set("evaluation.satisfaction", "nowhere")),
        ("a scale has no verdict", "scale-without-verdict",
         _set_at("evaluation.scales.planted", {}, "evaluation.scales.planted.verdicts")),
        ("nobody may rate by a token", "token-for-nobody", _token_for_nobody),
        ("there is no token to invite by", "invite-without-token", _invited_without_token),
        ("a link leads nowhere", "link-leads-nowhere", _set("links.planted", {})),
        ("an action waits for unknown links", "unknown-link",
         _set_at("actions.planted.linked_ended", ["nowhere"], "actions.planted.linked_ended")),
        ("somebody over all units looks in daily", "role-of-no-unit", _duty_over_all),
        ("an action waits for an unknown clock", "unknown-clock",
         _set_at("actions.planted.clocks_ended", ["nowhere"], "actions.planted.clocks_ended")),
        ("a notice tells nobody", "notice-says-nothing",
         _set_at("notices.planted.on", ["submitted"], "notices.planted")),
        ("cases have the numbers of a document", "series-taken", _series_of_both),
        ("a notice is for an unknown occasion", "unknown-occasion", _notice_on_nothing),
        ("a document's issuer sees one unit", "issuer-not-over-all", _issued_by_a_unit),
        ("an action waits for unknown links", "unknown-link",
         _set("actions.planted.linked_ended", ["nowhere"])),
        ("an action waits for an unknown clock", "unknown-clock",
         _set("actions.planted.clocks_ended", ["nowhere"])),
        ("a link leads nowhere", "link-leads-nowhere",
         _set_at("links.planted.public", True, "links.planted")),
        ("conduct is of no kind", "conduct-no-kind",
         _set_at("conduct.planted.points", {"finding": 1}, "conduct.planted")),
        ("a rule proposes arbitrary conduct", "conduct-by-person", _set("conduct.arbitrary.propose.red", 1)),
        ("who is told without a unit is of one", "role-not-over-all", _told_of_a_unit),
        ("a required field is none", "unknown-field", _set("actions.submit.required", ["colour"])),
        ("an action may never be taken", "at-most-too-few", _set("actions.planted.at_most", 0)),
        ("submissions are limited", "at-most-begins-cycle", _set("actions.submit.at_most", 1)),
        ("an action comes within days of none", "unknown-within", _within(".of", of="nowhere", days=5)),
        ("an action comes within no time", "one-length", _within("", of="submit")),
        ("an action comes within less than no time", "bad-count", _within("", of="submit", days=-1)),
        ("an action comes within an unknown calendar", "unknown-calendar",
         _within(".calendar", of="submit", days=5, counting="working", calendar="XX")),
        ("an action comes within undated working days", "calendar-needed",
         _within(".calendar", of="submit", days=5, counting="working")),
        ("an action has an unknown guard", "unknown-guard", _set("actions.planted.guards", ["luck"])),
        ("an action waits for an unknown clock", "unknown-clock",
         _set("actions.planted.clocks_ended", ["sundial"])),
        ("an action waits for an unknown kind of link", "unknown-link",
         _set("actions.planted.linked_ended", ["kin"])),
        ("a link leads nowhere", "link-leads-nowhere", _set("links.planted", {"public": True})),
        ("boards leave out what never ends so", "unknown-outcome",
         _set_at("not_counted", ["rejected:whim"], "not_counted[0]")),
        ("a unit's people are told where there is none", "role-not-over-all", _told_without_unit),
        ("a built-in action is given a field it has", "fields-of-built-in", _fields_of_submit),
        ("a field has an unknown type", "unknown-field-type",
         _set("actions.planted.fields.much.type", "float")),
        ("a text is free of what no rule finds", "unknown-rule",
         _set_at("actions.planted.fields.words", {"type": "text", "without": ["shoe-size"]},
                 "actions.planted.fields.words.without")),
        ("a zone is told what is for a narrower audience", "zone-may-not-know",
         _set_at("zones.planted.sends.submit.fields", {"reason": "reason"},
                 "zones.planted.sends.submit.fields.reason")),
        ("a number is looked through as a text", "without-no-text",
         _set("actions.planted.fields.much.without", ["mobile"])),
        ("an act is for an unknown audience", "unknown-audience",
         _set("actions.planted.audience", "everybody")),
        ("the zone is unknown", "unknown-zone", _set("timezone", "Asia/Wuhu")),
        ("the format is a later one", "unknown-format", _set("format", 2)),
        ("a clock starts at an unknown action", "unknown-clock-target", _clock(".start", start=["submti"])),
        ("a clock stops at an unknown state", "unknown-clock-target",
         _clock(".stop", stop=["state:nowhere"])),
        ("a clock has an unknown subject", "unknown-subject", _clock(".subject", subject="citizen")),
        ("a clock counts in an unknown way", "bad-term", _clock(".counting", counting="business")),
        ("a clock rolls in an unknown way", "bad-term", _clock(".roll", roll="back")),
        ("elapsed time rolls", "term-needs-days",
         _clock(".roll", counting="elapsed", roll="next-working-day")),
        ("a clock names an unknown calendar", "unknown-calendar",
         _clock(".calendar", counting="working", calendar="XX")),
        ("working days have no calendar", "calendar-needed", _clock(".calendar", counting="working")),
        ("completion stops at a placeholder", "placeholder-completes",
         _clock(".stop", stop=["complete", "placeholder"])),
        ("a clock has no rungs", "no-rungs",
         _set_at("clocks.planted.counting", "natural", "clocks.planted.rungs")),
        ("rungs do not rise", "rungs-out-of-order",
         _clock(".rungs[1]", {"level": "a", "days": 5}, {"level": "b", "days": 5})),
        ("a warning comes after a breach", "soft-after-hard",
         _clock(".rungs[1]", {"level": "a", "days": 5}, {"level": "b", "days": 9, "kind": "warning"})),
        ("a rung is extended as one that is extended as it is", "rungs-in-circle",
         _clock(".rungs", *_CIRCLE)),
        ("a level has a name that no column holds", "bad-name",
         _clock(".rungs[0].level", {"level": "l" * (LONGEST_NAME + 1), "days": 5})),
        ("a limit is negative", "out-of-bounds", _set_at("limits.returns", -1, "limits.returns")),
        ("a level stands twice", "level-twice",
         _clock(".rungs[1].level", {"level": "a", "days": 5}, {"level": "a", "days": 9})),
        ("a rung has no length", "one-length", _clock(".rungs[0]", {"level": "late"})),
        ("a rung's length is negative", "bad-count", _rung(".days", days=-5)),
        ("a rung is longer than any count", "too-long", _rung(".days", days=LONGEST + 1)),
        ("a rung has days and hours", "one-length", _rung("", hours=5)),
        ("hours count days", "length-unfit", _clock(".rungs[0].hours", {"level": "late", "hours": 5})),
        ("a rung is neither warning nor breach", "unknown-rung-kind", _rung(".kind", kind="soft")),
        ("a rung takes an unknown action", "unknown-then", _rung(".then", then="explode")),
        ("a rung gives a field that its action has not", "bad-with",
         _rung(".with.colour", then="close", **{"with": {"colour": "red"}})),
        ("a rung takes an action that needs a reason", "then-needs-fields", _then_with_reason),
        ("a rung hangs on none", "unknown-rung",
         _clock(".rungs[0].of", {"level": "late", "days": 5, "of": "nowhere"})),
        ("a rung hangs on another by weeks", "of-needs-days",
         _clock(".rungs[1].of", {"level": "a", "days": 5}, {"level": "b", "weeks": 1, "of": "a"})),
        ("a rung is a share of days", "bad-share",
         _clock(".rungs[1].percent", {"level": "a", "days": 5}, {"level": "b", "percent": 50, "of": "a"})),
        ("a rung comes again without end", "bad-repeat", _rung(".every", every=2)),
        ("a rung's date is no field's", "bad-field-name",
         _clock(".rungs[0].at", {"level": "late", "at": "2025-03-03"})),
        ("a clock counts since an unknown act", "unknown-since", _clock(".since", since="nowhere")),
        ("a clock is for no value of a field", "when-empty", _clock(".when.kind", when={"kind": []})),
        ("two clocks begin at each other's end", "clocks-in-circle", _in_circle),
        ("a calendar has no working days", "empty-week", _set("calendars.planted.week", [])),
        ("a calendar's file is missing", "calendar-unavailable", _counted_by("working", file="nowhere.toml")),
        ("a calendar's provider is unknown", "unknown-provider", _calendar(".provider", provider="nobody")),
        ("a calendar has a file and a provider", "not-beside",
         _calendar(".provider", file="x.toml", provider="chinesecalendar")),
        ("a calendar of no country has one", "only-of-holidays", _calendar(".country", country="DE")),
        ("a calendar chooses by an unknown thing", "unknown-chooser", _calendar(".by", by="city")),
        ("a calendar chooses itself", "chooses-again", _calendar(".of.a", by="unit", of={"a": "planted"})),
        ("office hours have no hours", "hours-needed",
         _counted_by("office", ".hours", provider="chinesecalendar")),
        ("a key is misspelt", "unknown-key", _set("actions.submit.rols", ["citizen"])),
        ("an unknown entry is removed", "unknown-key",
         _and("remove", extends="wuhu", remove=["states.nowhere"])),
        ("the name is missing", "missing-key", _nameless),
        ("a list is a text", "wrong-type", _a_list),
        ("a count is true", "wrong-type", _set("limits.returns", True)),
        ("what it extends is a number", "wrong-type", _set("extends", 1)),
        ("a count is not a number", "not-finite", _set("limits.returns", float("nan"))),
        ("a count is without end", "not-finite", _set("limits.returns", float("inf"))),
        ("it extends itself", "extends-itself", _and("extends", extends="policy.toml")),
        ("it extends what is not there", "unknown-policy", _and(".", extends="nowhere.toml")),
        ("it extends a folder", "not-a-file", _and(".", extends=".")),
        ("the file is not TOML", "bad-toml", _bytes(b"name = \n")),
        ("the file is not UTF-8", "not-utf8", _bytes("name = '芜湖'".encode("gb18030"))),
        ("tables are nested too deep", "too-deep", _set_at("states.planted", _nested(MOST_LEVELS + 1), ".")),
        ("the file is too large", "too-large", _set_at("name", "large", "."), LARGEST_FILE + 1),
    ))
)  # fmt: skip
"""Every way; together they lead to every code that reading and checking a policy knows."""
