"""Whoever chooses a path, a name or an error message chooses no log record."""

import json
import re
from collections.abc import Callable

import pytest

from tests.support.polling import eventually
from tests.support.raw_http import ask_raw
from tests.support.service import Service
from tests.support.simulated import Simulated

FORGED = "2026-11-23T00:00:00Z ERROR app.forged"
NASTY = f"x\r\n{FORGED}\n\x1b[31mred\x1b[0m\u2028\u202e\x00\x7f"
ENCODED = "%0d%0a2026-11-23T00:00:00Z%20ERROR%20app.forged%0a%1b%5b31m%e2%80%a8"


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_one_record_stays_one_line_whoever_speaks(
    tenant: Simulated, serve: Callable[..., Service], fmt: str
) -> None:
    """Callers' paths, queries and headers, people's names, Microsoft's messages on both hosts."""
    tenant.add_person(userPrincipalName="nasty@contoso.example", displayName=NASTY)
    chatty = {"PRESENCE_LOG_FORMAT": fmt, "PRESENCE_LOG_LEVEL": "debug", "PRESENCE_ACCESS_LOG": "true"}
    service = serve(tenant.settings | chatty).wait_until_ready()
    for target in (f"/presence/{ENCODED}", f"/{ENCODED}?email={ENCODED}", f"/lookup?email={ENCODED}"):
        status, _ = ask_raw(
            service.base, target, headers={"X-Request-Id": "a\tb\x0b", "User-Agent": "\x1b[31m"}
        )
        assert 400 <= status < 500
    tenant.fail("presence", status=403, body={"error": {"code": NASTY, "message": NASTY}})
    tenant.fail("getPresencesByUserId", status=403, body={"error": {"code": NASTY, "message": NASTY}})
    refusal = {
        "error": "invalid_client",
        "error_description": f"AADSTS7000222: {NASTY}",
        "error_codes": [7000222],
    }
    tenant.fail("token", status=401, body=refusal)
    eventually(lambda: service.feed("presence")["fault"], within_s=10)
    service.stop()
    lines = service.process.log.read_bytes().decode().split("\n")
    assert len(lines) > 5
    assert all(line.isprintable() for line in lines), [line for line in lines if not line.isprintable()]
    assert not any(line.startswith(FORGED) for line in lines)
    if fmt == "json":
        assert all(set(json.loads(line)) >= {"time", "level", "logger", "message"} for line in lines[:-1])


@pytest.mark.parametrize(
    "target",
    [
        "/presence/x%20status=200%20took_ms=0.1%20client=192.0.2.1",
        "/x%22%20status=200%20client=192.0.2.1",
        '/x"status=200\\',
        "/lookup?email=x%20status=200%20client=192.0.2.1",
    ],
)
def test_no_address_writes_a_field_of_its_access_record(
    tenant: Simulated, serve: Callable[..., Service], target: str
) -> None:
    """Found D13: status and client of a record are ours, whatever a caller writes into an address."""
    service = serve(tenant.settings | {"PRESENCE_ACCESS_LOG": "true"})
    status, _ = ask_raw(service.base, target, headers={"User-Agent": "x status=200"})
    line = service.process.wait_for_line("app.access GET ")
    assert re.findall(r" (\w+)=", line) == ["status", "took_ms", "client"]
    assert (f" status={status} " in line, line.endswith(" client=127.0.0.1")) == (True, True)
