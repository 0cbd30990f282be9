"""All addresses of the fake Microsoft on one page."""

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from .applications import Applications
from .control import Control
from .control_groups import GroupControl
from .control_passwords import PasswordControl
from .control_people import PeopleControl
from .control_secrets import SecretControl
from .delta import UserDelta
from .domains import Domains
from .door import Door, Handler
from .exchange import Answer, Ask
from .graph_errors import GraphError, bad_request
from .group_members import GroupMembers
from .login import SignInHost
from .presences import Presences
from .sheet import Sheet
from .users import Users
from .world import World

SWITCHES = "/_simulator"


def build_app(world: World, sheet: Sheet) -> Starlette:
    """The sign-in host, Graph and the switches as one ASGI application."""
    routes = [
        *_sign_in(world),
        *_graph(world),
        *_registered(world),
        *_switches(world, sheet),
        *_nothing_here(world),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return app


def _sign_in(world: World) -> list[BaseRoute]:
    host = SignInHost(world)
    discovery = Door(world=world, name="discovery", handler=host.discovery)
    return [
        Route(
            "/common/userrealm/{username:path}", Door(world=world, name="userrealm", handler=host.user_realm)
        ),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", discovery),
        Route(
            "/{tenant}/oauth2/v2.0/token",
            Door(world=world, name="token", handler=host.token),
            methods=["POST"],
        ),
        Route("/{tenant}/discovery/v2.0/keys", Door(world=world, handler=host.keys)),
    ]


def _graph(world: World) -> list[BaseRoute]:
    users, presences, groups = Users(world), Presences(world), GroupMembers(world)
    group = Door(world=world, name="groups", handler=groups.one)
    members = Door(world=world, name="groups", handler=groups.page)
    cast = Door(world=world, name="groups", handler=groups.people)
    one = Door(world=world, name="presence", handler=presences.one)
    many = Door(world=world, name="getPresencesByUserId", handler=presences.many)
    delta = Door(world=world, name="users_delta", handler=UserDelta(world).page)
    return [
        Route("/v1.0/users", Door(world=world, name="users", handler=users.page), methods=["GET"]),
        Route("/v1.0/users/delta", delta, methods=["GET"]),
        Route("/v1.0/users/delta()", delta, methods=["GET"]),
        Route("/v1.0/users/{key}", Door(world=world, name="user", handler=users.one), methods=["GET"]),
        Route("/v1.0/users/{key}/presence", one, methods=["GET"]),
        Route("/v1.0/groups/{group}", group, methods=["GET"]),
        Route("/v1.0/groups/{group}/{relation}", members, methods=["GET"]),
        Route("/v1.0/groups/{group}/{relation}/microsoft.graph.user", cast, methods=["GET"]),
        Route("/v1.0/communications/presences/{key}", one, methods=["GET"]),
        Route("/v1.0/communications/getPresencesByUserId", many, methods=["POST"]),
    ]


def _registered(world: World) -> list[BaseRoute]:
    """What Graph tells about the registration and the domains, each for a permission of its own."""
    applications = Applications(world)
    by_app_id = Door(world=world, name="applications", handler=applications.by_app_id)
    by_object_id = Door(world=world, name="applications", handler=applications.by_object_id)
    domain = Door(world=world, name="domains", handler=Domains(world).one)
    return [
        Route("/v1.0/applications(appId='{key}')", by_app_id, methods=["GET"]),
        Route("/v1.0/applications/{key}", by_object_id, methods=["GET"]),
        Route("/v1.0/domains/{domain}", domain, methods=["GET"]),
    ]


def _switches(world: World, sheet: Sheet) -> list[BaseRoute]:
    control, people, groups = Control(world, sheet), PeopleControl(world), GroupControl(world)
    secrets, passwords = SecretControl(world), PasswordControl(world)

    def switch(method: str, path: str, handler: Handler) -> Route:
        return Route(f"{SWITCHES}{path}", Door(world=world, handler=handler), methods=[method])

    return [
        switch("GET", "", control.index),
        switch("GET", "/", control.index),
        switch("GET", "/sheet", control.show_sheet),
        switch("GET", "/calls", control.calls),
        switch("DELETE", "/calls", control.reset_calls),
        switch("GET", "/calls/log", control.call_log),
        switch("GET", "/faults", control.faults),
        switch("POST", "/faults", control.add_fault),
        switch("DELETE", "/faults", control.clear_faults),
        switch("DELETE", "/faults/{id}", control.clear_faults),
        switch("POST", "/clock", control.advance_clock),
        switch("POST", "/credentials", control.change_credentials),
        switch("GET", "/secrets", secrets.listed),
        switch("POST", "/secrets", secrets.create),
        switch("PATCH", "/secrets/{id}", secrets.change),
        switch("DELETE", "/secrets/{id}", secrets.delete),
        switch("POST", "/password-policy", passwords.change),
        switch("POST", "/revoke", control.revoke),
        switch("POST", "/delta/expire", control.expire_delta),
        switch("GET", "/people", people.listed),
        switch("POST", "/people", people.create),
        switch("GET", "/people/{key}", people.one),
        switch("PATCH", "/people/{key}", people.change),
        switch("DELETE", "/people/{key}", people.delete),
        switch("POST", "/people/{key}/restore", people.restore),
        switch("GET", "/groups", groups.listed),
        switch("PUT", "/groups/{group}", groups.put),
        switch("DELETE", "/groups/{group}", groups.delete),
        switch("PUT", "/people/{key}/presence", people.put_presence),
        switch("DELETE", "/people/{key}/presence", people.release_presence),
    ]


def _nothing_here(world: World) -> list[BaseRoute]:
    """What Graph says about addresses that it does not know."""
    return [
        Route("/v1.0/{rest:path}", Door(world=world, handler=_unknown_segment), methods=_ANY),
        Route("/{rest:path}", Door(world=world, handler=_unknown_address), methods=_ANY),
    ]


_ANY = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def _unknown_segment(ask: Ask) -> Answer:
    raise bad_request(f"Resource not found for the segment '{ask.path['rest'].partition('/')[0]}'.")


def _unknown_address(ask: Ask) -> Answer:
    raise GraphError(
        HTTPStatus.NOT_FOUND, "ResourceNotFound", f"Nothing is simulated at /{ask.path['rest']}."
    )
