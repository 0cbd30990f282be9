"""The rate limit and the trusted proxies, as a phone system behind them meets them."""

from collections.abc import Callable

from app.config import new_api_key
from tests.support.service import Service
from tests.support.simulated import Simulated

MAX = "max.muster@contoso.example"
ONE_KEY, ONE = new_api_key("one")
TWO_KEY, TWO = new_api_key("two")


def test_a_key_that_asks_too_often_waits_and_the_other_does_not(
    tenant: Simulated, serve: Callable[..., Service]
) -> None:
    """429 with Retry-After, flat where the lookup is, not hidden by codes=200; open paths are exempt."""
    settings = {"PRESENCE_API_KEYS": f"{ONE},{TWO}", "PRESENCE_RATE_LIMIT": "0.1"}
    service = serve(tenant.settings | settings).wait_until_ready()
    one, two = {"X-API-Key": ONE_KEY}, {"X-API-Key": TWO_KEY}
    assert service.get(f"/presence/{MAX}", headers=one).status_code == 200
    refused = service.get(f"/presence/{MAX}", headers=one)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    flat = service.get(f"/lookup?email={MAX}&codes=200", headers=one)
    assert (flat.status_code, flat.json()["status"], flat.json()["found"]) == (429, 429, 0)
    assert int(flat.headers["retry-after"]) <= 10
    assert service.get(f"/presence/{MAX}", headers=two).status_code == 200
    assert {service.get("/health/live").status_code for _ in range(20)} == {200}


def test_a_proxy_that_is_trusted_speaks_for_the_caller(
    tenant: Simulated, serve: Callable[..., Service]
) -> None:
    """Both for the networks of keys and for the access log."""
    entries = f"{ONE}@192.0.2.0/24,{TWO}@127.0.0.1"
    settings = {"PRESENCE_API_KEYS": entries, "PRESENCE_TRUSTED_PROXIES": "127.0.0.0/8"}
    service = serve(tenant.settings | settings | {"PRESENCE_ACCESS_LOG": "true"}).wait_until_ready()

    def status(key: str, hops: str) -> int:
        headers = {"X-API-Key": key, "X-Forwarded-For": hops}
        return service.get(f"/presence/{MAX}", headers=headers).status_code

    assert status(ONE_KEY, "192.0.2.7") == 200
    assert status(ONE_KEY, "192.0.2.7, 198.51.100.3") == 403
    assert status(TWO_KEY, "198.51.100.3") == 403
    assert status(TWO_KEY, "nonsense") == 403
    assert "client=198.51.100.3" in service.process.output


def test_a_caller_cannot_lie_about_its_address(tenant: Simulated, serve: Callable[..., Service]) -> None:
    """Without trusted proxies the header means nothing."""
    service = serve(tenant.settings | {"PRESENCE_API_KEYS": f"{ONE}@192.0.2.0/24"}).wait_until_ready()
    headers = {"X-API-Key": ONE_KEY, "X-Forwarded-For": "192.0.2.7", "Forwarded": "for=192.0.2.7"}
    assert service.get(f"/presence/{MAX}", headers=headers).status_code == 403
