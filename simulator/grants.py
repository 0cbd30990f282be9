"""The token endpoint's grants: an app's own, name and password, refresh ("v2-oauth-ropc" and kin)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .assertions import ASSERTION_TYPE, check_assertion
from .credentials import PasswordState
from .exchange import Answer, Ask, json_answer
from .scopes import DEFAULT, Wish, parse_scope
from .sign_in_errors import NEVER_STORED, SignInError
from .tokens import client_info
from .world import World

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Grants:
    """Answers token requests to one tenant's endpoint."""

    world: World
    tenant: str

    def answer(self, ask: Ask) -> Answer:
        """A token answer; raises SignInError in the order in which Microsoft looks at things."""
        form = ask.form()
        grant = form.get("grant_type", "")
        self._check_endpoint(grant)
        self._check_application(form)
        if grant == "client_credentials":
            return _token_answer(self._for_application(ask, form))
        if grant == "password":
            return _token_answer(self._for_password(ask, form))
        if grant == "refresh_token":
            return _token_answer(self._for_refresh(ask, form))
        raise SignInError(70003, grant_type=grant)

    def _check_endpoint(self, grant: str) -> None:
        if self.tenant in ("common", "consumers"):
            raise SignInError(9001023)
        if self.tenant == "organizations" and grant == "client_credentials":
            raise SignInError(9001023)

    def _check_application(self, form: Form) -> None:
        app = self.world.registration
        if "client_id" not in form:
            raise SignInError(900144, parameter="client_id")
        if form["client_id"].lower() != app.client_id:
            raise SignInError(700016, app=form["client_id"], tenant=self.tenant)
        if not app.enabled:
            raise SignInError(7000112, app=app.client_id, name=app.name)

    def _check_client(self, ask: Ask, form: Form) -> str:
        """Prove that the app is the app; gives `appidacr`: "1" for a secret, "2" for a certificate."""
        app = self.world.registration
        if form.get("client_assertion_type") == ASSERTION_TYPE and form.get("client_assertion"):
            check_assertion(
                form["client_assertion"],
                certificates=app.certificates,
                client_id=app.client_id,
                audiences=self._audiences(ask),
            )
            return "2"
        if not form.get("client_secret"):
            raise SignInError(7000218)
        app.check_secret(form["client_secret"], now=self.world.clock.now())
        return "1"

    def _audiences(self, ask: Ask) -> list[str]:
        named = {ask.path["tenant"], self.world.registration.tenant_id}
        return [f"{ask.root}/{name}/{end}" for name in named for end in ("oauth2/v2.0/token", "v2.0")]

    def _wish(self, scope: str | None) -> Wish:
        return parse_scope(scope, tenant=self.tenant, hosts=self.world.host_names)

    def _for_application(self, ask: Ask, form: Form) -> dict[str, Any]:
        wish = self._wish(form.get("scope"))
        if wish.names != (DEFAULT,):
            raise SignInError(70011, scope=form["scope"])
        proof = self._check_client(ask, form)
        app = self.world.registration
        roles = {"roles": sorted(app.permissions)} if app.permissions else {}
        claims = {**self._common(wish, proof), "idtyp": "app", "oid": app.object_id, "sub": app.object_id}
        return self.world.tokens.access({**claims, **roles})

    def _for_password(self, ask: Ask, form: Form) -> dict[str, Any]:
        wish = self._wish(form.get("scope"))
        proof = self._check_client(ask, form)
        self._check_user(form.get("username", ""), form.get("password", ""))
        return self._for_user(wish, form, proof=proof)

    def _check_user(self, username: str, password: str) -> None:
        """Only one account has a password; everybody else's is always wrong."""
        account = self.world.account
        if username.lower() != account.username.lower():
            unknown = self.world.directory.by_key(username) is None
            raise SignInError(50034 if unknown else 50126, username=username, tenant=self.tenant)
        account.check_password(password)
        self._check_account()
        account.check_state()

    def _check_account(self) -> None:
        """An account that also lives in the directory can be disabled or deleted there."""
        account = self.world.account
        person = self.world.directory.by_any_address(account.object_id)
        if person is None:
            return
        if self.world.directory.by_id(person.id) is None:
            raise SignInError(50034, username=account.username, tenant=self.tenant)
        if person.properties.get("accountEnabled") is False:
            raise SignInError(50057)

    def _for_refresh(self, ask: Ask, form: Form) -> dict[str, Any]:
        proof = self._check_client(ask, form)
        known = self.world.tokens.redeem(form.get("refresh_token", ""))
        wish = self._wish(form.get("scope") or f"{known.resource}/{DEFAULT} {' '.join(known.scopes)}")
        self._check_account()
        if self.world.account.password_state is PasswordState.MFA:
            raise SignInError(50076)
        return self._for_user(wish, form, proof=proof)

    def _for_user(self, wish: Wish, form: Form, *, proof: str) -> dict[str, Any]:
        app, account, tokens = self.world.registration, self.world.account, self.world.tokens
        granted = self._consented(wish)
        scp = " ".join(sorted({*granted, *(wish.standard - {"offline_access"})}))
        claims = {**self._common(wish, proof), "idtyp": "user", "scp": scp, "amr": ["pwd"], **self._user()}
        content = {**tokens.access(claims), "scope": wish.spelled({*granted, *wish.names})}
        if "offline_access" in wish.standard:
            scopes = tuple(sorted(wish.standard))
            content["refresh_token"] = tokens.refresh(
                username=account.username, resource=wish.resource, scopes=scopes
            )
        if "openid" in wish.standard:
            content["id_token"] = tokens.identity(self._identity())
        if form.get("client_info"):
            content["client_info"] = client_info(object_id=account.object_id, tenant_id=app.tenant_id)
        return content

    def _consented(self, wish: Wish) -> frozenset[str]:
        """The permissions in the token; raises 65001 for one that nobody consented to."""
        app = self.world.registration
        if wish.is_default and app.permissions:
            return app.permissions
        if not set(wish.names) <= app.permissions:
            raise SignInError(65001, app=app.client_id, name=app.name)
        return frozenset(wish.names)

    def _common(self, wish: Wish, proof: str) -> dict[str, Any]:
        app = self.world.registration
        return {
            "aud": wish.resource,
            "iss": f"https://sts.windows.net/{app.tenant_id}/",
            "tid": app.tenant_id,
            "appid": app.client_id,
            "app_displayname": app.name,
            "appidacr": proof,
        }

    def _user(self) -> dict[str, Any]:
        account = self.world.account
        names = {"upn": account.username, "unique_name": account.username}
        return {**names, "oid": account.object_id, "sub": account.object_id}

    def _identity(self) -> dict[str, Any]:
        app, account = self.world.registration, self.world.account
        return {
            "aud": app.client_id,
            "iss": f"https://login.microsoftonline.com/{app.tenant_id}/v2.0",
            "tid": app.tenant_id,
            "name": account.username,
            "preferred_username": account.username,
            "oid": account.object_id,
            "sub": account.object_id,
        }


def _token_answer(content: dict[str, Any]) -> Answer:
    return json_answer(content, headers=NEVER_STORED)
