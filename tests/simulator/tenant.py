"""A simulated tenant inside the test: the real ASGI application over a transport without a network."""

from dataclasses import dataclass
from typing import Any

import httpx

from simulator.world import World

ROOT = "https://127.0.0.1:8443"
SCOPE = f"{ROOT}/.default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """The world and a client that speaks to it."""

    world: World
    http: httpx.AsyncClient

    async def token(self, *, tenant: str | None = None, **form: str | None) -> httpx.Response:
        """Ask the token endpoint; what is None is left out."""
        app = self.world.registration
        asked = {
            "grant_type": "client_credentials",
            "client_id": app.client_id,
            "client_secret": app.secret,
            "scope": SCOPE,
            **form,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        return await self.http.post(f"/{tenant or app.tenant_id}/oauth2/v2.0/token", data=given)

    async def sign_in(self, **form: str | None) -> httpx.Response:
        """Ask with user name and password."""
        account = self.world.account
        asked: dict[str, str | None] = {
            "grant_type": "password",
            "username": account.username,
            "password": account.password,
            "scope": f"{SCOPE} openid profile offline_access",
            "client_info": "1",
            **form,
        }
        return await self.token(**asked)

    async def app_headers(self) -> dict[str, str]:
        """Headers of an app that signed in by itself."""
        return bearer((await self.token()).json()["access_token"])

    async def user_headers(self) -> dict[str, str]:
        """Headers of an app on behalf of the service account."""
        return bearer((await self.sign_in()).json()["access_token"])

    async def switch(self, method: str, path: str, content: Any = None) -> Any:
        """Turn one of the simulator's switches."""
        answer = await self.http.request(method, f"/_simulator/{path}", json=content)
        assert answer.is_success, answer.text
        return answer.json()

    async def presences(self, ids: list[str], headers: dict[str, str]) -> httpx.Response:
        """Ask for many presences."""
        path = "/v1.0/communications/getPresencesByUserId"
        return await self.http.post(path, json={"ids": ids}, headers=headers)


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"authorization": f"Bearer {token}"}


def codes(answer: httpx.Response) -> Any:
    """The AADSTS numbers of a refusal."""
    return answer.json()["error_codes"]
