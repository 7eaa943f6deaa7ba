"""Decides which addresses a photo may come from: the public Internet, and nothing behind a translation of it.

`ipaddress.is_global` alone is wrong here: up to Python 3.11 it lets multicast, 6to4 and NAT64 forms of private
addresses pass. Ranges: IANA special-purpose registries; RFC 6052 and 8215 (NAT64), 3056 (6to4), 4380 (Teredo).
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

NAT64 = IPv6Network("64:ff9b::/96")
GLOBAL_UNICAST = IPv6Network("2000::/3")
# The host of every virtual machine of Azure (WireServer, DNS, health probes) has a public address; Microsoft Learn,
# "What is IP address 168.63.129.16?". The metadata services of other clouds lie in the ranges below: AWS, Google,
# Azure and most others in 169.254.0.0/16, Alibaba in 100.64.0.0/10, Oracle Classic in 192.0.0.0/24, AWS's IPv6 in
# fc00::/7.
AZURE_HOST = "168.63.129.16/32"
BLOCKED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, also some clouds' metadata
        "127.0.0.0/8",
        AZURE_HOST,
        "169.254.0.0/16",  # link-local, the clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
BLOCKED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo (2001::/32) among them
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
)


def is_blocked(address: str) -> bool:
    """Says that `address` (an IPv4 or IPv6 literal, a zone is ignored) is none of the public Internet's."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv4Address):
        return _is_blocked_v4(ip)
    if ip.ipv4_mapped is not None:
        return _is_blocked_v4(ip.ipv4_mapped)
    if ip in NAT64:  # what an IPv6-only network makes of a public IPv4 host
        return _is_blocked_v4(IPv4Address(int(ip) & 0xFFFF_FFFF))
    return _is_blocked_v6(ip)


def _is_blocked_v4(ip: IPv4Address) -> bool:
    return not ip.is_global or any(ip in network for network in BLOCKED_V4)


def _is_blocked_v6(ip: IPv6Address) -> bool:
    """Says so of all outside 2000::/3: 64:ff9b:1::/48, site-local, ULA, link-local and multicast lie there."""
    return ip not in GLOBAL_UNICAST or any(ip in network for network in BLOCKED_V6)
