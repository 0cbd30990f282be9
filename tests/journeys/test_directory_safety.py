"""A tenant that suddenly loses most of its people is not believed at once."""

import signal
from collections.abc import Callable

import pytest

from tests.support.polling import eventually
from tests.support.service import Service
from tests.support.simulated import Simulated

HELD = 100


@pytest.fixture
def tenant(simulate: Callable[..., Simulated]) -> Simulated:
    return simulate("--people", str(HELD))


def held(service: Service) -> int:
    people: dict[str, int] = service.health()["tenants"][0]["people"]
    return people["held"]


def lose_sixty(tenant: Simulated, service: Service) -> str:
    """Remove sixty people within one round; the address of one of them."""
    tenant.fail("users_delta", "status", status=503)
    results = service.get("/presence?limit=60").json()["results"]
    for one in results:
        tenant.remove_person(one["id"])
    tenant.heal()
    email: str = results[0]["email"]
    return email


def alarmed(service: Service) -> bool:
    return bool(service.feed("directory")["faultCode"] == "mass_removal")


def test_a_mass_removal_is_alarmed_once_and_believed_only_at_sighup(
    tenant: Simulated, serve: Callable[..., Service]
) -> None:
    """Everybody is answered as before until a person says that it is true."""
    service = serve(tenant.settings | {"PRESENCE_DIRECTORY_INTERVAL": "6"}).wait_until_ready()
    email = lose_sixty(tenant, service)
    eventually(lambda: alarmed(service), within_s=20)
    assert held(service) == HELD
    assert "believed after three equal rounds" in service.feed("directory")["fault"]
    assert service.health()["status"] == "degraded"
    assert service.get(f"/presence/{email}").status_code == 200
    service.process.signal(signal.SIGHUP)
    eventually(lambda: held(service) == HELD - 60, within_s=5)
    assert service.get(f"/presence/{email}").status_code == 404
    assert service.process.output.count("would vanish at once") == 1
    eventually(lambda: "directory is current again" in service.process.output, within_s=5)


def test_a_mass_removal_is_believed_after_three_equal_rounds(
    tenant: Simulated, serve: Callable[..., Service]
) -> None:
    service = serve(tenant.settings | {"PRESENCE_DIRECTORY_INTERVAL": "3"}).wait_until_ready()
    lose_sixty(tenant, service)
    eventually(lambda: alarmed(service), within_s=10)
    assert held(service) == HELD
    eventually(lambda: held(service) == HELD - 60, within_s=15)
    assert service.feed("directory")["fault"] is None
