"""The built-in actions: their typed fields and the event each becomes.

Which of them a portal knows, from which states, and who may take them, is the policy's table.
"""

from __future__ import annotations

from typing import Any

from caseflow.core.model import events as e
from caseflow.core.model.commands import SYSTEM, Command
from caseflow.core.policy import FieldRule
from caseflow.core.value import Value


class ActionSpec(Value):
    """An action's event class and its fields, in the order of the event's own."""

    event: type[e.Event]
    fields: dict[str, FieldRule]


def _fields(**rules: str) -> dict[str, FieldRule]:
    """``name="type"``, with ``!`` for required, and the least and greatest value of an int."""
    typed: dict[str, FieldRule] = {}
    for name, rule in rules.items():
        kind, *bounds = rule.split()
        low, high = (*map(int, bounds), None, None)[:2]
        typed[name] = FieldRule(type=kind.rstrip("!"), required=kind.endswith("!"), min=low, max=high)
    return typed


REASON = {"reason": FieldRule(type="text")}
"""Every action takes a reason."""

_EXTENSION = {"clock": "string", "days": "int 1", "weeks": "int 1", "months": "int 1", "until": "date"}
"""How an extension is asked for and granted: by one length, or until the end of a date."""

ACTIONS: dict[str, ActionSpec] = {
    name: ActionSpec(event, fields | REASON)
    for name, event, fields in (
        (
            "submit",
            e.Submitted,
            _fields(
                title="text",
                body="text",
                to="unit",
                kind="string",
                channel="string",
                region="string",
                urgency="string",
                citizen="name",
            ),
        ),
        ("acknowledge", e.Acknowledged, _fields(text="text")),
        ("route", e.Routed, _fields(to="unit!")),
        ("take_charge", e.ChargeTaken, {}),
        ("dispatch", e.Dispatched, _fields(officer="string")),
        ("add_co_handler", e.CoHandlerAdded, _fields(co_handler="unit!")),
        ("report", e.Reported, _fields(text="text")),
        ("request_information", e.InformationRequested, _fields(text="text")),
        ("receive_information", e.InformationReceived, _fields(text="text")),
        ("reply", e.Replied, _fields(text="text!")),
        ("placeholder", e.PlaceholderReplied, _fields(text="text!")),
        ("note", e.Noted, _fields(text="text")),
        ("retract_reply", e.ReplyRetracted, {}),
        ("complete", e.Completed, _fields(text="text")),
        ("invite", e.Invited, _fields(token="secret!")),
        ("revoke_invitation", e.InvitationRevoked, {}),
        ("rate", e.Rated, _fields(score="int! 1 5", token="secret", causes="names", text="text")),
        ("assess", e.Assessed, _fields(efficiency="int! 1 5", effect="int! 1 5", text="text")),
        ("link_rectification", e.RectificationLinked, _fields(rectification="string!")),
        ("verify_rectification", e.RectificationVerified, _fields(rectification="string!")),
        ("drop_rectification", e.RectificationDropped, _fields(rectification="string!")),
        ("close", e.Closed, {}),
        ("reopen", e.Reopened, {}),
        ("withdraw", e.Withdrawn, {}),
        ("reject", e.Rejected, _fields(code="string!", text="text")),
        ("merge", e.Merged, _fields(primary="string!")),
        ("resume", e.Resumed, {}),
        ("link", e.Linked, _fields(type="string!", other="string!")),
        ("unlink", e.Unlinked, _fields(type="string!", other="string!")),
        ("send_back", e.Returned, {}),
        ("transfer", e.Transferred, _fields(to="unit!")),
        ("request_extension", e.ExtensionRequested, _fields(**_EXTENSION)),
        ("grant_extension", e.ExtensionGranted, _fields(**_EXTENSION)),
        ("refuse_extension", e.ExtensionRefused, _fields(clock="string")),
        (
            "attach",
            e.Attached,
            _fields(reference="string!", sha256="sha256!", size="int! 0", media_type="string!", name="text"),
        ),
        ("sign_receipt", e.ReceiptSigned, _fields(document="string!")),
        (
            "annul_card",
            e.AppealUpheld,
            _fields(clock="string!", level="string!", subject="string", cycle="int 1"),
        ),
        ("migrate", e.Migrated, _fields(retroactive="bool")),
        ("redact", e.Redacted, _fields(fields="names!", basis="string!")),
    )
}
"""Name -> event and fields. ``size`` is in bytes."""


ACTION_OF: dict[type[e.Event], str] = {spec.event: name for name, spec in ACTIONS.items()}
"""Event class -> the built-in action that makes it."""

_EVERY = frozenset(e.Event.__struct_fields__)
"""What every event says."""


_OF_ITSELF = (
    e.RungEvent, e.CardAnnulled, e.Followed, e.Adopted, e.UnknownEvent, e.LinkedCaseMoved,
)  # fmt: skip
"""Events for which nobody asked in this case."""


def command_of(event: e.Event) -> Command | None:
    """What was asked for when the event was recorded; `None` for what comes of itself.

    Texts are their salted hashes. A field that says the same as when it is left out is left out.
    """
    if isinstance(event, _OF_ITSELF) or getattr(event, "inward", False):
        return None
    if event.by.role == SYSTEM.role and not isinstance(event, e.Resumed):
        return None  # the action of a rung, or for a linked case
    action = event.action if isinstance(event, e.Acted) else ACTION_OF[type(event)]
    return Command(action, event.by, fields_said(event), texts=event.texts, effective_us=event.effective_us)


def fields_said(event: e.Event) -> dict[str, Any]:
    """What an act says in its fields, built-in and the policy's own, as whoever took it gave them."""
    if isinstance(event, e.Acted):
        return dict(event.fields)
    action = ACTION_OF.get(type(event))
    return dict(event.own) if action is None else _fields_of(action, event) | dict(event.own)


def _fields_of(action: str, event: e.Event) -> dict[str, Any]:
    rules = ACTIONS[action].fields
    if isinstance(event, e.Submitted):
        origin = event.origin
        fields: dict[str, Any] = {
            "to": event.unit, "citizen": event.citizen, "kind": origin.kind, "channel": origin.channel,
            "region": origin.region, "urgency": origin.urgency,
        }  # fmt: skip
    elif isinstance(event, e.Resumed):
        return {}
    elif isinstance(event, e.Linked | e.Unlinked):
        fields = {"type": event.type, "other": event.case}
    elif isinstance(event, e.Migrated):
        return {} if event.retroactive else {"retroactive": False}
    elif isinstance(event, e.Rated):
        fields = {"score": event.score, "token": event.token, "causes": event.causes}
        return {name: value for name, value in fields.items() if value}
    elif isinstance(event, e.Assessed):
        fields = {"efficiency": event.efficiency, "effect": event.effect}
        return {name: value for name, value in fields.items() if value}
    elif isinstance(event, e.ExtensionRequested | e.ExtensionGranted | e.ExtensionRefused):
        fields = {name: getattr(event, name) for name, rule in rules.items() if rule.type != "text"}
    else:
        own = [name for name in type(event).__struct_fields__ if name not in _EVERY]
        typed = [name for name, rule in rules.items() if rule.type != "text"]
        fields = {name: getattr(event, field) for name, field in zip(typed, own, strict=True)}
    return {name: value for name, value in fields.items() if value or rules[name].required}
