"""Trouble on demand, seen from the client's side of a real connection."""

from collections.abc import Iterator
from time import monotonic
from typing import Any

import httpx
import pytest

from tests.simulator.process import SimulatorProcess
from tests.simulator.tenant import Tenant, bearer


@pytest.fixture(autouse=True)
def no_trouble_left(simulator: SimulatorProcess) -> Iterator[None]:
    """Faults and counters end with the test."""
    simulator.switch("DELETE", "calls")
    yield
    simulator.switch("DELETE", "faults")


@pytest.fixture(scope="module")
def ids(simulator: SimulatorProcess) -> list[str]:
    """Some people."""
    return [person["id"] for person in simulator.switch("GET", "people?limit=4")["people"]]


def ask(simulator: SimulatorProcess, ids: list[str], *, timeout_s: float = 30) -> httpx.Response:
    """One bulk read."""
    token = simulator.application().acquire_token_for_client(simulator.scopes)["access_token"]
    path = f"{simulator.root}/v1.0/communications/getPresencesByUserId"
    return simulator.http.post(path, json={"ids": ids}, headers=bearer(token), timeout=timeout_s)


def trouble(simulator: SimulatorProcess, **order: Any) -> str:
    """Switch a fault on for the next bulk read."""
    return str(
        simulator.switch("POST", "faults", {"endpoint": "getPresencesByUserId", "count": 1, **order})["id"]
    )


def test_a_status_comes_so_often_and_no_more(simulator: SimulatorProcess, ids: list[str]) -> None:
    trouble(simulator, kind="status", status=429, count=2, headers={"Retry-After": "2"})
    answers = [ask(simulator, ids) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "2"
    assert answers[0].json()["error"]["code"] == "TooManyRequests"


def test_a_fault_without_count_lasts_until_removed(simulator: SimulatorProcess, ids: list[str]) -> None:
    fault = trouble(simulator, kind="status", status=503, count=None, error_code="serviceNotAvailable")
    first = ask(simulator, ids)
    simulator.switch("DELETE", f"faults/{fault}")
    assert first.json()["error"]["code"] == "serviceNotAvailable"
    assert ask(simulator, ids).status_code == 200


@pytest.mark.parametrize("kind", ["reset", "truncate"])
def test_the_connection_breaks(simulator: SimulatorProcess, ids: list[str], kind: str) -> None:
    trouble(simulator, kind=kind)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        ask(simulator, ids)
    assert ask(simulator, ids).status_code == 200


def test_an_answer_never_comes(simulator: SimulatorProcess, ids: list[str]) -> None:
    trouble(simulator, kind="hang")
    with pytest.raises(httpx.ReadTimeout):
        ask(simulator, ids, timeout_s=0.2)


@pytest.mark.parametrize("kind", ["latency", "slow"])
def test_an_answer_takes_its_time(simulator: SimulatorProcess, ids: list[str], kind: str) -> None:
    trouble(simulator, kind=kind, delay_s=0.2)
    before = monotonic()
    assert len(ask(simulator, ids).json()["value"]) == 4
    assert monotonic() - before >= 0.2


def test_a_gateway_speaks_html(simulator: SimulatorProcess, ids: list[str]) -> None:
    trouble(simulator, kind="html")
    answer = ask(simulator, ids)
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")


@pytest.mark.parametrize(("body", "text"), [({"value": 1}, '{"value":1}'), ("not json", "not json")])
def test_a_body_can_be_anything(simulator: SimulatorProcess, ids: list[str], body: Any, text: str) -> None:
    trouble(simulator, kind="body", body=body)
    assert ask(simulator, ids).text == text


def test_people_can_be_left_out(simulator: SimulatorProcess, ids: list[str]) -> None:
    trouble(simulator, omit_ids=[ids[0].upper()])
    assert {item["id"] for item in ask(simulator, ids).json()["value"]} == set(ids[1:])


def test_one_person_can_spoil_every_batch_that_asks_for_them(
    simulator: SimulatorProcess, ids: list[str]
) -> None:
    trouble(simulator, kind="status", status=400, count=None, when_ids=[ids[0]])
    assert [ask(simulator, batch).status_code for batch in (ids, ids[1:], ids[:1])] == [400, 200, 400]


def test_calls_are_counted_and_logged(simulator: SimulatorProcess, ids: list[str]) -> None:
    trouble(simulator, kind="status", status=500)
    ask(simulator, ids)
    counts = simulator.switch("GET", "calls")
    log = simulator.switch("GET", "calls/log?last=2")["calls"]
    assert counts["getPresencesByUserId"] == counts["token"] == 1
    assert [(call["endpoint"], call["status"], call["ids"], call["grant_type"]) for call in log] == [
        ("token", 200, None, "client_credentials"),
        ("getPresencesByUserId", 500, 4, None),
    ]


async def test_every_endpoint_can_be_troubled_at_once(tenant: Tenant) -> None:
    headers = await tenant.app_headers()
    await tenant.switch("POST", "faults", {"endpoint": "*", "kind": "status", "status": 504})
    statuses = {
        (await tenant.http.get(path, headers=headers)).status_code
        for path in ("/v1.0/users", "/v1.0/users/delta", "/common/userrealm/a@b")
    }
    assert statuses == {504}
    assert (await tenant.token()).json()["error"] == "temporarily_unavailable"


@pytest.mark.parametrize(
    "order", [{"endpoint": "nowhere"}, {"kind": "nonsense"}, {"misspelt": 1}, {"status": "many"}]
)
async def test_a_nonsensical_order_is_refused(tenant: Tenant, order: dict[str, Any]) -> None:
    answer = await tenant.http.post("/_simulator/faults", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]


def shaped(simulator: SimulatorProcess, ids: list[str], kind: str) -> dict[str, Any]:
    """What one bulk read answers in another shape."""
    trouble(simulator, kind=kind)
    body: dict[str, Any] = ask(simulator, ids).json()
    return body


def test_a_list_can_come_in_an_unexpected_shape(simulator: SimulatorProcess, ids: list[str]) -> None:
    """Doubled, in another order, in another case, with properties that no page names."""
    usual = ask(simulator, ids).json()["value"]
    assert len(shaped(simulator, ids, "doubled")["value"]) == 2 * len(usual)
    assert {item["id"] for item in shaped(simulator, ids, "other_order")["value"]} == set(ids)
    other_case = shaped(simulator, ids, "other_case")["value"]
    assert {item["id"] for item in other_case} == {person.upper() for person in ids}
    assert all(item["availability"][0].islower() for item in other_case)
    assert all("novelty" in item for item in shaped(simulator, ids, "unknown_fields")["value"])


async def test_a_listing_can_lose_people_have_an_empty_page_or_lead_astray(tenant: Tenant) -> None:
    headers = await tenant.app_headers()
    everybody = (await tenant.http.get("/v1.0/users/delta", headers=headers)).json()["value"]

    async def listed(**fault: Any) -> dict[str, Any]:
        await tenant.switch("POST", "faults", {"endpoint": "users_delta", "count": 1, **fault})
        body: dict[str, Any] = (await tenant.http.get("/v1.0/users/delta", headers=headers)).json()
        return body

    assert len((await listed(omit_ids=[everybody[0]["id"]]))["value"]) == len(everybody) - 1
    empty = await listed(kind="empty_page")
    assert empty["value"] == []
    again = await tenant.http.get(empty["@odata.nextLink"], headers=headers)
    assert len(again.json()["value"]) == len(everybody)
    astray = await listed(kind="foreign_link", link_to="https://elsewhere.example")
    assert astray["@odata.nextLink"].startswith("https://elsewhere.example/")
    assert "@odata.deltaLink" not in astray
