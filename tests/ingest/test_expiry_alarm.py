"""An end that comes near is told once at each stage, and its renewal once."""

import logging
from datetime import datetime, timedelta

import pytest

from app.ingest.expiry_alarm import ExpiryAlarm
from app.presence.expiry import Credential, Expiry, ToldBy, unknown
from tests.support.clock import START

ENDS = START + timedelta(days=40)


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def secret(ends_at: datetime | None = ENDS) -> Expiry:
    return Expiry(credential=Credential.SECRET, source=ToldBy.GRAPH, expires_at=ends_at)


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Level and text of each record so far."""
    records = [(record.levelname, record.getMessage()) for record in caplog.records]
    caplog.clear()
    return records


def days_before(number: float) -> datetime:
    return ENDS - timedelta(days=number)


def test_each_stage_is_told_once_and_the_end_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    alarm = ExpiryAlarm()
    heard = []
    for quarters in range(40 * 4, -8, -1):
        alarm.tell(secret(), now=days_before(quarters / 4))
        heard += [(quarters / 4, level, text) for level, text in told(caplog)]
    assert [(left, level) for left, level, _ in heard] == [
        (30, "WARNING"),
        (14, "WARNING"),
        (7, "WARNING"),
        (1, "WARNING"),
        (0, "ERROR"),
    ]
    assert heard[1][2] == (
        "The client secret ends in 14 days, on 2027-01-02 10:00 UTC: "
        "make a new one and replace AZURE_CLIENT_SECRET"
    )
    assert heard[4][2].startswith("The client secret ended on 2027-01-02 10:00 UTC: ")


def test_after_a_restart_the_present_stage_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    alarm = ExpiryAlarm()
    for left in (5, 4, 3):
        alarm.tell(secret(), now=days_before(left))
    assert [text.partition(",")[0] for _, text in told(caplog)] == ["The client secret ends in 5 days"]


@pytest.mark.parametrize(("left", "words"), [(1.5, "within two days"), (0.5, "within a day")])
def test_the_last_days_are_told_in_words(caplog: pytest.LogCaptureFixture, left: float, words: str) -> None:
    ExpiryAlarm().tell(secret(), now=days_before(left))
    assert words in told(caplog)[0][1]


def test_a_renewal_is_told_once_and_the_next_end_again(caplog: pytest.LogCaptureFixture) -> None:
    alarm = ExpiryAlarm()
    alarm.tell(secret(), now=days_before(3))
    told(caplog)
    later = ENDS + timedelta(days=365)
    for _ in range(2):
        alarm.tell(secret(later), now=days_before(3))
    assert told(caplog) == [("INFO", f"The client secret now ends: {later:%Y-%m-%d %H:%M} UTC")]
    alarm.tell(secret(later), now=later - timedelta(days=20))
    assert len(told(caplog)) == 1


def test_another_end_that_is_near_as_well_is_news(caplog: pytest.LogCaptureFixture) -> None:
    alarm = ExpiryAlarm()
    alarm.tell(secret(), now=days_before(3))
    alarm.tell(secret(ENDS + timedelta(days=10)), now=days_before(3))
    assert ["ends in 3 days" in text or "ends in 13 days" in text for _, text in told(caplog)] == [True, True]


def test_what_nobody_tells_is_no_renewal(caplog: pytest.LogCaptureFixture) -> None:
    """And when it is told again, it is no news either."""
    alarm = ExpiryAlarm()
    alarm.tell(secret(), now=days_before(3))
    told(caplog)
    alarm.tell(unknown(Credential.SECRET, "No answer."), now=days_before(3))
    alarm.tell(secret(), now=days_before(3))
    assert told(caplog) == []


def test_nothing_is_told_of_what_ends_later_or_never(caplog: pytest.LogCaptureFixture) -> None:
    alarm = ExpiryAlarm()
    alarm.tell(secret(), now=days_before(31))
    alarm.tell(secret(None), now=START)
    assert told(caplog) == []


@pytest.mark.parametrize("credential", Credential)
def test_each_credential_has_its_name_and_its_remedy(
    caplog: pytest.LogCaptureFixture, credential: Credential
) -> None:
    expiry = Expiry(credential=credential, source=ToldBy.SETTING, expires_at=ENDS)
    ExpiryAlarm().tell(expiry, now=days_before(3))
    (record,) = caplog.records
    assert credential.value in record.getMessage()
    assert "replace" in record.getMessage()
    assert vars(record)["days_left"] == 3
