"""The built-in actions: their typed fields and the event each becomes.

Which of them a portal knows, from which states, and who may take them, is the policy's table.
"""

from __future__ import annotations

from caseflow.core import events as e
from caseflow.core.policy import FieldRule
from caseflow.core.values import Value, value


@value
class ActionSpec(Value):
    """An action's event class and its fields, in the order of the event's own."""

    event: type[e.Event]
    fields: dict[str, FieldRule]


def _fields(**rules: str) -> dict[str, FieldRule]:
    """``name="type"``, with ``!`` for required, and the least and greatest value of an int."""
    made = {}
    for name, rule in rules.items():
        kind, *bounds = rule.split()
        low, high = (*map(int, bounds), None, None)[:2]
        made[name] = FieldRule(type=kind.rstrip("!"), required=kind.endswith("!"), min=low, max=high)
    return made


REASON = {"reason": FieldRule(type="text")}
"""Every action takes a reason."""

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
                citizen="string",
            ),
        ),
        ("acknowledge", e.Acknowledged, _fields(text="text")),
        ("route", e.Routed, _fields(to="unit!")),
        ("sign_in", e.SignedIn, {}),
        ("dispatch", e.Dispatched, _fields(officer="string")),
        ("add_co_handler", e.CoHandlerAdded, _fields(co_handler="unit!")),
        ("report", e.Reported, _fields(text="text")),
        ("request_information", e.InformationRequested, _fields(text="text")),
        ("receive_information", e.InformationReceived, _fields(text="text")),
        ("reply", e.Replied, _fields(text="text")),
        ("placeholder", e.PlaceholderReplied, _fields(text="text")),
        ("note", e.Noted, _fields(text="text")),
        ("retract_reply", e.ReplyRetracted, {}),
        ("complete", e.Completed, _fields(text="text")),
        ("rate", e.Rated, _fields(score="int! 1 5", automatic="bool", text="text")),
        ("assess", e.Assessed, _fields(efficiency="int! 1 5", effect="int! 1 5", text="text")),
        ("link_rectification", e.RectificationLinked, _fields(rectification="string!")),
        ("verify_rectification", e.RectificationVerified, _fields(rectification="string!")),
        ("close", e.Closed, {}),
        ("reopen", e.Reopened, {}),
        ("withdraw", e.Withdrawn, {}),
        ("reject", e.Rejected, _fields(code="string!", text="text")),
        ("merge", e.Merged, _fields(primary="string!")),
        ("resume", e.Resumed, {}),
        ("return_to_dispatcher", e.Returned, {}),
        ("transfer", e.Transferred, _fields(to="unit!")),
        ("request_extension", e.ExtensionRequested, _fields(clock="string", days="int! 1")),
        ("grant_extension", e.ExtensionGranted, _fields(clock="string", days="int 1")),
        ("refuse_extension", e.ExtensionRefused, {}),
        (
            "attach",
            e.Attached,
            _fields(reference="string!", sha256="sha256!", size="int! 0", media_type="string!", name="text"),
        ),
        ("sign_receipt", e.ReceiptSigned, _fields(document="string!")),
        ("adopt_rules", e.RulesAdopted, {}),
        ("redact", e.Redacted, _fields(fields="names!", basis="string!")),
    )
}
"""Name -> event and fields. ``size`` is in bytes."""
