"""`/health` of a real service names the cause of what is wrong, and what to click."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.bench import Bench, Environ
from tests.support.polling import eventually
from tests.support.service import Service, start_service


@contextmanager
def serving(environ: Environ, folder: Path) -> Iterator[Service]:
    service = start_service(folder, environ)
    try:
        yield service
    finally:
        service.stop()


def findings(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.health()["tenants"][0]["findings"]
    return found


def _wrong_secret(bench: Bench) -> Environ:
    return bench.app | {"AZURE_CLIENT_SECRET": "not~the~right~secret~at~all"}


def _untrusted(bench: Bench) -> Environ:
    """Without the authority of its own, the simulated Microsoft looks like a proxy that inspects."""
    environ = bench.app
    del environ["PRESENCE_CA_BUNDLE"]
    return environ


def _unknown_tenant(bench: Bench) -> Environ:
    return bench.app | {"AZURE_TENANT_ID": "11111111-2222-3333-4444-555555555555"}


def _torn_certificate(bench: Bench) -> Environ:
    environ = bench.app | {"AZURE_CLIENT_CERTIFICATE_PATH": bench.write("app.pem", "no certificate")}
    del environ["AZURE_CLIENT_SECRET"]
    return environ


@pytest.mark.parametrize(
    ("arrange", "told"),
    [
        (_wrong_secret, ("credential", "secret-wrong", "Certificates & secrets")),
        (_untrusted, ("tls", "tls-inspected", "PRESENCE_CA_BUNDLE")),
        (_unknown_tenant, ("tenant", "tenant-unknown", "AZURE_TENANT_ID")),
        (_torn_certificate, ("credential", "certificate-unreadable", "PKCS #12")),
    ],
    ids=["secret", "inspection", "tenant", "certificate"],
)
def test_what_is_wrong_is_named_with_what_to_click(
    arrange: Callable[[Bench], Environ], told: tuple[str, str, str], bench: Bench, tmp_path: Path
) -> None:
    """Without another question to Microsoft, however often health is asked."""
    with serving(arrange(bench), tmp_path) as service:
        [finding] = eventually(lambda: findings(service), within_s=15)
        assert (finding["step"], finding["cause"]) == told[:2]
        assert told[2] in finding["fix"]
        asked = bench.tenant.calls()["token"]
        for _ in range(5):
            findings(service)
        assert bench.tenant.calls()["token"] == asked


def test_a_missing_permission_is_named_by_its_feed(bench: Bench, tmp_path: Path) -> None:
    """The sign-in is well; what may not be read is told."""
    bench.tenant.change_credentials(permissions=["User.Read.All"])
    with serving(bench.app, tmp_path) as service:
        [finding] = eventually(lambda: findings(service), within_s=15)
    assert (finding["step"], finding["cause"]) == ("presence", "presence-forbidden")
    assert "Presence.Read.All" in finding["fix"]


def test_a_service_that_is_well_has_no_findings(bench: Bench, tmp_path: Path) -> None:
    """Nothing to read is nothing to do."""
    with serving(bench.app, tmp_path) as service:
        service.wait_until_ready()
        eventually(lambda: service.feed("doctor")["rounds"], within_s=15)
        assert findings(service) == []
