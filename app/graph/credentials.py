"""What the service signs in with. Neither `repr` nor `str` of anything here shows a secret."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


class AppCredential(Protocol):
    """Proves that the application is who it says it is."""

    def for_msal(self) -> Any:
        """The value msal takes as `client_credential`; may read a file, raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """The *Value* of a client secret."""

    value: str = field(repr=False)

    def for_msal(self) -> str:
        """The secret itself."""
        return self.value


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate with its private key in one file: PEM, or PKCS #12 (`.pfx`, `.p12`)."""

    path: Path
    password: str | None = field(default=None, repr=False)

    def for_msal(self) -> dict[str, Any]:
        """With `public_certificate` msal computes the SHA-256 thumbprint itself."""
        if self.path.suffix.lower() in {".pfx", ".p12"}:
            return self._with_password({"private_key_pfx_path": str(self.path), "public_certificate": True})
        pem = self.path.read_text()
        return self._with_password({"private_key": pem, "public_certificate": _certificate_part(pem)})

    def _with_password(self, credential: dict[str, Any]) -> dict[str, Any]:
        return credential | ({"passphrase": self.password} if self.password else {})


def _certificate_part(pem: str) -> str:
    begin = pem.find("-----BEGIN CERTIFICATE-----")
    if begin < 0:
        raise ValueError("the file holds a private key but no certificate")
    return pem[begin : pem.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")]


@dataclass(frozen=True, slots=True)
class UserPassword:
    """The service account of the delegated sign-in."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Everything sign-in needs for one tenant; with `user`, it signs in as that user."""

    authority_root: str
    tenant_id: str
    client_id: str
    app: AppCredential
    scope: str
    user: UserPassword | None = None
