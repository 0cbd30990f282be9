"""New credentials for a running service: taken into use when they are proved, and nobody notices."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from app.config import new_api_key
from tests.support import evidence
from tests.support.certificates import make_certificate, make_key
from tests.support.polling import eventually
from tests.support.processes import ROOT
from tests.support.service import Service
from tests.support.simulated import Simulated

MAX = "max.muster@contoso.example"
ERIKA = "erika.mustermann@contoso.example"
NEW, WRONG = "new8Q~invented.Value-of.a.Secret", "wrong8Q~invented.Value-of.a.Secret"
# The service looks every five seconds; the rest is slack for a busy machine.
_SEEN_WITHIN_S = 9.0
_LOAD_S = 12.0
_A_SECOND = 200

Serve = Callable[..., Service]


def without_secret(tenant: Simulated) -> dict[str, str]:
    return {name: value for name, value in tenant.settings.items() if name != "AZURE_CLIENT_SECRET"}


class Mounted:
    """A secret as Kubernetes mounts it: behind a link to a folder that is swapped as a whole."""

    def __init__(self, folder: Path, content: str) -> None:
        self._folder = folder
        self._versions = 0
        self.file = folder / "secret"
        self.swap(content)
        self.file.symlink_to(Path("..data") / "secret")

    def swap(self, content: str) -> None:
        """The new content takes the old one's place in one step."""
        self._versions += 1
        version = self._folder / f"..{self._versions}"
        version.mkdir(parents=True)
        (version / "secret").write_text(f"{content}\n")
        link = self._folder / "..data_tmp"
        link.symlink_to(version.name)
        link.rename(self._folder / "..data")


@pytest.fixture
def mounted(tenant: Simulated, tmp_path: Path) -> Mounted:
    """The tenant's secret, mounted."""
    return Mounted(tmp_path / "mounted", tenant.settings["AZURE_CLIENT_SECRET"])


@pytest.fixture
def service(tenant: Simulated, serve: Serve, mounted: Mounted) -> Service:
    """A service that reads its secret from there, ready."""
    settings = without_secret(tenant) | {"AZURE_CLIENT_SECRET_FILE": str(mounted.file)}
    return serve(settings).wait_until_ready()


def hang_up(service: Service) -> None:
    """Tell the service to look at once."""
    service.process.signal(signal.SIGHUP)


def findings(service: Service) -> list[str]:
    """The causes that the doctor names."""
    return [finding["cause"] for finding in service.health()["tenants"][0]["findings"]]


def start_load(service: Service) -> subprocess.Popen[str]:
    """Callers in a process of their own, for whom an answer is all that counts."""
    url = service.http.base_url
    command = [sys.executable, "-m", "tests.support.load", str(url.host), str(url.port)]
    command += [str(_LOAD_S), str(_A_SECOND), f"/presence/{MAX}", f"/lookup?email={ERIKA}"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_a_secret_replaced_in_its_file_under_load_fails_no_request_and_the_next_token_uses_the_new_one(
    tenant: Simulated, service: Service, mounted: Mounted
) -> None:
    """200 requests a second meanwhile; the old secret is deleted in the end, so it cannot be the one."""
    load = start_load(service)
    tenant.add_secret(value=NEW)
    mounted.swap(NEW)
    eventually(lambda: len(tenant.token_calls()) == 2, within_s=_SEEN_WITHIN_S)
    tenant.remove_secret(tenant.sheet["client_secret_id"])
    tenant.revoke(access=True)
    eventually(lambda: len(tenant.token_calls()) == 3, within_s=_SEEN_WITHIN_S)
    told, _ = load.communicate(timeout=30)
    seen = json.loads(told)
    print(f"{seen}")
    assert set(seen["answers"]) == {"200"}
    assert seen["broken"] == 0
    assert sum(seen["answers"].values()) > 0.9 * _A_SECOND * _LOAD_S
    assert tenant.token_calls() == [("client_credentials", 200)] * 3
    assert service.presence(MAX)["stale"] is False
    assert "Signed in with the changed AZURE_CLIENT_SECRET" in service.process.output
    assert "failed" not in service.process.output


def test_a_secret_edited_in_dotenv_counts_at_once_after_sighup(
    tenant: Simulated, serve: Serve, tmp_path: Path
) -> None:
    """Also one that is written with an editor, in place."""
    dotenv = tmp_path / "some.env"
    dotenv.write_text(f"AZURE_CLIENT_SECRET='{tenant.settings['AZURE_CLIENT_SECRET']}'\n")
    service = serve(without_secret(tenant), arguments=("--env-file", str(dotenv))).wait_until_ready()
    tenant.change_credentials(secret=NEW)
    dotenv.write_text(f"AZURE_CLIENT_SECRET='{NEW}'\n")
    hang_up(service)
    service.process.wait_for_line("Signed in with the changed AZURE_CLIENT_SECRET", within_s=2)
    assert tenant.token_calls() == [("client_credentials", 200)] * 2


def test_whoever_was_signed_out_is_signed_in_again_by_the_new_secret_alone(
    tenant: Simulated, service: Service, mounted: Mounted
) -> None:
    """Without SIGHUP, and without waiting for the next attempt, which would be minutes away."""
    tenant.change_credentials(secret=NEW)
    tenant.revoke(access=True)
    eventually(lambda: service.sign_in()["fault"], within_s=_SEEN_WITHIN_S)
    eventually(lambda: service.presence(MAX)["stale"], within_s=_SEEN_WITHIN_S)
    mounted.swap(NEW)
    eventually(lambda: not service.presence(MAX)["stale"], within_s=_SEEN_WITHIN_S)
    assert service.health()["status"] == "ok"
    assert service.process.output.count("Sign-in failed") == 1
    assert service.process.output.count("Signed in to Microsoft again") == 1


@pytest.mark.fault
def test_a_wrong_new_secret_leaves_everything_as_it_was_and_says_so(
    tenant: Simulated, service: Service, mounted: Mounted
) -> None:
    """Once in the log, in `/health` as long as it lasts, and without a word of the secret; then mended."""
    evidence.note_registered({"secret": WRONG})
    mounted.swap(WRONG)
    hang_up(service)
    service.process.wait_for_line("The changed AZURE_CLIENT_SECRET is not in use", within_s=5)
    told = service.sign_in()
    assert (told["fault"], told["candidate"]["settings"]) == (None, ["AZURE_CLIENT_SECRET"])
    assert (told["candidate"]["rejected"], told["candidate"]["faultCode"]) == (True, "sign_in_refused")
    assert "AADSTS7000215" in told["candidate"]["fault"]
    assert service.health()["status"] == "degraded"
    eventually(lambda: findings(service) == ["secret-wrong"], within_s=5, what=lambda: f"{findings(service)}")
    assert service.get("/health/ready").is_success
    tenant.revoke(access=True)
    good = [("client_credentials", 200), ("client_credentials", 401), ("client_credentials", 200)]
    eventually(lambda: tenant.token_calls() == good, within_s=5, what=lambda: f"{tenant.token_calls()}")
    assert service.presence(MAX)["stale"] is False
    hang_up(service)
    eventually(lambda: len(tenant.token_calls()) == 4, within_s=5)
    assert service.process.output.count("The changed AZURE_CLIENT_SECRET is not in use") == 1

    mounted.swap(tenant.settings["AZURE_CLIENT_SECRET"])
    hang_up(service)
    eventually(lambda: service.health()["status"] == "ok", within_s=5)
    assert service.sign_in()["candidate"] is None
    eventually(lambda: findings(service) == [], within_s=5)
    assert WRONG not in service.process.output


def test_a_certificate_replaced_in_its_file_is_taken_into_use(
    tenant: Simulated, serve: Serve, tmp_path: Path
) -> None:
    """Once the old one is removed at Microsoft. What is no certificate, in between, changes nothing."""
    path = tmp_path / "app.pem"
    tenant.change_credentials(certificate_pem=write_certificate(path))
    settings = without_secret(tenant) | {"AZURE_CLIENT_CERTIFICATE_PATH": str(path)}
    service = serve(settings).wait_until_ready()
    path.write_text("not yet a certificate")
    hang_up(service)
    service.process.wait_for_line("The changed AZURE_CLIENT_CERTIFICATE_PATH is not in use", within_s=5)
    tenant.revoke(access=True)
    eventually(lambda: len(tenant.token_calls()) == 2, within_s=5)
    tenant.change_credentials(certificate_pem=None)
    tenant.change_credentials(certificate_pem=write_certificate(path))
    hang_up(service)
    service.process.wait_for_line("Signed in with the changed AZURE_CLIENT_CERTIFICATE_PATH", within_s=5)
    assert tenant.token_calls() == [("client_credentials", 200)] * 3
    assert service.presence(MAX)["stale"] is False


@pytest.mark.fault
def test_a_wrong_new_password_is_tried_once_and_a_right_one_at_once(
    simulate: Callable[..., Simulated], serve: Serve, tmp_path: Path
) -> None:
    """Each try counts towards the lock-out, so only a change is worth another."""
    tenant = simulate("--people", "10")
    password = tmp_path / "password"
    password.write_text(tenant.sheet["password"])
    settings = tenant.settings_of_a_user | {"AZURE_PASSWORD_FILE": str(password)}
    del settings["AZURE_PASSWORD"]
    service = serve(settings).wait_until_ready()
    evidence.note_registered({"password": WRONG})
    password.write_text(WRONG)
    service.process.wait_for_line("The changed AZURE_PASSWORD is not in use", within_s=_SEEN_WITHIN_S)
    rounds = service.feed("settings")["rounds"]
    eventually(lambda: service.feed("settings")["rounds"] > rounds, within_s=_SEEN_WITHIN_S)
    assert tenant.token_calls() == [("password", 200), ("password", 400)]
    tenant.change_credentials(password=NEW)
    password.write_text(NEW)
    hang_up(service)
    service.process.wait_for_line("Signed in with the changed AZURE_PASSWORD", within_s=5)
    assert tenant.token_calls()[2:] == [("password", 200)]
    assert service.presence(MAX)["stale"] is False


@pytest.mark.fault
def test_the_second_secret_is_used_when_the_first_is_refused_on_renewal(
    simulate: Callable[..., Simulated], serve: Serve
) -> None:
    """On the day the first expires nobody notices; log and `/health` say which one is in use."""
    tenant = simulate("--people", "10", "--token-lifetime", "6")
    service = serve(tenant.settings | {"AZURE_CLIENT_SECRET_NEXT": NEW}).wait_until_ready()
    assert service.sign_in()["credential"] == "AZURE_CLIENT_SECRET"
    tenant.change_credentials(secret=NEW)
    service.process.wait_for_line("Signed in with AZURE_CLIENT_SECRET_NEXT", within_s=_SEEN_WITHIN_S)
    assert service.sign_in()["credential"] == "AZURE_CLIENT_SECRET_NEXT"
    assert service.health()["status"] == "ok"
    assert service.presence(MAX)["stale"] is False
    calls = len(tenant.token_calls())
    eventually(lambda: len(tenant.token_calls()) >= calls + 2, within_s=_SEEN_WITHIN_S)
    refused = [status for _, status in tenant.token_calls() if status != httpx.codes.OK]
    assert refused == [401]
    assert "Sign-in failed" not in service.process.output
    assert service.process.output.count("(move it to AZURE_CLIENT_SECRET)") == 1


def test_the_second_secret_starts_a_service_whose_first_has_expired(tenant: Simulated, serve: Serve) -> None:
    """Nobody has to be at work that night; the announced end is the first one's and alarms nobody now."""
    evidence.note_registered({"secret": WRONG})
    second = {
        "AZURE_CLIENT_SECRET": WRONG,
        "AZURE_CLIENT_SECRET_NEXT": tenant.settings["AZURE_CLIENT_SECRET"],
    }
    settings = tenant.settings | second | {"PRESENCE_SECRET_EXPIRES": "2026-01-01"}
    service = serve(settings).wait_until_ready()
    assert service.sign_in()["credential"] == "AZURE_CLIENT_SECRET_NEXT"
    assert tenant.token_calls() == [("client_credentials", 401), ("client_credentials", 200)]
    eventually(lambda: service.health()["status"] == "ok", within_s=_SEEN_WITHIN_S)
    assert service.health()["tenants"][0]["credentials"][0]["source"] == "unknown"


def test_settings_that_need_a_restart_are_named_and_keys_are_not_among_them(
    tenant: Simulated, serve: Serve, tmp_path: Path
) -> None:
    """One warning. A new key opens the door without any, and a new end is counted down to."""
    (old_key, old), (new_key, new) = new_api_key("old"), new_api_key("new")
    dotenv = tmp_path / "some.env"
    dotenv.write_text(f"PRESENCE_API_KEYS={old}\n")
    service = serve(tenant.settings, arguments=("--env-file", str(dotenv))).wait_until_ready()
    evidence.remember({"PRESENCE_API_KEYS": f"{old},{new}"})
    assert status(service, old_key) == 200
    assert status(service, new_key) == 401
    changed = "PRESENCE_WRAP_UP=5\nPRESENCE_RATE_LIMIT=7\nPRESENCE_SECRET_EXPIRES=2030-01-31\n"
    dotenv.write_text(f"PRESENCE_API_KEYS={new}\n{changed}")
    hang_up(service)
    service.process.wait_for_line("need a restart: PRESENCE_RATE_LIMIT, PRESENCE_WRAP_UP", within_s=5)
    assert (status(service, old_key), status(service, new_key)) == (401, 200)
    service.http.headers["X-API-Key"] = new_key
    health = service.health()
    assert health["settings"] == {"needsRestart": ["PRESENCE_RATE_LIMIT", "PRESENCE_WRAP_UP"]}
    eventually(lambda: service.health()["tenants"][0]["credentials"][0]["expiresAt"], within_s=_SEEN_WITHIN_S)


@pytest.mark.fault
def test_a_file_that_cannot_be_read_changes_nothing_and_is_told_once(
    tenant: Simulated, service: Service, mounted: Mounted
) -> None:
    """Empty, or gone: each with the name of the setting, until it is fine again."""
    mounted.swap("")
    hang_up(service)
    refused = "AZURE_CLIENT_SECRET cannot be taken from AZURE_CLIENT_SECRET_FILE: the file is empty."
    eventually(lambda: service.feed("settings")["fault"] == refused, within_s=5)
    mounted.file.unlink()
    hang_up(service)
    eventually(lambda: "does not exist" in service.feed("settings")["fault"], within_s=5)
    assert service.health()["status"] == "degraded"
    assert service.get("/health/ready").is_success

    mounted.file.symlink_to(Path("..data") / "secret")
    mounted.swap(tenant.settings["AZURE_CLIENT_SECRET"])
    hang_up(service)
    eventually(lambda: service.health()["status"] == "ok", within_s=5)
    assert service.process.output.count("The settings stay as they are") == 2
    assert service.process.output.count("The settings can be read again") == 1
    assert tenant.token_calls() == [("client_credentials", 200)]


def write_certificate(path: Path) -> str:
    """A new key with its certificate into the file; the certificate as PEM."""
    key = make_key()
    certificate = make_certificate(key)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    public = certificate.public_bytes(pem)
    path.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()) + public)
    return public.decode()


def status(service: Service, key: str) -> int:
    """What a caller with this key is answered."""
    return service.get(f"/presence/{MAX}", headers={"X-API-Key": key}).status_code
