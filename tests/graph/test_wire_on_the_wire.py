"""What goes over the network between us and Graph: kept-alive connections, and compressed answers."""

import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from app.graph.client import GraphClient
from app.graph.connections import Connections
from app.graph.sign_in import Token
from app.graph.throttle import GraphBudget
from app.graph.tokens import TokenSource
from app.graph.transport import GraphTransport, open_http
from app.presence.models import Source
from app.presence.phones import NumberReader
from tests.support.clock import ManualClock
from tests.support.simulated import Simulated, start_simulated


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    running = start_simulated(tmp_path_factory.mktemp("simulated"), "--people", "100")
    yield running
    running.stop()


class Watched:
    """The pool that the service uses, and what came over it."""

    def __init__(self, verify: ssl.SSLContext) -> None:
        self.http = open_http(verify)
        self.http.event_hooks = {"request": [self._asked], "response": [self._answered]}
        self.asked: list[httpx.Request] = []
        self.encodings: list[str | None] = []
        self.connections: set[object] = set()

    async def _asked(self, request: httpx.Request) -> None:
        self.asked.append(request)

    async def _answered(self, response: httpx.Response) -> None:
        self.encodings.append(response.headers.get("content-encoding"))
        self.connections.add(response.extensions["network_stream"].get_extra_info("client_addr"))


@pytest.fixture
async def watched(simulated: Simulated) -> AsyncIterator[Watched]:
    one = Watched(ssl.create_default_context(cafile=Path(simulated.settings["PRESENCE_CA_BUNDLE"])))
    yield one
    await one.http.aclose()


async def client_on(watched: Watched, simulated: Simulated) -> GraphClient:
    """The service's own client, signed in with a token of the simulator's."""
    settings = simulated.settings
    form = {
        "grant_type": "client_credentials",
        "client_id": settings["AZURE_CLIENT_ID"],
        "client_secret": settings["AZURE_CLIENT_SECRET"],
        "scope": f"{settings['PRESENCE_GRAPH_URL']}/.default",
    }
    token = simulated.http.post(f"/{settings['AZURE_TENANT_ID']}/oauth2/v2.0/token", data=form).json()

    def acquire(*, renew: bool = False) -> Token:
        del renew
        return Token(token["access_token"], 3600.0, 3300.0)

    clock = ManualClock()
    transport = GraphTransport(
        Connections(lambda: watched.http),
        root=settings["PRESENCE_GRAPH_URL"],
        tokens=TokenSource(acquire, clock=clock),
        budget=GraphBudget(clock),
        clock=clock,
    )
    return GraphClient(transport, numbers=NumberReader("DE"))


async def test_answers_are_asked_for_and_read_compressed_over_one_connection(
    watched: Watched, simulated: Simulated
) -> None:
    """A sweep of 100,000 people is 30 MB in the clear and a tenth of it packed."""
    client = await client_on(watched, simulated)
    people = (await client.users(None)).changes
    ids = [change.id for change in people]
    for _ in range(3):
        answer = await client.presences(ids, source=Source.SWEEP)
        assert {reading.person_id for reading in answer.said} == set(ids)
    assert any(reading.presence.availability == "Available" for reading in answer.said)
    assert all("gzip" in request.headers["accept-encoding"] for request in watched.asked)
    assert watched.encodings == ["gzip"] * 4
    assert len(watched.connections) == 1
