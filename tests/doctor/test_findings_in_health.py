"""`/health` of a real service names the cause of what is wrong, and what to click."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.bench import Bench
from tests.support.polling import eventually
from tests.support.service import Service, start_service


@pytest.fixture
def service(bench: Bench, tmp_path: Path) -> Iterator[Service]:
    """A service whose secret is wrong from the start."""
    started = start_service(tmp_path, bench.app | {"AZURE_CLIENT_SECRET": "not~the~right~secret~at~all"})
    yield started
    started.stop()


def findings(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.health()["tenants"][0]["findings"]
    return found


def test_a_wrong_secret_is_named_with_what_to_click(service: Service, bench: Bench) -> None:
    """Without another question to Microsoft, however often health is asked."""
    [finding] = eventually(lambda: findings(service), within_s=15)
    assert (finding["step"], finding["status"], finding["cause"]) == ("credential", "wrong", "secret-wrong")
    assert "Certificates & secrets" in finding["fix"]
    asked = bench.tenant.calls()
    for _ in range(5):
        findings(service)
    assert bench.tenant.calls() == asked


def test_a_service_that_is_well_has_no_findings(bench: Bench, tmp_path: Path) -> None:
    """Nothing to read is nothing to do."""
    service = start_service(tmp_path, bench.app)
    try:
        service.wait_until_ready()
        eventually(lambda: service.feed("doctor")["rounds"], within_s=15)
        assert findings(service) == []
    finally:
        service.stop()
