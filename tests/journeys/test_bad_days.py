"""What callers are told while Microsoft cannot be asked."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.polling import eventually
from tests.support.service import Service
from tests.support.simulated import Simulated

MAX = "max.muster@contoso.example"


def test_without_microsoft_the_service_is_alive_but_not_ready_and_says_come_back(
    tenant: Simulated, serve: Callable[..., Service]
) -> None:
    """Start-up never hangs on Microsoft, and heals by itself when it comes back."""
    tenant.fail("*", "status", status=503)
    service = serve(tenant.settings)
    assert service.get("/health/live").text == "live"
    assert (service.get("/health/ready").status_code, service.get("/health/ready").text) == (503, "unready")
    answer = service.get(f"/presence/{MAX}")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_read_yet")
    assert int(answer.headers["retry-after"]) >= 1
    tenant.heal()
    service.wait_until_ready(within_s=40)
    assert service.presence(MAX)["stale"] is False


def test_an_answer_grows_old_honestly_and_then_the_service_is_blind(
    tenant: Simulated, service: Service
) -> None:
    """Fresh, then stale with its true age, then unknown without any: never an old green."""
    tenant.set_presence(MAX, "Available")
    eventually(lambda: service.presence(MAX)["state"] == "free", within_s=5)
    tenant.fail("getPresencesByUserId", "status", status=503)
    stale = eventually(lambda: _if(service.presence(MAX), stale=True), within_s=5)
    assert stale["age"] >= 2
    assert (stale["state"], stale["reachable"]) == ("free", True)
    blind = eventually(lambda: _if(service.presence(MAX), observedAt=None), within_s=5)
    assert (blind["availability"], blind["state"], blind["reachable"]) == (
        "PresenceUnknown",
        "unknown",
        False,
    )
    assert (blind["stale"], blind["age"]) == (True, None)
    assert service.get("/health/ready").status_code == 200
    assert service.health()["status"] == "degraded"
    tenant.heal()
    healed = eventually(lambda: _if(service.presence(MAX), stale=False), within_s=5)
    assert (healed["state"], healed["changedAt"]) == ("free", None)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("reachable", {"state": "unknown", "reachable": True, "age": None}),
        ("last", {"state": "free", "reachable": True, "availability": "Available"}),
    ],
)
def test_the_operator_decides_what_a_blind_service_says(
    tenant: Simulated, serve: Callable[..., Service], policy: str, expected: dict[str, object]
) -> None:
    """`PRESENCE_WHEN_BLIND` holds for one person and for a batch alike, always with 200."""
    tenant.set_presence(MAX, "Available")
    service = serve(tenant.settings | {"PRESENCE_WHEN_BLIND": policy}).wait_until_ready()
    tenant.fail("getPresencesByUserId", "status", status=503)
    eventually(lambda: _blind(service) == 50, within_s=8)
    one = service.presence(MAX)
    many = service.http.post("/presence/batch", json={"users": [MAX]}).json()["results"][0]["presence"]
    assert one["stale"] is many["stale"] is True
    assert expected.items() <= one.items()
    assert expected.items() <= many.items()
    assert policy != "last" or one["age"] >= 4


def test_a_known_person_is_answered_from_memory_while_every_connection_hangs(
    tenant: Simulated, service: Service
) -> None:
    """A black hole at Microsoft costs a caller nothing."""
    tenant.fail("*", "hang")
    eventually(lambda: service.presence(MAX)["stale"], within_s=5)
    assert service.get(f"/presence/{MAX}").elapsed.total_seconds() < 1


def test_a_missing_permission_is_named_and_everything_else_keeps_working(
    simulate: Callable[..., Simulated], serve: Callable[..., Service]
) -> None:
    """App-only with User.ReadBasic.All cannot list: not ready, and `/health` says what to grant."""
    tenant = simulate("--people", "10", "--permissions", "Presence.Read.All,User.ReadBasic.All")
    service = serve(tenant.settings)
    faults = eventually(
        lambda: [feed["fault"] for feed in service.health()["tenants"][0]["feeds"] if feed["fault"]],
        within_s=10,
    )
    assert "User.Read.All" in faults[0]
    assert service.get("/health/ready").status_code == 503


def test_a_refused_secret_is_not_tried_again_and_again(
    tenant: Simulated, serve: Callable[..., Service]
) -> None:
    """One log record, one call, Microsoft's own words, and nothing of the secret."""
    service = serve(tenant.settings | {"AZURE_CLIENT_SECRET": "wrong~secret~value"})
    eventually(lambda: service.health()["tenants"][0]["signIn"]["fault"], within_s=10)
    fault = service.health()["tenants"][0]["signIn"]["fault"]
    assert "AADSTS7000215" in fault
    for _ in range(20):
        assert service.get(f"/presence/{MAX}").status_code == 503
    assert tenant.calls()["token"] == 1
    assert service.process.output.count("Sign-in failed") == 1
    assert "wrong~secret~value" not in service.process.output + str(service.health())


def test_a_taken_port_is_told_in_one_sentence_with_the_setting_that_changes_it(
    tenant: Simulated, serve: Callable[..., Service]
) -> None:
    """No traceback, exit code 2, the name of the setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(AssertionError, match="ended early") as failure:
            serve(tenant.settings | {"PRESENCE_PORT": port})
    assert "set PRESENCE_PORT" in str(failure.value)
    assert "Traceback" not in str(failure.value)


def _if(answer: dict[str, Any], **members: object) -> dict[str, Any] | None:
    return answer if members.items() <= answer.items() else None


def _blind(service: Service) -> int:
    people: dict[str, int] = service.health()["tenants"][0]["people"]
    return people["blind"]
