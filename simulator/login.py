"""The sign-in host: discovery, user realm and keys ("OpenID Connect on the Microsoft identity platform")."""

import re
from dataclasses import dataclass

from .domain import Domain
from .exchange import Answer, Ask, json_answer
from .grants import Grants
from .sign_in_errors import SignInError
from .world import World

ANY_TENANT = frozenset(("common", "organizations", "consumers"))
_TENANT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[\w-]+(\.[\w-]+)+")


@dataclass(frozen=True, slots=True)
class SignInHost:
    """Microsoft's `login.microsoftonline.com`, for one tenant."""

    world: World

    def discovery(self, ask: Ask) -> Answer:
        """The metadata document of a tenant, given by id or by domain."""
        tenant = self._tenant(ask)
        base, issuer = f"{ask.root}/{tenant}", f"{ask.root}/{tenant}/v2.0"
        return json_answer(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "issuer": issuer,
                "request_uri_parameter_supported": False,
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
                "tenant_region_scope": "EU",
                "cloud_instance_name": "microsoftonline.com",
                "cloud_graph_host_name": "graph.windows.net",
                "msgraph_host": "graph.microsoft.com",
            }
        )

    def user_realm(self, ask: Ask) -> Answer:
        """Whether a user name belongs to a domain that Microsoft manages itself."""
        name = ask.path["username"].rpartition("@")[2].lower()
        return json_answer(
            {
                "ver": "1.0",
                **_realm(self.world.domains.get(name), root=ask.root),
                "cloud_instance_name": "microsoftonline.com",
                "cloud_audience_urn": "urn:federation:MicrosoftOnline",
            }
        )

    def keys(self, ask: Ask) -> Answer:
        """The public keys."""
        self._tenant(ask)
        return json_answer(self.world.tokens.keys())

    def token(self, ask: Ask) -> Answer:
        """A token for whoever proves to be somebody."""
        return Grants(self.world, self._tenant(ask)).answer(ask)

    def _tenant(self, ask: Ask) -> str:
        """The tenant's id, or the word that stands for any; raises 90002 or 900023."""
        named = ask.path["tenant"].lower()
        if named in ANY_TENANT:
            return named
        if named in (self.world.registration.tenant_id, *self.world.domains):
            return self.world.registration.tenant_id
        raise SignInError(90002 if _TENANT.fullmatch(named) else 900023, tenant=ask.path["tenant"])


def _realm(domain: Domain | None, *, root: str) -> dict[str, str]:
    """Where the passwords of a domain are checked: at Microsoft, or at a server of the customer's."""
    if domain is None:
        return {"account_type": "Unknown"}
    if not domain.federated:
        return {"account_type": "Managed", "domain_name": domain.name}
    return {
        "account_type": "Federated",
        "domain_name": domain.name,
        "federation_protocol": "WSTrust",
        "federation_metadata_url": f"{root}/adfs/services/trust/mex",
        "federation_active_auth_url": f"{root}/adfs/services/trust/2005/usernamemixed",
    }
