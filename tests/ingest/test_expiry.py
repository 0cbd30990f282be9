"""When Microsoft is asked for the ends of credentials, what is made of its answers, and of none."""

import logging
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.graph.credentials import ClientCertificate, ClientSecret, Credentials, UserPassword
from app.ingest.expiry import Announced, Countdown
from app.presence.expiry import Certainty, Credential, Expiry, ToldBy
from tests.graph.fake_graph import ROOT, FakeGraph, answer, refusal
from tests.support.certificates import write_pem
from tests.support.clock import START, ManualClock

CLIENT = "5d4c3b2a-1111-2222-3333-444455556666"
HOUR_S = 3600.0


def in_days(number: float) -> datetime:
    return START + timedelta(days=number)


def credentials(value: str = "Ab~8Q~invented", *, user: bool = False) -> Credentials:
    return Credentials(
        authority_root="https://login.example",
        tenant_id="contoso.com",
        client_id=CLIENT,
        app=ClientSecret(value),
        scope=f"{ROOT}/.default",
        user=UserPassword("svc@contoso.example", "invented password") if user else None,
    )


class Tenant:
    """A countdown in front of a Graph that answers by kind of question."""

    def __init__(self, in_use: Credentials, announced: Announced | None = None) -> None:
        self.in_use = in_use
        self.announced = announced or Announced()
        self.clock = ManualClock()
        self.answers = {"applications": secrets(("Ab~", 40)), "users": account(), "domains": domain()}
        self.graph = FakeGraph(self.clock, self._answer)
        self.countdown = Countdown(
            self.graph.client,
            credentials=lambda: self.in_use,
            announced=lambda: self.announced,
            tokens=self.graph.tokens,
            clock=self.clock,
        )

    async def signed_in(self) -> "Tenant":
        """The same with a token in hand."""
        await self.graph.tokens.token()
        return self

    async def looked(self) -> dict[Credential, Expiry]:
        """What is known after one more round."""
        await self.countdown.round()
        return {one.credential: one for one in self.countdown.latest}

    @property
    def questions(self) -> list[str]:
        """The kinds of questions asked so far."""
        return [path.split("/")[2].partition("(")[0] for path in self.graph.paths]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        given = self.answers[request.url.path.split("/")[2].partition("(")[0]]
        return httpx.Response(given.status_code, content=given.content)


def secrets(*entries: tuple[str, float]) -> httpx.Response:
    listed = [{"hint": hint, "endDateTime": in_days(left).isoformat()} for hint, left in entries]
    return answer(passwordCredentials=listed)


def account(changed: float = -60, policies: str | None = None) -> httpx.Response:
    return answer(lastPasswordChangeDateTime=in_days(changed).isoformat(), passwordPolicies=policies)


def domain(validity: int | None = 90) -> httpx.Response:
    return answer(passwordValidityPeriodInDays=validity, authenticationType="Managed")


async def test_before_sign_in_works_nothing_is_asked_and_the_answer_says_so() -> None:
    tenant = Tenant(credentials(user=True))
    for latest in (tenant.countdown.latest, (await tenant.looked()).values()):
        assert [(one.source, one.reason) for one in latest] == [
            (ToldBy.UNKNOWN, "Nobody has been asked so far. Or set PRESENCE_SECRET_EXPIRES."),
            (ToldBy.UNKNOWN, "Nobody has been asked so far. Or set PRESENCE_PASSWORD_EXPIRES."),
        ]
    assert tenant.questions == []


async def test_the_secret_is_asked_for_once_in_six_hours() -> None:
    tenant = await Tenant(credentials()).signed_in()
    for _ in range(3):
        assert (await tenant.looked())[Credential.SECRET].expires_at == in_days(40)
    assert tenant.questions == ["applications"]
    await tenant.clock.advance(6 * HOUR_S + 1)
    await tenant.graph.tokens.replace("token-1")
    await tenant.looked()
    assert tenant.questions == ["applications"] * 2


async def test_the_ends_of_a_user_are_three_questions() -> None:
    tenant = await Tenant(credentials(user=True)).signed_in()
    latest = await tenant.looked()
    assert latest[Credential.PASSWORD].expires_at == in_days(30)
    assert latest[Credential.PASSWORD].certainty is Certainty.ESTIMATE
    assert tenant.questions == ["applications", "users", "domains"]


async def test_the_domain_is_not_asked_when_the_account_decides() -> None:
    tenant = await Tenant(credentials(user=True)).signed_in()
    tenant.answers["users"] = account(policies="DisablePasswordExpiration")
    assert math.isinf((await tenant.looked())[Credential.PASSWORD].left_s(START))
    assert tenant.questions == ["applications", "users"]


async def test_what_is_forbidden_costs_one_question_a_round_and_tells_what_to_grant() -> None:
    tenant = await Tenant(credentials(user=True)).signed_in()
    tenant.answers = dict.fromkeys(tenant.answers, refusal(403, "Authorization_RequestDenied"))
    for _ in range(3):
        latest = await tenant.looked()
    assert tenant.questions == ["applications", "users"]
    assert {one: (expiry.source, expiry.reason) for one, expiry in latest.items()} == {
        Credential.SECRET: (
            ToldBy.UNKNOWN,
            (
                "Microsoft does not tell: grant Application.Read.All, with admin consent. "
                "Or set PRESENCE_SECRET_EXPIRES."
            ),
        ),
        Credential.PASSWORD: (
            ToldBy.UNKNOWN,
            (
                "Microsoft does not tell: grant User.Read, with admin consent. "
                "Or set PRESENCE_PASSWORD_EXPIRES."
            ),
        ),
    }


@pytest.mark.parametrize("status", [400, 404, 410])
async def test_a_refusal_of_any_kind_is_no_fault_of_the_service(status: int) -> None:
    tenant = await Tenant(credentials()).signed_in()
    tenant.answers["applications"] = refusal(status)
    for _ in range(2):
        assert not (await tenant.looked())[Credential.SECRET].is_known
    assert tenant.questions == ["applications"]


@pytest.mark.parametrize("status", [429, 503])
async def test_no_answer_is_asked_for_again_after_a_quarter_of_an_hour(status: int) -> None:
    tenant = await Tenant(credentials()).signed_in()
    tenant.answers["applications"] = refusal(status)
    assert not (await tenant.looked())[Credential.SECRET].is_known
    tenant.answers["applications"] = secrets(("Ab~", 40))
    await tenant.clock.advance(14 * 60)
    assert not (await tenant.looked())[Credential.SECRET].is_known
    await tenant.clock.advance(61)
    assert (await tenant.looked())[Credential.SECRET].expires_at == in_days(40)


async def test_an_end_that_was_told_stays_while_nobody_answers() -> None:
    tenant = await Tenant(credentials()).signed_in()
    before = await tenant.looked()
    tenant.answers["applications"] = refusal(503)
    tenant.countdown.look_anew()
    assert await tenant.looked() == before
    assert tenant.questions == ["applications"] * 2


async def test_a_permission_taken_away_makes_the_end_unknown() -> None:
    tenant = await Tenant(credentials()).signed_in()
    await tenant.looked()
    tenant.answers["applications"] = refusal(403)
    tenant.countdown.look_anew()
    assert not (await tenant.looked())[Credential.SECRET].is_known


async def test_the_secret_in_use_at_that_moment_is_matched() -> None:
    """A changed secret is asked about at once, and nothing of the one before is kept."""
    tenant = await Tenant(credentials()).signed_in()
    tenant.answers["applications"] = secrets(("Ab~", 4), ("New", 700))
    assert (await tenant.looked())[Credential.SECRET].expires_at == in_days(4)
    tenant.in_use = credentials("New8Q~invented")
    assert (await tenant.looked())[Credential.SECRET].expires_at == in_days(700)
    assert tenant.questions == ["applications"] * 2


async def test_the_setting_counts_until_microsoft_tells_and_when_it_does_not() -> None:
    tenant = Tenant(credentials(user=True), Announced(secret=in_days(100), password=in_days(50)))
    latest = await tenant.looked()
    assert {expiry.source for expiry in latest.values()} == {ToldBy.SETTING}
    await tenant.signed_in()
    tenant.answers["users"] = refusal(403)
    latest = await tenant.looked()
    assert (latest[Credential.SECRET].source, latest[Credential.SECRET].expires_at) == (
        ToldBy.GRAPH,
        in_days(40),
    )
    assert (latest[Credential.PASSWORD].source, latest[Credential.PASSWORD].expires_at) == (
        ToldBy.SETTING,
        in_days(50),
    )


async def test_a_changed_setting_counts_with_the_next_look() -> None:
    tenant = Tenant(credentials())
    tenant.announced = Announced(secret=in_days(3))
    assert (await tenant.looked())[Credential.SECRET].expires_at == in_days(3)


async def test_a_certificate_is_read_from_its_file_and_microsoft_is_not_asked(tmp_path: Path) -> None:
    """Even before sign-in works; of several certificates in the file, the one that belongs to the key."""
    path = tmp_path / "app.pem"
    certificate = write_pem(path, ends=datetime(2026, 12, 1, tzinfo=UTC))
    tenant = Tenant(credentials())
    tenant.in_use = Credentials(
        authority_root="https://login.example",
        tenant_id="contoso.com",
        client_id=CLIENT,
        app=ClientCertificate(path),
        scope=f"{ROOT}/.default",
    )
    latest = await tenant.looked()
    assert [(one.source, one.expires_at) for one in latest.values()] == [
        (ToldBy.CERTIFICATE, certificate.not_valid_after_utc)
    ]
    renewed = write_pem(path, ends=datetime(2027, 12, 1, tzinfo=UTC))
    await tenant.clock.advance(301)
    latest = await tenant.looked()
    assert latest[Credential.CERTIFICATE].expires_at == renewed.not_valid_after_utc
    for content in (b"no certificate", None):
        path.unlink() if content is None else path.write_bytes(content)
        tenant.countdown.look_anew()
        told = (await tenant.looked())[Credential.CERTIFICATE]
        assert (told.source, str(told.reason)[:30]) == (ToldBy.UNKNOWN, "The certificate cannot be read")
    assert tenant.questions == []


@pytest.mark.parametrize(
    ("left", "within"), [(1.5, False), (0.9, True), (-3, True)], ids=["later", "within a day", "ended"]
)
async def test_a_sure_end_within_a_day_is_an_alarm(left: float, *, within: bool) -> None:
    tenant = await Tenant(credentials()).signed_in()
    tenant.answers["applications"] = secrets(("Ab~", left))
    await tenant.looked()
    assert tenant.countdown.ends_within_a_day is within


async def test_an_estimate_is_told_but_is_no_alarm() -> None:
    tenant = await Tenant(credentials(user=True)).signed_in()
    tenant.answers["users"] = account(changed=-200)
    assert (await tenant.looked())[Credential.PASSWORD].stage(START) == 0
    assert not tenant.countdown.ends_within_a_day


async def test_nothing_is_told_of_a_setting_before_microsoft_could_correct_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tenant = Tenant(credentials(), Announced(secret=in_days(3)))
    await tenant.looked()
    assert caplog.records == []
    await tenant.signed_in()
    tenant.answers["applications"] = refusal(403)
    for _ in range(3):
        await tenant.looked()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


async def test_no_secret_is_ever_in_what_is_told() -> None:
    tenant = await Tenant(credentials(user=True)).signed_in()
    tenant.answers["applications"] = secrets(("xyz", 3))
    told = repr(await tenant.looked()) + repr(vars(tenant.countdown))
    assert "8Q~invented" not in told
    assert "invented password" not in told
