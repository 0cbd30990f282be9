"""Everything that Microsoft Graph can refuse, withhold or get wrong, and what lies on this machine."""

from collections.abc import Callable
from typing import Any

from app.doctor.findings import Step
from tests.doctor.bench import Bench, Environ, Row

GROUP = "99999999-8888-7777-6666-555555555555"
_PEOPLE, _PRESENCE = "users_delta", "getPresencesByUserId"
_WITH_GROUPS = ["Presence.Read.All", "User.Read.All", "GroupMember.Read.All"]


def _failing(endpoint: str, kind: str = "status", **fault: Any) -> Callable[[Bench], Environ]:
    def arrange(bench: Bench) -> Environ:
        bench.tenant.fail(endpoint, kind, **fault)
        return bench.app

    return arrange


def _granted(
    *permissions: str, delegated: bool = False, more: Environ | None = None
) -> Callable[[Bench], Environ]:
    def arrange(bench: Bench) -> Environ:
        bench.tenant.change_credentials(permissions=list(permissions))
        return (bench.user if delegated else bench.app) | (more or {})

    return arrange


def _group_forbidden(bench: Bench) -> Environ:
    bench.tenant.change_credentials(permissions=_WITH_GROUPS)
    bench.tenant.fail("groups", status=403)
    return bench.app | {"PRESENCE_SCOPE": f"group:{GROUP}"}


def _some_without_kind(bench: Bench) -> Environ:
    """Graph shows people, but neither whether they are enabled nor whether they are guests."""
    somebody = bench.tenant.people()[0]
    people = [{name: somebody[name] for name in ("id", "displayName", "mail")}]
    content = {"value": people, "@odata.deltaLink": f"{bench.app['PRESENCE_GRAPH_URL']}/v1.0/users/delta"}
    bench.tenant.fail(_PEOPLE, "body", body=content)
    return bench.app


def _nobody(bench: Bench) -> Environ:
    content = {"value": [], "@odata.deltaLink": f"{bench.app['PRESENCE_GRAPH_URL']}/v1.0/users/delta"}
    bench.tenant.fail(_PEOPLE, "body", body=content)
    return bench.app


def _far_and_open(bench: Bench) -> Environ:
    return bench.app | {"PRESENCE_HOST": "::", "PRESENCE_API_KEYS": f"acd:{'ab' * 32}:read@192.0.2.0/24"}


def _secret_for_all_to_read(bench: Bench) -> Environ:
    path = bench.write("secret", bench.app["AZURE_CLIENT_SECRET"], mode=0o644)
    settings = bench.app | {"AZURE_CLIENT_SECRET_FILE": path}
    del settings["AZURE_CLIENT_SECRET"]
    return settings


ROWS = [
    Row(
        cause="permission-missing",
        arrange=_granted("User.Read.All"),
        name="presence",
        names=("Presence.Read.All",),
    ),
    Row(
        cause="permission-missing",
        arrange=_granted("Presence.Read.All"),
        name="people",
        names=("User.Read.All",),
    ),
    Row(
        cause="permission-missing",
        arrange=_granted(),
        name="none",
        names=("Presence.Read.All, User.Read.All",),
    ),
    Row(
        cause="permission-missing",
        arrange=_granted("Presence.Read.All", "User.Read.All", more={"PRESENCE_SCOPE": f"group:{GROUP}"}),
        name="groups",
        names=("GroupMember.Read.All",),
    ),
    Row(
        cause="permission-narrow",
        arrange=_granted("Presence.Read.All", "User.ReadBasic.All", delegated=True),
        with_it=("fields-withheld",),
    ),
    Row(cause="fields-withheld", arrange=_some_without_kind, names=("accountEnabled, userType",)),
    Row(cause="users-none", arrange=_nobody),
    Row(cause="users-forbidden", arrange=_failing(_PEOPLE, status=403)),
    Row(cause="presence-forbidden", arrange=_failing(_PRESENCE, status=403)),
    Row(cause="groups-forbidden", arrange=_group_forbidden),
    Row(
        cause="group-missing",
        arrange=_granted(*_WITH_GROUPS, more={"PRESENCE_SCOPE": f"group:{GROUP}"}),
    ),
    Row(
        cause="graph-conditional-access",
        arrange=_failing(_PEOPLE, status=403, error_code="insufficient_claims"),
    ),
    Row(cause="graph-token-refused", arrange=_failing(_PEOPLE, status=401), name="listing"),
    Row(
        cause="graph-token-refused",
        arrange=_failing(_PRESENCE, status=401),
        name="presence",
        step=Step.PRESENCE,
    ),
    Row(
        cause="graph-throttled",
        arrange=_failing(_PEOPLE, status=429, headers={"retry-after": "300"}),
        name="listing",
    ),
    Row(
        cause="graph-throttled", arrange=_failing(_PRESENCE, status=429), name="presence", step=Step.PRESENCE
    ),
    Row(cause="graph-busy", arrange=_failing(_PEOPLE, status=503), name="listing", names=("503",)),
    Row(
        cause="graph-busy",
        arrange=_failing(_PRESENCE, status=504),
        name="presence",
        step=Step.PRESENCE,
        names=("504",),
    ),
    Row(cause="graph-unexpected", arrange=_failing(_PEOPLE, "html", status=200), name="listing"),
    Row(cause="not-microsoft", arrange=_failing(_PEOPLE, "reset"), name="listing is cut", step=Step.USERS),
    Row(cause="presence-unknown-only", arrange=_failing(_PRESENCE, "body", body={"value": []})),
    Row(cause="keys-unencrypted", arrange=_far_and_open),
    Row(cause="secrets-readable", arrange=_secret_for_all_to_read, names=("secret",)),
]
