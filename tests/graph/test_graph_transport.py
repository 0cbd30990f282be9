"""One door to Graph: in turn, within a time limit, with a token that nobody else ever sees."""

import asyncio
import ssl
import uuid
from pathlib import Path

import httpx
import pytest

from app.errors import (
    GraphRejected,
    GraphThrottled,
    GraphUnauthorized,
    GraphUnavailable,
    PermissionMissing,
    SignInRefused,
    UnexpectedAnswer,
)
from app.graph.sign_in import Token
from app.graph.throttle import GraphBudget, TokenBucket
from app.graph.tokens import TokenSource
from app.graph.transport import GraphTransport, open_http, trusted_authorities
from app.metrics import Metrics
from tests.graph.fake_graph import ROOT, FakeGraph, answer, answering, one_after_another, refusal
from tests.support.clock import START, ManualClock, settle

OK = answer(value=[])


def token_of(request: httpx.Request) -> str:
    return request.headers["authorization"].removeprefix("Bearer ")


async def test_a_request_carries_the_token_and_an_id_of_its_own() -> None:
    """Microsoft's best practices: a fresh GUID that its support can look up."""
    graph = FakeGraph(ManualClock(), one_after_another(OK))
    await graph.transport.get("/v1.0/x")
    await graph.transport.post("/v1.0/y", b"{}")
    first, second = graph.asked
    assert token_of(first) == token_of(second) == "token-1"
    ids = {uuid.UUID(request.headers["client-request-id"]) for request in graph.asked}
    assert len(ids) == 2
    assert second.headers["content-type"] == "application/json"
    assert second.content == b"{}"


async def test_a_reply_is_dated_by_its_question() -> None:
    clock = ManualClock()

    async def slowly(_: httpx.Request) -> httpx.Response:
        await clock.sleep(3.0)
        return OK

    reply = await clock.carry(FakeGraph(clock, slowly).transport.get("/v1.0/x"))
    assert (reply.wall, reply.arrived_at - reply.asked_at) == (START, 3.0)


async def test_waiting_for_a_turn_does_not_make_the_reply_older() -> None:
    """The question is asked when it leaves, not when it lines up."""
    clock = ManualClock()
    graph = FakeGraph(clock, one_after_another(OK))
    graph.budget.directory.hold_off(20.0)
    reply = await clock.carry(graph.transport.get("/v1.0/x"))
    assert reply.asked_at == clock.monotonic()


@pytest.mark.parametrize(
    "link",
    [
        *("https://evil.example/v1.0/users", "http://graph.example:8443/v1.0/users"),
        *("https://graph.example/v1.0/users", "https://graph.example:8443@evil.example/"),
        *("https://graph.example:8443.evil.example/", "https://user@graph.example:8443/"),
        *("ftp://graph.example:8443/", "https://graph.example:8443\\@evil.example/", "https:///v1.0/users"),
        *("https://[graph.example:8443/", "https://gra\tph.example:8443\n.evil.example/"),
    ],
)
async def test_the_token_is_never_sent_to_another_host(link: str) -> None:
    """Whatever a link from Microsoft says: nothing leaves but for the configured root."""
    graph = FakeGraph(ManualClock(), one_after_another(OK))
    with pytest.raises(UnexpectedAnswer):
        await graph.transport.get(link)
    assert graph.asked == []


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "/v1.0/../../x", "/v1.0/x?next=https%3A%2F%2Fevil.example"]
)
async def test_a_path_stays_below_the_root(path: str) -> None:
    graph = FakeGraph(ManualClock(), one_after_another(OK))
    await graph.transport.get(path)
    assert graph.asked[0].url.netloc == b"graph.example:8443"


async def test_a_link_with_impossible_characters_is_unexpected() -> None:
    graph = FakeGraph(ManualClock(), one_after_another(OK))
    with pytest.raises(UnexpectedAnswer):
        await graph.transport.get(f"{ROOT}/v1.0/users\x00?x")


async def test_a_redirect_is_not_followed() -> None:
    """It would carry the token to wherever it points."""
    elsewhere = httpx.Response(302, headers={"location": "https://evil.example/"})
    graph = FakeGraph(ManualClock(), one_after_another(elsewhere))
    with pytest.raises(UnexpectedAnswer):
        await graph.transport.get("/v1.0/x")
    assert len(graph.asked) == 1


# --- 401 ------------------------------------------------------------------------------------------------


async def test_one_401_is_worth_one_new_token_and_one_more_try() -> None:
    graph = FakeGraph(ManualClock(), one_after_another(refusal(401), OK))
    await graph.transport.get("/v1.0/x")
    assert [token_of(request) for request in graph.asked] == ["token-1", "token-2"]


async def test_a_second_401_is_an_error_and_not_a_third_try() -> None:
    graph = FakeGraph(ManualClock(), one_after_another(refusal(401)))
    with pytest.raises(GraphUnauthorized):
        await graph.transport.get("/v1.0/x")
    assert len(graph.asked) == 2


async def test_endless_401s_cost_one_new_token_a_minute() -> None:
    clock = ManualClock()
    graph = FakeGraph(clock, one_after_another(refusal(401)))
    for _ in range(30):
        with pytest.raises(GraphUnauthorized):
            await graph.transport.get("/v1.0/x")
        clock.pass_by(10.0)
    assert graph.sign_ins <= 1 + 5


async def test_a_revoked_token_fails_none_of_the_requests_under_way() -> None:
    """Eight requests are refused together with the old token; each is tried again with the new one."""
    graph = FakeGraph(ManualClock(), lambda request: refusal(401) if token_of(request) == "token-1" else OK)
    await graph.tokens.token()
    await asyncio.gather(*(graph.transport.get(f"/v1.0/{number}") for number in range(8)))
    assert graph.sign_ins == 2
    assert len(graph.asked) == 16


async def test_without_a_token_graph_is_not_asked() -> None:
    clock = ManualClock()

    def refuse(*, renew: bool = False) -> Token:
        raise SignInRefused("no" if renew else "not at all")

    graph = FakeGraph(clock, one_after_another(OK))
    transport = GraphTransport(
        answering(lambda _: OK),
        root=ROOT,
        tokens=TokenSource(refuse, clock=clock),
        budget=graph.budget,
        clock=clock,
    )
    with pytest.raises(SignInRefused):
        await transport.get("/v1.0/x")


# --- trouble --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (refusal(400, "BadRequest"), GraphRejected),
        (refusal(403, "Forbidden"), PermissionMissing),
        (refusal(429), GraphThrottled),
        (refusal(503), GraphUnavailable),
        (httpx.ConnectError("no route"), GraphUnavailable),
        (httpx.ReadTimeout("slow"), GraphUnavailable),
        (httpx.PoolTimeout("full"), GraphUnavailable),
        (httpx.RemoteProtocolError("cut"), GraphUnavailable),
    ],
    ids=str,
)
async def test_trouble_is_one_of_our_errors_and_is_not_repeated_here(
    trouble: httpx.Response | Exception, kind: type[Exception]
) -> None:
    graph = FakeGraph(ManualClock(), one_after_another(trouble))
    with pytest.raises(kind) as raised:
        await graph.transport.get("/v1.0/x")
    assert type(raised.value) is kind
    assert "token-1" not in str(raised.value)
    assert len(graph.asked) == 1


async def test_429_holds_everybody_for_as_long_as_microsoft_says() -> None:
    clock = ManualClock()
    graph = FakeGraph(clock, one_after_another(refusal(429, retry_after="41"), OK))
    with pytest.raises(GraphThrottled) as raised:
        await graph.transport.get("/v1.0/x")
    assert raised.value.retry_after_s == 41.0
    others = [asyncio.create_task(graph.transport.get("/v1.0/x")) for _ in range(5)]
    await clock.advance(40.5)
    assert len(graph.asked) == 1
    await clock.carry(asyncio.gather(*others))
    assert len(graph.asked) == 6


async def test_429_without_a_time_still_means_a_pause() -> None:
    clock = ManualClock()
    graph = FakeGraph(clock, one_after_another(refusal(429), OK))
    with pytest.raises(GraphThrottled):
        await graph.transport.get("/v1.0/x")
    other = asyncio.create_task(graph.transport.get("/v1.0/x"))
    await clock.advance(1.0)
    assert len(graph.asked) == 1
    await clock.carry(other)


async def test_a_cancelled_request_is_cancelled() -> None:
    """Shutdown does not turn into an outage of Microsoft's."""
    clock = ManualClock()

    async def never(_: httpx.Request) -> httpx.Response:
        await clock.sleep(1e6)
        return OK

    graph = FakeGraph(clock, never)
    await graph.tokens.token()
    request = asyncio.create_task(graph.transport.get("/v1.0/x"))
    await settle()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request


# --- connections ----------------------------------------------------------------------------------------


async def test_no_step_of_a_request_takes_longer_than_five_seconds() -> None:
    async with open_http(trusted_authorities(None)) as http:
        assert (http.timeout.connect, http.timeout.read, http.timeout.write) == (5.0, 5.0, 5.0)
        assert not http.follow_redirects


def test_a_customers_authority_is_trusted_beside_mozillas_list(tmp_path: Path) -> None:
    usual = trusted_authorities(None)
    pem = ssl.DER_cert_to_PEM_cert(usual.get_ca_certs(binary_form=True)[0])
    bundle = tmp_path / "ca.pem"
    bundle.write_text(pem)
    assert len(trusted_authorities(bundle).get_ca_certs()) == len(usual.get_ca_certs()) > 50
    assert usual.verify_mode is ssl.CERT_REQUIRED
    assert usual.check_hostname


def test_a_bundle_that_cannot_be_read_is_an_error_and_never_ignored(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    with pytest.raises(OSError, match="No such file"):
        trusted_authorities(bundle)
    bundle.write_text("garbage")
    with pytest.raises(ssl.SSLError):
        trusted_authorities(bundle)


async def test_requests_take_their_turn() -> None:
    clock = ManualClock()
    graph = FakeGraph(clock, one_after_another(OK))
    budget = GraphBudget(clock)
    budget.directory = TokenBucket(rate_per_s=1.0, burst=1.0, clock=clock)
    transport = GraphTransport(
        answering(lambda _: OK),
        root=ROOT,
        tokens=graph.tokens,
        budget=budget,
        clock=clock,
    )
    replies = await clock.carry(asyncio.gather(*(transport.get("/v1.0/x") for _ in range(3))))
    began = replies[0].asked_at
    assert [reply.asked_at - began for reply in replies] == [0.0, 1.0, 2.0]


async def test_a_directory_that_must_wait_does_not_stop_presence() -> None:
    """Microsoft limits the two apart, so a 429 on one never makes the other grow old."""
    clock = ManualClock()
    graph = FakeGraph(clock, one_after_another(OK))
    slow = GraphTransport(
        answering(lambda request: refusal(429, retry_after="300") if "/users" in request.url.path else OK),
        root=ROOT,
        tokens=graph.tokens,
        budget=graph.budget,
        clock=clock,
    )
    with pytest.raises(GraphThrottled):
        await slow.get("/v1.0/users/delta")
    before = clock.monotonic()
    await clock.carry(slow.post("/v1.0/communications/getPresencesByUserId", b"{}"))
    assert clock.monotonic() == before


async def test_a_refusal_without_retry_after_slows_down_only_what_it_was_about() -> None:
    clock = ManualClock()
    graph = FakeGraph(clock, one_after_another(refusal(429), OK))
    usual = graph.budget.presence.rate_per_s
    with pytest.raises(GraphThrottled):
        await graph.transport.post("/v1.0/communications/getPresencesByUserId", b"{}")
    assert graph.budget.presence.rate_per_s == usual / 2
    assert graph.budget.directory.rate_per_s == 100.0
    await clock.advance(90.0)
    await graph.transport.post("/v1.0/communications/getPresencesByUserId", b"{}")
    assert graph.budget.presence.rate_per_s == usual


async def test_trouble_with_a_wish_to_wait_is_a_pause_but_no_reason_to_slow_down() -> None:
    clock = ManualClock()
    graph = FakeGraph(clock, one_after_another(refusal(503, retry_after="20"), OK))
    with pytest.raises(GraphUnavailable):
        await graph.transport.get("/v1.0/x")
    before = clock.monotonic()
    await clock.carry(graph.transport.get("/v1.0/x"))
    assert clock.monotonic() - before == pytest.approx(20.0)
    assert graph.budget.directory.rate_per_s == 100.0


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/v1.0/communications/getPresencesByUserId", "presence"),
        ("/v1.0/users/delta?$select=id", "delta"),
        ("/v1.0/users?$filter=x", "search"),
        ("/v1.0/users/svc@contoso.example?$select=passwordPolicies", "credentials"),
        ("/v1.0/applications(appId='5d4c3b2a')", "credentials"),
        ("/v1.0/domains/contoso.example", "credentials"),
        ("/v1.0/groups/5d4c3b2a/transitiveMembers", "groups"),
    ],
)
async def test_a_request_is_counted_by_what_it_asks_for(path: str, word: str) -> None:
    clock, metrics = ManualClock(), Metrics()
    graph = FakeGraph(clock, one_after_another(OK))
    transport = GraphTransport(
        answering(lambda _: OK),
        root=ROOT,
        tokens=graph.tokens,
        budget=graph.budget,
        clock=clock,
        metrics=metrics,
    )
    await transport.get(path)
    assert f'endpoint="{word}",status="200"' in metrics.page().decode()
