"""Tokens: signed by the tenant's own key, alive by the tenant's own clock ("Access tokens", "ID tokens")."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from .clock import Clock
from .sign_in_errors import SignInError

ALGORITHM = "RS256"
REFRESH_TOKEN_LIFE_S = 90 * 86_400
REFRESH_HINT_FROM_S = 7_200
_REMEMBERED = 2_000


class TokenRejectedError(Exception):
    """A token that opens nothing, with Graph's sentence about it."""


@dataclass(slots=True, kw_only=True)
class _RefreshToken:
    username: str
    resource: str
    scopes: tuple[str, ...]
    expires: float
    revoked: bool = False


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(slots=True, kw_only=True)
class TokenBook:
    """Issues, checks and revokes. A token seen before costs a dictionary lookup."""

    clock: Clock
    lifetime_s: int
    _key: rsa.RSAPrivateKey = field(default_factory=_new_key)
    _key_id: str = field(default_factory=lambda: secrets.token_urlsafe(20))
    _verified: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _live: set[str] = field(default_factory=set)
    _refresh: dict[str, _RefreshToken] = field(default_factory=dict)

    def access(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """The members of a token answer about an access token with these claims."""
        serial = secrets.token_urlsafe(16)
        self._live.add(serial)
        life = {"expires_in": self.lifetime_s, "ext_expires_in": self.lifetime_s}
        if self.lifetime_s >= REFRESH_HINT_FROM_S:
            life["refresh_in"] = self.lifetime_s // 2
        token = self._sign({**claims, "uti": serial, "ver": "1.0"})
        return {"token_type": "Bearer", **life, "access_token": token}

    def identity(self, claims: Mapping[str, Any]) -> str:
        """An ID token."""
        return self._sign({**claims, "ver": "2.0"})

    def refresh(self, *, username: str, resource: str, scopes: tuple[str, ...]) -> str:
        """A new refresh token."""
        token = f"1.A{secrets.token_urlsafe(64)}"
        expires = self.clock.now() + REFRESH_TOKEN_LIFE_S
        self._refresh[token] = _RefreshToken(
            username=username, resource=resource, scopes=scopes, expires=expires
        )
        return token

    def redeem(self, token: str) -> _RefreshToken:
        """What a refresh token stands for; raises Microsoft's refusals."""
        known = self._refresh.get(token)
        if known is None:
            raise SignInError(70000)
        if known.revoked:
            raise SignInError(50173)
        if self.clock.now() >= known.expires:
            raise SignInError(700082)
        return known

    def revoke(self, *, access_too: bool = False) -> int:
        """Revoke all refresh tokens, with continuous access evaluation the access tokens as well."""
        for token in self._refresh.values():
            token.revoked = True
        if access_too:
            self._live.clear()
        return len(self._refresh)

    def verify(self, token: str) -> Mapping[str, Any]:
        """The claims of a good access token; raises TokenRejectedError."""
        claims = self._verified.get(token) or self._decode(token)
        if self.clock.now() >= claims["exp"]:
            raise TokenRejectedError("Lifetime validation failed, the token is expired.")
        if "uti" in claims and claims["uti"] not in self._live:
            raise TokenRejectedError(
                "Access token validation failure. The token was issued before revocation."
            )
        return claims

    def keys(self) -> dict[str, Any]:
        """The public key as a JWKS document."""
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**public, "use": "sig", "kid": self._key_id, "alg": ALGORITHM}]}

    def _sign(self, claims: Mapping[str, Any]) -> str:
        now = int(self.clock.now())
        times = {"iat": now, "nbf": now, "exp": now + self.lifetime_s}
        return jwt.encode({**claims, **times}, self._key, algorithm=ALGORITHM, headers={"kid": self._key_id})

    def _decode(self, token: str) -> Mapping[str, Any]:
        try:
            claims = jwt.decode(
                token, self._key.public_key(), algorithms=[ALGORITHM], options=_SIGNATURE_ONLY
            )
        except jwt.PyJWTError as error:
            raise TokenRejectedError(
                "IDX14100: JWT is not well formed or its signature is invalid."
            ) from error
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[token] = claims
        return claims


_SIGNATURE_ONLY: Any = {
    "verify_exp": False,
    "verify_aud": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_iss": False,
}


def client_info(*, object_id: str, tenant_id: str) -> str:
    """Who signed in, for the client's account cache."""
    content = f'{{"uid":"{object_id}","utid":"{tenant_id}"}}'
    return base64.urlsafe_b64encode(content.encode()).rstrip(b"=").decode()
