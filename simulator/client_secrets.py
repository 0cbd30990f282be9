"""Client secrets: the Value is shown once, and afterwards only what the portal still knows of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from .clock import iso

SECRET_LIFE_S = 180 * 86_400
_ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789_~.-"


@dataclass(slots=True, kw_only=True)
class ClientSecret:
    """One secret of the registration; `starts` and `expires` in seconds since 1970, None is never."""

    id: str
    value: str
    name: str | None
    starts: float
    expires: float | None

    @property
    def hint(self) -> str:
        """The first three characters ("passwordCredential resource type")."""
        return self.value[:3]

    def shown(self) -> Mapping[str, Any]:
        """What the portal shows of it from the second visit on."""
        return {
            "id": self.id,
            "name": self.name,
            "hint": self.hint,
            "starts": iso(self.starts),
            "expires": None if self.expires is None else iso(self.expires),
        }


def seeded_value(seed: object) -> str:
    """Looks like a secret made in the portal: three characters, `8Q~`, and the rest."""
    letters = "".join(Random(f"{seed}/secret").choices(_ALPHABET, k=40))
    return f"{letters[:3]}8Q~{letters[6:]}"
