"""Whatever a caller sends gets a clear answer; nothing is lost and nothing is logged as it came."""

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.service import Service, start_service
from tests.support.simulated import start_simulated

MAX = "max.muster@contoso.example"
JSON = {"Content-Type": "application/json"}
MARK = "SHOULD-NOT-BE-LOGGED"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all of them: each must leave it as it was for the next."""
    folder: Path = tmp_path_factory.mktemp("bad-input")
    tenant = start_simulated(folder / "tenant", "--people", "10")
    service = start_service(folder / "service", tenant.settings | {"PRESENCE_LOG_LEVEL": "debug"})
    yield service.wait_until_ready()
    service.stop()
    tenant.stop()
    assert MARK not in service.process.output
    assert "Traceback" not in service.process.output


@pytest.fixture(autouse=True)
def _still_answering(service: Service) -> Iterator[None]:
    """After each insult the next caller is answered as before."""
    yield
    assert service.presence(MAX)["stale"] is False


BODIES = {
    "empty": (b"", JSON, 400),
    "broken": (b'{"users": ["' + MARK.encode(), JSON, 400),
    "not an object": (b"[1, 2]", JSON, 400),
    "without users": (b"{}", JSON, 400),
    "users is a text": (b'{"users": "max@contoso.example"}', JSON, 400),
    "binary": (bytes(range(256)) * 64, JSON, 400),
    "not UTF-8": ('{"users": ["müller@contoso.example"]}'.encode("latin-1"), JSON, 400),
    "nested without end": (b'{"users": ' + b"[" * 200_000, JSON, 400),
    "a form": (b"users=max", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    "XML": (b"<users/>", {"Content-Type": "text/xml"}, 415),
    "10 MB": (b'{"users": ["' + b"a" * 10_000_000 + b'"]}', JSON, 413),
    "10,001 users": (b'{"users": [' + b'"a@b.example",' * 10_000 + b'"a@b.example"]}', JSON, 400),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_malformed_batch_is_refused_with_the_reason(service: Service, name: str) -> None:
    """A request that cannot be read is a 4xx problem document with one sentence that helps."""
    content, headers, status = BODIES[name]
    answer = service.http.post("/presence/batch", content=content, headers=headers)
    _assert_problem(answer, status)


def test_a_body_that_never_says_how_long_it_is_ends_at_the_limit_too(service: Service) -> None:
    """Chunked transfer does not get around the 4 MiB."""

    def endless() -> Iterator[bytes]:
        yield b'{"users": ["'
        for _ in range(100):
            yield b"a" * 100_000

    answer = service.http.post("/presence/batch", content=endless(), headers=JSON)
    _assert_problem(answer, 413)


def test_ten_thousand_users_with_duplicates_and_rubbish_are_each_answered(service: Service) -> None:
    """The largest batch allowed comes back complete, in order, every bad entry by itself."""
    rubbish = ["", " ", "@", "a@", "\x00", "a\nb@c.example", "x" * 5000, {"a": 1}, [1], 1.5, True]
    users: list[object] = [*rubbish, *([MAX] * (10_000 - len(rubbish)))]
    results = service.http.post("/presence/batch", json={"users": users}).json()["results"]
    assert [one["user"] for one in results] == users
    assert {one["outcome"] for one in results[: len(rubbish)]} == {"invalid"}
    assert {one["outcome"] for one in results[len(rubbish) :]} == {"found"}


def test_an_entry_that_json_allows_and_text_does_not_is_invalid_by_itself(service: Service) -> None:
    """Lone surrogates and numbers beyond any range harm nobody else; a BOM is overlooked."""
    body = b'\xef\xbb\xbf{"users": ["\\ud800", 1e999, "' + MAX.encode() + b'"]}'
    answer = service.http.post("/presence/batch", content=body, headers=JSON)
    assert answer.content.startswith(b'{"results":[{"user":"\\ud800","outcome":"invalid"},{"user":"1e999",')
    assert [one["outcome"] for one in answer.json()["results"]] == ["invalid", "invalid", "found"]


PATHS = {
    "no address": "/presence/nobody",
    "NUL": f"/presence/{MARK}%00@contoso.example",
    "line break": f"/presence/{MARK}%0d%0aX-Injected:1@contoso.example",
    "not UTF-8": "/presence/m%FCller@contoso.example",
    "very long": f"/presence/{'a' * 20_000}@contoso.example",
    "limit too high": "/presence?limit=1001",
    "limit no number": f"/presence?limit={MARK}",
    "state unknown": f"/presence?state={MARK}",
    "cursor not ours": f"/presence?cursor={MARK}",
    "cursor of rubbish": "/presence?cursor=AAAA",
    "batch of nobody": "/presence/batch",
}


@pytest.mark.parametrize("name", PATHS)
def test_a_malformed_path_or_query_is_a_400_with_the_reason(service: Service, name: str) -> None:
    """The sentence says what is wrong; the input itself is not repeated."""
    answer = service.get(PATHS[name])
    _assert_problem(answer, 400)
    assert MARK not in answer.text


def test_unknown_parameters_are_ignored_and_an_unknown_path_is_explained(service: Service) -> None:
    """Phone systems always add their own parameters."""
    assert service.get(f"/presence/{MAX}?CallerID=49891234&x=%00").is_success
    assert service.get("/presence?CallerID=49891234").is_success
    _assert_problem(service.get("/no/such/path"), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/presence/batch", "GET, HEAD, POST"),
        ("POST", f"/presence/{MAX}", "GET, HEAD"),
        ("PUT", "/health", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
        ("POST", "/docs/swagger-ui.css", "GET, HEAD"),
        ("DELETE", "/openapi.json", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    service: Service, method: str, path: str, allowed: str
) -> None:
    """405 comes with Allow (RFC 9110, 15.5.6)."""
    answer = service.http.request(method, path)
    _assert_problem(answer, 405)
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/presence", f"/presence/{MAX}", "/health", "/health/live", "/docs"])
def test_head_works_wherever_get_does_and_a_trailing_slash_means_nothing(service: Service, path: str) -> None:
    """No body, the same status and headers, no redirect."""
    head, get = service.http.head(path), service.get(path + "/")
    assert (head.status_code, get.status_code) == (200, 200)
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /presence/a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        os.urandom(512),
        b"POST /presence/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_what_is_not_http_at_all_ends_without_harm(service: Service, raw: bytes) -> None:
    """The connection is answered or closed; nothing else happens."""
    with socket.create_connection(("127.0.0.1", service.http.base_url.port or 0), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(4096)
    assert re.match(rb"(HTTP/1\.1 4\d\d |$)", answer)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""])
def test_without_keys_only_loopback_names_are_answered(service: Service, host: str) -> None:
    """A web page cannot reach the service by a name of its own (DNS rebinding)."""
    _assert_problem(service.get(f"/presence/{MAX}", headers={"Host": host}), 421)
    assert service.get(f"/presence/{MAX}", headers={"Host": "[::1]:8000"}).is_success


def _assert_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["error"] == body["detail"]
    assert body["error"].endswith((".", "header.")) or len(body["error"]) > 10
