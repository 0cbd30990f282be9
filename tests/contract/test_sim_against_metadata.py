"""Every property that the simulator sends has the name and the type that Microsoft publishes."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from simulator.app import build_app
from simulator.permission_ids import PERMISSIONS
from simulator.sheet import Sheet
from simulator.world import Plan, World, build_world
from tests.support.certificates import make_certificate

ROOT = "https://127.0.0.1:8443"
METADATA = json.loads(Path(__file__).with_name("graph-types.json").read_text())
PRIMITIVES: Mapping[str, Callable[[Any], bool]] = {
    "Edm.String": lambda value: isinstance(value, str),
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Int32": lambda value: type(value) is int and -(2**31) <= value < 2**31,
    "Edm.Guid": lambda value: str(UUID(value)) == value,
    "Edm.Binary": lambda value: bool(base64.b64decode(value, validate=True)),
    "Edm.DateTimeOffset": lambda value: datetime.fromisoformat(value).tzinfo is not None,
}
USER_PROPERTIES = tuple(METADATA["types"]["user"])


@pytest.fixture(scope="module")
def world() -> World:
    """Enough people for every oddity."""
    return build_world(Plan(people=600))


async def get(world: World, path: str, *, ids: list[str] | None = None) -> Any:
    """An answer of Graph's, signed in."""
    app = build_app(world, Sheet(world, root=ROOT, ca_bundle=Path("ca.pem")))
    registered = world.registration
    form = {
        "grant_type": "client_credentials",
        "client_id": registered.client_id,
        "scope": f"{ROOT}/.default",
    }
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ROOT) as http:
        signed_in = await http.post(
            f"/{registered.tenant_id}/oauth2/v2.0/token", data={**form, "client_secret": registered.secret}
        )
        headers = {"authorization": f"Bearer {signed_in.json()['access_token']}"}
        method, body = ("GET", None) if ids is None else ("POST", {"ids": ids})
        return (await http.request(method, path, json=body, headers=headers)).raise_for_status().json()


def faults_of(value: Any, kind: str, *, where: str) -> Iterator[str]:
    """What is wrong with a value, told by path."""
    if kind.startswith("Collection("):
        if not isinstance(value, list):
            yield f"{where}: not a list"
            return
        for item in value:
            yield from faults_of(item, kind[len("Collection(") : -1], where=f"{where}[]")
    elif kind in PRIMITIVES:
        if not PRIMITIVES[kind](value):
            yield f"{where}: {value!r} is not {kind}"
    else:
        yield from _faults_of_named(value, kind.removeprefix("microsoft.graph."), where=where)


def _faults_of_named(value: Any, name: str, *, where: str) -> Iterator[str]:
    if name in METADATA["enums"]:
        if value not in METADATA["enums"][name]:
            yield f"{where}: {value!r} is not a member of {name}"
        return
    for key, inner in value.items():
        published = METADATA["types"][name].get(key)
        if key.startswith("@odata."):
            continue
        if published is None:
            yield f"{where}.{key}: not published"
        elif inner is not None:
            yield from faults_of(inner, published["type"], where=f"{where}.{key}")
        elif not published["nullable"]:
            yield f"{where}.{key}: null"


async def test_presence_in_bulk_is_as_published(world: World) -> None:
    answer = await get(
        world,
        "/v1.0/communications/getPresencesByUserId",
        ids=[person.id for person in world.directory.people[:600]],
    )
    assert list(faults_of(answer["value"], "Collection(microsoft.graph.presence)", where="presence")) == []
    sent = {key for item in answer["value"] for key in item if not key.startswith("@")}
    assert sent == set(METADATA["types"]["presence"])


async def test_one_presence_is_as_published(world: World) -> None:
    answer = await get(world, f"/v1.0/users/{world.directory.people[0].id}/presence")
    assert list(faults_of(answer, "microsoft.graph.presence", where="presence")) == []


@pytest.mark.parametrize("path", ["/v1.0/users", "/v1.0/users/delta"])
async def test_people_are_as_published(world: World, path: str) -> None:
    answer = await get(world, f"{path}?$select={','.join(USER_PROPERTIES)}")
    assert answer["value"]
    assert list(faults_of(answer["value"], "Collection(microsoft.graph.user)", where="user")) == []


@pytest.mark.parametrize("relation", ["members", "transitiveMembers"])
async def test_members_of_a_group_are_as_published(relation: str) -> None:
    """The metadata at hand has no group, but its members are people."""
    world = build_world(Plan(people=60, permissions=(*PERMISSIONS, "GroupMember.Read.All")))
    (sales, *_) = world.groups
    answer = await get(world, f"/v1.0/groups/{sales.id}/{relation}?$select={','.join(USER_PROPERTIES)}")
    assert answer["value"]
    assert list(faults_of(answer["value"], "Collection(microsoft.graph.user)", where="member")) == []


async def test_default_properties_are_as_published(world: World) -> None:
    answer = await get(world, "/v1.0/users")
    assert list(faults_of(answer["value"], "Collection(microsoft.graph.user)", where="user")) == []


def test_the_action_takes_and_gives_what_is_published() -> None:
    """The request's only member is `ids`; see `PresenceQuestion`."""
    action = METADATA["actions"]["getPresencesByUserId"]
    assert action["ids"] == "Collection(Edm.String)"
    assert action["returns"] == "Collection(microsoft.graph.presence)"


@pytest.fixture(scope="module")
def registered() -> World:
    """Two secrets, one without a name and an end, a certificate, and the permissions to read of them."""
    world = build_world(Plan(people=5, permissions=(*PERMISSIONS, "Application.Read.All", "Domain.Read.All")))
    first = world.registration.secrets[0]
    world.registration.secrets.append(replace(first, id=str(uuid4()), name=None, expires=None))
    world.registration.certificates.append(make_certificate())
    return world


@pytest.mark.parametrize("select", ["", "?$select=id,appId,passwordCredentials"])
async def test_an_application_is_as_published(registered: World, select: str) -> None:
    app = registered.registration
    by_app_id = await get(registered, f"/v1.0/applications(appId='{app.client_id}'){select}")
    by_object_id = await get(registered, f"/v1.0/applications/{app.application_id}{select}")
    assert by_app_id == by_object_id
    assert len(by_app_id["passwordCredentials"]) == 2
    assert list(faults_of(by_app_id, "microsoft.graph.application", where="application")) == []


async def test_credentials_have_every_published_property(registered: World) -> None:
    answer = await get(registered, f"/v1.0/applications/{registered.registration.application_id}")
    for name in ("passwordCredential", "keyCredential"):
        for credential in answer[f"{name}s"]:
            assert credential.keys() == METADATA["types"][name].keys()


@pytest.mark.parametrize("days", [90, 2_147_483_647, None])
async def test_a_domain_is_as_published(registered: World, days: int | None) -> None:
    registered.domains["contoso.example"].validity_days = days
    answer = await get(registered, "/v1.0/domains/contoso.example")
    assert answer["passwordValidityPeriodInDays"] == days
    assert list(faults_of(answer, "microsoft.graph.domain", where="domain")) == []


async def test_the_service_accounts_password_is_told_as_published(registered: World) -> None:
    select = "lastPasswordChangeDateTime,passwordPolicies,onPremisesSyncEnabled,accountEnabled"
    answer = await get(registered, f"/v1.0/users/{registered.account.username}?$select={select}")
    assert answer["lastPasswordChangeDateTime"]
    assert list(faults_of(answer, "microsoft.graph.user", where="user")) == []
