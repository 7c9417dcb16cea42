"""One POST to a host that was named beforehand: every address checked, no redirects, time and size capped."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

import attrs

from caseflow.clock import seconds_running
from caseflow.errors import DeliveryFailed

PORTS = {"https": 443, "http": 80}

Resolve = Callable[[str, int], Sequence[str]]
"""``(host, port) -> addresses``."""
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SPECIAL: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network; RFC 791
        "10.0.0.0/8",  # private; RFC 1918
        "100.64.0.0/10",  # shared by carriers; RFC 6598
        "127.0.0.0/8",  # loopback; RFC 1122
        "169.254.0.0/16",  # link-local, metadata services of clouds among them; RFC 3927
        "172.16.0.0/12",  # private; RFC 1918
        "192.0.0.0/24",  # protocol assignments; RFC 6890
        "192.0.2.0/24",  # documentation; RFC 5737
        "192.31.196.0/24",  # AS112; RFC 7535
        "192.52.193.0/24",  # automatic multicast tunnels; RFC 7450
        "192.88.99.0/24",  # 6to4 relays, given up; RFC 7526
        "192.168.0.0/16",  # private; RFC 1918
        "192.175.48.0/24",  # AS112; RFC 7534
        "198.18.0.0/15",  # benchmarks; RFC 2544
        "198.51.100.0/24",  # documentation; RFC 5737
        "203.0.113.0/24",  # documentation; RFC 5737
        "224.0.0.0/4",  # multicast; RFC 5771
        "240.0.0.0/4",  # reserved, broadcast among them; RFC 1112
        "::/96",  # unspecified, loopback, IPv4-compatible; RFC 4291
        "::ffff:0:0/96",  # IPv4-mapped; RFC 4291
        "::ffff:0:0:0/96",  # IPv4-translated; RFC 2765
        "64:ff9b::/96",  # translated to IPv4; RFC 6052
        "64:ff9b:1::/48",  # the same, for local use; RFC 8215
        "100::/64",  # discard-only; RFC 6666
        "100:0:0:1::/64",  # dummy prefix; RFC 9780
        "2001::/23",  # protocol assignments, Teredo among them; RFC 2928
        "2001:db8::/32",  # documentation; RFC 3849
        "2002::/16",  # 6to4, holds an IPv4 address; RFC 3056
        "2620:4f:8000::/48",  # AS112; RFC 7534
        "3fff::/20",  # documentation; RFC 9637
        "5f00::/16",  # segment routing; RFC 9602
        "fc00::/7",  # unique local; RFC 4193
        "fe80::/10",  # link-local; RFC 4291
        "fec0::/10",  # site-local, given up; RFC 3879
        "ff00::/8",  # multicast; RFC 4291
    )
)
"""What no message goes to unless its network is named as one's own. Python's own ``is_global`` has changed
its answer between patch versions; this list does not. Sources: the IANA special-purpose address registries
of IPv4 and IPv6, and what RFC 4291 and its successors reserve."""

_PUBLIC_V6 = ip_network("2000::/3")
"""The only part of IPv6 that is given out; RFC 4291, IANA."""


def is_reachable(address: str, *, own: Sequence[Network] = ()) -> bool:
    """Whether a message may go there: a public address, or one of the networks named as one's own.

    An IPv4 address written as an IPv6 one (``::ffff:10.0.0.1``) is judged as what it is. One with a scope
    (``fe80::1%eth0``) never qualifies.
    """
    if "%" in address:
        return False
    ip = plain(ip_address(address))
    if _is_in(ip, own):
        return True
    return not _is_in(ip, SPECIAL) and (ip.version == 4 or ip in _PUBLIC_V6)


def _is_in(ip: Address, networks: Sequence[Network]) -> bool:
    return any(ip in network for network in networks if network.version == ip.version)


def plain(address: Address) -> Address:
    """The address itself; of an IPv4-mapped one the IPv4 address."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def resolved(host: str, port: int) -> tuple[str, ...]:
    """Every address of the host by the system's resolver, in its order, each once."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in entries))


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
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    is_plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not is_plain or parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return _target(parts, port)


def _target(parts: SplitResult, port: int | None) -> Target:
    host = (parts.hostname or "").lower()
    usual = PORTS[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    place = shown if port in (None, usual) else f"{shown}:{port}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(
        scheme=parts.scheme, host=host, port=usual if port is None else port, place=place, path=path
    )


@attrs.frozen(kw_only=True)
class SafePoster:
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
        return target.scheme == "https" or _is_in(plain(ip_address(address)), self.own)

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
