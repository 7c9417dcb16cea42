"""The built-in actions as methods of a timeline: the text or target first, and nobody named who acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.desk.call_checks import checked_list
from caseflow.errors import UnknownCase


class Doing(TypedDict, total=False):
    """What every method takes besides the action's own fields.

    ``by`` is an actor, or the name of a role; by default whoever the policy allows first. ``unit`` is the
    unit that the actor acts for, by default the one that holds the case. ``own_fields`` are fields of the
    policy's own. The rest is as in `Desk.act`.
    """

    by: Actor | str
    unit: str
    reason: str
    effective_at: datetime | str
    key: str
    expected_version: int
    own_fields: Mapping[str, Any]


class TimelineActions:
    """One method for each built-in action. A case is its id, or any value of it, however old.

    All return the case afterwards and raise what `Desk.act` raises.
    """

    def _do(self, action: str, case: Case | str, doing: Doing, /, **fields: Any) -> Case:
        """Take the action; the timeline does it."""
        raise TypeError("TimelineActions is a part of Timeline")

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
        """协办: ask another unit to help."""
        return self._do("add_co_handler", case, doing, co_handler=co_handler)

    def report(self, case: Case | str, text: str | None = None, **doing: Unpack[Doing]) -> Case:
        """A co-handling unit reports to the lead: the first one, unless ``unit`` names another."""
        return self._do("report", case, doing, text=text)

    def request_information(self, case: Case | str, text: str | None = None, **doing: Unpack[Doing]) -> Case:
        """Ask the citizen for information."""
        return self._do("request_information", case, doing, text=text)

    def receive_information(self, case: Case | str, text: str | None = None, **doing: Unpack[Doing]) -> Case:
        """The citizen gives the information."""
        return self._do("receive_information", case, doing, text=text)

    def reply(self, case: Case | str, text: str, **doing: Unpack[Doing]) -> Case:
        """Reply in public and in substance."""
        return self._do("reply", case, doing, text=text)

    def placeholder(self, case: Case | str, text: str = "已收到", **doing: Unpack[Doing]) -> Case:
        """Only say that there will be a reply."""
        return self._do("placeholder", case, doing, text=text)

    def note(self, case: Case | str, text: str, **doing: Unpack[Doing]) -> Case:
        """Note something internally; stops nothing."""
        return self._do("note", case, doing, text=text)

    def retract_reply(self, case: Case | str, **doing: Unpack[Doing]) -> Case:
        """Take back the standing replies of this cycle."""
        return self._do("retract_reply", case, doing)

    def complete(self, case: Case | str, text: str | None = None, **doing: Unpack[Doing]) -> Case:
        """办结告知: tell the citizen that the matter is done."""
        return self._do("complete", case, doing, text=text)

    def rate(
        self,
        case: Case | str,
        score: int,
        *,
        text: str | None = None,
        automatic: bool | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """The citizen's evaluation, 1 to 5."""
        return self._do("rate", case, doing, score=score, text=text, automatic=automatic)

    def assess(
        self,
        case: Case | str,
        *,
        efficiency: int,
        effect: int,
        text: str | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """The authority's evaluation of efficiency and effect, 1 to 5 each."""
        return self._do("assess", case, doing, efficiency=efficiency, effect=effect, text=text)

    def link_rectification(self, case: Case | str, rectification: str, **doing: Unpack[Doing]) -> Case:
        """整改: link the case to a rectification, by its id."""
        return self._do("link_rectification", case, doing, rectification=rectification)

    def verify_rectification(self, case: Case | str, rectification: str, **doing: Unpack[Doing]) -> Case:
        """A linked rectification was found done."""
        return self._do("verify_rectification", case, doing, rectification=rectification)

    def close(self, case: Case | str, **doing: Unpack[Doing]) -> Case:
        """结案: end the case."""
        return self._do("close", case, doing)

    def reopen(self, case: Case | str, **doing: Unpack[Doing]) -> Case:
        """Begin a new cycle."""
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

    def send_back(self, case: Case | str, **doing: Unpack[Doing]) -> Case:
        """退单: give the case back."""
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
        """Ask for more time before the deadline: a length, or until the end of a date."""
        lengths = {"days": days, "weeks": weeks, "months": months, "until": until}
        return self._do("request_extension", case, doing, clock=clock, **lengths)

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
        """Grant what was asked for, or another length."""
        lengths = {"days": days, "weeks": weeks, "months": months, "until": until}
        return self._do("grant_extension", case, doing, clock=clock, **lengths)

    def refuse_extension(self, case: Case | str, *, clock: str | None = None, **doing: Unpack[Doing]) -> Case:
        """Refuse the extension asked for."""
        return self._do("refuse_extension", case, doing, clock=clock)

    def attach(
        self,
        case: Case | str,
        *,
        reference: str,
        sha256: str,
        size: int,
        media_type: str,
        name: str | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """Attach a file that the portal keeps."""
        fields: Mapping[str, Any] = {
            "reference": reference, "sha256": sha256, "size": size, "media_type": media_type, "name": name,
        }  # fmt: skip
        return self._do("attach", case, doing, **fields)

    def redact(self, case: Case | str, *, fields: Sequence[str], basis: str, **doing: Unpack[Doing]) -> Case:
        """Erase personal texts and their salts; see `Desk.redact`."""
        names = fields if isinstance(fields, str) else checked_list("fields", fields)
        return self._do("redact", case, doing, fields=names, basis=basis)

    def sign_receipt(self, case: Case | str, *, document: str, **doing: Unpack[Doing]) -> Case:
        """签收: the addressed unit signs for a numbered document, by the document's id."""
        return self._do("sign_receipt", case, doing, document=document)

    def annul_card(
        self,
        case: Case | str,
        *,
        clock: str,
        level: str,
        subject: str | None = None,
        cycle: int | None = None,
        **doing: Unpack[Doing],
    ) -> Case:
        """申诉成立: annul a card that the unit appealed against; see `Desk.annul_card`."""
        return self._do("annul_card", case, doing, clock=clock, level=level, subject=subject, cycle=cycle)

    def migrate(self, case: Case | str, *, retroactive: bool | None = None, **doing: Unpack[Doing]) -> Case:
        """Bring the case under the timeline's own policy; see `Desk.migrate`."""
        return self._do("migrate", case, doing, retroactive=retroactive)


def case_id_of(case: Case | str) -> str:
    """The id of a case, or the id itself.

    Raises:
        UnknownCase: it is neither.
    """
    match case:
        case Case():
            return case.id
        case str():
            return case
        case _:
            raise UnknownCase(ascii(case)[:80])
