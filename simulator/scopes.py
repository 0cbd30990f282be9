"""What a token request asks for ("Scopes and permissions in the Microsoft identity platform")."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from .sign_in_errors import SignInError

GRAPH = "https://graph.microsoft.com"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
DEFAULT = ".default"
OIDC = frozenset(("openid", "profile", "email", "offline_access"))


@dataclass(frozen=True, slots=True)
class Wish:
    """One resource, the permissions wanted from it, and the standard scopes that came along."""

    resource: str
    names: tuple[str, ...]
    standard: frozenset[str]

    @property
    def is_default(self) -> bool:
        """Whether everything granted is wanted."""
        return DEFAULT in self.names

    def spelled(self, names: Collection[str]) -> str:
        """Permissions as the answer spells them, with the resource in front."""
        return " ".join([*(f"{self.resource}/{name}" for name in sorted(names)), *sorted(self.standard)])


def parse_scope(scope: str | None, *, tenant: str, hosts: Collection[str]) -> Wish:
    """Read the `scope` parameter; raises 900144, 70011 or 500011."""
    if scope is None:
        raise SignInError(900144, parameter="scope")
    items = scope.split()
    wanted = [_split(item) for item in items if item not in OIDC]
    resources = {resource for resource, _ in wanted}
    if len(resources) != 1 or not all(name for _, name in wanted):
        raise SignInError(70011, scope=scope)
    resource = resources.pop()
    if not is_graph(resource, hosts=hosts):
        raise SignInError(500011, resource=resource, tenant=tenant)
    return Wish(resource, tuple(name for _, name in wanted), OIDC.intersection(items))


def is_graph(resource: str, *, hosts: Collection[str]) -> bool:
    """Whether a resource is Microsoft Graph: by public name, by app id, or by the name of this very host."""
    return resource in (GRAPH, GRAPH_APP_ID) or urlsplit(resource).hostname in hosts


def _split(item: str) -> tuple[str, str]:
    """Resource and permission; a bare permission is one of Graph's."""
    resource, slash, name = item.rpartition("/")
    return (resource.rstrip("/"), name) if slash else (GRAPH, item)
