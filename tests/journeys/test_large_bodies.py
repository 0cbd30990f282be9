"""What a caller may send costs nobody else an answer: neither a holder of a key nor a stranger."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.config import new_api_key
from tests.support.service import Service, start_service
from tests.support.simulated import start_simulated

MAX = "max.muster@contoso.example"
KEY, ENTRY = new_api_key("phone")
BOUND_KEY, BOUND = new_api_key("bound")
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SIZE = 4 * 1024 * 1024 - 100
SOON_S = 0.25


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("bodies")
    tenant = start_simulated(folder / "tenant", "--people", "50")
    settings = {
        "PRESENCE_API_KEYS": f"{ENTRY}:read,{BOUND}:read@127.0.0.0/8",
        "PRESENCE_TRUSTED_PROXIES": "127.0.0.1",
        "PRESENCE_KEY_IN_QUERY": "true",
    }
    headers = {"X-API-Key": KEY, "X-Forwarded-For": "192.0.2.1"}
    service = start_service(folder / "service", tenant.settings | settings, headers=headers)
    yield service.wait_until_ready(path="/presence?limit=1")
    service.stop()
    tenant.stop()
    assert "Traceback" not in service.process.output


def filled(before: str, part: str, after: str, size: int = SIZE) -> bytes:
    """The part, as often as fits."""
    return (before + part * ((size - len(before) - len(after)) // len(part)) + after).encode()


LISTS = {
    "lists of lists": (filled('{"users": [', "[1],", "1]}"), 400),
    "lists within lists": (b'{"users": ' + b"[" * SIZE, 400),
    "objects": (filled('{"users": [', '{"a":1},', "1]}"), 400),
    "numbers": (filled('{"users": [', "1,", "1]}"), 400),
    "lone surrogates": (filled('{"users": ["', "\\ud800", '"]}'), 200),
    "many lone surrogates": (json.dumps({"users": ["\ud800" * 60] * 10_000}).encode(), 200),
    "one long text": (filled('{"users": ["', "a", '@contoso.example"]}'), 200),
    "combining marks": (filled('{"users": ["a', "\\u0301\\u0323", '@contoso.example"]}'), 200),
    "members nobody asked for": (filled('{"users": [], ', '"a":1,', '"b":1}'), 400),
    "a number of a million digits": (filled('{"users": [', "9", "]}"), 400),
    "ten thousand addresses": (
        json.dumps({"users": ["x" * 300 + "@x.example"] * 10_000}).encode(),
        200,
    ),
    "blanks": (b" " * SIZE, 400),
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_large_list_holds_nobody_up(service: Service, kind: str) -> None:
    """Two callers send it without a pause; others are answered soon, and the memory stays (found D10)."""
    body, status = LISTS[kind]
    stop, before = threading.Event(), service.process.peak_mib

    def send_on() -> set[int]:
        statuses = set()
        while not stop.is_set():
            statuses.add(service.http.post("/presence/batch", content=body, headers=JSON).status_code)
        return statuses

    with ThreadPoolExecutor(2) as pool:
        sending = [pool.submit(send_on) for _ in range(2)]
        slowest, end = 0.0, time.monotonic() + 1.5
        while time.monotonic() < end:
            slowest = max(slowest, service.get(f"/presence/{MAX}").elapsed.total_seconds())
        stop.set()
        statuses = set().union(*(one.result() for one in sending))
    grown = service.process.peak_mib - before
    print(f"{kind}: slowest of the others {slowest * 1000:.0f} ms, {grown:.0f} MiB more")
    assert slowest < SOON_S
    assert statuses == {status}
    assert grown < 128


LOOKUPS = {
    "nested once more than can be read": (b'{"email": ' + b"[" * 961 + b"]" * 961 + b"}", 400),
    "nested in a member nobody asked for": (b'{"x": ' + b"[" * 961 + b"]" * 961 + b"}", 400),
    "nested without end": (b'{"email": ' + b"[" * 60_000, 400),
    "a list": (b'{"email": ["max.muster@contoso.example"]}', 400),
    "a number beyond all": (b'{"email": 1e400}', 400),
    "a lone surrogate": (b'{"email": "\\ud800"}', 400),
    "a long text": (filled('{"email": "', "a", '"}', 60_000), 400),
    "many parameters": (filled("", "a=1&", "email=x", 60_000), 400),
    "larger than a call flow needs": (filled('{"email": "', "a", '"}', 70_000), 413),
    "larger than anything": (filled('{"email": "', "a", '"}'), 413),
}


@pytest.mark.parametrize("kind", LOOKUPS)
@pytest.mark.parametrize("headers", [JSON, FORM])
def test_an_odd_lookup_is_a_flat_refusal(service: Service, kind: str, headers: dict[str, str]) -> None:
    """Never a 500, with all keys, and at once: nested JSON, long and many values (found D13, found D10)."""
    body, status = LOOKUPS[kind]
    answer = service.http.post("/lookup", content=body, headers=headers)
    assert (answer.status_code, answer.json()["status"], answer.json()["found"]) == (status, status, 0)
    assert answer.elapsed.total_seconds() < 1


@pytest.mark.parametrize("depth", [900, 961, 1_000, 100_000])
@pytest.mark.parametrize("path", ["/presence/batch", "/lookup"])
def test_nesting_is_never_our_mistake(service: Service, path: str, depth: int) -> None:
    """However deep, and wherever JSON is taken (found D13)."""
    for body in (b"[" * depth + b"]" * depth, b'{"users": ' + b"[" * depth + b"]" * depth + b"}"):
        answer = service.http.post(path, content=body, headers=JSON)
        assert answer.status_code in ({413} if depth > 60_000 and path == "/lookup" else {200, 400})


def test_unfinished_uploads_are_bounded_in_sum(service: Service) -> None:
    """Forty lists whose end is missing: most are told to wait, others are answered (found D10)."""
    before, open_ = service.process.peak_mib, []
    head = f"POST /presence/batch HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nContent-Length: {SIZE}\r\n\r\n"
    refused = 0
    for _ in range(40):
        connection = socket.create_connection(("127.0.0.1", service.http.base_url.port or 0), timeout=10)
        connection.sendall(head.encode())
        open_.append(connection)
        try:
            connection.sendall(b" " * (SIZE - 1))
        except OSError:
            refused += 1
    time.sleep(0.5)
    assert service.get(f"/presence/{MAX}").elapsed.total_seconds() < SOON_S
    grown = service.process.peak_mib - before
    for connection in open_:
        connection.settimeout(0.05)
        try:
            refused += b" 503 " in connection.recv(4096)
        except OSError:
            continue
        finally:
            connection.close()
    print(f"{refused} of 40 unfinished uploads refused, {grown:.0f} MiB more")
    assert refused >= 20
    assert grown < 160
    answer = service.http.post("/presence/batch", json={"users": [MAX]})
    assert answer.status_code == 200


STRANGERS = {
    "the document": ("/openapi.json", {}),
    "a long query": (f"/lookup?email=x&{'a=b&' * 15_000}", {}),
    "a long query in a shape": (f"/lookup?{'a=b&' * 15_000}format=text", {}),
    "many keys in the query": (f"/presence/{MAX}?{'api_key=x&' * 6_000}", {}),
    "a long Basic password": (f"/presence/{MAX}", {"Authorization": "Basic " + "eDp4" * 15_000}),
    "a long key": (f"/presence/{MAX}", {"X-API-Key": "x" * 60_000}),
    "many hops": (f"/presence/{MAX}", {"X-Forwarded-For": "127.0.0.1," * 5_000 + "127.0.0.1"}),
    "an unknown path": ("/no/such/path", {}),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_stranger_is_cheap(service: Service, kind: str) -> None:
    """Per request no more than a few ordinary refusals cost, however much it brings (found D11)."""
    path, headers = STRANGERS[kind]

    def spent_on(path: str, headers: dict[str, str]) -> float:
        """Seconds of the process's own time for each of many, so that a busy machine does not count."""
        before = cpu_seconds(service)
        for _ in range(150):
            service.http.get(path, headers={"X-API-Key": "", "X-Forwarded-For": "", **headers})
        return (cpu_seconds(service) - before) / 150

    ordinary, theirs = spent_on(f"/presence/{MAX}", {}), spent_on(path, headers)
    print(f"{kind}: {theirs * 1e6:.0f} us, an ordinary refusal {ordinary * 1e6:.0f} us")
    assert theirs < ordinary + 0.005


def cpu_seconds(service: Service) -> float:
    """The time that the process has worked so far."""
    fields = Path(f"/proc/{service.process.popen.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_a_proxy_that_names_nobody_opens_no_key_of_its_own_network(service: Service) -> None:
    """The key is bound to the network in which the proxy itself is (found D17)."""
    base = {"X-API-Key": BOUND_KEY}
    for hops, status in (("127.0.0.5", 200), ("", 403), ("unknown", 403), ("192.0.2.1", 403)):
        assert service.get(f"/presence/{MAX}", headers=base | {"X-Forwarded-For": hops}).status_code == status
    with socket.create_connection(("127.0.0.1", service.http.base_url.port or 0)) as connection:
        connection.sendall(
            f"GET /presence/{MAX} HTTP/1.1\r\nHost: x\r\nX-API-Key: {BOUND_KEY}\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 403 ")
