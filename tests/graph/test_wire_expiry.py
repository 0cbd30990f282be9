"""Microsoft's JSON about the ends of credentials: what is read, what is left out, what is refused."""

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from app.errors import PermissionMissing, UnexpectedAnswer
from app.graph.wire_expiry import decode_domain, decode_password_facts, decode_secrets
from tests.graph.fake_graph import FakeGraph, answer, one_after_another, refusal
from tests.support.clock import ManualClock

CLIENT = "5d4c3b2a-1111-2222-3333-444455556666"
NOON = datetime(2027, 5, 22, 12, tzinfo=UTC)


def application(*secrets: object) -> bytes:
    return msgspec.json.encode({"passwordCredentials": list(secrets)})


def test_secrets_are_read_with_hint_and_end_and_an_odd_one_costs_only_itself() -> None:
    body = application(
        {"hint": "Ab~", "endDateTime": "2027-05-22T12:00:00.0000000Z", "secretText": None, "new": 1},
        {"hint": "xyz", "endDateTime": "some day"},
        "nonsense",
        {"hint": None, "endDateTime": None},
        {},
    )
    found = [(one.hint, one.ends_at) for one in decode_secrets(body)]
    assert found == [("Ab~", NOON), (None, None), (None, None)]


def test_times_are_utc_whether_they_say_so_or_not() -> None:
    body = application(*({"endDateTime": f"2027-05-22T{end}"} for end in ("12:00:00", "14:00:00+02:00")))
    assert [one.ends_at for one in decode_secrets(body)] == [NOON, NOON]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"passwordCredentials":5}', b"\xff", b"[" * 5000])
def test_what_is_no_application_is_refused(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        decode_secrets(body)


@pytest.mark.parametrize(
    ("words", "policies"),
    [
        (
            "DisablePasswordExpiration, DisableStrongPassword",
            {"disablepasswordexpiration", "disablestrongpassword"},
        ),
        ("None", {"none"}),
        (None, {""}),
    ],
)
def test_the_policies_of_an_account_are_a_list_in_one_word(words: str | None, policies: set[str]) -> None:
    body = msgspec.json.encode(
        {"passwordPolicies": words, "lastPasswordChangeDateTime": "2027-05-22T12:00:00Z"}
    )
    facts = decode_password_facts(body, username="svc@Contoso.example")
    assert (set(facts.policies), facts.changed_at, facts.synced) == (policies, NOON, False)
    assert facts.domain == "Contoso.example"


def test_the_domain_is_that_of_the_principal_name() -> None:
    """Who signs in with another address still lives in his own domain."""
    body = b'{"userPrincipalName":"svc@fabrikam.example","onPremisesSyncEnabled":true}'
    facts = decode_password_facts(body, username="svc@contoso.example")
    assert (facts.domain, facts.synced) == ("fabrikam.example", True)


@pytest.mark.parametrize(
    ("content", "validity", "federated"),
    [
        ({"passwordValidityPeriodInDays": 90, "authenticationType": "Managed"}, 90, False),
        ({"passwordValidityPeriodInDays": None, "authenticationType": "Federated"}, None, True),
        ({"passwordValidityPeriodInDays": 0}, None, False),
        ({"passwordValidityPeriodInDays": -1}, None, False),
        ({"passwordValidityPeriodInDays": 2_147_483_647}, 2_147_483_647, False),
        ({}, None, False),
    ],
)
def test_a_domain_tells_validity_and_kind(
    content: dict[str, Any], validity: int | None, *, federated: bool
) -> None:
    policy = decode_domain(msgspec.json.encode(content), name="contoso.example")
    assert (policy.validity_days, policy.federated) == (validity, federated)


def graph(*answers: httpx.Response) -> FakeGraph:
    return FakeGraph(ManualClock(), one_after_another(*answers))


async def test_only_what_is_needed_is_asked_for() -> None:
    """Microsoft throttles whoever selects keyCredentials ("application resource type")."""
    fake = graph(answer(passwordCredentials=[]))
    await fake.client.secrets(CLIENT)
    assert fake.asked[0].url.path == f"/v1.0/applications(appId='{CLIENT}')"
    assert dict(fake.asked[0].url.params) == {"$select": "passwordCredentials"}


async def test_a_name_with_odd_characters_stays_one_segment() -> None:
    fake = graph(answer())
    await fake.client.password_facts("a/b?c#d@contoso.example")
    await fake.client.password_policy("contoso.example")
    assert fake.asked[0].url.raw_path.startswith(b"/v1.0/users/a%2Fb%3Fc%23d%40contoso.example?$select=")
    assert fake.asked[1].url.path == "/v1.0/domains/contoso.example"


async def test_a_missing_permission_is_named() -> None:
    client = graph(refusal(403, "Authorization_RequestDenied")).client
    with pytest.raises(PermissionMissing, match=r"grant Application\.Read\.All"):
        await client.secrets(CLIENT)
    with pytest.raises(PermissionMissing, match=r"grant User\.Read,"):
        await client.password_facts("svc@contoso.example")
    with pytest.raises(PermissionMissing, match=r"grant Domain\.Read\.All"):
        await client.password_policy("contoso.example")


async def test_an_application_of_another_tenant_is_told_as_such() -> None:
    with pytest.raises(UnexpectedAnswer, match="registered in another tenant"):
        await graph(refusal(404, "Request_ResourceNotFound")).client.secrets(CLIENT)
