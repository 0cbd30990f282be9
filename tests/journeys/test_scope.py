"""PRESENCE_SCOPE decides who exists for callers, and groups are followed while the service runs."""

from collections.abc import Callable

from tests.support.polling import eventually
from tests.support.service import Service
from tests.support.simulated import Simulated

MAX, ERIKA, JEAN = (f"{name}@contoso.example" for name in ("max.muster", "erika.mustermann", "jean.dupont"))
GRANTED = "Presence.Read.All,User.Read.All,GroupMember.Read.All"
GROUP = "0f0e0d0c-1111-2222-3333-444455556666"

Simulate = Callable[..., Simulated]
Serve = Callable[..., Service]


def people(service: Service) -> set[str]:
    listed = service.get("/presence?limit=1000").json()["results"]
    return {person["email"] for person in listed}


def status(service: Service, user: str) -> int:
    return service.get(f"/presence/{user}").status_code


def in_scope(tenant: Simulated, scope: str) -> dict[str, str]:
    return tenant.settings | {"PRESENCE_SCOPE": scope}


def test_only_members_of_the_group_are_held_and_joining_and_leaving_is_noticed(
    simulate: Simulate, serve: Serve
) -> None:
    """Whoever joins is found within the interval, whoever leaves is 404."""
    tenant = simulate("--people", "30", "--permissions", GRANTED)
    tenant.put_group(GROUP, MAX, ERIKA)
    service = serve(in_scope(tenant, f"group:{GROUP.upper()}")).wait_until_ready()
    assert people(service) == {MAX, ERIKA}
    assert status(service, JEAN) == 404
    assert service.health()["tenants"][0]["people"]["held"] == 2
    tenant.put_group(GROUP, ERIKA, JEAN)
    eventually(lambda: status(service, JEAN) == 200, within_s=5)
    eventually(lambda: status(service, MAX) == 404, within_s=5)
    assert people(service) == {ERIKA, JEAN}
    asked = [call["ids"] for call in tenant.call_log() if call["endpoint"] == "getPresencesByUserId"]
    assert max(asked) == 2


def test_domains_and_single_people_are_a_union(simulate: Simulate, serve: Serve) -> None:
    """Without groups no permission for groups is needed, and nobody asks for one."""
    tenant = simulate("--people", "20")
    other = tenant.add_person(mail="new@firm.example", userPrincipalName="new@contoso.onmicrosoft.com")
    scope = f"domain:FIRM.example,user:{MAX.upper()},user:{tenant.person(JEAN)['id']}"
    service = serve(in_scope(tenant, scope)).wait_until_ready()
    assert people(service) == {"new@firm.example", MAX, JEAN}
    assert service.presence(other["id"])["email"] == "new@firm.example"
    assert status(service, ERIKA) == 404
    assert tenant.calls()["groups"] == 0
    tenant.change_person(ERIKA, proxyAddresses=["smtp:erika@firm.example"])
    eventually(lambda: status(service, ERIKA) == 200, within_s=5)


def test_without_the_permission_nobody_is_widened_and_health_names_it(
    simulate: Simulate, serve: Serve
) -> None:
    """Not ready and 503 instead of 404, until it is granted."""
    tenant = simulate("--people", "20")
    tenant.put_group(GROUP, MAX)
    service = serve(in_scope(tenant, f"group:{GROUP}"))
    fault = eventually(lambda: service.feed("groups")["fault"], within_s=10)
    assert "GroupMember.Read.All" in fault
    assert service.get("/health/ready").status_code == 503
    assert {status(service, user) for user in (MAX, ERIKA)} == {503}
    assert service.get("/presence").status_code == 503
    tenant.change_credentials(permissions=GRANTED.split(","))
    tenant.fail("groups", status=401, count=1)
    service.wait_until_ready(within_s=30)
    assert people(service) == {MAX}
    assert status(service, ERIKA) == 404


def test_a_group_that_cannot_be_read_later_keeps_its_members(simulate: Simulate, serve: Serve) -> None:
    """A fault at Microsoft neither widens the scope nor empties it."""
    tenant = simulate("--people", "20", "--permissions", GRANTED)
    tenant.put_group(GROUP, MAX)
    service = serve(in_scope(tenant, f"group:{GROUP}")).wait_until_ready()
    tenant.fail("groups", status=404)
    fault = eventually(lambda: service.feed("groups")["fault"], within_s=5)
    assert GROUP in fault
    assert "PRESENCE_SCOPE" in fault
    assert people(service) == {MAX}
    assert service.get("/health/ready").text == "ready"


def test_one_unreadable_group_costs_only_its_own_people(simulate: Simulate, serve: Serve) -> None:
    """The others are swept and answered, but the service does not call itself ready."""
    tenant = simulate("--people", "20", "--permissions", GRANTED)
    service = serve(in_scope(tenant, f"group:{GROUP},user:{MAX}"))
    eventually(lambda: status(service, MAX) == 200, within_s=10)
    assert status(service, ERIKA) == 503
    assert service.get("/health/ready").status_code == 503
    tenant.put_group(GROUP, ERIKA)
    service.wait_until_ready()
    assert people(service) == {MAX, ERIKA}


def test_a_scope_that_holds_nobody_is_told_once(simulate: Simulate, serve: Serve) -> None:
    """It is ready, because 404 is then the truth; the log says why."""
    tenant = simulate("--people", "10")
    service = serve(in_scope(tenant, "domain:nowhere.example")).wait_until_ready()
    eventually(lambda: service.feed("presence")["rounds"] > 2, within_s=5)
    assert status(service, MAX) == 404
    assert service.process.output.count("Nobody is held") == 1
