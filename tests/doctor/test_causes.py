"""Each fault is told by its right name, with what to click, in three languages; never a wrong one."""

import dataclasses

import pytest

from app.doctor.aadsts import CAUSE_OF
from app.doctor.causes import CAUSES
from app.doctor.findings import Status, Step
from app.doctor.sentences import Language, sentences
from tests.doctor import direct_rows, feed_rows, graph_rows, network_rows, settings_rows, sign_in_rows
from tests.doctor.bench import Bench, Row
from tests.doctor.fixes import FIXES, check_told_rightly
from tests.support.checkups import SHORT, check_nothing_leaks, check_up, remarkable

ROWS = [*settings_rows.ROWS, *network_rows.ROWS, *sign_in_rows.ROWS, *graph_rows.ROWS]
# Fourteen numbers of one agent; three of them are tried.
_ALIKE = set(range(80001, 80015))
# Shown by the test below that lets the whole check run out of time.
_BY_PATIENCE = {"took-too-long"}

# The numbers of the error table that the service is held to, written down once more by hand.
NUMBERS = {
    *(7000215, 7000222, 7000218, 700025, 700016, 700011, 70001, 7000112, 700027, 90002, 900023, 90038),
    *(900382, 900432, 9001023, 500011, 650057, 650052, 70011, 28002, 65001, 65004, 90094, 50126, 50034),
    *(50055, 50144, 50056, 50053, 50057, 50076, 50079, 50072, 50074, 50078, 50158, 53003, 53000, 53001),
    *(53002, 530032, 530035, 53011, 50135, 50105, 50173, 50132, 50133, 70008, 700082, 70043, 50196, 50033),
    *(50087, 90006, 90012, 90024, 90033, 90090, 90055, 7000229),
    *range(80001, 80015),
}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_cause_is_named_and_what_to_click(row: Row, bench: Bench) -> None:
    """This cause and no other, at its step, with its advice in every language, and no secret anywhere."""
    environ = row.arrange(bench)
    findings = check_up(environ, dotenv=bench.dotenv, env_file=bench.env_file)
    told = remarkable(findings)
    assert [one.cause for one in told] == [row.cause, *row.with_it], findings
    assert told[0].step is (row.step or CAUSES[row.cause][0])
    for one in told:
        check_told_rightly(one)
    what = sentences(Language.EN).tell(told[0]).what
    assert all(name in what for name in row.names), what
    check_nothing_leaks(findings, environ)


@pytest.mark.parametrize("cause", direct_rows.FOUND)
def test_what_cannot_be_brought_about_is_named_from_its_evidence(cause: str) -> None:
    """A missing route, another cloud, a far-off day: from the error, the document, the date."""
    finding = direct_rows.FOUND[cause]()
    assert finding.cause == cause
    check_told_rightly(finding)


def test_the_whole_check_ends_in_time(bench: Bench) -> None:
    """Whatever hangs: the step that waits is named, and what needs no network is looked at all the same."""
    bench.tenant.fail("token", "hang")
    findings = check_up(bench.app, patience=dataclasses.replace(SHORT, whole_s=2.0))
    told = remarkable(findings)
    assert [(one.cause, one.step) for one in told] == [("took-too-long", Step.APPLICATION)]
    check_told_rightly(told[0])
    assert findings[-1].cause == "keys-loopback"


def test_every_cause_is_shown_by_a_test() -> None:
    """A cause that nothing brings about is a guess."""
    shown = {cause for row in ROWS for cause in (row.cause, *row.with_it)}
    shown |= {*direct_rows.FOUND, *feed_rows.CAUSES, *_BY_PATIENCE}
    wanted = {cause for cause, (_, status) in CAUSES.items() if status in {Status.WARNING, Status.WRONG}}
    assert wanted - shown == set()
    assert wanted == set(FIXES)
    assert len(wanted) >= 30


def test_every_number_of_the_table_has_a_cause_and_a_test() -> None:
    """None of them is passed on in Microsoft's words alone."""
    numbered = (sign_in_rows.OF_THE_APPLICATION, sign_in_rows.OF_THE_ACCOUNT, sign_in_rows.OF_THE_TENANT)
    tested = {number for table in numbered for numbers in table.values() for number in numbers}
    assert set(CAUSE_OF) >= NUMBERS
    assert tested | set(sign_in_rows.TRANSIENT) | _ALIKE >= set(CAUSE_OF)
