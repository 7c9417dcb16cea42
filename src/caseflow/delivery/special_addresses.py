"""Which addresses of the internet are no public ones, written out from IANA's registries."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

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
    found = plain(ip_address(address))
    if any(found in network for network in own if network.version == found.version):
        return True
    is_special = any(found in network for network in SPECIAL if network.version == found.version)
    return not is_special and (found.version == 4 or found in _PUBLIC_V6)


def plain(address: Address) -> Address:
    """The address itself; of an IPv4-mapped one the IPv4 address."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped
