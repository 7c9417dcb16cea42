"""What a person makes of a proposal: a rectification linked to its cases, or a dismissal that is kept."""

from __future__ import annotations

from caseflow.analytics.proposals import RECTIFICATION, Proposal
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.errors import CaseflowError
from caseflow.i18n import Lang, text

LINK = "gave-rise-to"
"""The link from an inquiry to the rectification that it gave rise to."""


class Opening(Value):
    """A rectification that was opened, and the cases that could not be linked to it, each with its reason."""

    case: Case
    unlinked: tuple[tuple[str, str], ...] = ()


def open_rectification(
    desk: Desk, proposal: Proposal, *, by: Actor, title: str, goal: str = "", lang: Lang = "zh"
) -> Opening:
    """Open a rectification of kind ``recurring`` for the proposal, and link its cases to it.

    Called again by the same person it goes on where it was broken off.

    Args:
        desk: it has the policy ``rectification``, and one whose cases may be linked (``gave-rise-to``).
        by: who decides; the policies say whether they may.
        title: what is to be put right, for people.
        goal: of the rectification.
        lang: of the sentence that tells the numbers.

    Raises:
        Refused: the actor may not, or somebody decided on the same proposal before.
    """
    fields = {"goal": goal} if goal else {}
    _submit(desk, proposal, by=by, title=title, fields=fields, lang=lang, key=f"{proposal.id}:open")
    unlinked: list[tuple[str, str]] = []
    for case_id in proposal.cases:
        try:
            desk.link(case_id, proposal.id, as_=LINK, by=by, key=f"{proposal.id}:{case_id}")
        except CaseflowError as error:  # this case's rules, or nobody knows it: the others are linked
            unlinked.append((case_id, error.text(lang)))
    return Opening(desk.get(proposal.id), tuple(unlinked))


def dismiss(desk: Desk, proposal: Proposal, *, by: Actor, reason: str, lang: Lang = "zh") -> Case:
    """Dismiss the proposal, so that it is not made again for the same window.

    It is kept as a rectification that was dropped, with the reason, the actor and the numbers, and nobody is
    told. Called again by the same person it goes on where it was broken off.

    Raises:
        Refused: the actor may not, or somebody decided on the same proposal before.
    """
    title = text("recurrence.dismissed", lang)
    _submit(desk, proposal, by=by, title=title, fields={}, lang=lang, key=f"{proposal.id}:dismiss")
    return desk.withdraw(proposal.id, by=by, reason=reason, key=f"{proposal.id}:withdraw")


def _submit(
    desk: Desk, proposal: Proposal, *, by: Actor, title: str, fields: dict[str, str], lang: Lang, key: str
) -> None:
    inquiry = {
        "title": title, "body": evidence(proposal, lang), "kind": "recurring", "problem": proposal.kind,
        "region": proposal.place, **fields,
    }  # fmt: skip
    desk.act(
        proposal.id, "submit", by=by, key=key, policy=RECTIFICATION,
        fields={name: value for name, value in inquiry.items() if value},
    )  # fmt: skip


def evidence(proposal: Proposal, lang: Lang) -> str:
    """The numbers of the proposal in a sentence."""
    window = proposal.window
    days = {
        "since": window.since.isoformat(),
        "until": window.until.isoformat(),
        "count": len(proposal.cases),
    }
    one = proposal.excess
    if one is None:
        return text("recurrence.repeated", lang, **days)
    return text(
        "recurrence.exceeds", lang, **days, kind=one.kind or "-", place=one.place or "-",
        expected=f"{one.expected:.2f}", bound=one.bound, p=f"{one.adjusted_p:.2g}", windows=one.windows,
    )  # fmt: skip
