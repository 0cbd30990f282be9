"""The days that are left, rule by rule as Microsoft documents them; none of it needs a clock or a wire."""

import math
from datetime import datetime, timedelta

import pytest

from app.presence.expiry import (
    Certainty,
    Credential,
    DomainPolicy,
    Expiry,
    PasswordFacts,
    SecretEntry,
    ToldBy,
    of_certificate,
    of_password,
    of_secret,
    settled,
    unknown,
)
from tests.support.clock import START

SECRET = "Ab~8Q~invented"
SETTING = "PRESENCE_SECRET_EXPIRES"


def days(number: float) -> datetime:
    return START + timedelta(days=number)


def entry(hint: str | None, ends_in: float | None) -> SecretEntry:
    return SecretEntry(hint=hint, ends_at=None if ends_in is None else days(ends_in))


def secret(*entries: SecretEntry) -> Expiry:
    return of_secret(entries, secret=SECRET, now=START)


def sure(ends_in: float) -> Expiry:
    return Expiry(credential=Credential.SECRET, source=ToldBy.GRAPH, expires_at=days(ends_in))


def test_the_secret_in_use_is_found_by_its_first_three_characters() -> None:
    found = secret(entry("xyz", 5), entry("Ab~", 40), entry(None, 1))
    assert (found.source, found.expires_at, found.reason) == (ToldBy.GRAPH, days(40), None)


def test_letter_case_counts_in_a_secret() -> None:
    assert not secret(entry("aB~", 40)).is_known


def test_of_several_that_begin_alike_the_first_to_end_counts() -> None:
    """A warning too early costs a look, one too late an outage."""
    found = secret(entry("Ab~", 90), entry("Ab~", 20), entry("Ab~", None))
    assert found.expires_at == days(20)
    assert "3 secrets begin with the same three characters" in str(found.reason)


def test_one_that_has_ended_is_not_the_one_that_signs_in() -> None:
    assert secret(entry("Ab~", -10), entry("Ab~", 20)).expires_at == days(20)


def test_if_all_have_ended_the_last_one_counts() -> None:
    found = secret(entry("Ab~", -10), entry("Ab~", -2))
    assert (found.expires_at, found.stage(START)) == (days(-2), 0)


@pytest.mark.parametrize("entries", [(), (entry("xyz", 5),), (entry(None, 5),), (entry("", 5),)])
def test_a_secret_that_microsoft_does_not_list_is_unknown_with_the_reason(
    entries: tuple[SecretEntry, ...],
) -> None:
    found = secret(*entries)
    assert (found.source, found.expires_at) == (ToldBy.UNKNOWN, None)
    assert "begins like the one in use" in str(found.reason)


def test_a_secret_without_an_end_never_ends() -> None:
    found = secret(entry("Ab~", None))
    assert (found.source, found.left_s(START), found.reason) == (
        ToldBy.GRAPH,
        math.inf,
        "Microsoft names no end.",
    )


def test_a_certificate_tells_its_own_end() -> None:
    found = of_certificate(days(3))
    assert (found.credential, found.source, found.days_left(START)) == (
        Credential.CERTIFICATE,
        ToldBy.CERTIFICATE,
        3,
    )


def facts(*policies: str, changed: float | None = -60, synced: bool = False) -> PasswordFacts:
    return PasswordFacts(
        changed_at=None if changed is None else days(changed),
        policies=frozenset(policies),
        synced=synced,
        domain="contoso.example",
    )


def policy(validity: int | None = 90, *, federated: bool = False) -> DomainPolicy:
    return DomainPolicy(name="contoso.example", validity_days=validity, federated=federated)


def test_a_password_ends_so_many_days_after_its_last_change_and_that_is_an_estimate() -> None:
    found = of_password(facts(), policy(90))
    assert (found.expires_at, found.source, found.certainty) == (
        days(30),
        ToldBy.GRAPH,
        Certainty.ESTIMATE,
    )
    assert found.reason == ("An estimate: last changed on 2026-09-24, good for 90 days in contoso.example.")


def test_an_estimate_may_say_that_it_has_ended() -> None:
    assert of_password(facts(changed=-100), policy(90)).days_left(START) == -10


def test_an_account_set_never_to_expire_never_does_and_the_domain_need_not_be_asked() -> None:
    account = facts("disablestrongpassword", "disablepasswordexpiration")
    assert not account.needs_domain
    found = of_password(account, None)
    assert (found.source, found.left_s(START), found.stage(START)) == (ToldBy.GRAPH, math.inf, None)


@pytest.mark.parametrize("validity", [2_147_483_647, 2_147_483_646, 36_500])
def test_a_domain_of_which_nobody_lives_to_see_the_end_never_lets_passwords_expire(validity: int) -> None:
    found = of_password(facts(), policy(validity))
    assert (found.is_known, found.expires_at) == (True, None)
    assert found.reason == "Passwords of contoso.example never expire."


def test_a_synchronised_account_is_not_ours_to_count() -> None:
    """The cloud's expiry does not apply by default, and the other one Graph does not know."""
    account = facts("disablepasswordexpiration", synced=True)
    assert not account.needs_domain
    found = of_password(account, None)
    assert not found.is_known
    assert "synchronised" in str(found.reason)


def test_a_federated_domain_is_unknown_to_graph() -> None:
    found = of_password(facts(), policy(90, federated=True))
    assert not found.is_known
    assert "federated" in str(found.reason)


def test_without_a_last_change_nothing_can_be_counted() -> None:
    account = facts(changed=None)
    assert not account.needs_domain
    assert not of_password(account, None).is_known


def test_a_domain_without_a_policy_is_assumed_to_be_the_documented_one() -> None:
    found = of_password(facts(), policy(None))
    assert (found.expires_at, found.certainty) == (days(30), Certainty.ASSUMPTION)


def last_word(told: Expiry, announced: datetime | None) -> Expiry:
    return settled(told, announced=announced, setting=SETTING, now=START)


def test_an_assumption_whose_day_has_passed_was_wrong() -> None:
    """Tenants since 2021 let nothing expire: nobody is told of an end that did not come."""
    assumed = of_password(facts(changed=-91), policy(None))
    found = last_word(assumed, None)
    assert (found.is_known, found.expires_at) == (False, None)
    assert "90 days. They are over." in str(found.reason)


def test_microsofts_word_beats_the_settings() -> None:
    assert last_word(sure(10), days(99)) == sure(10)


@pytest.mark.parametrize(
    "told", [unknown(Credential.SECRET, "Nobody knows."), of_password(facts(), policy(None))]
)
def test_the_setting_stands_in_for_what_is_unknown_or_only_assumed(told: Expiry) -> None:
    found = last_word(told, days(99))
    assert (found.source, found.expires_at, found.credential) == (ToldBy.SETTING, days(99), told.credential)
    assert found.reason == "From PRESENCE_SECRET_EXPIRES."


def test_without_a_setting_the_reason_stays() -> None:
    told = unknown(Credential.SECRET, "Nobody knows.")
    assert last_word(told, None) == told


@pytest.mark.parametrize(
    ("left", "whole", "stage"),
    [
        (31, 31, None),
        (30.001, 30, None),
        (30, 30, 30),
        (14.001, 14, 30),
        (14, 14, 14),
        (7, 7, 7),
        (1.001, 1, 7),
        (1, 1, 1),
        (0.5, 0, 1),
        (0, 0, 0),
        (-0.001, -1, 0),
        (-3, -3, 0),
    ],
)
def test_days_are_whole_and_stages_are_thirty_fourteen_seven_and_one(
    left: float, whole: int, stage: int | None
) -> None:
    assert (sure(left).days_left(START), sure(left).stage(START)) == (whole, stage)


def test_what_nobody_tells_has_no_days_and_no_stage() -> None:
    told = unknown(Credential.SECRET, "Nobody knows.")
    assert math.isnan(told.left_s(START))
    assert (told.days_left(START), told.stage(START)) == (None, None)
