"""The simulator's own certificate authority. It is kept, so that clients trust the next run as well."""

import ssl
from collections.abc import Iterable
from pathlib import Path

import trustme

from .sheet import PRIVATE, PUBLIC, write_whole

CERTIFICATE, KEY = "ca.pem", "ca.key"


def load_authority(folder: Path) -> trustme.CA:
    """The authority in the folder, or a new one written there."""
    certificate, key = folder / CERTIFICATE, folder / KEY
    try:
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    except (OSError, ValueError):
        authority = trustme.CA(organization_name="Simulated Microsoft")
    write_whole(key, authority.private_key_pem.bytes(), mode=PRIVATE)
    write_whole(certificate, authority.cert_pem.bytes(), mode=PUBLIC)
    return authority


def server_context(authority: trustme.CA, *, names: Iterable[str]) -> ssl.SSLContext:
    """TLS for a server that is known by these names."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context
