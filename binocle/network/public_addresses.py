"""Which addresses belong to the public internet."""

import ipaddress
from typing import TypeAlias

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
# IPv6 ranges that lead to an IPv4 address inside them: NAT64 (RFC 6052, RFC 8215), 6to4
# (RFC 3056), Teredo (RFC 4380) and the old IPv4-compatible form (RFC 4291).
_TUNNELS = tuple(
    ipaddress.IPv6Network(one)
    for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)
# Not in Python's tables: IPv4 networks for protocols and relays (RFC 6890), and a cloud
# provider's service address that looks public.
_SPECIAL = tuple(
    ipaddress.IPv4Network(one) for one in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")
)


def is_public(address: str) -> bool:
    """Tell whether an address is one that anybody on the internet may be asked to connect to.

    Loopback, private, link-local (cloud metadata), shared, multicast, reserved and unspecified
    addresses are not, nor are IPv6 addresses that stand for an IPv4 one other than the mapped
    form, which counts as what it maps, nor addresses with a zone.

    Args:
        address: As ``socket.getaddrinfo`` gives it.
    """
    try:
        parsed: _Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.scope_id is not None:
            return False
        if parsed.ipv4_mapped is not None:
            return is_public(str(parsed.ipv4_mapped))
        if parsed.is_site_local or any(parsed in network for network in _TUNNELS):
            return False
    elif any(parsed in network for network in _SPECIAL):
        return False
    is_special = parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified
    return parsed.is_global and not is_special
