"""Whose address counts: a proxy that is trusted may speak for others, nobody else."""

from ipaddress import ip_network

import pytest

from app.api.proxies import client_behind

LONG = "10.0.0.2," * 5_000 + "10.0.0.2"
TRUSTED = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]


@pytest.mark.parametrize(
    ("peer", "hops", "caller"),
    [
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "203.0.113.9, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7, 2001:db8::1", "192.0.2.7"),
        ("::ffff:10.0.0.1", "::ffff:192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7:51234", "192.0.2.7"),
        ("10.0.0.1", "[2001:db9::1]:51234", "2001:db9::1"),
        ("10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"),
        ("192.0.2.7", "10.0.0.2", "192.0.2.7"),
        ("192.0.2.7", "unknown", "192.0.2.7"),
    ],
)
def test_the_rightmost_address_that_is_no_proxy_of_ours_is_the_caller(
    peer: str, hops: str, caller: str
) -> None:
    """What stands left of it was written by the caller, who may write anything."""
    assert client_behind(peer, hops, trusted=TRUSTED) == caller


@pytest.mark.parametrize(
    "hops", ["", " ", LONG, "unknown", "192.0.2.7, _hidden", "192.0.2.7,", "1.2.3.4.5", "\x1b[31m"]
)
def test_a_trusted_proxy_that_names_no_address_names_nobody(hops: str) -> None:
    """Not the proxy, whose network a key might be bound to (found D17)."""
    assert client_behind("10.0.0.1", hops, trusted=TRUSTED) == ""


def test_without_a_peer_there_is_nobody() -> None:
    """A socket in the file system has no address."""
    assert client_behind("", "192.0.2.7", trusted=TRUSTED) == ""
