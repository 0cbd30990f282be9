"""Every request is counted once, by the template of its route, whoever answers it."""

import time
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from prometheus_client.parser import text_string_to_metric_families

from app.api.door import Door
from app.api.keys import KeyRing
from app.api.metering import Meter, RouteNote
from app.api.middleware import guarded
from app.api.rate import RateLimit
from app.config import ApiKey
from app.config.keys import parse_api_keys
from app.metrics import Metrics

api = FastAPI()


@api.get("/presence/{user:path}")
async def presence(user: str) -> PlainTextResponse:
    """Somebody."""
    return PlainTextResponse(user)


_UNLIMITED = RateLimit(0, timer=time.monotonic)


class Counted:
    """An application behind its door and the meter, asked in process."""

    def __init__(self, *keys: ApiKey) -> None:
        self.metrics = Metrics()
        door = Door(keys=KeyRing(keys), rate=_UNLIMITED)
        app = Meter(guarded(RouteNote(api), door=door), metrics=self.metrics)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")

    @property
    def requests(self) -> dict[tuple[str, str, str], float]:
        """How many were counted by route, method and status."""
        return dict(self._samples("teams_presence_requests_total"))

    def _samples(self, name: str) -> Iterator[tuple[tuple[str, str, str], float]]:
        for family in text_string_to_metric_families(self.metrics.page().decode()):
            for sample in family.samples:
                if sample.name == name:
                    labels = sample.labels
                    yield (labels["route"], labels["method"], labels["status"]), sample.value


async def test_a_request_is_counted_under_its_template_and_never_under_what_was_asked() -> None:
    counted = Counted()
    for user in ("max@firm.example", "eva@firm.example/"):
        await counted.http.get(f"/presence/{user}")
    await counted.http.head("/presence/x")
    assert counted.requests == {
        ("/presence/{user:path}", "GET", "200"): 2,
        ("/presence/{user:path}", "HEAD", "200"): 1,
    }
    assert "firm.example" not in counted.metrics.page().decode()


@pytest.mark.parametrize(("path", "status"), [("/no/such", 404), ("/presence/x", 401)])
async def test_what_no_route_answers_is_counted_without_one(path: str, status: int) -> None:
    """Refused keys and unknown paths do not make new series."""
    keys = parse_api_keys(f"phone:{'0' * 64}") if status == 401 else ()
    counted = Counted(*keys)
    await counted.http.get(path)
    assert counted.requests == {("none", "GET", str(status)): 1}


async def test_a_method_nobody_knows_makes_no_series_of_its_own() -> None:
    counted = Counted()
    await counted.http.request("BREW", "/presence/x")
    assert {method for _, method, _ in counted.requests} == {"other"}


def test_two_applications_share_no_counters() -> None:
    """Each has its registry: tests, and whoever embeds this, count only their own."""
    one, other = Metrics(), Metrics()
    one.signed_in(outcome="ok")
    assert 'outcome="ok"' in one.page().decode()
    assert 'outcome="ok"' not in other.page().decode()
