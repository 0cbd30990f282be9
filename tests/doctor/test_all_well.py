"""What is well is said to be well, through a proxy too; and the check itself does no harm."""

from datetime import UTC, datetime, timedelta

from app.doctor.findings import Finding, Status, Step, outcome
from tests.doctor.bench import Bench
from tests.support import odd_servers
from tests.support.checkups import check_up, remarkable
from tests.support.odd_servers import listening


def causes(findings: list[Finding]) -> dict[Step, str]:
    return {one.step: one.cause for one in findings}


def test_all_is_well_for_the_application(bench: Bench) -> None:
    """Every step but the account's, in order; only the secret's end is unknown."""
    findings = check_up(bench.app)
    assert [one.step for one in findings] == [step for step in Step if step is not Step.ACCOUNT]
    assert remarkable(findings) == []
    assert outcome(findings) is Status.WARNING


def test_all_is_well_for_the_service_account(bench: Bench) -> None:
    """The account is a step of its own, and two credentials can end."""
    findings = check_up(bench.user)
    assert [one.step for one in findings] == list(Step)
    assert remarkable(findings) == []
    expiry = next(one for one in findings if one.step is Step.EXPIRY)
    assert [one.words["credential"] for one in (expiry, *expiry.also)] == ["secret", "password"]


def test_a_proxy_that_lets_through_is_named_and_asked(bench: Bench) -> None:
    """Names and connections are then the proxy's business."""
    port = bench.tenant.http.base_url.port or 0
    with listening(odd_servers.tunnelling(port)) as proxy:
        bench.process.setenv("HTTPS_PROXY", f"http://someone:not-told-to-anybody@127.0.0.1:{proxy}")
        findings = check_up(bench.app)
    assert remarkable(findings) == []
    told = causes(list(findings))
    assert (told[Step.DNS], told[Step.PROXY], told[Step.TCP]) == ("dns-by-proxy", "proxy-ok", "tcp-by-proxy")
    assert findings[2].words == {"proxy": f"127.0.0.1:{proxy}"}
    assert "not-told-to-anybody" not in repr(findings)


def test_no_proxy_exempts_a_host(bench: Bench) -> None:
    """As httpx reads NO_PROXY, so does the check."""
    with odd_servers.nobody_listening() as port:
        bench.process.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        bench.process.setenv("NO_PROXY", "127.0.0.1")
        assert remarkable(check_up(bench.app)) == []


def test_nothing_is_left_to_warn_of_once_the_end_is_known(bench: Bench) -> None:
    """From the settings, or from Microsoft where that is granted."""
    far_away = f"{datetime.now(UTC) + timedelta(days=300):%Y-%m-%d}"
    assert outcome(check_up(bench.app | {"PRESENCE_SECRET_EXPIRES": far_away})) is Status.OK
    bench.tenant.change_credentials(permissions=[*bench.tenant.sheet["permissions"], "Application.Read.All"])
    findings = check_up(bench.app)
    assert outcome(findings) is Status.OK
    assert next(one for one in findings if one.step is Step.EXPIRY).detail["source"] == "graph"


def test_a_wrong_password_is_tried_once(bench: Bench) -> None:
    """Each try counts towards a lock-out; the check is no reason for one."""
    before = _password_tries(bench)
    assert remarkable(check_up(bench.user | {"AZURE_PASSWORD": "not-the-password-at-all"}))
    assert _password_tries(bench) - before == 1


def test_a_check_asks_microsoft_little(bench: Bench) -> None:
    """One token, one page of people, one question each about presence and the secrets: it harms nobody."""
    before = bench.tenant.calls()
    check_up(bench.app)
    asked = {
        name: count - before[name] for name, count in bench.tenant.calls().items() if count > before[name]
    }
    assert asked == {
        "discovery": 2,
        "token": 1,
        "users_delta": 1,
        "getPresencesByUserId": 1,
        "applications": 1,
    }


def test_steps_behind_a_wrong_one_are_skipped(bench: Bench) -> None:
    """They say so, instead of failing in their own words."""
    findings = check_up(bench.app | {"AZURE_CLIENT_SECRET": "not~the~right~secret~at~all"})
    skipped = [one.step for one in findings if one.status is Status.SKIPPED]
    assert skipped == [Step.PERMISSIONS, Step.USERS, Step.PRESENCE, Step.EXPIRY]


def _password_tries(bench: Bench) -> int:
    return sum(call["grant_type"] == "password" for call in bench.tenant.call_log())
