"""Which addresses are the public Internet's, whatever form they take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.photos.fetching.addresses import is_blocked

BLOCKED = [
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.9",
    "192.0.0.192",
    "168.63.129.16",
    "::ffff:168.63.129.16",
    "64:ff9b::a83f:8110",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = [
    "8.8.8.8",
    "151.101.1.1",
    "168.63.129.15",
    "168.63.129.17",
    "2606:4700::6810:84e5",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", BLOCKED)
def test_blocked(address: str) -> None:
    assert is_blocked(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert not is_blocked(address)


@given(st.ip_addresses(v=4))
def test_a_translation_is_as_blocked_as_what_it_stands_for(address: object) -> None:
    assert is_blocked(f"::ffff:{address}") == is_blocked(str(address)) == is_blocked(f"64:ff9b::{address}")
