"""The switches of the portal's page "Certificates & secrets": make, change and delete client secrets."""

from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

import msgspec

from .client_secrets import SECRET_LIFE_S, ClientSecret, seeded_value
from .control_errors import ControlError, read_body, read_moment
from .exchange import Answer, Ask, json_answer
from .world import World


class SecretOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a secret; what is left out stays as it is, or is as the portal would make it."""

    value: str | None = None
    name: str | msgspec.UnsetType | None = msgspec.UNSET
    starts: str | None = None
    expires: str | msgspec.UnsetType | None = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class SecretControl:
    """Client secrets by their id, which is what the portal calls Secret ID."""

    world: World

    def listed(self, ask: Ask) -> Answer:
        """Every secret without its Value."""
        del ask
        return json_answer({"secrets": [secret.shown() for secret in self.world.registration.secrets]})

    def create(self, ask: Ask) -> Answer:
        """Make one beside the others; only this answer shows its Value."""
        order, now = read_body(ask, SecretOrder), self.world.clock.now()
        secret = ClientSecret(
            id=str(uuid4()),
            value=seeded_value(uuid4()) if order.value is None else order.value,
            name=None,
            starts=now,
            expires=now + SECRET_LIFE_S,
        )
        _apply(order, secret)
        self.world.registration.secrets.append(secret)
        return json_answer({**secret.shown(), "value": secret.value}, status=HTTPStatus.CREATED)

    def change(self, ask: Ask) -> Answer:
        """Let one begin or end at another time, or be called otherwise."""
        secret = self._secret(ask)
        _apply(read_body(ask, SecretOrder), secret)
        return json_answer(secret.shown())

    def delete(self, ask: Ask) -> Answer:
        """Delete one: whoever uses it is refused from now on."""
        self.world.registration.secrets.remove(self._secret(ask))
        return self.listed(ask)

    def _secret(self, ask: Ask) -> ClientSecret:
        for secret in self.world.registration.secrets:
            if secret.id == ask.path["id"].lower():
                return secret
        raise ControlError(f"no secret has the id {ask.path['id']}", status=HTTPStatus.NOT_FOUND)


def _apply(order: SecretOrder, secret: ClientSecret) -> None:
    if order.value is not None:
        secret.value = order.value
    if order.name is not msgspec.UNSET:
        secret.name = order.name
    if order.starts is not None:
        secret.starts = read_moment(order.starts, name="starts")
    if order.expires is not msgspec.UNSET:
        secret.expires = None if order.expires is None else read_moment(order.expires, name="expires")
