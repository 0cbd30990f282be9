"""The short way passes the same door: keys, scopes, networks, rate, host, and is seen to."""

from collections.abc import Callable

import pytest

from tests.support.firm import (
    HOST,
    MAX,
    quick,
    same,
    slowly,
    with_key,
)
from tests.support.twins import BASIC, ENTRIES, KEY, OTHER_KEY, Twins


@pytest.mark.parametrize(
    ("headers", "client", "status"),
    [
        ([(b"x-api-key", KEY.encode())], "127.0.0.1", 200),
        ([(b"x-api-key", b" " + KEY.encode() + b" ")], "192.0.2.9", 200),
        ([(b"authorization", b"Bearer " + KEY.encode())], "192.0.2.9", 200),
        ([(b"authorization", b"bearer   " + KEY.encode())], "192.0.2.9", 200),
        ([(b"authorization", BASIC)], "192.0.2.9", 200),
        ([(b"authorization", b"Basic proxy"), (b"x-api-key", KEY.encode())], "192.0.2.9", 200),
        ([(b"authorization", b"Digest x")], "192.0.2.9", 401),
        ([], "192.0.2.9", 401),
        ([(b"x-api-key", b"")], "192.0.2.9", 401),
        ([(b"x-api-key", b"\xfc")], "192.0.2.9", 401),
        ([(b"x-api-key", KEY.encode() + b"x")], "192.0.2.9", 401),
        ([(b"x-api-key", KEY.encode())], "198.51.100.1", 403),
        ([(b"x-api-key", KEY.encode())], "nonsense", 403),
        ([(b"x-api-key", OTHER_KEY.encode())], "192.0.2.9", 403),
        ([(b"x-api-key", KEY.encode()), (b"content-length", b"9999999")], "192.0.2.9", 413),
        ([(b"x-api-key", KEY.encode()), (b"content-length", b"0")], "192.0.2.9", 200),
        ([(b"x-api-key", KEY.encode()), (b"transfer-encoding", b"chunked")], "192.0.2.9", 200),
    ],
)
@pytest.mark.parametrize("target", [f"/presence/{MAX}", f"/lookup?email={MAX}"])
def test_the_short_way_passes_the_same_door(
    twins_of: Callable[..., Twins],
    target: str,
    headers: list[tuple[bytes, bytes]],
    client: str,
    status: int,
) -> None:
    """Keys, scopes, networks, sizes; whoever is refused is told so by the long way."""
    twins = twins_of(PRESENCE_API_KEYS=ENTRIES)
    bodiless = {b"content-length", b"transfer-encoding"}.isdisjoint(dict(headers))
    ask = quick if status == 200 and bodiless else slowly
    assert ask(twins, target, [HOST, *headers], client=client).status == status
    assert twins.counted()[0] == twins.counted()[1]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"localhost", 200),
        (b"LOCALHOST:8000", 200),
        (b"127.0.0.1:", 200),
        (b"[::1]:8000", 200),
        (b"", 421),
        (b"evil.example", 421),
        (b"localhost.evil.example", 421),
        (b"127.0.0.1:x", 421),
        (None, 200),
    ],
)
def test_without_keys_only_this_machine_is_answered(
    twins_of: Callable[..., Twins], host: bytes | None, status: int
) -> None:
    """The guard against DNS rebinding stands on both ways."""
    twins = twins_of()
    ask = quick if status == 200 else slowly
    headers = [] if host is None else [(b"host", host)]
    assert ask(twins, f"/presence/{MAX}", headers).status == status


def test_a_forwarded_address_counts_on_both_ways(
    twins_of: Callable[..., Twins], caplog: pytest.LogCaptureFixture
) -> None:
    """From a trusted proxy only; the access log tells it, one line for each way."""
    caplog.set_level("INFO", "app.access")
    twins = twins_of(
        PRESENCE_API_KEYS=ENTRIES, PRESENCE_TRUSTED_PROXIES="10.0.0.0/8", PRESENCE_ACCESS_LOG="true"
    )
    hops = with_key((b"x-forwarded-for", b"203.0.113.9, 192.0.2.7"))
    assert quick(twins, f"/presence/{MAX}", hops, client="10.0.0.1").status == 200
    assert slowly(twins, f"/presence/{MAX}", hops, client="203.0.113.1").status == 403
    elsewhere = with_key((b"x-forwarded-for", b"203.0.113.9"))
    assert slowly(twins, f"/presence/{MAX}", elsewhere, client="10.0.0.1").status == 403
    lines = [record for record in caplog.records if record.name == "app.access"]
    records = [(record.getMessage(), vars(record)["client"]) for record in lines]
    assert records[0] == records[1] == (f"GET /presence/{MAX}", "192.0.2.7")


def test_a_key_in_the_query_is_left_to_the_long_way(twins_of: Callable[..., Twins]) -> None:
    """It is looked for there, and blacked out there."""
    twins = twins_of(PRESENCE_API_KEYS=ENTRIES, PRESENCE_KEY_IN_QUERY="true")
    for target in (f"/presence/{MAX}?api_key={KEY}", f"/lookup?email={MAX}&api_key={KEY}"):
        assert slowly(twins, target, [HOST]).status == 200
    assert quick(twins, f"/presence/{MAX}").status == 200


def test_a_request_counts_once_whichever_way_answers(twins_of: Callable[..., Twins]) -> None:
    """Both ways draw on one bucket, and what is refused draws on none."""
    twins = twins_of(PRESENCE_API_KEYS=ENTRIES, PRESENCE_RATE_LIMIT="2")
    targets = (f"/presence/{MAX}", f"/presence/{MAX}/", f"/lookup?email={MAX}", f"/presence/{MAX}")
    assert [same(twins, target).status for target in targets] == [200] * 4
    for _ in range(3):
        assert slowly(twins, f"/presence/{MAX}").status == 429
    twins.clock.pass_by(0.5)
    assert [same(twins, f"/presence/{MAX}").status for _ in range(2)] == [200, 429]
    assert twins.counted()[0] == twins.counted()[1]
