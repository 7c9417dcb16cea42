"""The file of one referral: what it holds against its unit, and what became of each piece of it."""

from __future__ import annotations

from caseflow.core.model.events import Acted, Event, FieldValue, Submitted
from caseflow.core.value import Value
from caseflow.desk import Desk

CONFIRMED = "confirmed"
"""The state in which a finding stands and no appeal lies against it any more."""
ADD, SET_ASIDE, TAKE_BACK = "add_evidence", "set_aside", "take_back"
"""Actions of a referral that bring evidence, or take it away."""
EVIDENCE, CAUSE = "evidence", "cause"
"""Their fields."""


class Gone(Value):
    """Evidence that counts no more: since when (epoch microseconds), by which action, because of what."""

    at_us: int
    action: str
    cause: str = ""


class ReferralFile(Value):
    """A referral as its own history tells it.

    Attributes:
        evidence: names of what is held against the unit, in the order in which it was brought.
        gone: of these, what was set aside or taken back.
        confirmed_us: since when the finding stands.
    """

    case_id: str
    conduct: str
    unit: str
    period: tuple[str, str]
    submitted_us: int
    evidence: tuple[str, ...]
    gone: dict[str, Gone]
    confirmed_us: int | None = None

    def counts_at(self, name: str, us: int) -> bool:
        """Whether that evidence had not been set aside or taken back by the instant."""
        gone = self.gone.get(name)
        return gone is None or gone.at_us > us


def referral_file(desk: Desk, case_id: str) -> ReferralFile:
    """The file of a referral.

    Raises:
        UnknownCase: no such case.
    """
    case = desk.get(case_id)
    evidence, gone = dict[str, None](), dict[str, Gone]()
    confirmed: int | None = None
    for event in desk.history(case_id):
        if event.to is not None and event.to.state == CONFIRMED:
            confirmed = event.since_us
        fields = _fields(event)
        names = fields.get(EVIDENCE, ())
        if isinstance(event, Submitted) or (isinstance(event, Acted) and event.action == ADD):
            evidence.update(dict.fromkeys(names if isinstance(names, tuple) else ()))
        elif isinstance(event, Acted) and event.action in (SET_ASIDE, TAKE_BACK):
            lost = Gone(event.since_us, event.action, str(fields.get(CAUSE, "")))
            gone.setdefault(str(names), lost)
    return ReferralFile(
        case_id,
        case.origin.kind,
        case.unit,
        (str(case.origin.field("since")), str(case.origin.field("until"))),
        submitted_us=case.submitted_us,
        evidence=tuple(evidence),
        gone=gone,
        confirmed_us=confirmed,
    )


def _fields(event: Event) -> dict[str, FieldValue]:
    if isinstance(event, Submitted):
        return dict(event.origin.fields)
    return dict(event.fields) if isinstance(event, Acted) else {}
