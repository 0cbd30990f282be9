"""The certificate to sign in with, looked at on this machine alone."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1

from app.doctor.causes import found
from app.doctor.findings import Finding
from app.graph.credentials import AppCredential, ClientCertificate, why_unusable


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What could be seen: the certificate, or what is wrong with it or its file."""

    certificate: x509.Certificate | None = None
    wrong: Finding | None = None

    @property
    def thumbprint(self) -> str:
        """SHA-1 in capitals, as the portal lists certificates; empty where there is none."""
        if self.certificate is None:
            return ""
        return self.certificate.fingerprint(SHA1()).hex().upper()  # noqa: S303 - a name, not a protection


def look_at(credential: AppCredential, *, now: datetime) -> Looked:
    """The certificate behind a credential; a secret has none, and nothing is wrong with that."""
    if not isinstance(credential, ClientCertificate):
        return Looked()
    try:
        pem = credential.for_msal()["public_certificate"]
    except (OSError, ValueError) as error:
        return Looked(wrong=found("certificate-unreadable", detail={"problems": [why_unusable(error)]}))
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return Looked(certificate=certificate, wrong=_out_of_time(certificate, now=now))


def _out_of_time(certificate: x509.Certificate, *, now: datetime) -> Finding | None:
    until, since = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    if now >= until:
        return found("certificate-expired", until=f"{until:%Y-%m-%d}")
    if now < since:
        return found("certificate-not-yet-valid", since=f"{since:%Y-%m-%d %H:%M} UTC")
    return None
