"""`WebhookNotifier`: a signed CloudEvent by HTTPS, to hosts that were named beforehand."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import ssl
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from caseflow.clock import SystemClock
from caseflow.core.time.instants import moment
from caseflow.delivery.notifiers.safe_http import Resolve, SafePoster, Target, resolved, target_of
from caseflow.delivery.notifiers.simple import checked_address
from caseflow.errors import BadInput, DeliveryFailed
from caseflow.ports import Clock
from caseflow.ports.records import Delivery

LARGEST = 256 * 1024
"""Bytes of a body, the size up to which CloudEvents asks everybody on the way to carry an event, four times
over: 64 KiB would cut off long replies."""

_LATER = frozenset((408, 425, 429))
_UNSIGNED = frozenset((401, 407))
_PREFIX = "whsec_"


class WebhookNotifier:
    """Posts each message as a CloudEvent 1.0 in JSON, signed by Standard Webhooks.

    Args:
        receivers: whom messages may go to, and the secrets shared with each: ``{"hooks.example.org":
            ("whsec_...",)}``. A key is a host, with ``:port`` if it is not the usual one. Several secrets
            make several signatures, so that one can replace another without a gap.
        url: where every message goes, the person's address standing in its data. Without, the person's
            address is the URL.
        source: the portal, as a URI: the event's ``source``.
        own_networks: networks of one's own, such as ``10.20.0.0/16``, that receivers may lie in; only there
            may a URL be ``http``. Without, private, local and reserved addresses are all refused.
        timeout: seconds for the whole of an attempt, the resolver's time aside.
        tls: how certificates are checked; the system's authorities by default.
        resolve: asks for a host's addresses; the system's resolver by default.
        clock: tells the time for the signature, which receivers compare with theirs.

    Raises:
        BadInput: a secret is not 24 to 64 bytes in base64, a network is none, ``url`` leads to no receiver.
    """

    def __init__(
        self,
        receivers: Mapping[str, Sequence[str]],
        *,
        source: str,
        url: str = "",
        own_networks: Sequence[str] = (),
        timeout: float = 10.0,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = resolved,
        clock: Clock | None = None,
    ) -> None:
        self._keys = {place.lower(): _keys(place, secrets) for place, secrets in receivers.items()}
        self._source = source
        self._url = url
        self._clock = clock if clock is not None else SystemClock()
        try:
            own = tuple(ip_network(text) for text in own_networks)
        except ValueError as error:
            raise BadInput("bad-option", what="own_networks", found=str(error)) from error
        if timeout <= 0:
            raise BadInput("bad-option", what="timeout", found=f"{timeout}, expected more than 0")
        target = target_of(url) if url else None
        if url and (target is None or target.place not in self._keys):
            raise BadInput("bad-option", what="url", found="it leads to none of the receivers")
        context = tls if tls is not None else ssl.create_default_context()
        self._poster = SafePoster(own=own, timeout=timeout, tls=context, resolve=resolve)

    def __repr__(self) -> str:
        return f"WebhookNotifier({', '.join(self._keys)})"

    def send(self, delivery: Delivery) -> None:
        """Post the message; any answer of 200 to 299 means that it was taken.

        Raises:
            DeliveryFailed: to be retried after a time-out, a lost connection, an answer of 408, 425, 429,
                401, 407 or 500 and more; never after other answers, redirects among them, nor to a host
                that is no receiver or an address that is not public. 401 and 407 are retried because they
                speak of our secret, not of the message.
        """
        what = "webhook"
        address = checked_address(delivery, what=what)
        target = target_of(self._url or address)
        if target is None:
            raise DeliveryFailed("bad-delivery", retry=False, what=what, found="address")
        if target.place not in self._keys:
            raise DeliveryFailed("host-unknown", retry=False, what=what, found=target.place)
        body = event_body(delivery, source=self._source, address=address)
        if len(body) > LARGEST:
            raise DeliveryFailed("delivery-too-large", retry=False, what=target.place, found=str(len(body)))
        self._judge(self._posted(delivery, target, body), target)

    def _posted(self, delivery: Delivery, target: Target, body: bytes) -> int:
        seconds = self._clock.now_us() // 1_000_000
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": "caseflow",
            **signature_headers(delivery.id, body, seconds=seconds, keys=self._keys[target.place]),
        }
        return self._poster.post(target, body, headers)

    def _judge(self, status: int, target: Target) -> None:
        if 200 <= status < 300:
            return
        retry = status >= 500 or status in _LATER or status in _UNSIGNED
        raise DeliveryFailed("delivery-refused", retry=retry, what=target.place, found=str(status))


def event_body(delivery: Delivery, *, source: str, address: str) -> bytes:
    """The CloudEvent in JSON: ``id`` is the delivery's, ``subject`` the case, ``time`` when it took effect.

    Its ``type`` is ``caseflow.notice.`` and the notice's topic; its ``data`` hold the message and the notice,
    and of a digest its ``parts``, each with the id that it has whatever else goes with it.
    """
    notice = delivery.notice
    data: dict[str, Any] = {
        "to": {"id": delivery.person.id, "name": delivery.person.name, "address": address},
        "channel": delivery.channel, "lang": delivery.lang, "subject": delivery.subject,
        "text": delivery.text, "html": delivery.html,
        "notice": {
            "id": notice.id, "case": notice.case_id, "version": notice.version, "topic": notice.topic,
            "level": notice.level, "role": notice.role, "unit": notice.unit,
            "corrects": notice.corrects, "body": dict(notice.body),
        },
    }  # fmt: skip
    if delivery.parts:
        data["parts"] = [
            {"id": part.id, "notice": part.notice.id, "case": part.notice.case_id, "topic": part.notice.topic}
            for part in delivery.parts
        ]
    event = {
        "specversion": "1.0", "id": delivery.id, "source": source,
        "type": f"caseflow.notice.{notice.topic}", "subject": notice.case_id,
        "time": moment(notice.at_us).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json", "data": data,
    }  # fmt: skip
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _keys(place: str, secrets: Sequence[str]) -> tuple[bytes, ...]:
    if isinstance(secrets, str) or not secrets:
        raise BadInput("bad-option", what=f"receivers.{place}", found="expected a list of secrets")
    return tuple(secret_bytes(secret) for secret in secrets)


def secret_bytes(secret: str) -> bytes:
    """The key in a secret such as ``whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw``; the prefix may be missing.

    Raises:
        BadInput: it is not base64 of 24 to 64 bytes, which is what the specification asks for.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise BadInput("bad-secret", what="secret", found=f"{len(key)}")
    return key


def signature_headers(id: str, body: bytes, *, seconds: int, keys: Sequence[bytes]) -> dict[str, str]:
    """``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` of a body.

    Args:
        id: the message's; the same for every attempt.
        seconds: epoch seconds of this attempt.
        keys: one signature for each, in their order: a receiver that knows any of them is content.
    """
    signed = f"{id}.{seconds}.".encode() + body
    signatures = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    return {
        "webhook-id": id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{text}" for text in signatures),
    }
