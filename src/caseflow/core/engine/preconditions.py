"""Why a command is refused: state, role, fields, time, and the named preconditions a policy asks for."""

from __future__ import annotations

from caseflow.core.engine.compiled_policy import REPORTS, CompiledPolicy, Guard, Transition, refusal
from caseflow.core.engine.effects import cards_meant
from caseflow.core.engine.extensions import (
    EXTENSION_UNITS,
    clock_asked,
    clocks_asked,
    extension_of,
    extensions_to_ask,
    pending_extension,
)
from caseflow.core.engine.fields import wrong_field
from caseflow.core.engine.rating_guards import not_over_the_citizen, not_rated, token_is_good
from caseflow.core.engine.remedies import told
from caseflow.core.engine.rights import GIVE_A_UNIT, Authorizer, grants_not, is_authorized
from caseflow.core.model import events as e
from caseflow.core.model.case import Case, documents_of
from caseflow.core.model.commands import Command
from caseflow.core.time.instants import moment
from caseflow.core.time.span import length_of
from caseflow.errors import Refusal

GUARDS: dict[str, Guard] = {}
"""Name -> precondition. Policies name them; a transition looks its own up when it is taken."""


def _named(guard: Guard) -> Guard:
    GUARDS[guard.__name__] = guard
    return guard


@_named
def unit_holds(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """A unit holds the case."""
    return None if case.unit else refusal("no-unit", rules, case, command, missing=GIVE_A_UNIT)


@_named
def nobody_holds(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """No unit holds the case: one that does hands it over by another action."""
    if not case.unit:
        return None
    return refusal("unit-holds", rules, case, command, missing=("transfer", "send_back"), found=case.unit)


@_named
def information_awaited(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """The citizen was asked for information that has not come, and no reply given since then stands."""
    ends = (*case.taken("receive_information", at), *case.taken("reply", at))
    since = max((us for us, _ in ends if us <= at), default=0)
    if any(since <= us <= at for us, _ in case.taken("request_information", at)) or _is_waiting(rules, case):
        return None
    return refusal("no-information-asked", rules, case, command, missing=("request_information",))


def _is_waiting(rules: CompiledPolicy, case: Case) -> bool:
    """Whether the case stands where a request for information leads: a takeover knows no more."""
    places = (
        row.place
        for table in rules.table.values()
        for row in table.values()
        if row.event is e.InformationRequested
    )
    return any(place is not None and place.state == case.place.state for place in places)


@_named
def has_reply(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """A public substantive reply of this cycle stands."""
    cycle = case.facts.cycle
    for reply in case.facts.replies:
        if reply.cycle == cycle and reply.retracted_us is None and reply.at_us <= at:
            return None
    return refusal("no-reply", rules, case, command, missing=("reply",))


for _guard in (not_rated, not_over_the_citizen, token_is_good):
    _named(_guard)


@_named
def returns_left(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """The case was returned fewer times than ``limits.returns``."""
    cap = rules.policy.limits.returns
    if case.facts.returns < cap:
        return None
    return refusal("returns-used-up", rules, case, command, found=str(cap), rule="limits.returns")


@_named
def reopens_left(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """The case was reopened fewer times than ``limits.reopens``."""
    cap = rules.policy.limits.reopens
    if case.facts.reopens < cap:
        return None
    return refusal("reopens-used-up", rules, case, command, found=str(cap), rule="limits.reopens")


@_named
def extensions_left(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """The clock runs, and was extended fewer times than may be, by no more than may be.

    As its own ``extension`` says, else as ``limits.extensions`` and ``limits.extension_days``.
    """
    run = clock_asked(rules, case, command)
    if run is None:
        return refusal("clock-not-running", rules, case, command)
    rule = rules.plan[run.clock].rule.extension
    times = rules.policy.limits.extensions if rule is None else rule.times
    path = "limits.extensions" if rule is None else f"clocks.{run.clock}.extension.times"
    if sum(unit in EXTENSION_UNITS for _, _, unit in run.grants) >= times:
        return refusal("extensions-used-up", rules, case, command, found=str(times), rule=path)
    if rule is not None:
        return None
    unit, amount = extension_of(rules, case, command, run)
    days = int(amount) * (7 if unit == "weeks" else 1) if unit in ("days", "weeks") else 0
    if days > rules.policy.limits.extension_days:
        shown = f"{days} > {rules.policy.limits.extension_days}"
        return refusal("extension-too-long", rules, case, command, found=shown, rule="limits.extension_days")
    return None


@_named
def one_clock_asked(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """It is clear which clock an extension is for. Every extension asks for this."""
    runs = clocks_asked(rules, case, command)
    if len(runs) < 2:
        return None
    names = tuple(dict.fromkeys(run.clock for run in runs))
    field = rules.plan[names[0]].subject_field if names[0] in rules.plan else ""
    if len(names) == 1 and field:
        return refusal(
            "field-missing", rules, case, command, missing=(field,), rule=f"clocks.{names[0]}.subject"
        )
    return refusal("clock-ambiguous", rules, case, command, missing=names, rule="fields.clock")


@_named
def extension_allowed(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """It is of one length, as the clock allows. Every extension asks for this."""
    run = clock_asked(rules, case, command)
    units = tuple(unit for unit in EXTENSION_UNITS if command.fields.get(unit))
    if len(units) > 1:
        shown = ", ".join(units)
        return refusal("extension-unit", rules, case, command, found=shown, missing=units[:1], rule="fields")
    if run is None or command.action == "refuse_extension":
        return None
    rule, path = rules.plan[run.clock].rule.extension, f"clocks.{run.clock}.extension"
    if command.rights is None and (denied := grants_not(rules, case, command)) is not None:
        return denied
    unit, amount = extension_of(rules, case, command, run)
    if not unit:
        return refusal("field-missing", rules, case, command, missing=("days",), rule="fields")
    if rule is None:
        if unit in ("days", "weeks"):
            return None
        units = ("days", "weeks")
        return refusal("extension-unit", rules, case, command, found=unit, missing=units, rule="limits")
    length, most = length_of(rule)
    allowed = tuple(name for name in (length, "until" if rule.until else "") if name)
    if unit not in allowed:
        return refusal("extension-unit", rules, case, command, found=unit, missing=allowed, rule=path)
    if unit != "until" and int(amount) > int(most):
        shown = f"{amount} > {most}"
        return refusal("extension-too-long", rules, case, command, found=shown, rule=f"{path}.{unit}")
    return None


@_named
def before_breach(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """The clock's deadline has not passed."""
    run = clock_asked(rules, case, command)
    if run is None:
        return refusal("clock-not-running", rules, case, command)
    due = run.deadline_us
    if due is None or at < due:
        return None
    return refusal("after-breach", rules, case, command, rule=f"clocks.{run.clock}.rungs")


@_named
def extension_pending(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """An extension was asked for and not answered yet: nothing is granted before it was asked for."""
    run = clock_asked(rules, case, command)
    pending = None if run is None else pending_extension(case, run)
    if pending is not None and pending.at_us <= at:
        return None
    return refusal(
        "no-extension-pending",
        rules,
        case,
        command,
        missing=("request_extension",),
        possible_from=None if pending is None else pending.at_us,
    )


@_named
def no_extension_pending(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """No extension of that clock waits for an answer."""
    if not case.facts.extensions:
        return None
    run = clock_asked(rules, case, command)
    if run is None or pending_extension(case, run) is None:
        return None
    answers = ("grant_extension", "refuse_extension")
    return refusal("extension-already-pending", rules, case, command, missing=answers)


@_named
def rectification_linked(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """The rectification named is linked, and neither verified nor dropped."""
    wanted = command.fields.get("rectification")
    waiting = [item.id for item in case.facts.rectifications if item.is_awaited]
    if wanted in waiting or (wanted is None and waiting):
        return None
    missing = tuple(waiting) or ("link_rectification",)
    return refusal("rectification-not-linked", rules, case, command, missing=missing, found=str(wanted or ""))


@_named
def document_addressed(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """The document was issued to the actor's unit, and is not void. Every ``sign_receipt`` asks for this."""
    wanted, by = command.fields.get("document"), command.by
    issued = [
        (name, card) for name, card in documents_of(rules.routes.documents, case) if wanted in (None, name)
    ]
    if not issued:
        known = tuple(name for name, card in documents_of(rules.routes.documents, case) if card.stands)
        return refusal("no-document", rules, case, command, missing=known, found=str(wanted or ""))
    units = tuple(dict.fromkeys(card.addressee for _, card in issued if card.stands))
    if not units:
        return refusal("document-void", rules, case, command, found=issued[-1][0])
    if (by.unit and by.unit in units) or rules.rights(command).everything:
        return None
    return refusal("not-your-document", rules, case, command, missing=units, found=by.unit)


@_named
def card_stands(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """One card is meant, of whatever cycle, and it stands. Every ``annul_card`` asks for this."""
    standing = [card for card in case.cards if card.stands and card.effective_us <= at]
    meant = cards_meant(case, command, at)
    if not meant:
        names = tuple(dict.fromkeys(f"{case.clock_of(card)[0]}/{card.level}" for card in standing))
        wanted = (str(command.fields.get(name, "")) for name in ("clock", "level", "subject", "cycle"))
        shown = "/".join(part for part in wanted if part)
        return refusal("no-card", rules, case, command, missing=names, found=shown)
    if len(meant) > 1 and "level" in command.fields:
        names = ("cycle",) if len({card.subject for card in meant}) == 1 else ("subject", "cycle")
        return refusal("card-ambiguous", rules, case, command, missing=names, rule="fields")
    return None


@_named
def rectifications_verified(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """Every linked rectification was verified, or dropped."""
    if not case.facts.rectifications:
        return None
    waiting = tuple(item.id for item in case.facts.rectifications if item.is_awaited)
    return refusal("rectification-open", rules, case, command, missing=waiting) if waiting else None


@_named
def someone_else(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """The actor took none of the actions in this cycle that ``not_by`` names, which asks for this.

    It goes by the actor's id, whatever the role was then.
    """
    names = rules.policy.actions[command.action].not_by
    own = [
        action
        for action, _, cycle, _, by in case.facts.taken
        if action in names and cycle == case.facts.cycle and by == command.by.id
    ]
    if not own:
        return None
    return refusal("by-the-same", rules, case, command, found=own[-1], missing=names, rule="not_by")


@_named
def other_unit(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """The actor is not of the unit that holds the case: nobody decides on their own unit."""
    if not command.by.unit or command.by.unit != case.unit:
        return None
    return refusal("of-that-unit", rules, case, command, found=case.unit)


@_named
def clocks_ended(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """None of the clocks runs that the action's ``clocks_ended`` names, which asks for this."""
    names = rules.policy.actions[command.action].clocks_ended
    runs = [run for run in case.clocks if run.clock in names and run.until_us is None]
    if not runs:
        return None
    missing = tuple(dict.fromkeys(run.subject or run.clock for run in runs))
    return refusal("clock-runs", rules, case, command, missing=missing, rule="clocks_ended")


@_named
def link_stands(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """The case is linked to another one. Every ``unlink`` asks for this."""
    if case.facts.links:
        return None
    return refusal("not-linked", rules, case, command, found=str(command.fields.get("other", "")))


@_named
def linked_ended(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """Every case linked by a type of link that the action's ``linked_ended`` names has ended."""
    types = rules.policy.actions[command.action].linked_ended
    waiting = tuple(
        link.case
        for link in case.facts.links
        if not link.has_ended
        and (link.type in types or f"{'from' if link.inward else 'to'}:{link.type}" in types)
    )
    if not waiting:
        return None
    return refusal("linked-case-open", rules, case, command, missing=waiting, rule="linked_ended")


@_named
def helpers_reported(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """Every co-handling unit has reported, or noted something, since it was last asked to help."""
    owing: dict[str, None] = {}
    for action, us, _, unit, _ in sorted(
        case.facts.taken, key=lambda taken: taken[1]
    ):  # at one instant as recorded
        if us > at:
            break
        if action == "add_co_handler":
            owing[unit] = None
        elif action in REPORTS:
            owing.pop(unit, None)
    return refusal("helpers-owe", rules, case, command, missing=tuple(owing)) if owing else None


@_named
def way_back(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """It is known where the case came from, and it can go back there; every move ``back`` asks for this."""
    row = rules.table.get(case.place.state, {}).get(command.action)
    if row is None or not row.back or case.facts.came_from in row.back:
        return None
    ways = tuple(row.back)
    return refusal(
        "no-way-back", rules, case, command, missing=ways, found=case.facts.came_from or "-", rule="moves"
    )


@_named
def times_left(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """The action was taken fewer times in the cycle than its ``at_most``, which asks for this.

    A cycle begins with the submission or a reopening. What took effect late counts in the cycle of its
    instant; a reply that was taken back does not count.
    """
    most = rules.policy.actions[command.action].at_most
    if most is None:
        return None
    facts = case.facts
    cycle = facts.cycle if command.effective_us is None else facts.cycle_at(at)
    times = sum(turn == cycle for _, turn in case.taken(command.action, at))
    if times < most:
        return None
    return refusal("times-used-up", rules, case, command, found=str(times), rule="at_most")


@_named
def in_time(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    """The time that ``within`` allows after another act, which asks for this, is not over.

    It is counted from the last time of that act, in whatever cycle. Where the calendar ends before the count
    does, it is not known to be over.
    """
    if command.action not in rules.within:
        return None
    of, window = rules.within[command.action]
    since = max([us for us, _ in case.taken(of, at) if us <= at], default=None)
    if since is None:
        return refusal("not-yet", rules, case, command, missing=(of,), rule="within")
    late = window.breach(since)
    if late.at_us is None or at < late.at_us or not late.certain:
        return None
    until = moment(late.at_us, rules.policy.timezone).isoformat(" ", timespec="seconds")
    return refusal(
        "too-late", rules, case, command, missing=(of,), found=until, rule="within",
        possible_until=late.at_us,
    )  # fmt: skip


# -- the check -------------------------------------------------------------------------------------------


def check(
    rules: CompiledPolicy,
    case: Case,
    command: Command,
    transition: Transition | None,
    at: int,
    authorizer: Authorizer | None = None,
) -> Refusal | None:
    """Why the command is refused on this case, or `None`: state, role, fields, time, guards, in this order.

    Where the refusal names actions as its remedy, they are such as are possible there. What nobody asks about
    costs nothing: the rights of an actor are looked into unless the role may act on every case, or on those
    of the unit that holds this one; fields where there are any; and the time where it is not now.
    """
    if transition is None or case.facts.unknown_event:
        denied = None if authorizer is None else authorizer.refuses(rules, case, transition, command)
        return told(rules, case, command, denied or no_transition(rules, case, command), at, guards=GUARDS)
    by, refused = command.by, None
    if authorizer is not None:
        refused = authorizer.refuses(rules, case, transition, command)
    else:
        scope = transition.scopes.get(by.role)
        if scope == "own" and not case.version:
            pass  # who submits is the citizen of it
        elif scope != "any" and not (scope == "unit" and by.unit == case.unit != ""):
            refused = is_authorized(rules, case, transition, command)
    if refused is None and (command.fields or transition.required):
        refused = wrong_field(rules, case, transition, command)
    if command.effective_us is not None:
        if refused is None and command.effective_us != at:
            refused = _wrong_time(rules, case, command, at)
        at = command.effective_us
    if refused is None:
        for name in transition.guards:
            refused = GUARDS[name](rules, case, command, at)
            if refused is not None:
                break
        else:
            return None
    return told(rules, case, command, refused, at, guards=GUARDS)


def check_asked(
    rules: CompiledPolicy,
    case: Case,
    command: Command,
    transition: Transition | None,
    at: int,
    authorizer: Authorizer | None = None,
) -> Refusal | None:
    """As `check`, without fields and time: why the action may not even be asked for on this case."""
    if transition is None or case.facts.unknown_event:
        denied = None if authorizer is None else authorizer.refuses(rules, case, transition, command)
        return told(rules, case, command, denied or no_transition(rules, case, command), at, guards=GUARDS)
    refuses = is_authorized if authorizer is None else authorizer.refuses
    refused = refuses(rules, case, transition, command)
    if refused is None:
        ways: tuple[Command, ...] = (command,)
        if transition.event in EXTENSIONS and transition.guards:
            ways = extensions_to_ask(rules, case, command)
        unmet = [_unmet(rules, case, way, transition, at) for way in ways]
        refused = None if None in unmet else unmet[0]
    return None if refused is None else told(rules, case, command, refused, at, guards=GUARDS)


EXTENSIONS = frozenset({e.ExtensionRequested, e.ExtensionGranted, e.ExtensionRefused})


def _unmet(
    rules: CompiledPolicy, case: Case, command: Command, transition: Transition, at: int
) -> Refusal | None:
    """What the first of the guards that does not hold says."""
    refusals = (GUARDS[name](rules, case, command, at) for name in transition.guards)
    return next((refused for refused in refusals if refused is not None), None)


def no_transition(rules: CompiledPolicy, case: Case, command: Command) -> Refusal:
    """The refusal of an action that the state, or the policy, does not have; of all on an incomplete case."""
    if case.facts.unknown_event:
        return refusal("case-incomplete", rules, case, command, found=case.facts.unknown_event, rule="events")
    if command.action not in rules.policy.actions:
        return refusal(
            "unknown-action", rules, case, command, rule="actions", missing=tuple(rules.policy.actions)
        )
    accepted = tuple(sorted(rules.table.get(case.place.state, ())))
    code = "case-exists" if command.action == "submit" else "not-in-state"
    return refusal(code, rules, case, command, rule="moves", missing=accepted)


def _wrong_time(rules: CompiledPolicy, case: Case, command: Command, at: int) -> Refusal | None:
    since = command.effective_us
    if since is None or since > at:
        return refusal("in-the-future", rules, case, command, rule="effective_at", possible_from=since)
    if not rules.rights(command).backdate:
        return refusal("may-not-backdate", rules, case, command, rule=f"roles.{command.by.role}.backdate")
    if case.version and since < case.submitted_us:
        return refusal("before-submission", rules, case, command, rule="effective_at")
    if not any(name == "reason" for name, _ in command.texts):
        return refusal("field-missing", rules, case, command, rule="effective_at", missing=("reason",))
    return None


def wrong_primary(
    rules: CompiledPolicy, case: Case, command: Command, primary: Case | None
) -> Refusal | None:
    """Why a case may not follow the one that its merge names: unknown, ended, younger, or a circle."""
    shown = str(command.fields.get("primary", ""))
    if primary is None or not primary.version:
        return refusal("primary-unknown", rules, case, command, found=shown, rule="merge")
    if primary.id == case.id or primary.facts.primary == case.id:
        return refusal("merge-cycle", rules, case, command, found=shown, rule="merge")
    if not primary.is_open:
        missing = (primary.facts.primary,) if primary.facts.primary else ()
        return refusal("primary-ended", rules, case, command, found=shown, rule="merge", missing=missing)
    if _started(primary) > _started(case):
        return refusal("primary-is-younger", rules, case, command, found=shown, rule="merge")
    return None


def _started(case: Case) -> int:
    return min((run.since_us for run in case.clocks), default=case.submitted_us)
