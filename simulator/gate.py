"""Who is asking Graph, and may they? ("Microsoft Graph permissions reference")."""

from dataclasses import dataclass

from .exchange import Ask
from .graph_errors import denied, forbidden, invalid_token
from .properties import BASIC_PROPERTIES
from .scopes import is_graph
from .tokens import TokenRejectedError
from .world import World

READ_PRESENCE = frozenset(("Presence.Read.All", "Presence.ReadWrite.All"))
READ_USERS = frozenset(
    ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
)
READ_GROUPS = frozenset(
    (
        *("GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All"),
        *("Directory.Read.All", "Directory.ReadWrite.All"),
    )
)
READ_APPLICATIONS = frozenset(
    (
        *("Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"),
        *("Directory.Read.All", "Directory.ReadWrite.All"),
    )
)
READ_DOMAINS = frozenset(
    ("Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
)
READ_BASIC = frozenset(("User.ReadBasic.All",))
READ_ONESELF = frozenset(("User.Read", "User.ReadWrite"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An app, with its own permissions or with those of a signed-in person."""

    app_id: str
    object_id: str
    permissions: frozenset[str]
    is_delegated: bool

    def may_read_presence(self) -> None:
        """Raises 403 without a permission for presence."""
        if not self.permissions & READ_PRESENCE:
            raise forbidden()

    def may_read_groups(self) -> None:
        """Raises 403 without a permission for groups and their members."""
        if not self.permissions & READ_GROUPS:
            raise denied()

    def may_read_applications(self) -> None:
        """Raises 403 without a permission for app registrations: an app may not even read its own."""
        if not self.permissions & READ_APPLICATIONS:
            raise denied()

    def may_read_domains(self) -> None:
        """Raises 403 without a permission for domains."""
        if not self.permissions & READ_DOMAINS:
            raise denied()

    @property
    def may_see_people(self) -> bool:
        """Whether members show more than their id ("Limited information for inaccessible member objects")."""
        return bool(self.permissions & READ_USERS)

    def listing(self) -> frozenset[str] | None:
        """Properties visible in lists, None for all; the basic permission lists only when delegated."""
        if not self.is_delegated and not self.permissions & READ_USERS:
            raise denied()
        return self.reading()

    def reading(self, person_id: str = "") -> frozenset[str] | None:
        """Properties visible in one person, None for all; a signed-in person may see all of his own."""
        is_oneself = self.is_delegated and person_id == self.object_id
        if self.permissions & READ_USERS or (is_oneself and self.permissions & READ_ONESELF):
            return None
        if self.permissions & READ_BASIC:
            return BASIC_PROPERTIES
        raise denied()


@dataclass(frozen=True, slots=True)
class Gate:
    """Graph's door: a good token or 401."""

    world: World

    def admit(self, ask: Ask) -> Caller:
        """The caller behind the token; raises 401 `InvalidAuthenticationToken`."""
        scheme, _, token = ask.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise invalid_token("Access token is empty.", authority=ask.root)
        try:
            claims = self.world.tokens.verify(token.strip())
        except TokenRejectedError as error:
            raise invalid_token(str(error), authority=ask.root) from error
        if not is_graph(claims["aud"], hosts=self.world.host_names):
            raise invalid_token("Access token validation failure. Invalid audience.", authority=ask.root)
        scopes = claims.get("scp")
        granted = claims.get("roles", ()) if scopes is None else scopes.split()
        return Caller(
            app_id=claims["appid"],
            object_id=claims["oid"],
            permissions=frozenset(granted),
            is_delegated=scopes is not None,
        )
