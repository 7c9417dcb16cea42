"""The built-in actions as methods of a timeline: text or target first, nobody named who acts.

Written by ``docs/timeline_methods.py`` from the desk's own methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from caseflow.core.model.case import Case
from caseflow.desk.call_checks import checked_list
from caseflow.testing.timeline.timeline_terms import ActionTaker, Doing, case_id_of


class TimelineActions(ActionTaker):
    """One method for each built-in action. A case is its id, or any value of it, however old.

    All return the case afterwards and raise what `Desk.act` raises.
    """

    def acknowledge(self, case: Case | str, text: str | None = None, **doing: Unpack[Doing]) -> Case:
        """立即回复: tell the citizen that the inquiry has come."""
        return self._do("acknowledge", case, doing, text=text)

    def route(self, case: Case | str, to: str, **doing: Unpack[Doing]) -> Case:
        """分转: give the case to a unit."""
        return self._do("route", case, doing, to=to)

    def take_charge(self, case: Case | str, **doing: Unpack[Doing]) -> Case:
        """签收: the unit takes the case."""
        return self._do("take_charge", case, doing)

    def dispatch(self, case: Case | str, officer: str | None = None, **doing: Unpack[Doing]) -> Case:
        """及时派员: send someone."""
        return self._do("dispatch", case, doing, officer=officer)

    def add_co_handler(self, case: Case | str, co_handler: str, **doing: Unpack[Doing]) -> Case:
        """协办: ask another unit to help; the public reply stays the lead's."""
        return self._do("add_co_handler", case, doing, co_handler=co_handler)

    def report(self, case: Case | str, text: str | None = None, **doing: Unpack[Doing]) -> Case:
        """A co-handling unit reports to the lead."""
        return self._do("report", case, doing, text=text)

    def request_information(self, case: Case | str, text: str | None = None, **doing: Unpack[Doing]) -> Case:
        """Ask the citizen for information."""
        return self._do("request_information", case, doing, text=text)

    def receive_information(self, case: Case | str, text: str | None = None, **doing: Unpack[Doing]) -> Case:
        """Record that the citizen gave the information."""
        return self._do("receive_information", case, doing, text=text)

    def reply(self, case: Case | str, text: str, **doing: Unpack[Doing]) -> Case:
        """Reply in public and in substance."""
        return self._do("reply", case, doing, text=text)

    def placeholder(self, case: Case | str, text: str = "已收到", **doing: Unpack[Doing]) -> Case:
        """Only say that there will be a reply (已收到)."""
        return self._do("placeholder", case, doing, text=text)

    def note(self, case: Case | str, text: str, **doing: Unpack[Doing]) -> Case:
        """Note something internally; stops nothing."""
        return self._do("note", case, doing, text=text)

    def retract_reply(self, case: Case | str, **doing: Unpack[Doing]) -> Case:
        """Take back the office's standing replies of this cycle; the time they stood becomes a pause."""
        return self._do("retract_reply", case, doing)

    def complete(self, case: Case | str, text: str | None = None, **doing: Unpack[Doing]) -> Case:
        """办结告知: tell the citizen that the matter is done."""
        return self._do("complete", case, doing, text=text)

    def rate(
        self,
        case: Case | str,
        score: int | None = None,
        *,
        causes: Sequence[str] | None = None,
        text: str | None = None,
        token: str | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """The citizen's evaluation: 1 to 5, or the axes of the policy's ``[evaluation]`` as ``own_fields``.

        See `Desk.rate`.
        """
        return self._do("rate", case, doing, score=score, causes=causes, text=text, token=token)

    def invite(self, case: Case | str, token: str | None = None, **doing: Unpack[Doing]) -> Case:
        """Issue a one-time token by which the case may be rated without an account, in its present cycle.

        See `Desk.invite`.
        """
        return self._do("invite", case, doing, token=token)

    def revoke_invitation(self, case: Case | str, **doing: Unpack[Doing]) -> Case:
        """Make the token that was issued last void."""
        return self._do("revoke_invitation", case, doing)

    def assess(
        self,
        case: Case | str,
        efficiency: int | None = None,
        *,
        effect: int | None = None,
        text: str | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """The authority's: efficiency and effect, 1 to 5, or the axes of the policy in ``own_fields``."""
        return self._do("assess", case, doing, efficiency=efficiency, effect=effect, text=text)

    def link_rectification(self, case: Case | str, rectification: str, **doing: Unpack[Doing]) -> Case:
        """整改: link the case to a rectification, by its id."""
        return self._do("link_rectification", case, doing, rectification=rectification)

    def verify_rectification(self, case: Case | str, rectification: str, **doing: Unpack[Doing]) -> Case:
        """Record that a linked rectification was found done."""
        return self._do("verify_rectification", case, doing, rectification=rectification)

    def drop_rectification(self, case: Case | str, rectification: str, **doing: Unpack[Doing]) -> Case:
        """Record that a linked rectification will not be carried out: the case waits for it no more."""
        return self._do("drop_rectification", case, doing, rectification=rectification)

    def close(self, case: Case | str, **doing: Unpack[Doing]) -> Case:
        """结案: end the case."""
        return self._do("close", case, doing)

    def reopen(self, case: Case | str, **doing: Unpack[Doing]) -> Case:
        """Begin a new cycle; the cards of the old one stay as they are."""
        return self._do("reopen", case, doing)

    def withdraw(self, case: Case | str, **doing: Unpack[Doing]) -> Case:
        """The citizen takes the inquiry back."""
        return self._do("withdraw", case, doing)

    def reject(self, case: Case | str, code: str, *, text: str | None = None, **doing: Unpack[Doing]) -> Case:
        """不予受理, with a reason code of the policy."""
        return self._do("reject", case, doing, code=code, text=text)

    def merge(self, case: Case | str, primary: Case | str, **doing: Unpack[Doing]) -> Case:
        """并案: let a duplicate follow the case whose clock started first."""
        return self._do("merge", case, doing, primary=case_id_of(primary))

    def link(self, case: Case | str, other: Case | str, *, as_: str, **doing: Unpack[Doing]) -> Case:
        """Link the case to another one, of whatever policy, by a type of link that the policies of both name.

        See `Desk.link`.
        """
        return self._do("link", case, doing, other=case_id_of(other), type=as_)

    def unlink(self, case: Case | str, other: Case | str, *, as_: str, **doing: Unpack[Doing]) -> Case:
        """Take a link back, at both ends; that it was there stays on record."""
        return self._do("unlink", case, doing, other=case_id_of(other), type=as_)

    def send_back(self, case: Case | str, **doing: Unpack[Doing]) -> Case:
        """退单: give the case back; the citizen's clock runs on."""
        return self._do("send_back", case, doing)

    def transfer(self, case: Case | str, to: str, **doing: Unpack[Doing]) -> Case:
        """转办: give the case to another unit."""
        return self._do("transfer", case, doing, to=to)

    def request_extension(
        self,
        case: Case | str,
        *,
        days: int | None = None,
        weeks: int | None = None,
        months: int | None = None,
        until: str | None = None,
        clock: str | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """Ask for more time before the deadline; this alone stops nothing.

        See `Desk.request_extension`.
        """
        return self._do(
            "request_extension", case, doing, days=days, weeks=weeks, months=months, until=until, clock=clock
        )

    def grant_extension(
        self,
        case: Case | str,
        *,
        days: int | None = None,
        weeks: int | None = None,
        months: int | None = None,
        until: str | None = None,
        clock: str | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """Grant what was asked for, or another length; every rung that is not yet effective moves by it."""
        return self._do(
            "grant_extension", case, doing, days=days, weeks=weeks, months=months, until=until, clock=clock
        )

    def refuse_extension(self, case: Case | str, clock: str | None = None, **doing: Unpack[Doing]) -> Case:
        """Refuse the extension asked for."""
        return self._do("refuse_extension", case, doing, clock=clock)

    def attach(
        self,
        case: Case | str,
        reference: str,
        *,
        sha256: str,
        size: int,
        media_type: str,
        name: str | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """Attach a file that the portal keeps: where it is, its hash, its size in bytes, type and name."""
        return self._do(
            "attach",
            case,
            doing,
            reference=reference,
            sha256=sha256,
            size=size,
            media_type=media_type,
            name=name,
        )

    def sign_receipt(self, case: Case | str, document: str, **doing: Unpack[Doing]) -> Case:
        """签收: the unit that a numbered document is addressed to signs for it, by the document's id.

        See `Desk.sign_receipt`.
        """
        return self._do("sign_receipt", case, doing, document=document)

    def annul_card(
        self,
        case: Case | str,
        clock: str,
        *,
        level: str,
        subject: str | None = None,
        cycle: int | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """申诉成立: annul a card that the unit appealed against, of whatever cycle; a ``reason`` is needed.

        See `Desk.annul_card`.
        """
        return self._do("annul_card", case, doing, clock=clock, level=level, subject=subject, cycle=cycle)

    def redact(self, case: Case | str, fields: Sequence[str], *, basis: str, **doing: Unpack[Doing]) -> Case:
        """Erase personal texts and their salts; history, deadlines and audit chain stay as they are.

        See `Desk.redact`.
        """
        return self._do(
            "redact",
            case,
            doing,
            fields=fields if isinstance(fields, str) else checked_list("fields", fields),
            basis=basis,
        )

    def migrate(self, case: Case | str, *, retroactive: bool | None = None, **doing: Unpack[Doing]) -> Case:
        """Bring the case under the desk's own policy and calendars; `Desk.migrate_all` does so with many.

        See `Desk.migrate`.
        """
        return self._do("migrate", case, doing, retroactive=retroactive)
