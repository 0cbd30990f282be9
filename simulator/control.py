"""The switches over HTTP: counters, faults, time, credentials. No part of Microsoft."""

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from cryptography.x509 import load_pem_x509_certificate

from .calls import ENDPOINTS
from .control_errors import ControlError, read_body, read_moment
from .credentials import PasswordState
from .exchange import Answer, Ask, json_answer
from .faults import EVERYWHERE, Fault, Kind
from .sheet import Sheet
from .world import World

SWITCHES = {
    "GET /_simulator/": "this list",
    "GET /_simulator/sheet": "what a portal would show: ids, secrets, addresses, people to try",
    "GET|DELETE /_simulator/calls": "how often each endpoint was called; reset",
    "GET /_simulator/calls/log?last=N": (
        "the newest calls: time, endpoint, status, ids, client_request_id, grant_type"
    ),
    "GET /_simulator/people?limit=N": "everybody, with the presence as Graph tells it",
    "POST /_simulator/people": "create: any user property; optional presence {availability, activity}",
    "GET|PATCH /_simulator/people/{address-or-id}": "read; set any user property, null allowed",
    "DELETE /_simulator/people/{address-or-id}?permanent=0|1": "delete, for 30 days or for good",
    "POST /_simulator/people/{address-or-id}/restore": "undo a delete",
    "PUT /_simulator/people/{address-or-id}/presence": "availability, activity, outOfOffice?, statusMessage?",
    "DELETE /_simulator/people/{address-or-id}/presence": "hand back to the scripted day",
    "GET /_simulator/groups": "every group with the ids of its members",
    "PUT /_simulator/groups/{id}": "create or change: displayName, members (addresses or ids)",
    "DELETE /_simulator/groups/{id}": "delete a group",
    "POST /_simulator/faults": (
        "endpoint, kind, count, status, headers, body, delay_s, error_code, code, omit_ids, when_ids, link_to"
    ),
    "GET|DELETE /_simulator/faults": "what is on; all off",
    "DELETE /_simulator/faults/{id}": "one off",
    "POST /_simulator/clock": "advance_s: let the tenant's time pass",
    "POST /_simulator/credentials": (
        "secret, secret_expires, password, password_state, locked, certificate_pem, app_enabled, permissions"
    ),
    "GET|POST /_simulator/secrets": "list; make one more: value?, name?, starts?, expires?",
    "PATCH|DELETE /_simulator/secrets/{secret id}": "let one expire or be called otherwise; delete it",
    "POST /_simulator/password-policy": (
        "of the service account: never_expires, changed, synced; of its domain: validity_days, "
        "notification_days, federated"
    ),
    "POST /_simulator/revoke": "revoke refresh tokens; access: true revokes access tokens too",
    "POST /_simulator/delta/expire": "every delta link handed out so far answers 410",
}


class ClockOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `clock`."""

    advance_s: float


class RevokeOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `revoke`."""

    access: bool = False


class CredentialsOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `credentials`; what is left out stays as it is. `secret` and its end are those of the first."""

    secret: str | None = None
    secret_expires: str | msgspec.UnsetType | None = msgspec.UNSET
    password: str | None = None
    password_state: PasswordState | None = None
    locked: bool | None = None
    certificate_pem: str | msgspec.UnsetType | None = msgspec.UNSET
    app_enabled: bool | None = None
    permissions: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """Everything that can be switched, except people."""

    world: World
    sheet: Sheet

    def index(self, ask: Ask) -> Answer:
        """What there is."""
        del ask
        kinds = [kind.value for kind in Kind]
        return json_answer({"switches": SWITCHES, "endpoints": [*ENDPOINTS, EVERYWHERE], "kinds": kinds})

    def show_sheet(self, ask: Ask) -> Answer:
        """The portal's values."""
        del ask
        return json_answer(self.sheet.content())

    def calls(self, ask: Ask) -> Answer:
        """The counters."""
        del ask
        return json_answer(self.world.calls.counts())

    def reset_calls(self, ask: Ask) -> Answer:
        """Counters and log to nothing."""
        del ask
        self.world.calls.reset()
        return json_answer(self.world.calls.counts())

    def call_log(self, ask: Ask) -> Answer:
        """The newest calls."""
        last = ask.query.get("last", "100")
        if not last.isdigit():
            raise ControlError("last must be a number")
        return json_answer({"now_monotonic_s": time.monotonic(), "calls": self.world.calls.last(int(last))})

    def faults(self, ask: Ask) -> Answer:
        """The faults that are on."""
        del ask
        return json_answer({"faults": self.world.faults.listed()})

    def add_fault(self, ask: Ask) -> Answer:
        """One more fault."""
        fault = read_body(ask, Fault)
        if fault.endpoint not in (*ENDPOINTS, EVERYWHERE):
            raise ControlError(f"endpoint must be one of {', '.join(ENDPOINTS)} or *")
        return json_answer({"id": self.world.faults.add(fault)}, status=HTTPStatus.CREATED)

    def clear_faults(self, ask: Ask) -> Answer:
        """One fault or all of them off."""
        self.world.faults.clear(ask.path.get("id"))
        return self.faults(ask)

    def advance_clock(self, ask: Ask) -> Answer:
        """Let time pass."""
        self.world.clock.advance(read_body(ask, ClockOrder).advance_s)
        return json_answer({"now": self.world.clock.iso(), "offset_s": self.world.clock.offset_s})

    def revoke(self, ask: Ask) -> Answer:
        """End sessions."""
        order = read_body(ask, RevokeOrder)
        return json_answer({"revoked": self.world.tokens.revoke(access_too=order.access)})

    def expire_delta(self, ask: Ask) -> Answer:
        """Make all delta links unknown."""
        del ask
        self.world.expire_delta_links()
        return json_answer({})

    def change_credentials(self, ask: Ask) -> Answer:
        """Change what is registered at the sign-in host."""
        order = read_body(ask, CredentialsOrder)
        self._change_registration(order)
        self._change_account(order)
        return json_answer(self._registered())

    def _change_registration(self, order: CredentialsOrder) -> None:
        app = self.world.registration
        self._change_secret(order)
        if order.certificate_pem is not msgspec.UNSET:
            _register_certificate(app.certificates, order.certificate_pem)
        if order.app_enabled is not None:
            app.enabled = order.app_enabled
        if order.permissions is not None:
            app.permissions = frozenset(order.permissions)

    def _change_secret(self, order: CredentialsOrder) -> None:
        if order.secret is None and order.secret_expires is msgspec.UNSET:
            return
        if not self.world.registration.secrets:
            raise ControlError("there is no secret left: make one with POST /_simulator/secrets")
        first = self.world.registration.secrets[0]
        if order.secret is not None:
            first.value = order.secret
        if order.secret_expires is None:
            first.expires = None
        elif order.secret_expires is not msgspec.UNSET:
            first.expires = read_moment(order.secret_expires, name="secret_expires")

    def _change_account(self, order: CredentialsOrder) -> None:
        """A changed password also ends the sessions, as it does at Microsoft."""
        account = self.world.account
        if order.password is not None and order.password != account.password:
            account.password = order.password
            self.world.change_account({"lastPasswordChangeDateTime": self.world.clock.iso()})
            self.world.tokens.revoke()
        if order.password_state is not None:
            account.password_state = order.password_state
        if order.locked is not None:
            (account.lock if order.locked else account.unlock)()

    def _registered(self) -> dict[str, Any]:
        app, account = self.world.registration, self.world.account
        return {
            "secret_hint": app.secret[:3],
            "secret_expires": app.secrets[0].shown()["expires"] if app.secrets else None,
            "certificates": len(app.certificates),
            "app_enabled": app.enabled,
            "permissions": sorted(app.permissions),
            "password_state": account.password_state,
            "locked": account.locked,
        }


def _register_certificate(certificates: list[Any], pem: str | None) -> None:
    """Add one; null removes all."""
    if pem is None:
        certificates.clear()
        return
    try:
        certificates.append(load_pem_x509_certificate(pem.encode()))
    except ValueError as error:
        raise ControlError("certificate_pem must be a certificate in PEM form") from error
