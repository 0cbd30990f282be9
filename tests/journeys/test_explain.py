"""Why somebody did not ring, and whom the service misses: told in one call."""

from collections.abc import Callable

import pytest

from tests.support.polling import eventually
from tests.support.service import Service
from tests.support.simulated import Simulated

MAX = "max.muster@contoso.example"


@pytest.fixture
def service(tenant: Simulated, serve: Callable[..., Service]) -> Service:
    """A service that may remember the last hour."""
    return serve(tenant.settings | {"PRESENCE_EXPLAIN_HISTORY": "true"}).wait_until_ready()


def test_a_found_person_is_explained_from_the_raw_words_to_the_rule(
    tenant: Simulated, service: Service
) -> None:
    """What Microsoft said, how the person was matched, which rule of which set decided."""
    tenant.set_presence(MAX, "Busy", "InAMeeting")
    eventually(lambda: service.presence(MAX)["activity"] == "InAMeeting", within_s=5)
    story = service.get(f"/explain/{tenant.sheet['people']['alias'].upper()}").json()
    assert (story["outcome"], story["matchedBy"], story["gap"]) == ("found", "alias", None)
    assert (story["raw"]["availability"], story["raw"]["activity"]) == ("Busy", "InAMeeting")
    assert story["raw"]["sequenceNumber"]
    assert story["verdict"] == {
        "state": "busy",
        "reachable": False,
        "rule": "in-call-or-meeting",
        "ruleset": "strict",
    }
    assert "InAMeeting" in story["reason"]
    assert (story["stale"], story["source"]) == (False, "sweep")


def test_the_last_hour_is_told_where_the_operator_allows_it(
    tenant: Simulated, service: Service, serve: Callable[..., Service]
) -> None:
    """Off by default, for the works council."""
    for word in ("Busy", "Away", "Available"):
        tenant.set_presence(MAX, word)
        _wait_for(service, word)
    history = service.get(f"/explain/{MAX}").json()["history"]
    assert [spell["availability"] for spell in history][-3:] == ["Busy", "Away", "Available"]
    silent = serve(tenant.settings).wait_until_ready()
    assert silent.get(f"/explain/{MAX}").json()["history"] is None


def test_an_unknown_person_is_explained_by_the_nearest_reason(tenant: Simulated, service: Service) -> None:
    """Guest, disabled, ambiguous with whom, or simply nobody; every form that was tried is listed."""
    people = tenant.sheet["people"]
    for kind, outcome, gap, accounts in (
        ("guest", "not_found", "guest", 1),
        ("disabled", "not_found", "disabled", 1),
        ("ambiguous", "ambiguous", "ambiguous", 2),
    ):
        story = service.get(f"/explain/{people[kind].replace('#', '%23')}").json()
        assert (story["outcome"], story["gap"], len(story["accounts"])) == (outcome, gap, accounts)
    story = service.get("/explain/no%20body@contoso.example").json()
    assert (story["outcome"], story["gap"], story["accounts"]) == ("not_found", "unknown", [])
    assert story["tried"] == ["no+body@contoso.example"]
    assert service.get("/explain/nobody").status_code == 400


def test_an_explanation_costs_microsoft_nothing(tenant: Simulated, service: Service) -> None:
    """It tells what is known, and looks for nobody."""
    before = tenant.calls()["users"]
    service.get("/explain/stranger@contoso.example")
    assert tenant.calls()["users"] == before


def test_outside_the_scope_is_said_as_such(tenant: Simulated, serve: Callable[..., Service]) -> None:
    """The operator sees that it is a setting, not a mistake in the address."""
    service = serve(tenant.settings | {"PRESENCE_SCOPE": f"user:{MAX}"}).wait_until_ready()
    story = service.get("/explain/erika.mustermann@contoso.example").json()
    assert (story["outcome"], story["gap"]) == ("not_found", "out_of_scope")


def test_coverage_lists_what_callers_did_not_get_with_counts(tenant: Simulated, service: Service) -> None:
    """The most wanted first; somebody who is found afterwards is no longer missed."""
    people = tenant.sheet["people"]
    for _ in range(3):
        service.get("/presence/nobody@contoso.example")
    service.get("/lookup", params={"email": people["ambiguous"]})
    service.get("/lookup", params={"phone": "+49 30 0000001"})
    service.http.post("/presence/batch", json={"users": [people["guest"], people["disabled"], MAX]})
    body = service.get("/coverage").json()
    assert body["missed"][0] | {"lastAskedAt": ""} == {
        "asked": "nobody@contoso.example",
        "gap": "unknown",
        "count": 3,
        "lastAskedAt": "",
    }
    assert body["counts"] == {"unknown": 4, "ambiguous": 1, "guest": 1, "disabled": 1}
    address = "nobody@contoso.example"
    tenant.add_person(displayName="Somebody", mail=address, userPrincipalName=address)
    eventually(lambda: service.get(f"/presence/{address}").is_success, within_s=5)
    assert address not in {one["asked"] for one in service.get("/coverage").json()["missed"]}


def _wait_for(service: Service, availability: str) -> None:
    eventually(lambda: service.presence(MAX)["availability"] == availability, within_s=5)
