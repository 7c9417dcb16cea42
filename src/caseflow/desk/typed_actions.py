"""Actions as methods: any of a policy's by its name, and the built-in ones typed, with their own fields."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

from caseflow.core.engine.evaluation import bears_token
from caseflow.core.engine.fields import secret_hash
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.desk.call_checks import checked_actor, checked_key, checked_list, checked_mapping, checked_name
from caseflow.desk.command_handler import CommandHandler
from caseflow.desk.rating_tokens import (
    RatingToken,
    bearer_of,
    new_secret,
    secret_and_case,
    token_of,
    unknown_token,
    used_token,
)
from caseflow.errors import KeyReused

_NO_FIELDS: Mapping[str, Any] = {}


class Terms(TypedDict, total=False):
    """What every action takes besides its own fields; see `Desk.act`."""

    reason: str
    own_fields: Mapping[str, Any]
    effective_at: datetime | str
    key: str
    expected_version: int


class _OfSubmission(Terms, total=False):
    policy: str | None


def new_case_id(by: Actor, key: str | None) -> str:
    """An id for a new case: random, or of actor and idempotency key, so that a repeat names the same case."""
    own = uuid.uuid4() if key is None else uuid.uuid5(uuid.NAMESPACE_OID, f"{by.id}\0{key}")
    return own.hex


class TypedActions:
    """A method for each built-in action, and `act` for any; they raise what it raises and return the case."""

    def __init__(self, handler: CommandHandler) -> None:
        self._handler = handler

    def act(
        self,
        case_id: str,
        action: str,
        *,
        by: Actor,
        fields: Mapping[str, Any] | None = None,
        effective_at: datetime | str | None = None,
        key: str | None = None,
        expected_version: int | None = None,
        policy: str | None = None,
    ) -> Case:
        """Take any action of the policy, its own ones included.

        Args:
            case_id: the case; for ``submit`` the id it will have.
            action: the action's name.
            by: who acts.
            fields: the action's fields by name; every action takes ``reason``.
            effective_at: since when it is true, when that is before now; needs a role that may backdate,
                and a reason.
            key: an idempotency key of this actor. A repeat returns the case as it was after the first time,
                with ``is_repeat`` true, and is never refused; that of ``submit`` whatever id it proposes.
            expected_version: refuse with `Stale` unless the case is at this version.
            policy: for ``submit``: the name of the desk's policy under which the case will stand; its first
                when left out. Another name is refused (``policy-not-offered``).

        Returns:
            The case after the command.

        Raises:
            Refused: the rules do not allow it; nothing was recorded.
            Stale: the expected version is not the case's, or other writers were faster five times.
            KeyReused: the key belongs to another command.
            UnknownCase: no such case.
        """
        if fields.__class__ is not dict:
            fields = _NO_FIELDS if fields is None else checked_mapping("fields", fields)
        if action.__class__ is not str:
            action = checked_name("action", action)
        return self._handler.act(
            case_id,
            action,
            by,
            fields or _NO_FIELDS,
            effective_at=effective_at,
            key=key,
            expected_version=expected_version,
            policy=policy,
        )

    def _do(self, case_id: str, action: str, by: Actor, terms: Terms, **fields: Any) -> Case:
        if "own_fields" in terms:
            fields |= checked_mapping("own_fields", terms.pop("own_fields"))
        fields["reason"] = terms.pop("reason", None)
        known = {name: value for name, value in fields.items() if value is not None}
        return self.act(case_id, action, by=by, fields=known, **terms)  # type: ignore[misc]  # no reason in it

    def submit(
        self,
        *,
        title: str,
        by: Actor,
        body: str = "",
        kind: str = "",
        to: str = "",
        channel: str = "",
        region: str = "",
        urgency: str = "",
        citizen: str = "",
        case_id: str | None = None,
        policy: str | None = None,
        **terms: Unpack[Terms],
    ) -> Case:
        """Take in an inquiry (网络问事); with ``to`` it is routed to that unit at once.

        ``title`` and ``body`` are kept apart from the events; ``kind`` is one of the policy's, such as
        ``complaint``; ``citizen`` is the id of whoever asked, when somebody else submits for them; the
        ``case_id`` is random unless given, or made of actor and key; a repeat under a key returns the first
        case whatever id it proposes; ``policy`` is the name of the desk's policy under which it will stand,
        its first when left out.
        """
        fields: dict[str, Any] = {
            "title": title, "body": body, "kind": kind, "to": to, "channel": channel,
            "region": region, "urgency": urgency, "citizen": citizen,
        }  # fmt: skip
        fields = {name: text for name, text in fields.items() if text}
        key = terms.get("key")
        if key is not None:
            by, key = checked_actor(by), checked_key(key)
        named: _OfSubmission = {**terms, "policy": policy}
        return self._do(case_id or new_case_id(by, key), "submit", by, named, **fields)

    def acknowledge(
        self, case_id: str, *, by: Actor, text: str | None = None, **terms: Unpack[Terms]
    ) -> Case:
        """立即回复: tell the citizen that the inquiry has come."""
        return self._do(case_id, "acknowledge", by, terms, text=text)

    def route(self, case_id: str, *, to: str, by: Actor, **terms: Unpack[Terms]) -> Case:
        """分转: give the case to a unit."""
        return self._do(case_id, "route", by, terms, to=to)

    def take_charge(self, case_id: str, *, by: Actor, **terms: Unpack[Terms]) -> Case:
        """签收: the unit takes the case."""
        return self._do(case_id, "take_charge", by, terms)

    def dispatch(
        self, case_id: str, *, by: Actor, officer: str | None = None, **terms: Unpack[Terms]
    ) -> Case:
        """及时派员: send someone."""
        return self._do(case_id, "dispatch", by, terms, officer=officer)

    def add_co_handler(self, case_id: str, *, co_handler: str, by: Actor, **terms: Unpack[Terms]) -> Case:
        """协办: ask another unit to help; the public reply stays the lead's."""
        return self._do(case_id, "add_co_handler", by, terms, co_handler=co_handler)

    def report(self, case_id: str, *, by: Actor, text: str | None = None, **terms: Unpack[Terms]) -> Case:
        """A co-handling unit reports to the lead."""
        return self._do(case_id, "report", by, terms, text=text)

    def request_information(
        self, case_id: str, *, by: Actor, text: str | None = None, **terms: Unpack[Terms]
    ) -> Case:
        """Ask the citizen for information."""
        return self._do(case_id, "request_information", by, terms, text=text)

    def receive_information(
        self, case_id: str, *, by: Actor, text: str | None = None, **terms: Unpack[Terms]
    ) -> Case:
        """Record that the citizen gave the information."""
        return self._do(case_id, "receive_information", by, terms, text=text)

    def reply(self, case_id: str, *, text: str, by: Actor, **terms: Unpack[Terms]) -> Case:
        """Reply in public and in substance."""
        return self._do(case_id, "reply", by, terms, text=text)

    def placeholder(self, case_id: str, *, text: str, by: Actor, **terms: Unpack[Terms]) -> Case:
        """Only say that there will be a reply (已收到)."""
        return self._do(case_id, "placeholder", by, terms, text=text)

    def note(self, case_id: str, *, text: str, by: Actor, **terms: Unpack[Terms]) -> Case:
        """Note something internally; stops nothing."""
        return self._do(case_id, "note", by, terms, text=text)

    def retract_reply(self, case_id: str, *, by: Actor, **terms: Unpack[Terms]) -> Case:
        """Take back the office's standing replies of this cycle; the time they stood becomes a pause."""
        return self._do(case_id, "retract_reply", by, terms)

    def complete(self, case_id: str, *, by: Actor, text: str | None = None, **terms: Unpack[Terms]) -> Case:
        """办结告知: tell the citizen that the matter is done."""
        return self._do(case_id, "complete", by, terms, text=text)

    def rate(
        self,
        case_id: str,
        *,
        score: int | None = None,
        by: Actor,
        causes: Sequence[str] | None = None,
        text: str | None = None,
        token: str | None = None,
        **terms: Unpack[Terms],
    ) -> Case:
        """The citizen's evaluation: 1 to 5, or the axes of the policy's ``[evaluation]`` as ``own_fields``.

        ``causes`` are those of dissatisfaction; ``token`` is the secret of a one-time token, for a portal's
        own actor who bears it: `rate_by_token` looks after that. Given again it changes the one before, where
        the policy lets it; both stay on record. What the citizen said themselves is changed by nobody else.
        """
        return self._do(case_id, "rate", by, terms, score=score, causes=causes, text=text, token=token)

    def rate_by_token(
        self,
        token: str,
        *,
        score: int | None = None,
        causes: Sequence[str] | None = None,
        text: str | None = None,
        **terms: Unpack[Terms],
    ) -> Case:
        """The evaluation by whoever was given a one-time token, which names the case; see `invite`.

        The same again, in the same words, returns the case as it was after the first time.

        Raises:
            Refused: ``token-unknown`` for whatever is no token, of whatever case; to who has one:
                ``token-used``, ``token-expired``, and what any rating is refused for.
        """
        secret, case_id = secret_and_case(token)
        case = self._handler.store.load(case_id)
        known = secret_hash(secret)
        if case is None or not bears_token(case, known):
            raise unknown_token()
        rules = self._handler.rules_of(case)
        by = bearer_of(rules, case)
        fields: dict[str, Any] = {"score": score, "causes": causes, "text": text, "token": secret}
        try:
            return self._do(case_id, "rate", by, {**terms, "key": f"token {known}"}, **fields)
        except KeyReused:
            raise used_token(rules, case) from None

    def invite(
        self, case_id: str, *, by: Actor, token: str | None = None, **terms: Unpack[Terms]
    ) -> RatingToken:
        """Issue a one-time token by which the case may be rated without an account, in its present cycle.

        Only its hash is stored: who loses it is given another one, which makes the earlier one void. The
        policy's ``evaluation.token_days`` say how long it is good for.

        Args:
            case_id: the case.
            by: who issues it.
            token: the secret that it is made of, 32 characters or more that nobody can guess, for whoever
                must be able to issue the same again under a ``key``; drawn at random when left out.
            terms: as for every action.
        """
        secret = new_secret() if token is None else token
        case = self._do(case_id, "invite", by, terms, token=secret)
        return token_of(self._handler.rules_of(case), case, secret)

    def revoke_invitation(self, case_id: str, *, by: Actor, **terms: Unpack[Terms]) -> Case:
        """Make the token that was issued last void."""
        return self._do(case_id, "revoke_invitation", by, terms)

    def assess(
        self,
        case_id: str,
        *,
        efficiency: int | None = None,
        effect: int | None = None,
        by: Actor,
        text: str | None = None,
        **terms: Unpack[Terms],
    ) -> Case:
        """The authority's: efficiency and effect, 1 to 5, or the axes of the policy in ``own_fields``."""
        return self._do(case_id, "assess", by, terms, efficiency=efficiency, effect=effect, text=text)

    def link_rectification(
        self, case_id: str, *, rectification: str, by: Actor, **terms: Unpack[Terms]
    ) -> Case:
        """整改: link the case to a rectification, by its id."""
        return self._do(case_id, "link_rectification", by, terms, rectification=rectification)

    def verify_rectification(
        self, case_id: str, *, rectification: str, by: Actor, **terms: Unpack[Terms]
    ) -> Case:
        """Record that a linked rectification was found done."""
        return self._do(case_id, "verify_rectification", by, terms, rectification=rectification)

    def drop_rectification(
        self, case_id: str, *, rectification: str, by: Actor, **terms: Unpack[Terms]
    ) -> Case:
        """Record that a linked rectification will not be carried out: the case waits for it no more."""
        return self._do(case_id, "drop_rectification", by, terms, rectification=rectification)

    def close(self, case_id: str, *, by: Actor, **terms: Unpack[Terms]) -> Case:
        """结案: end the case."""
        return self._do(case_id, "close", by, terms)

    def reopen(self, case_id: str, *, by: Actor, **terms: Unpack[Terms]) -> Case:
        """Begin a new cycle; the cards of the old one stay as they are."""
        return self._do(case_id, "reopen", by, terms)

    def withdraw(self, case_id: str, *, by: Actor, **terms: Unpack[Terms]) -> Case:
        """The citizen takes the inquiry back."""
        return self._do(case_id, "withdraw", by, terms)

    def reject(
        self, case_id: str, *, code: str, by: Actor, text: str | None = None, **terms: Unpack[Terms]
    ) -> Case:
        """不予受理, with a reason code of the policy."""
        return self._do(case_id, "reject", by, terms, code=code, text=text)

    def merge(self, case_id: str, *, primary: str, by: Actor, **terms: Unpack[Terms]) -> Case:
        """并案: let a duplicate follow the case whose clock started first."""
        return self._do(case_id, "merge", by, terms, primary=primary)

    def link(self, case_id: str, other: str, *, as_: str, by: Actor, **terms: Unpack[Terms]) -> Case:
        """Link the case to another one, of whatever policy, by a type of link that the policies of both name.

        Both histories say it, in one append. The actor must be allowed to ``link`` either case.
        """
        return self._do(case_id, "link", by, terms, type=as_, other=other)

    def unlink(self, case_id: str, other: str, *, as_: str, by: Actor, **terms: Unpack[Terms]) -> Case:
        """Take a link back, at both ends; that it was there stays on record."""
        return self._do(case_id, "unlink", by, terms, type=as_, other=other)

    def send_back(self, case_id: str, *, by: Actor, **terms: Unpack[Terms]) -> Case:
        """退单: give the case back; the citizen's clock runs on."""
        return self._do(case_id, "send_back", by, terms)

    def transfer(self, case_id: str, *, to: str, by: Actor, **terms: Unpack[Terms]) -> Case:
        """转办: give the case to another unit."""
        return self._do(case_id, "transfer", by, terms, to=to)

    def request_extension(
        self,
        case_id: str,
        *,
        by: Actor,
        days: int | None = None,
        weeks: int | None = None,
        months: int | None = None,
        until: str | None = None,
        clock: str | None = None,
        **terms: Unpack[Terms],
    ) -> Case:
        """Ask for more time before the deadline; this alone stops nothing.

        By days, weeks or months, or until the end of a date (``2025-05-30``); by what the clock's own rule
        says when left out. ``clock`` may be left out where one runs.
        """
        lengths = {"days": days, "weeks": weeks, "months": months, "until": until}
        return self._do(case_id, "request_extension", by, terms, clock=clock, **lengths)

    def grant_extension(
        self,
        case_id: str,
        *,
        by: Actor,
        days: int | None = None,
        weeks: int | None = None,
        months: int | None = None,
        until: str | None = None,
        clock: str | None = None,
        **terms: Unpack[Terms],
    ) -> Case:
        """Grant what was asked for, or another length; every rung that is not yet effective moves by it."""
        lengths = {"days": days, "weeks": weeks, "months": months, "until": until}
        return self._do(case_id, "grant_extension", by, terms, clock=clock, **lengths)

    def refuse_extension(
        self, case_id: str, *, by: Actor, clock: str | None = None, **terms: Unpack[Terms]
    ) -> Case:
        """Refuse the extension asked for."""
        return self._do(case_id, "refuse_extension", by, terms, clock=clock)

    def attach(
        self,
        case_id: str,
        *,
        reference: str,
        sha256: str,
        size: int,
        media_type: str,
        by: Actor,
        name: str | None = None,
        **terms: Unpack[Terms],
    ) -> Case:
        """Attach a file that the portal keeps: where it is, its hash, its size in bytes, type and name."""
        return self._do(
            case_id, "attach", by, terms,
            reference=reference, sha256=sha256, size=size, media_type=media_type, name=name,
        )  # fmt: skip

    def sign_receipt(self, case_id: str, *, document: str, by: Actor, **terms: Unpack[Terms]) -> Case:
        """签收: the unit that a numbered document is addressed to signs for it, by the document's id.

        Signing again is recorded and changes nothing: the first signature counts. Somebody of another unit
        is refused (``not-your-document``), and a document that is void is signed for by nobody.
        """
        return self._do(case_id, "sign_receipt", by, terms, document=document)

    def annul_card(
        self,
        case_id: str,
        *,
        clock: str,
        level: str,
        by: Actor,
        subject: str | None = None,
        cycle: int | None = None,
        **terms: Unpack[Terms],
    ) -> Case:
        """申诉成立: annul a card that the unit appealed against, of whatever cycle; a ``reason`` is needed.

        The card stays on record, whoever was told of it is told that it is annulled, and its document is
        void. That rung fires no more in that cycle, whatever is told of the case later and whatever rules it
        comes under; the rungs after it do. ``subject`` and ``cycle`` say which card is meant where several
        of that clock and level stand (``card-ambiguous``); where none does it is refused (``no-card``).
        """
        return self._do(
            case_id, "annul_card", by, terms, clock=clock, level=level, subject=subject, cycle=cycle
        )

    def redact(
        self, case_id: str, *, fields: Sequence[str], basis: str, by: Actor, **terms: Unpack[Terms]
    ) -> Case:
        """Erase personal texts and their salts; history, deadlines and audit chain stay as they are.

        ``fields`` names what goes: ``title`` in every version of the case, ``text@5`` that of version 5
        only; ``basis`` is the legal basis, kept in the event, and no place for personal data. `Desk.texts`
        goes on to list each erased text as redacted. A name that fits no text is refused
        (``nothing-to-redact``), so that a slip of the pen does not pass for an erasure.

        Source: 个人信息保护法 §47 (erasure on request); policies name their own.
        """
        names = (
            fields if isinstance(fields, str) else checked_list("fields", fields)
        )  # a text is refused later
        return self._do(case_id, "redact", by, terms, fields=names, basis=basis)

    def migrate(
        self, case_id: str, *, by: Actor, retroactive: bool | None = None, **terms: Unpack[Terms]
    ) -> Case:
        """Bring the case under the desk's own policy and calendars; `Desk.migrate_all` does so with many.

        Its own history is folded under the new rules: clocks that are new begin at their true instants, a
        renamed one (``was``) keeps its cards, cards that no longer hold are annulled, those newly owed issued
        at their own instants. With ``retroactive`` false each rung keeps the later of its old and its new
        instant, and nothing becomes due before now that was not.

        It is refused where a running clock would be lost (``clock-lost``), the new rules lack the case's
        state, or an ``effective_at`` is given: it takes effect when recorded.
        """
        return self._do(case_id, "migrate", by, terms, retroactive=retroactive)
