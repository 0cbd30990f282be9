"""Microsoft's sign-in host as a function behind httpx, for real msal: discovery, user realm, token."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx

from app.graph.credentials import AppCredential, ClientSecret, Credentials, UserPassword
from app.graph.sign_in import MsalSignIn
from app.graph.sign_in_http import SignInHttp

HOST = "https://login.example:8444"
TENANT = "0f0e0d0c-1111-2222-3333-444455556666"
CLIENT = "5d4c3b2a-1111-2222-3333-444455556666"
SECRET = "Secret~Value.of-the.app"
USER, PASSWORD = "svc@firm.example", "p[]<>?#&w\u00f6rd"
SCOPE = "https://graph.example/.default"

Answer = httpx.Response | Exception
Script = Callable[[], Answer]


class FakeSignInHost:
    """Answers like Microsoft; `tokens`, `discovery` and `realm` hold what to answer instead, once each.

    With `secrets` and `passwords` only these are accepted.
    """

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.discovery: list[Answer] = []
        self.realm: list[Answer] = []
        self.tokens: list[Answer] = []
        self.secrets: set[str] | None = None
        self.passwords: set[str] | None = None
        self.lifetime: dict[str, Any] = {"expires_in": 3600}
        self._issued = 0

    def sign_in(
        self,
        *,
        app: AppCredential | None = None,
        user: UserPassword | None = None,
        root: str = HOST,
        deadline_s: float = 10.0,
    ) -> MsalSignIn:
        """The real sign-in with real msal, talking to this host."""
        credentials = credentials_with(app, user=user, root=root)
        return MsalSignIn(credentials, connect=lambda: self.connect(root=root, deadline_s=deadline_s))

    def connect(self, *, root: str = HOST, deadline_s: float = 10.0) -> SignInHttp:
        """A road that ends here."""
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        return SignInHttp(client, authority_root=root, deadline_s=deadline_s)

    @property
    def forms(self) -> list[dict[str, str]]:
        """What was sent for tokens."""
        posts = [request for request in self.asked if request.method == "POST"]
        return [
            {name: values[0] for name, values in parse_qs(post.content.decode()).items()} for post in posts
        ]

    @property
    def asked_with(self) -> list[str]:
        """The secrets that were sent, in turn."""
        return [form["client_secret"] for form in self.forms]

    @property
    def grants(self) -> list[str]:
        """The kinds of grant that were asked for."""
        return [form["grant_type"] for form in self.forms]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if "openid-configuration" in request.url.path:
            scripted, default = self.discovery, _discovery
        elif "/userrealm/" in request.url.path:
            scripted, default = self.realm, _managed
        else:
            scripted, default = self.tokens, self._token
        answer = scripted.pop(0) if scripted else default()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _token(self) -> httpx.Response:
        form = self.forms[-1]
        if self.secrets is not None and form["client_secret"] not in self.secrets:
            return refused(7000215, "invalid_client", status=401)
        if self.passwords is not None and form.get("password", "") not in {"", *self.passwords}:
            return refused(50126)
        self._issued += 1
        user = form["grant_type"] != "client_credentials"
        body = {"token_type": "Bearer", "access_token": f"token-{self._issued}", **self.lifetime}
        return httpx.Response(200, json=body | (_account() if user else {}))


def credentials_with(
    app: AppCredential | None = None,
    *,
    reserve: str | None = None,
    user: UserPassword | None = None,
    root: str = HOST,
) -> Credentials:
    """Credentials for this host; `reserve` is a second secret."""
    return Credentials(
        authority_root=root,
        tenant_id=TENANT,
        client_id=CLIENT,
        app=app or ClientSecret(SECRET),
        scope=SCOPE,
        user=user,
        next=ClientSecret(reserve, "AZURE_CLIENT_SECRET_NEXT") if reserve else None,
    )


def refused(code: int, error: str = "invalid_grant", *, status: int = 400, **headers: str) -> httpx.Response:
    """One of Entra's refusals."""
    told = f"AADSTS{code}: Told in words.\r\nTrace ID: t\r\nCorrelation ID: c"
    body = {"error": error, "error_description": told, "error_codes": [code], "correlation_id": "c"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named)


def _discovery() -> httpx.Response:
    base = f"{HOST}/{TENANT}"
    return httpx.Response(
        200,
        json={
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
        },
    )


def _managed() -> httpx.Response:
    return httpx.Response(200, json={"ver": "1.0", "account_type": "Managed", "domain_name": "firm.example"})


def _account() -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": f"{HOST}/{TENANT}/v2.0",
        "aud": CLIENT,
        "sub": "s",
        "oid": "o",
        "preferred_username": USER,
        "iat": now,
        "exp": now + 3600,
    }
    return {
        "refresh_token": "refresh~Token",
        "client_info": _b64({"uid": "o", "utid": TENANT}),
        "id_token": f"{_b64({'alg': 'none'})}.{_b64(claims)}.",
        "scope": SCOPE,
    }


def _b64(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
