"""One POST to a host that was named beforehand: every address checked, no redirects, time and size capped."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import attrs

from caseflow.clock import seconds_running
from caseflow.delivery.special_addresses import Network, is_reachable, plain
from caseflow.errors import DeliveryFailed

PORTS = {"https": 443, "http": 80}

Resolve = Callable[[str, int], Sequence[str]]
"""``(host, port) -> addresses``."""


def resolved(host: str, port: int) -> tuple[str, ...]:
    """Every address of the host by the system's resolver, in its order, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@attrs.frozen(kw_only=True)
class Target:
    """Where a URL leads, taken apart once.

    Attributes:
        place: ``host``, or ``host:port`` when the port is not its scheme's own.
        path: with the query.
    """

    scheme: str
    host: str
    port: int
    place: str
    path: str


def target_of(url: str) -> Target | None:
    """The target of an ``http`` or ``https`` URL of plain ASCII without user and password; else `None`."""
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError:
        return None
    is_plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not is_plain or found.scheme not in PORTS or not found.hostname or "@" in found.netloc:
        return None
    return _target(found, port)


def _target(found: SplitResult, port: int | None) -> Target:
    host = (found.hostname or "").lower()
    usual = PORTS[found.scheme]
    shown = f"[{host}]" if ":" in host else host
    place = shown if port in (None, usual) else f"{shown}:{port}"
    path = (found.path or "/") + (f"?{found.query}" if found.query else "")
    return Target(
        scheme=found.scheme, host=host, port=usual if port is None else port, place=place, path=path
    )


@attrs.frozen(kw_only=True)
class Poster:
    """Posts to targets, and lets nobody lead it elsewhere.

    The host is resolved once, and every address it has must be reachable for us (see `is_reachable`), else
    none is tried. The connection goes to an address that was checked, while ``Host``, the name asked for in
    TLS and the certificate's check go by the host. Redirects are not followed, proxies of the environment
    not used, the answer's body not read.

    Attributes:
        own: networks of one's own that may be reached too; only there may it be ``http``.
        timeout: seconds for the whole of it, from the connection to the answer's head; the resolver's own
            time stands outside.
        tls: how certificates are checked.
        resolve: asks for the addresses of a host.
    """

    own: tuple[Network, ...]
    timeout: float
    tls: ssl.SSLContext
    resolve: Resolve = resolved

    def post(self, target: Target, body: bytes, headers: Mapping[str, str]) -> int:
        """Post the body once; returns the status of the answer.

        Raises:
            DeliveryFailed: ``host-unreachable`` or ``delivery-timeout``, to be retried;
                ``address-forbidden``, never.
        """
        addresses = self._checked(target)
        until = seconds_running() + self.timeout
        try:
            wire = self._connected(target, addresses, until)
            try:
                return _exchange(wire, target, body, headers)
            finally:
                wire.close()
        except TimeoutError as error:
            raise DeliveryFailed(
                "delivery-timeout", retry=True, what=target.place, found=f"{self.timeout:g} s"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(target, error) from error

    def _checked(self, target: Target) -> Sequence[str]:
        try:
            addresses = self.resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise _unreachable(target, error) from error
        if not addresses:
            raise DeliveryFailed("host-unreachable", retry=True, what=target.place, found="no address")
        for address in addresses:
            if not is_reachable(address, own=self.own) or not self._may_be_plain(target, address):
                raise DeliveryFailed("address-forbidden", retry=False, what=target.place, found=address)
        return addresses

    def _may_be_plain(self, target: Target, address: str) -> bool:
        found = plain(ip_address(address))
        return target.scheme == "https" or any(
            found in network for network in self.own if network.version == found.version
        )

    def _connected(self, target: Target, addresses: Sequence[str], until: float) -> _Wire:
        """A connection to the first of the addresses that answers; all within the one time."""
        failure: OSError = TimeoutError()
        for address in addresses:
            left = until - seconds_running()
            if left <= 0:
                raise TimeoutError
            try:
                plain_one = socket.create_connection((address, target.port), timeout=left)
            except OSError as error:
                failure = error
                continue
            return _Wire(self._secured(plain_one, target, until), until)
        raise failure

    def _secured(self, plain_one: socket.socket, target: Target, until: float) -> socket.socket:
        if target.scheme == "http":
            return plain_one
        try:
            plain_one.settimeout(max(until - seconds_running(), 0.001))
            return self.tls.wrap_socket(plain_one, server_hostname=target.host)
        except BaseException:
            plain_one.close()
            raise


def _exchange(wire: _Wire, target: Target, body: bytes, headers: Mapping[str, str]) -> int:
    """Say it, and read the head of the answer."""
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = wire
    connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
    for name, text in {"Host": target.place, **headers, "Content-Length": str(len(body))}.items():
        connection.putheader(name, text)
    connection.putheader("Connection", "close")
    connection.endheaders(body)
    answer = connection.getresponse()
    answer.close()
    return answer.status


def _unreachable(target: Target, error: Exception) -> DeliveryFailed:
    return DeliveryFailed("host-unreachable", retry=True, what=target.place, found=type(error).__name__)


class _Wire:
    """A socket of which every read and write ends when the one time given to all of them is over.

    A plain time-out begins anew with each byte, so that whoever sends one now and then could hold it for
    ever. `http.client` asks a socket for no more than this.
    """

    def __init__(self, connected: socket.socket, until: float) -> None:
        self._socket = connected
        self._until = until

    def sendall(self, data: Any) -> None:
        """Send all of it; the socket's time-out counts for the whole."""
        self._limited().sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """What is read from."""
        return io.BufferedReader(_Incoming(self))

    def take(self, buffer: Any) -> int:
        """Some bytes into the buffer; 0 at the end."""
        return self._limited().recv_into(buffer)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _limited(self) -> socket.socket:
        left = self._until - seconds_running()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._socket


class _Incoming(io.RawIOBase):
    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.take(buffer)
