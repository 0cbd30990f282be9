"""The road to the sign-in host has an end: a deadline for the whole answer."""

from collections.abc import Iterator

import httpx
import pytest

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
