"""Trying rules is work for others to wait for: bounded, one at a time, and not for every web page to ask."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.service import Service, start_service
from tests.support.simulated import start_simulated

MAX = "max.muster@contoso.example"
TOML = {"Content-Type": "application/toml"}
COSTLY = "default = 'strict'\n[assign.people]\n" + "".join(
    f"'p{number}@contoso.example' = 'relaxed'\n" for number in range(19_000)
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("trials")
    tenant = start_simulated(folder / "tenant", "--people", "50")
    service = start_service(folder / "service", tenant.settings)
    yield service.wait_until_ready()
    service.stop()
    tenant.stop()


def test_others_are_answered_while_costly_rules_are_tried(service: Service) -> None:
    """Six callers try them without a pause: one at a time is served, and nobody else waits (found D4)."""
    stop = threading.Event()

    def try_on() -> list[int]:
        statuses = []
        while not stop.is_set():
            statuses.append(service.http.post("/rules/try", content=COSTLY, headers=TOML).status_code)
        return statuses

    with ThreadPoolExecutor(6) as pool:
        trying = [pool.submit(try_on) for _ in range(6)]
        waits = [service.get(f"/presence/{MAX}").elapsed.total_seconds() for _ in range(60)]
        stop.set()
        statuses = [status for one in trying for status in one.result()]
    print(
        f"slowest of the others {max(waits) * 1000:.0f} ms; {statuses.count(200)} of {len(statuses)} trials"
    )
    assert max(waits) < 0.25
    assert set(statuses) == {200, 429}


def test_a_key_of_twenty_thousand_parts_is_refused_at_once(service: Service) -> None:
    """Forty kilobytes that would take seconds and a gigabyte (found D4)."""
    before = service.process.peak_mib
    answer = service.http.post("/rules/try", content=".".join("a" * 20_000) + " = 1", headers=TOML)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
    assert "at most 8 parts" in answer.json()["error"]
    assert answer.elapsed.total_seconds() < 2
    assert service.process.peak_mib - before < 16


@pytest.mark.parametrize("content_type", ["", "application/x-www-form-urlencoded", "text/plain"])
def test_rules_are_taken_only_as_what_they_are(service: Service, content_type: str) -> None:
    """Which is also what no web page may send elsewhere without asking first (found D4)."""
    answer = service.http.post("/rules/try", content=b"default = 'x'", headers={"Content-Type": content_type})
    assert answer.status_code == 415
    assert "Content-Type: application/toml" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/rules/try", "/lookup", "/presence/batch", "/no/such/path"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost:1"},
    ],
)
def test_a_web_page_of_another_site_cannot_make_it_work(
    service: Service, path: str, headers: dict[str, str]
) -> None:
    """It could not read the answer, but a service without keys would work for it (found D4)."""
    answer = service.http.post(path, content=b"{}", headers=TOML | headers)
    assert answer.status_code == 403
    assert "web page of another site" in answer.json()["error"]


def test_our_own_page_and_phone_systems_are_not_held_up(service: Service) -> None:
    """Swagger UI says where it comes from, phone systems say nothing."""
    own = {"Sec-Fetch-Site": "same-origin", "Origin": service.base}
    body = {"users": [MAX]}
    for headers in ({}, own, {"Origin": service.base}, {"Sec-Fetch-Site": "none"}):
        assert service.http.post("/presence/batch", json=body, headers=headers).status_code == 200
    assert service.get(f"/presence/{MAX}", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
