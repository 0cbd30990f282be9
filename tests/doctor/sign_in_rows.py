"""Everything that a sign-in can be refused for, number by number and by what is really registered."""

from collections.abc import Iterator
from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.doctor.findings import Step
from tests.doctor.bench import Bench, Environ, Row

SOMEBODY_ELSE = "11111111-2222-3333-4444-555555555555"

# Microsoft's numbers as an application's own sign-in meets them; at the step that the cause belongs to.
OF_THE_APPLICATION: dict[str, tuple[int, ...]] = {
    "secret-wrong": (7000215,),
    "secret-expired": (7000222,),
    "credential-missing": (7000218,),
    "application-public": (700025,),
    "application-unknown": (700016, 700011, 70001),
    "application-disabled": (7000112,),
    "application-not-installed": (7000229,),
    "application-blocked": (53003, 530032, 53000, 530035),
    "certificate-unknown": (700027,),
    "assertion-time": (700024,),
    "resource-unknown": (500011, 650052),
    "resource-not-registered": (650057,),
    "scope-wrong": (70011, 28002),
    "consent-missing": (65001,),
    "sign-in-loop": (50196,),
    "refused-by-microsoft": (700212, 50126, 99999),
}
OF_THE_ACCOUNT: dict[str, tuple[int, ...]] = {
    "password-wrong": (50126,),
    "account-unknown": (50034,),
    "password-expired": (50055,),
    "password-expired-on-premises": (50144,),
    "password-none": (50056,),
    "account-locked": (50053,),
    "account-disabled": (50057,),
    "mfa-required": (50076, 50074),
    "mfa-registration": (50079, 50072),
    "mfa-expired": (50078,),
    "external-challenge": (50158,),
    "conditional-access": (53003,),
    "device-required": (53000, 53001, 53002),
    "security-policy": (530032,),
    "security-defaults": (530035,),
    "account-at-risk": (53011, 50135),
    "account-not-assigned": (50105,),
    "session-ended": (50173, 50132, 50133, 70008, 700082, 70043),
    "consent-missing": (65001,),
    "consent-declined": (65004, 90094),
    "on-premises-agent": (80001, 80007, 80014),
}
# Told already where the tenant's metadata is asked for, or only with the token; always about the tenant.
OF_THE_TENANT: dict[str, tuple[int, ...]] = {
    "tenant-unknown": (90002,),
    "tenant-malformed": (900023,),
    "tenant-other-cloud": (90038, 900382, 900432),
    "tenant-generic": (9001023,),
}
TRANSIENT = (50033, 50087, 90006, 90012, 90024, 90033, 90055, 90090)


def _refused(number: int, cause: str, *, delegated: bool) -> Row:
    def arrange(bench: Bench) -> Environ:
        bench.tenant.fail("token", "aadsts", code=number)
        return bench.user if delegated else bench.app

    names = (f"AADSTS{number}",) if cause == "refused-by-microsoft" else ()
    return Row(cause=cause, arrange=arrange, name=f"AADSTS{number}{', account' * delegated}", names=names)


def _refused_tenant(number: int, cause: str, *, endpoint: str) -> Row:
    def arrange(bench: Bench) -> Environ:
        bench.tenant.fail(endpoint, "aadsts", code=number)
        return bench.app

    step = Step.TENANT if endpoint == "discovery" else Step.APPLICATION
    return Row(cause=cause, arrange=arrange, name=f"AADSTS{number} at {endpoint}", step=step)


def _numbered() -> Iterator[Row]:
    for cause, numbers in OF_THE_APPLICATION.items():
        yield from (_refused(number, cause, delegated=False) for number in numbers)
    for cause, numbers in OF_THE_ACCOUNT.items():
        yield from (_refused(number, cause, delegated=True) for number in numbers)
    for cause, numbers in OF_THE_TENANT.items():
        for endpoint in ("discovery", "token"):
            yield from (_refused_tenant(number, cause, endpoint=endpoint) for number in numbers)
    for number in TRANSIENT:
        row = _refused(number, "microsoft-busy", delegated=False)
        yield changed(row, step=Step.APPLICATION)


def _wrong_secret(bench: Bench) -> Environ:
    return bench.app | {"AZURE_CLIENT_SECRET": "not~the~right~secret~at~all"}


def _reserve(bench: Bench) -> Environ:
    return _wrong_secret(bench) | {"AZURE_CLIENT_SECRET_NEXT": bench.app["AZURE_CLIENT_SECRET"]}


def _expired_secret(bench: Bench) -> Environ:
    bench.tenant.change_credentials(secret_expires="2020-01-01T00:00:00Z")
    return bench.app


def _unknown_application(bench: Bench) -> Environ:
    return bench.app | {"AZURE_CLIENT_ID": SOMEBODY_ELSE}


def _disabled_application(bench: Bench) -> Environ:
    bench.tenant.change_credentials(app_enabled=False)
    return bench.app


def _unknown_tenant(bench: Bench) -> Environ:
    return bench.app | {"AZURE_TENANT_ID": SOMEBODY_ELSE}


def _no_such_user(bench: Bench) -> Environ:
    return bench.user | {"AZURE_USERNAME": "nobody@contoso.example"}


def _guest(bench: Bench) -> Environ:
    return bench.user | {"AZURE_USERNAME": "visitor_fabrikam.example#EXT#@contoso.example"}


def _wrong_password(bench: Bench) -> Environ:
    return bench.user | {"AZURE_PASSWORD": "not-the-password-at-all"}


def _locked(bench: Bench) -> Environ:
    bench.tenant.change_credentials(locked=True)
    return bench.user


def _federated(bench: Bench) -> Environ:
    bench.tenant.change_password_policy(federated=True)
    return bench.user


def _expired_password(bench: Bench) -> Environ:
    bench.tenant.change_credentials(password_state="expired")
    return bench.user


def _first_password(bench: Bench) -> Environ:
    bench.tenant.change_credentials(password_state="must_change")
    return bench.user


def _second_factor(bench: Bench) -> Environ:
    bench.tenant.change_credentials(password_state="mfa")
    return bench.user


def _unreadable_certificate(bench: Bench) -> Environ:
    return _by_certificate(bench, bench.write("app.pem", "no certificate"))


def _expired_certificate(bench: Bench) -> Environ:
    return _by_certificate(bench, bench.write("app.pem", _certificate(days=(-30, -1))))


def _early_certificate(bench: Bench) -> Environ:
    return _by_certificate(bench, bench.write("app.pem", _certificate(days=(10, 20))))


def _foreign_certificate(bench: Bench) -> Environ:
    return _by_certificate(bench, bench.write("app.pem", _certificate(days=(-1, 400))))


def registered_certificate(bench: Bench) -> Environ:
    """A certificate that is uploaded, and good for more than a year."""
    pem = _certificate(days=(-1, 400))
    public = pem[pem.index(b"-----BEGIN CERTIFICATE") :]
    bench.tenant.change_credentials(certificate_pem=public.decode())
    return _by_certificate(bench, bench.write("app.pem", pem))


def _by_certificate(bench: Bench, path: str) -> Environ:
    settings = bench.app | {"AZURE_CLIENT_CERTIFICATE_PATH": path}
    del settings["AZURE_CLIENT_SECRET"]
    return settings


def _certificate(*, days: tuple[int, int]) -> bytes:
    """Key and certificate in one PEM, valid from and until so many days from now."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "presence")])
    since, until = (datetime.now(UTC) + timedelta(days=one) for one in days)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(since)
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


ROWS = [
    *_numbered(),
    Row(cause="secret-wrong", arrange=_wrong_secret, name="another secret"),
    Row(cause="secret-next-used", arrange=_reserve, names=("AZURE_CLIENT_SECRET_NEXT",)),
    Row(cause="secret-expired", arrange=_expired_secret, name="really expired"),
    Row(cause="application-unknown", arrange=_unknown_application, names=(SOMEBODY_ELSE,)),
    Row(cause="application-disabled", arrange=_disabled_application, name="really disabled"),
    Row(cause="tenant-unknown", arrange=_unknown_tenant, names=(SOMEBODY_ELSE,)),
    Row(cause="account-unknown", arrange=_no_such_user, names=("nobody@contoso.example",)),
    Row(cause="account-guest", arrange=_guest),
    Row(cause="password-wrong", arrange=_wrong_password, name="another password"),
    Row(cause="account-locked", arrange=_locked, name="really locked"),
    Row(cause="account-federated", arrange=_federated),
    Row(cause="password-expired", arrange=_expired_password, name="really expired"),
    Row(cause="password-must-change", arrange=_first_password),
    Row(cause="mfa-required", arrange=_second_factor, name="really required"),
    Row(cause="certificate-unreadable", arrange=_unreadable_certificate),
    Row(cause="certificate-expired", arrange=_expired_certificate, with_it=("expiry-over",)),
    Row(cause="certificate-not-yet-valid", arrange=_early_certificate, with_it=("expiry-soon",)),
    Row(cause="certificate-unknown", arrange=_foreign_certificate, name="never uploaded"),
]
