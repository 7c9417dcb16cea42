"""外网受理 内网办理: two stores that never connect, and the bundles of acts that are carried between them.

Each zone has cases and a policy of its own. What crosses are acts, by the sender's allow-list
(``[zones.PEER]`` of the policy); at the other side each is a command like any other, held to that side's
rules, and so done or refused. What was sent and received stands in a ledger, a case of the store itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from caseflow.audit.checkpoint import PrivateKey, PublicKey
from caseflow.core.engine.actions import command_of
from caseflow.core.engine.rights import audience_of_text, retracted, sees
from caseflow.core.model import events as e
from caseflow.core.model.commands import Actor
from caseflow.core.policy import Policy, ZoneRule
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.errors import BadInput, CaseflowError, KeyReused, Refused, Stale, StoreBusy, is_of_the_store
from caseflow.interchange.pagination import feed
from caseflow.interchange.zone_bundle import FORMAT, Bundle, Header, Item, read_bundle, write_bundle
from caseflow.policies.load import load_policy
from caseflow.ports import Recorded

MOST_ITEMS = 5_000
"""Acts in one bundle between zones."""
_MOST_BYTES = 50_000_000


class Sent(Value):
    """A bundle that was written: its number, where it is, and how many acts it holds."""

    number: int
    path: Path
    items: int


class RefusedItem(Value):
    """An act that this side's rules, or its own form, did not let be done; the code says why."""

    id: str
    case: str
    action: str
    code: str


class BundleReceipt(Value):
    """What a bundle came to.

    Attributes:
        done: acts that were taken, those among them that an earlier, broken run had taken already.
        is_repeat: whether the bundle had been received before; nothing was looked at then.
    """

    number: int
    done: int = 0
    refused: tuple[RefusedItem, ...] = ()
    is_repeat: bool = False


class ZoneLink:
    """One end of the exchange between two zones.

    Args:
        desk: this zone's, not joined to a transaction; its policies say in ``[zones.PEER]`` what the other
            zone may know, and in which role its acts are taken here.
        zone: this zone's name, as the other side's policy has it.
        peer: the other zone's name, as this side's has it.
    """

    def __init__(self, desk: Desk, *, zone: str, peer: str) -> None:
        self._desk = desk
        self._zone = zone
        self._peer = peer
        self._ledger = _Ledger(desk, peer)

    def export(self, folder: Path, key: PrivateKey, *, limit: int = MOST_ITEMS) -> Sent | None:
        """Write the next bundle: what was recorded since the last one and may be known there.

        It is entered in the ledger first, so that a number is never used twice; if the file is not there
        then, because the process ended or the medium was lost, `export_again` writes the same one.

        Args:
            folder: where the file goes, as ``ZONE-PEER-000001.bundle``.
            limit: at most so many acts; what is left is for the next call.

        Returns:
            `None` when there is nothing to send.

        Raises:
            BadInput: the file cannot be written (``file-failed``), or an act is larger than a bundle.
            Stale: another export wrote this bundle in the meantime.
        """
        number, after = self._ledger.last_sent()
        items, upto, size = list[Item](), after, 0
        for recorded in feed(self._desk.store, after):
            item = self._item(recorded)
            if item is not None:
                size += len(msgspec.json.encode(item))
                if items and (len(items) == limit or size > _MOST_BYTES):
                    break
                items.append(item)
            upto = recorded.position
        if not items:
            return None
        self._ledger.enter_sent(number + 1, after, upto)
        return self._write(folder, key, (number + 1, after, upto), items)

    def export_again(self, number: int, folder: Path, key: PrivateKey) -> Sent:
        """Write a bundle of that number anew. Texts that were erased since are not in it.

        Raises:
            BadInput: ``zone-no-bundle``: no bundle of that number was sent.
        """
        after, upto = self._ledger.span(number)
        items = list[Item]()
        for recorded in feed(self._desk.store, after):
            if recorded.position > upto:
                break
            item = self._item(recorded)
            items += () if item is None else (item,)
        return self._write(folder, key, (number, after, upto), items)

    def receive(self, path: Path, key: PublicKey) -> BundleReceipt:
        """Do what a bundle says: each act by the rules of this side, in the order of the other one.

        An act that is refused is entered in the ledger and keeps nobody else's from being done. A run that
        was broken off goes on by the same call: no act is done twice. The bundle that was received before
        changes nothing.

        Raises:
            BadInput: what `read_bundle` raises; it is between other zones (``zone-for-another``); a bundle
                before it is missing (``zone-gap``, which names them); a bundle of its number was received
                with other content (``zone-differs``). Nothing was done.
            StoreError: this store cannot be used; what was done stands.
        """
        bundle = read_bundle(path, key)
        header = bundle.header
        if (header.sender, header.receiver) != (self._peer, self._zone):
            raise BadInput("zone-for-another", what=str(path), found=f"{header.sender} -> {header.receiver}")
        received = self._ledger.received()
        if header.number in received:
            if received[header.number] != bundle.sha256:
                raise BadInput("zone-differs", what=str(path), found=header.number)
            return BundleReceipt(header.number, is_repeat=True)
        if header.number > len(received) + 1:
            missing = f"{len(received) + 1}..{header.number - 1}"
            raise BadInput("zone-gap", what=str(path), found=header.number, missing=missing)
        return self._do(bundle)

    def _do(self, bundle: Bundle) -> BundleReceipt:
        refused = list[RefusedItem]()
        for item in bundle.items:
            code = self._take(item)
            if code:
                refused.append(RefusedItem(item.id, item.case, action=item.action, code=code))
                self._ledger.enter_refused(refused[-1])
        number = bundle.header.number
        self._ledger.enter_received(number, bundle.sha256)
        return BundleReceipt(number, len(bundle.items) - len(refused), tuple(refused))

    def _take(self, item: Item) -> str:
        """Do it here; the code of why not, empty when it is done, now or by an earlier run."""
        try:
            rules = self._desk.rules if item.action == "submit" else self._desk.rules_of(item.case)
            zone = rules.policy.zones.get(self._peer, ZoneRule())
            role = rules.policy.roles.get(zone.role)
            fields: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in item.fields.items()
            }
            is_late = role is not None and role.backdate and item.at < self._desk.clock.now_us()
            if is_late:
                fields.setdefault("reason", self._peer)
            self._desk.act(
                item.case,
                item.action,
                by=Actor(_actor_id(self._peer), role=zone.role),
                fields=fields,
                effective_at=moment(item.at) if is_late else None,
                key=_key(item.id),
            )
        except KeyReused:
            return ""
        except Refused as error:
            return error.refusal.code
        except CaseflowError as error:
            if is_of_the_store(error) or isinstance(error, Stale | StoreBusy):
                raise
            return error.code
        return ""

    def _item(self, recorded: Recorded) -> Item | None:
        """The event as the peer may know it; `None` where it may not, or told it itself."""
        event, case_id = recorded.event, recorded.case_id
        if case_id.startswith(_LEDGERS):
            return self._ledger_item(recorded)
        command = None if isinstance(event, e.UnknownEvent | e.Adopted) else command_of(event)
        if command is None:
            return None
        case = self._desk.get(case_id)
        rules = self._desk.rules_of(case)
        zone = rules.policy.zones.get(self._peer, ZoneRule())
        rule = zone.sends.get(command.action)
        if rule is None or (event.by.id == _actor_id(self._peer) and not rule.back):
            return None
        values = dict(command.fields)
        if event.texts:
            events = self._desk.store.events(case_id)
            if recorded.version not in retracted(case, events):
                values |= {
                    text.field: text.text
                    for text in self._desk.store.texts(case_id)
                    if text.version == recorded.version
                    and sees(zone.audience, audience_of_text(rules, event, text.field))
                }
        fields = {there: values[here] for here, there in rule.fields.items() if here in values}
        return Item(
            _id(recorded), case_id, action=rule.action or command.action, at=event.since_us, fields=fields
        )

    def _ledger_item(self, recorded: Recorded) -> Item | None:
        """The answer to an act of the peer's that was refused here, where the policy says how it is told."""
        event = recorded.event
        if not (
            isinstance(event, e.Acted) and event.action == "refuse" and recorded.case_id == self._ledger.id
        ):
            return None
        told_as = self._desk.rules.policy.zones.get(self._peer, ZoneRule()).refused
        if not told_as:
            return None
        fields = dict(event.fields)
        return Item(
            _id(recorded),
            str(fields["case"]),
            action=told_as,
            at=event.since_us,
            fields={"action": str(fields["action"]), "code": str(fields["code"])},
        )

    def _write(self, folder: Path, key: PrivateKey, span: tuple[int, int, int], items: list[Item]) -> Sent:
        number, after, upto = span
        header = Header(FORMAT, self._zone, self._peer, number=number, after=after, upto=upto)
        path = folder / f"{self._zone}-{self._peer}-{number:06}.bundle"
        write_bundle(path, header, items, key)
        return Sent(number, path, len(items))


_LEDGERS = "zone:"


class _Ledger:
    """What was sent to a zone and received from it: the history of one case of this store."""

    def __init__(self, desk: Desk, peer: str) -> None:
        self.id = f"{_LEDGERS}{peer}"
        self._by = Actor(_actor_id(peer), role="zone")
        self._desk = Desk(_policy(), desk.store, clock=desk.clock, tells=False)

    def last_sent(self) -> tuple[int, int]:
        """The number of the last bundle and the position up to which it goes; zeros before the first."""
        number, upto = 0, 0
        for fields in self._entries("send"):
            number, upto = fields["number"], fields["upto"]
        return number, upto

    def span(self, number: int) -> tuple[int, int]:
        """The positions between which the acts of a bundle lie.

        Raises:
            BadInput: ``zone-no-bundle``.
        """
        for fields in self._entries("send"):
            if fields["number"] == number:
                return fields["after"], fields["upto"]
        raise BadInput("zone-no-bundle", what="number", found=number)

    def received(self) -> dict[int, str]:
        """Number -> hash of every bundle that was received."""
        return {fields["number"]: fields["sha256"] for fields in self._entries("receive")}

    def enter_sent(self, number: int, after: int, upto: int) -> None:
        """Enter a bundle of which nothing is written yet.

        Raises:
            Stale: another process entered one of that number.
        """
        fields = {"number": number, "after": after, "upto": upto}
        try:
            is_repeat = self._enter("send", fields, f"send-{number}")
        except KeyReused as error:
            raise Stale(self.id, expected=number, found=number + 1) from error
        if is_repeat:
            raise Stale(self.id, expected=number, found=number + 1)

    def enter_received(self, number: int, digest: str) -> None:
        """Enter a bundle all of whose acts were done or refused; the same again changes nothing."""
        self._enter("receive", {"number": number, "sha256": digest}, f"receive-{number}")

    def enter_refused(self, item: RefusedItem) -> None:
        """Enter an act that was not done; the same again changes nothing."""
        fields = {"item": item.id, "case": item.case, "action": item.action, "code": item.code}
        with suppress(KeyReused):  # an earlier run was told another reason
            self._enter("refuse", fields, _key(item.id))

    def _enter(self, action: str, fields: Mapping[str, Any], key: str) -> bool:
        if self._desk.store.load(self.id) is None:
            self._desk.act(self.id, "submit", by=self._by, key=self.id)
        return self._desk.act(self.id, action, by=self._by, fields=fields, key=f"{self.id} {key}").is_repeat

    def _entries(self, action: str) -> Iterator[dict[str, Any]]:
        for event in self._desk.store.events(self.id):
            if isinstance(event, e.Acted) and event.action == action:
                yield dict(event.fields)


@cache
def _policy() -> Policy:
    return load_policy(Path(__file__).with_name("zone_ledger.toml"))


def _actor_id(peer: str) -> str:
    """Who takes the acts of that zone here, and enters them in the ledger."""
    return f"{_LEDGERS}{peer}"


def _id(recorded: Recorded) -> str:
    """The id of an act for ever: a case and its version, which no two acts of a zone share."""
    return f"{recorded.case_id}@{recorded.version}"


def _key(item_id: str) -> str:
    """The idempotency key of an act that was taken elsewhere."""
    return sha256(item_id.encode()).hexdigest()
