"""What a real portal would show: the values a customer copies into a configuration, and people to try."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import msgspec

from .directory import Person
from .people import SHARED_ADDRESS
from .permission_ids import with_ids
from .world import World

PRIVATE, PUBLIC = 0o600, 0o644
_NEEDS_NO_QUOTES = re.compile(r"[\w.~:/@+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The tenant as its administrator sees it. `root` is the address clients use."""

    world: World
    root: str
    ca_bundle: Path

    def content(self) -> dict[str, Any]:
        """Everything, secrets included."""
        app, account = self.world.registration, self.world.account
        first = app.secrets[0].shown() if app.secrets else {}
        return {
            "tenant_id": app.tenant_id,
            "client_id": app.client_id,
            "client_secret": app.secret,
            "client_secret_id": first.get("id"),
            "client_secret_hint": first.get("hint"),
            "client_secret_expires": first.get("expires"),
            "client_secrets": [secret.shown() for secret in app.secrets],
            "username": account.username,
            "password": account.password,
            "authority_host": self.root,
            "graph_url": self.root,
            "ca_bundle": str(self.ca_bundle),
            "permissions": sorted(app.permissions),
            "permission_ids": with_ids(app.permissions),
            "switches": f"{self.root}/_simulator/",
            "groups": {group.name: group.id for group in self.world.groups},
            "people": self._examples(),
        }

    def environment(self) -> str:
        """The same as a dotenv file for an app-only sign-in."""
        app, account = self.world.registration, self.world.account
        given = {
            "AZURE_TENANT_ID": app.tenant_id,
            "AZURE_CLIENT_ID": app.client_id,
            "AZURE_CLIENT_SECRET": app.secret,
            "AZURE_AUTHORITY_HOST": self.root,
            "PRESENCE_GRAPH_URL": self.root,
            "PRESENCE_CA_BUNDLE": str(self.ca_bundle),
        }
        delegated = {"AZURE_USERNAME": account.username, "AZURE_PASSWORD": account.password}
        lines = [f"{name}={quoted(value)}" for name, value in given.items()]
        lines.append("# Signing in with a user name and a password instead:")
        lines += [f"# {name}={quoted(value)}" for name, value in delegated.items()]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> None:
        """Put `tenant.env` and `sheet.json` into the folder, readable by the owner alone."""
        write_whole(folder / "tenant.env", self.environment().encode(), mode=PRIVATE)
        pretty = msgspec.json.format(msgspec.json.encode(self.content()), indent=2)
        write_whole(folder / "sheet.json", pretty + b"\n", mode=PRIVATE)

    def _examples(self) -> Mapping[str, str | None]:
        """One person of each sort that makes matching interesting; null where there is none."""
        people = list(self.world.directory.present())
        held = [person for person in people if person.is_held]
        mailless = (person for person in held if not person.properties.get("mail"))
        guests = (person for person in people if person.properties.get("userType") == "Guest")
        disabled = (person for person in people if person.properties.get("accountEnabled") is False)
        shared = any(SHARED_ADDRESS in person.addresses() for person in held)
        return {
            "plain": _first(iter(held), "mail"),
            "in_a_meeting": _first(iter(held[1:]), "mail"),
            "alias": next(_aliases(held), None),
            "ambiguous": SHARED_ADDRESS if shared else None,
            "guest": _first(guests, "mail"),
            "disabled": _first(disabled, "mail"),
            "without_mail": _first(mailless, "userPrincipalName"),
        }


def _first(people: Iterator[Person], name: str) -> str | None:
    person = next(people, None)
    return None if person is None else person.properties.get(name)


def _aliases(people: list[Person]) -> Iterator[str]:
    for person in people:
        for address in person.properties.get("proxyAddresses") or ():
            if address.startswith("smtp:"):
                yield address.removeprefix("smtp:")


def quoted(value: str) -> str:
    """A value as dotenv reads it back: in single quotes only quote and backslash are special."""
    if _NEEDS_NO_QUOTES.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file so that nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
        draft.write(content)
    Path(draft.name).chmod(mode)
    Path(draft.name).replace(path)
