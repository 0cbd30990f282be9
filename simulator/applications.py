"""The app registration as Graph tells it ("Get application", "passwordCredential resource type")."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.x509 import Certificate

from .client_secrets import ClientSecret
from .clock import iso
from .entity import entity_answer
from .exchange import Answer, Ask
from .gate import Gate
from .graph_errors import not_found
from .world import World


@dataclass(frozen=True, slots=True)
class Applications:
    """The `/applications` resource, which holds the tenant's one registration."""

    world: World

    def by_app_id(self, ask: Ask) -> Answer:
        """By client id, the alternate key."""
        return self._one(ask, known_as=self.world.registration.client_id)

    def by_object_id(self, ask: Ask) -> Answer:
        """By object id, which is another one than the service principal's."""
        return self._one(ask, known_as=self.world.registration.application_id)

    def _one(self, ask: Ask, *, known_as: str) -> Answer:
        Gate(self.world).admit(ask).may_read_applications()
        if ask.path["key"].lower() != known_as:
            raise not_found(ask.path["key"])
        return entity_answer(ask, self._properties(), collection="applications", kind="application")

    def _properties(self) -> Mapping[str, Any]:
        app = self.world.registration
        return {
            "id": app.application_id,
            "appId": app.client_id,
            "displayName": app.name,
            "signInAudience": "AzureADMyOrg",
            "keyCredentials": list(map(_key_credential, app.certificates)),
            "passwordCredentials": list(map(_password_credential, app.secrets)),
        }


def _password_credential(secret: ClientSecret) -> Mapping[str, Any]:
    return {
        "customKeyIdentifier": None,
        "displayName": secret.name,
        "endDateTime": None if secret.expires is None else iso(secret.expires),
        "hint": secret.hint,
        "keyId": secret.id,
        "secretText": None,
        "startDateTime": iso(secret.starts),
    }


def _key_credential(certificate: Certificate) -> Mapping[str, Any]:
    """Without `key`, which comes only when it alone is asked for."""
    thumbprint = certificate.fingerprint(SHA1())  # noqa: S303 - that is what Microsoft names them by
    return {
        "customKeyIdentifier": base64.b64encode(thumbprint).decode(),
        "displayName": certificate.subject.rfc4514_string(),
        "endDateTime": iso(certificate.not_valid_after_utc.timestamp()),
        "key": None,
        "keyId": str(uuid5(NAMESPACE_OID, thumbprint.hex())),
        "startDateTime": iso(certificate.not_valid_before_utc.timestamp()),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }
