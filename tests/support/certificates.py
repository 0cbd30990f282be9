"""Client certificates that end when a test wants them to."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

IN_A_YEAR = datetime.now(UTC) + timedelta(days=365)


def make_certificate(key: rsa.RSAPrivateKey | None = None, *, ends: datetime = IN_A_YEAR) -> x509.Certificate:
    """A certificate signed with its own key, good for the year up to its end."""
    key = key or make_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "teams-presence")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(ends - timedelta(days=365)).not_valid_after(ends)
    return builder.sign(key, hashes.SHA256())


def make_key() -> rsa.RSAPrivateKey:
    """A key, as small as Microsoft takes one."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def write_pem(path: Path, *, ends: datetime = IN_A_YEAR) -> x509.Certificate:
    """Write a key and its certificate into one file, with another certificate before it."""
    key = make_key()
    certificate = make_certificate(key, ends=ends)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = [make_certificate().public_bytes(Encoding.PEM), certificate.public_bytes(Encoding.PEM)]
    path.write_bytes(b"".join([private, *chain]))
    return certificate
