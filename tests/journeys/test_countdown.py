"""How long the credentials are good for, as an operator sees it: `/health`, the metric and the log."""

import math
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from prometheus_client.parser import text_string_to_metric_families

from tests.support.certificates import write_pem
from tests.support.polling import eventually
from tests.support.service import Service
from tests.support.simulated import Simulated

GRANTED = "Presence.Read.All,User.Read.All,Application.Read.All,Domain.Read.All"
METRIC = "teams_presence_credential_expires_seconds"
DAY_S = 86_400

Starter = Callable[..., Any]


def in_days(number: float) -> datetime:
    """A moment so many days from now, and a little later: whole days are counted."""
    return datetime.now(UTC) + timedelta(days=number, minutes=10)


def credential(service: Service, name: str) -> dict[str, Any]:
    """What `/health` says of one credential."""
    told: list[dict[str, Any]] = service.health()["tenants"][0]["credentials"]
    return next(one for one in told if one["credential"] == name)


def known(service: Service, name: str, source: str) -> dict[str, Any]:
    """The same once somebody has told."""

    def told() -> dict[str, Any] | None:
        found = credential(service, name)
        return found if found["source"] == source else None

    return eventually(told, within_s=15, what=lambda: f"{source} to tell: {credential(service, name)}")


def seconds_left(service: Service, name: str) -> float:
    """What the metric says of one credential."""
    for family in text_string_to_metric_families(service.get("/metrics").text):
        for sample in family.samples:
            if sample.name == METRIC and sample.labels == {"credential": name}:
                return float(sample.value)
    raise AssertionError(f"no metric for {name}")


def records(service: Service, words: str) -> list[str]:
    """The log records that hold these words."""
    return [line for line in service.process.output.splitlines() if words in line]


def test_the_end_of_the_secret_in_use_is_read_from_microsoft_and_told(
    simulate: Starter, serve: Starter
) -> None:
    """Not that of its neighbour, which ends sooner; and the last day makes the service degraded."""
    tenant: Simulated = simulate("--people", "10", "--permissions", GRANTED)
    secret_id = tenant.sheet["client_secret_id"]
    tenant.change_secret(secret_id, expires=in_days(10).isoformat())
    tenant.add_secret(value="another~Value", name="of somebody else", expires=in_days(2).isoformat())
    service: Service = serve(tenant.settings).wait_until_ready()

    told = known(service, "secret", "graph")
    assert (told["daysLeft"], told["note"]) == (10, None)
    assert math.isclose(seconds_left(service, "secret"), 10 * DAY_S, abs_tol=900)
    eventually(lambda: records(service, "client secret ends"), within_s=5)
    (record,) = records(service, "client secret ends")
    assert "WARNING" in record
    assert "in 10 days" in record
    assert service.health()["status"] == "ok"

    tenant.change_secret(secret_id, expires=in_days(0.5).isoformat())
    service.process.signal(signal.SIGHUP)
    eventually(lambda: credential(service, "secret")["daysLeft"] == 0, within_s=10)
    assert service.health()["status"] == "degraded"
    assert service.get("/health/ready").text == "ready"
    eventually(lambda: len(records(service, "client secret ends")) == 2, within_s=5)
    assert "within a day" in records(service, "client secret ends")[1]

    tenant.remove_secret(secret_id)
    service.process.signal(signal.SIGHUP)
    assert "it may have been deleted there" in known(service, "secret", "unknown")["note"]


def test_without_the_permission_the_end_is_unknown_and_costs_one_question(
    simulate: Starter, serve: Starter
) -> None:
    """No fault of the service, and nothing in its log; the answer says how to let it know."""
    tenant: Simulated = simulate("--people", "10")
    service: Service = serve(tenant.settings).wait_until_ready()
    eventually(lambda: tenant.calls()["applications"], within_s=15)
    looked = service.feed("credentials")["rounds"]
    eventually(lambda: service.feed("credentials")["rounds"] >= looked + 2, within_s=15)
    assert tenant.calls()["applications"] == 1
    assert credential(service, "secret") == {
        "credential": "secret",
        "expiresAt": None,
        "daysLeft": None,
        "source": "unknown",
        "note": (
            "Microsoft does not tell: grant Application.Read.All, with admin consent. "
            "Or set PRESENCE_SECRET_EXPIRES."
        ),
    }
    assert math.isnan(seconds_left(service, "secret"))
    assert (service.health()["status"], service.feed("credentials")["fault"]) == ("ok", None)
    assert records(service, "WARNING") == records(service, "No PRESENCE_API_KEYS")


def test_a_setting_tells_what_microsoft_does_not(simulate: Starter, serve: Starter) -> None:
    tenant: Simulated = simulate("--people", "10")
    ends = in_days(5)
    settings = tenant.settings | {"PRESENCE_SECRET_EXPIRES": ends.isoformat()}
    service: Service = serve(settings).wait_until_ready()
    told = known(service, "secret", "setting")
    assert (told["daysLeft"], told["note"]) == (5, "From PRESENCE_SECRET_EXPIRES.")
    assert datetime.fromisoformat(told["expiresAt"]) == ends
    eventually(lambda: records(service, "client secret ends"), within_s=10)
    assert len(records(service, "client secret ends in 5 days")) == 1


def test_a_secret_that_has_ended_at_the_start_is_told_from_the_setting_as_an_error(
    simulate: Starter, serve: Starter
) -> None:
    """Microsoft cannot be asked any more, because nobody can sign in."""
    tenant: Simulated = simulate("--people", "10", "--permissions", GRANTED)
    tenant.change_credentials(secret_expires="2026-01-01T00:00:00Z")
    service: Service = serve(tenant.settings | {"PRESENCE_SECRET_EXPIRES": "2026-01-01"})
    eventually(lambda: records(service, "client secret ended on 2026-01-01 00:00 UTC"), within_s=15)
    (record,) = records(service, "client secret ended")
    assert "ERROR" in record
    assert credential(service, "secret")["daysLeft"] < 0
    assert service.get("/health/live").text == "live"


def test_the_password_of_a_service_account_is_estimated(simulate: Starter, serve: Starter) -> None:
    """Last change plus the validity of the domain; a synchronised account is nothing Graph could tell of."""
    tenant: Simulated = simulate("--people", "10", "--permissions", GRANTED)
    changed = in_days(-70)
    tenant.change_password_policy(never_expires=False, validity_days=90, changed=changed.isoformat())
    service: Service = serve(tenant.settings_of_a_user).wait_until_ready()
    told = known(service, "password", "graph")
    assert told["daysLeft"] == 20
    assert told["note"].startswith("An estimate: last changed on")
    assert seconds_left(service, "password") > 19 * DAY_S
    assert credential(service, "secret")["source"] == "graph"

    tenant.change_password_policy(synced=True)
    service.process.signal(signal.SIGHUP)
    told = known(service, "password", "unknown")
    assert "synchronised" in told["note"]
    assert told["note"].endswith("Or set PRESENCE_PASSWORD_EXPIRES.")

    tenant.change_password_policy(synced=False, never_expires=True)
    service.process.signal(signal.SIGHUP)
    assert known(service, "password", "graph")["expiresAt"] is None
    assert math.isinf(seconds_left(service, "password"))


def test_a_certificate_tells_its_own_end(simulate: Starter, serve: Starter, tmp_path: Path) -> None:
    """Microsoft is not asked for it."""
    tenant: Simulated = simulate("--people", "10", "--permissions", GRANTED)
    path = tmp_path / "app.pem"
    certificate = write_pem(path, ends=in_days(13).replace(microsecond=0))
    tenant.change_credentials(certificate_pem=certificate.public_bytes(Encoding.PEM).decode())
    settings = {name: value for name, value in tenant.settings.items() if name != "AZURE_CLIENT_SECRET"}
    service: Service = serve(settings | {"AZURE_CLIENT_CERTIFICATE_PATH": str(path)}).wait_until_ready()
    told = known(service, "certificate", "certificate")
    assert (told["daysLeft"], told["note"]) == (13, None)
    assert datetime.fromisoformat(told["expiresAt"]) == certificate.not_valid_after_utc
    eventually(lambda: records(service, "client certificate ends in 13 days"), within_s=10)
    assert tenant.calls()["applications"] == 0
