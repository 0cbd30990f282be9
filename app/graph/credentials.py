"""What the service signs in with. Neither `repr` nor `str` of anything here shows a secret.

Credentials are values: two that are equal prove the same, whichever setting they came from.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from app.config import Settings, SignIn
from app.errors import SettingsError
from app.files import read_regular

# A key and a chain of certificates have some KiB.
_LARGEST = 1024 * 1024


class AppCredential(Protocol):
    """Proves that the application is who it says it is."""

    @property
    def setting(self) -> str:
        """The setting it came from, by the name that an operator writes."""
        ...

    def for_msal(self) -> Any:
        """The value msal takes as `client_credential`; may read a file, raises OSError, ValueError."""
        ...


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """The *Value* of a client secret."""

    value: str = field(repr=False)
    setting: str = field(default="AZURE_CLIENT_SECRET", compare=False)

    def for_msal(self) -> str:
        """The secret itself."""
        return self.value


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate with its private key in one file: PEM, or PKCS #12 (`.pfx`, `.p12`).

    With `content` it stays what the file held when it was taken up; without, the file is read at each use.
    """

    path: Path
    password: str | None = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)

    @property
    def setting(self) -> str:
        """Where the path is set."""
        return "AZURE_CLIENT_CERTIFICATE_PATH"

    def for_msal(self) -> dict[str, str]:
        """Key and certificate as msal takes them; raises ValueError too, saying what is wrong with the file.

        Both are read and compared here, because msal would notice only at the first sign-in, in many ways.
        """
        key, certificate = self._pair()
        return {
            "private_key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            "public_certificate": certificate.public_bytes(Encoding.PEM).decode(),
        }

    def ends_at(self) -> datetime:
        """When the certificate ends, in UTC; reads the file like `for_msal`. Raises OSError, ValueError."""
        return self._pair()[1].not_valid_after_utc

    def _pair(self) -> tuple[RSAPrivateKey, x509.Certificate]:
        key, certificates = self._read()
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("it holds no RSA private key")  # noqa: TRY004 - the file is wrong, not the call
        for certificate in certificates:
            if certificate.public_key() == key.public_key():
                return key, certificate
        raise ValueError("it holds no certificate that belongs to its private key")

    def _read(self) -> tuple[object, list[x509.Certificate]]:
        content = read_regular(self.path, limit=_LARGEST) if self.content is None else self.content
        password = self.password.encode() if self.password else None
        if self.path.suffix.lower() not in {".pfx", ".p12"}:
            return _pem_key(content, password), x509.load_pem_x509_certificates(content)
        key, certificate, others = pkcs12.load_key_and_certificates(content, password)
        return key, [one for one in (certificate, *others) if one]


def _pem_key(content: bytes, password: bytes | None) -> object:
    """The private key; a password it does not need is no mistake."""
    try:
        return load_pem_private_key(content, password)
    except TypeError:
        if password is None:
            raise ValueError("its private key has a password") from None
    return load_pem_private_key(content, None)


def why_unusable(error: OSError | ValueError) -> str:
    """What is wrong with a certificate that could not be read, to stand inside a sentence."""
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__


@dataclass(frozen=True, slots=True)
class UserPassword:
    """The service account of the delegated sign-in."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Everything sign-in needs for one tenant; with `user`, it signs in as that user.

    `next` is a second secret, for the day on which the first is refused.
    """

    authority_root: str
    tenant_id: str
    client_id: str
    app: AppCredential
    scope: str
    user: UserPassword | None = None
    next: ClientSecret | None = None

    def differing(self, other: "Credentials") -> Iterator[str]:
        """The settings in which they sign in with something else than these others."""
        if self.app != other.app:
            yield self.app.setting
        if self.user != other.user:
            renamed = (self.user and self.user.username) != (other.user and other.user.username)
            yield "AZURE_USERNAME" if renamed else "AZURE_PASSWORD"


def credentials_of(settings: Settings) -> Credentials:
    """What to sign in with, as the settings say. Reads the certificate's file; raises SettingsError."""
    user = None
    if settings.sign_in is SignIn.DELEGATED and settings.azure_username and settings.azure_password:
        user = UserPassword(settings.azure_username, settings.azure_password.get_secret_value())
    return Credentials(
        authority_root=settings.azure_authority_host,
        tenant_id=settings.azure_tenant_id,
        client_id=settings.azure_client_id,
        app=_app_credential(settings),
        scope=f"{settings.graph_url}/.default",
        user=user,
        next=_next_secret(settings),
    )


def _app_credential(settings: Settings) -> AppCredential:
    if settings.azure_client_secret:
        return ClientSecret(settings.azure_client_secret.get_secret_value())
    path, password = settings.azure_client_certificate_path, settings.azure_client_certificate_password
    assert path  # noqa: S101 - the settings demand one of the two
    try:
        content = read_regular(path, limit=_LARGEST)
    except OSError as error:
        raise SettingsError(f"AZURE_CLIENT_CERTIFICATE_PATH cannot be read ({error.strerror}).") from None
    return ClientCertificate(path, password.get_secret_value() if password else None, content)


def _next_secret(settings: Settings) -> ClientSecret | None:
    secret = settings.azure_client_secret_next
    return ClientSecret(secret.get_secret_value(), "AZURE_CLIENT_SECRET_NEXT") if secret else None
