"""How single values must look; each `ValueError` completes a sentence that begins with the variable."""

import errno
import re
import ssl
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from unicodedata import category
from urllib.parse import SplitResult, urlsplit

from phonenumbers import SUPPORTED_REGIONS

from app.files import read_regular

_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*")
_WIDE_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W_](?:[\w-]*[^\W_])?")
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_USER_NAME = re.compile(r"[^@\s]+@[^@\s]+")
_NO_TENANT = frozenset({"common", "organizations", "consumers"})
# More than any certificate, bundle of authorities or set of rules has.
_LARGEST = 4 * 1024 * 1024
_PORTAL = "from the Overview page of the app registration"


def text(value: str) -> str:
    """One line of real text: an environment can also hold line breaks, and bytes that are not UTF-8."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("is not UTF-8: write it anew in that encoding")
    if any(category(character) == "Cc" for character in value):
        raise ValueError("holds a line break or another control character: remove it")
    return value


def tenant(value: str) -> str:
    """A directory's id, or one of its domain names."""
    if value.lower() in _NO_TENANT:
        raise ValueError(f"stands for many tenants: enter the Directory (tenant) ID {_PORTAL}")
    if not _GUID.fullmatch(value) and not _DOMAIN.fullmatch(value):
        raise ValueError(f"is neither an id nor a domain name: enter the Directory (tenant) ID {_PORTAL}")
    return value


def client_id(value: str) -> str:
    """An app registration's id."""
    if not _GUID.fullmatch(value):
        raise ValueError(f"is not an id: enter the Application (client) ID {_PORTAL}")
    return value


def client_secret(value: str) -> str:
    """A secret's Value, which Microsoft never makes look like an id and never surrounds with blanks."""
    if _GUID.fullmatch(value):
        raise ValueError(
            "is refused: this looks like the Secret ID; the Value is needed (make a new secret if it is lost)"
        )
    return unblank(value)


def unblank(value: str) -> str:
    """Something that neither begins nor ends with a blank (Microsoft: v2-oauth-ropc, on passwords)."""
    if value != value.strip():
        raise ValueError("begins or ends with a blank or line break, which no valid one does: remove it")
    return value


def user_name(value: str) -> str:
    """A user principal name."""
    if not _USER_NAME.fullmatch(value):
        raise ValueError("is not a user principal name: enter it in full, like service@contoso.com")
    return value


def root_url(value: str) -> str:
    """An https root without a trailing slash; a bare host name is taken for one, as the Azure tools do."""
    parts = _split(value if "://" in value else f"https://{value}")
    if parts is None or not parts.hostname or not _is_host(parts.hostname) or "@" in parts.netloc:
        raise ValueError("is not the root of a service: write it like https://host.example")
    if parts.scheme != "https":
        raise ValueError("must begin with https://")
    if parts.path not in {"", "/"} or "?" in value or "#" in value:
        raise ValueError("must end after the host: leave out the tenant or /v1.0, the service adds them")
    return f"https://{parts.netloc.lower()}"


def host(value: str) -> str:
    """A host name or address to listen on; brackets around an IPv6 address are taken off."""
    bare = value.removeprefix("[").removesuffix("]")
    if not _is_host(bare):
        raise ValueError("is neither a host name nor an address: write it like 127.0.0.1 or ::1")
    return bare


def networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks and single addresses, separated by commas."""
    try:
        return tuple(ip_network(one.strip()) for one in value.split(",") if one.strip())
    except ValueError:
        pass  # its text quotes the network
    raise ValueError("has a network that is none: write 192.0.2.0/24 or 2001:db8::/32, separated by commas")


def readable_file(value: Path) -> Path:
    """A file that can be read now, instead of failing at the first use, and that has an end."""
    try:
        read_regular(value, limit=_LARGEST)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise ValueError(f"names a file that is {error.strerror}: correct the path") from None
        raise ValueError(
            "names no file that this process can read: correct the path or its permissions"
        ) from None
    return value


def folder(value: Path) -> Path:
    """A folder, or the name of one to be made; whether it can be written is found out by writing."""
    if value.exists() and not value.is_dir():
        raise ValueError("names something that is no folder: correct the path")
    if not value.is_absolute() and not value.parent.is_dir():
        raise ValueError("names a folder inside one that does not exist: enter the whole path")
    return value


def country(value: str) -> str:
    """A country whose way of writing phone numbers is known."""
    if value.upper() not in SUPPORTED_REGIONS:
        raise ValueError("is no country: enter its two letters as in ISO 3166, such as DE, AT or CH")
    return value.upper()


def moment(value: str) -> datetime:
    """A day, which begins at midnight UTC, or a moment; without an offset that is UTC, too (ISO 8601)."""
    try:
        given = datetime.fromisoformat(value)
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # its text quotes the value
    raise ValueError("is no date: write it like 2027-05-31 or 2027-05-31T10:00:00Z")


def authorities(value: Path) -> Path:
    """Certificates of authorities, as PEM."""
    try:
        ssl.create_default_context(cafile=readable_file(value))
    except OSError:
        raise ValueError("is no file of certificates: it takes authorities in PEM form") from None
    return value


def server_certificate(certificate: Path, key: Path) -> None:
    """A certificate and its private key as TLS needs them; nobody is there to be asked for a password."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, lambda: "")
    except OSError:
        raise ValueError(
            "and PRESENCE_TLS_CERT_PATH cannot be used: they take a certificate and its private key, "
            "in PEM form and without a password"
        ) from None


def is_guid(value: str) -> bool:
    """Whether it has the form of an Entra object id."""
    return _GUID.fullmatch(value) is not None


def is_domain(value: str) -> bool:
    """Whether it has the form of a domain name; letters beyond ASCII are allowed in an address's domain."""
    return _WIDE_DOMAIN.fullmatch(value) is not None


def is_user_name(value: str) -> bool:
    """Whether it has the form of a whole address."""
    return _USER_NAME.fullmatch(value) is not None


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises when it is not a number up to 65535
    except ValueError:
        return None
    return parts


def _is_host(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return _HOST_NAME.fullmatch(text) is not None
    return True
