"""`AppriseNotifier`: WeCom, DingTalk, Feishu and the other services that the library Apprise knows."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import quote

from apprise import Apprise, AppriseAsset, NotifyFormat, OverflowMode

from caseflow.delivery.notifiers.simple import checked_address
from caseflow.errors import BadInput, DeliveryFailed
from caseflow.i18n import text
from caseflow.ports.records import Delivery

_WHAT = "apprise"


class AppriseNotifier:
    """Hands messages to a service by its Apprise URL.

    Chat services know no id of a message, so the delivery's stands in a last line: at least once means that
    a message may come twice, and the line tells the reader. What is longer than a service takes goes in
    several messages, none is cut. Nobody is called by a text: a character that is not seen takes the
    meaning of ``@everyone`` and ``<at id=all>`` away.

    Args:
        url: where every message goes, such as ``wecombot://KEY``; ``{address}`` in it stands for the
            person's address. Without, the address is the URL itself.
        schemes: which services an address may name, when there is no ``url``: ``("feishu", "dingtalk")``.
            There is no default, because some of Apprise's services reach into one's own machine or network.

    Raises:
        BadInput: both or none of the two; a URL that Apprise cannot read, which is not repeated because it
            holds the secret.

    While it works, what Apprise, requests and urllib3 would log is dropped: at the level DEBUG they write
    texts, and URLs with their secrets. Other threads' lines are left alone.
    """

    def __init__(self, url: str = "", *, schemes: Sequence[str] = ()) -> None:
        if isinstance(schemes, str) or bool(url) == bool(schemes):
            raise BadInput("bad-option", what=_WHAT, found="expected a url, or a list of schemes")
        self._url = url
        self._schemes = frozenset(scheme.lower() for scheme in schemes)
        _MUTE.install()
        if url and _service(url.replace("{address}", "0")) is None:
            raise BadInput("bad-option", what="url", found="no URL that Apprise can read")

    def __repr__(self) -> str:
        known = _scheme(self._url) if self._url else ", ".join(sorted(self._schemes))
        return f"AppriseNotifier({known})"

    def send(self, delivery: Delivery) -> None:
        """Hand the message to the service.

        Raises:
            DeliveryFailed: never to be retried for an address that is no URL of these services; to be
                retried for everything else, because Apprise does not say why a service did not take it.
        """
        address = checked_address(delivery, what=_WHAT)
        url = self._url.replace("{address}", quote(address, safe="")) if self._url else address
        scheme = _scheme(url)
        if not self._url and scheme not in self._schemes:
            raise DeliveryFailed("bad-delivery", retry=False, what=_WHAT, found="address")
        service = _service(url)
        if service is None:
            raise DeliveryFailed("bad-delivery", retry=False, what=scheme, found="address")
        reference = text("notices.reference", delivery.lang, id=delivery.id)
        body = _calling_nobody(f"{delivery.text}\n\n{reference}".encode("utf-8", "replace").decode())
        title = _calling_nobody(delivery.subject)
        with _MUTE.here():
            try:
                taken = service.notify(body, title=title, body_format=NotifyFormat.TEXT)
            except Exception as error:
                raise DeliveryFailed(retry=True, what=scheme, found=type(error).__name__) from None
        if not taken:
            raise DeliveryFailed("delivery-refused", retry=True, what=scheme, found="-")


_CALL = re.compile(r"(?<![\w.])([@\uff20])(?=\w)|(<)(?=[@!#/\w])")
"""With what chats begin a call or a tag: ``@everyone``, ``<at id=all>``, ``<!here>``."""


def _calling_nobody(text: str) -> str:
    """The text so that no chat takes a part of it for a call or a tag; it looks the same."""
    return _CALL.sub("\\g<0>\u2060", text)


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower() if "://" in url else ""


def _service(url: str) -> Apprise | None:
    """The one service of a URL; `None` when there is none."""
    asset = AppriseAsset(async_mode=False, secure_logging=True)
    with _MUTE.here():
        plugin = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        if plugin is None:
            return None
        plugin.overflow_mode = OverflowMode.SPLIT
        service = Apprise(asset=asset)
        service.add(plugin)
    return service


class _Mute(logging.Filter):
    """Drops what these libraries log for a notifier that is sending, and nothing else.

    Apprise may send in a thread of its own, to which it takes the context along.
    """

    LOGGERS = ("apprise", "requests", "urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")

    def __init__(self) -> None:
        super().__init__()
        self._is_sending = ContextVar("caseflow.delivery.notifiers.apprise", default=False)

    def install(self) -> None:
        """Stand at their loggers; twice is once."""
        for name in self.LOGGERS:
            logging.getLogger(name).addFilter(self)

    @contextmanager
    def here(self) -> Generator[None]:
        """Drop them in the block, and in what is started by it."""
        before = self._is_sending.set(True)
        try:
            yield
        finally:
            self._is_sending.reset(before)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line may be written."""
        return not self._is_sending.get()


_MUTE = _Mute()
