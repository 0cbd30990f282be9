"""The sweep for secrets at the end of the run (tests/conftest.py) finds what it is looking for."""

from collections.abc import Callable

import pytest

from tests.support import evidence
from tests.support.service import Service
from tests.support.simulated import Simulated


def test_what_a_journey_uses_as_secrets_is_known_to_the_sweep(tenant: Simulated, service: Service) -> None:
    """Settings and keys are noted in passing, answers about the service are kept."""
    service.get("/health", headers={"X-API-Key": "a-key-of-this-test-alone"})
    assert {tenant.settings["AZURE_CLIENT_SECRET"], "a-key-of-this-test-alone"} <= evidence.SECRETS
    assert any("/health" in place for place, _ in evidence.BODIES)


@pytest.mark.parametrize("written", [str, repr, lambda text: text.replace("?", "%3F")])
def test_a_secret_is_found_however_it_is_written(written: Callable[[str], str]) -> None:
    """Raw, escaped, encoded, and tokens by their form."""
    evidence.SECRETS.add("planted?secret")
    token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJncmFwaCJ9.c2ln"
    places = {"a log": f"x {written('planted?secret')} y", "another": f"Bearer {token}", "fine": "nothing"}
    assert list(evidence.leaks(places)) == ["a log holds a secret", "another holds a token"]
