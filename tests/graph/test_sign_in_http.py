"""The road to the sign-in host has an end: a deadline for the whole answer."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest
import trustme

from app.graph.sign_in_http import SignInHttp

ROOT = "https://login.example:8444"


class Drip(httpx.SyncByteStream):
    """An answer that never ends and never pauses long enough for a read timeout."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b" "


def road(answer: httpx.Response, *, deadline_s: float = 5.0) -> SignInHttp:
    client = httpx.Client(transport=httpx.MockTransport(lambda _: answer))
    return SignInHttp(client, authority_root=ROOT, deadline_s=deadline_s)


def test_an_answer_that_drips_for_ever_ends_at_the_deadline() -> None:
    with pytest.raises(httpx.ReadTimeout):
        road(httpx.Response(200, stream=Drip()), deadline_s=0.01).get(f"{ROOT}/slow")


@contextmanager
def head_that_never_ends(server_side: ssl.SSLContext | None) -> Iterator[int]:
    """A host that sends one header line after the other, faster than any read timeout; its port."""
    over = threading.Event()

    def drip(listener: socket.socket) -> None:
        with suppress(OSError):
            caller, _ = listener.accept()
            with server_side.wrap_socket(caller, server_side=True) if server_side else caller as one:
                one.recv(65_536)
                one.sendall(b"HTTP/1.1 200 OK\r\n")
                while not over.wait(0.02):
                    one.sendall(b"x: y\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        dripping = threading.Thread(target=drip, args=(listener,))
        dripping.start()
        yield listener.getsockname()[1]
        over.set()
        dripping.join()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_head_that_drips_for_ever_ends_at_the_deadline_too(scheme: str) -> None:
    """Otherwise one sign-in would hold its thread, and every later one, for good."""
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with head_that_never_ends(server_side if scheme == "https" else None) as port:
        client = httpx.Client(verify=trust, trust_env=False, timeout=5.0)
        http = SignInHttp(client, authority_root=ROOT, deadline_s=0.3)
        began = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            http.get(f"{scheme}://127.0.0.1:{port}/slow")
        assert time.monotonic() - began < 2
        http.close()


def test_an_answer_arrives_whole_with_what_msal_reads_of_it() -> None:
    answer = road(httpx.Response(200, json={"a": "\u00fc"}, headers={"x-ms": "1"})).post(
        f"{ROOT}/token", data={}
    )
    assert (answer.status_code, answer.json(), answer.headers["x-ms"]) == (200, {"a": "\u00fc"}, "1")


def test_a_failure_status_can_still_be_raised_by_msal() -> None:
    answer = road(httpx.Response(503)).get(f"{ROOT}/x")
    with pytest.raises(httpx.HTTPStatusError):
        answer.raise_for_status()


def test_a_ws_trust_envelope_is_sent_as_text_and_a_form_as_a_form() -> None:
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    http = SignInHttp(client, authority_root=ROOT, deadline_s=5.0)
    http.post(f"{ROOT}/adfs", data="<s:Envelope/>")
    http.post(f"{ROOT}/token", data={"a": "b&c"})
    http.close()
    assert sent == [b"<s:Envelope/>", b"a=b%26c"]


def test_the_wish_to_wait_belongs_to_the_last_answer() -> None:
    answers = [httpx.Response(503, headers={"retry-after": "9"}), httpx.Response(200)]
    client = httpx.Client(transport=httpx.MockTransport(lambda _: answers.pop(0)))
    http = SignInHttp(client, authority_root=ROOT, deadline_s=5.0)
    http.get(f"{ROOT}/x")
    assert http.retry_after == "9"
    http.get(f"{ROOT}/x")
    assert http.retry_after is None
