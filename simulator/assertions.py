"""A certificate instead of a secret ("Application authentication certificate credentials")."""

from collections.abc import Iterable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import Certificate

from .sign_in_errors import SignInError

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CHECKS: Any = {"require": ["aud", "exp", "iss", "sub"], "verify_iat": False}
CLOCK_SKEW_S = 300


def check_assertion(
    assertion: str, *, certificates: Iterable[Certificate], client_id: str, audiences: Iterable[str]
) -> None:
    """Raises 700027 or 700024. Its life is measured in real time: the client dates it by its own clock."""
    for certificate in certificates:
        if _is_signed_by(assertion, certificate, client_id=client_id, audiences=list(audiences)):
            return
    raise SignInError(700027)


def _is_signed_by(assertion: str, certificate: Certificate, *, client_id: str, audiences: list[str]) -> bool:
    key = certificate.public_key()
    try:
        claims = jwt.decode(
            assertion,
            key if isinstance(key, RSAPublicKey) else "",
            algorithms=["RS256", "PS256"],
            audience=audiences,
            issuer=client_id,
            options=_CHECKS,
            leeway=CLOCK_SKEW_S,
        )
    except jwt.ExpiredSignatureError as error:
        raise SignInError(700024) from error
    except jwt.InvalidAudienceError as error:
        raise SignInError(700212) from error
    except (jwt.PyJWTError, TypeError):
        return False
    return bool(claims["sub"] == client_id)
