"""What holds for the whole run: no secret is left behind, and the survived faults are counted."""

from collections.abc import Iterator

import pytest

from tests.support import evidence


@pytest.fixture(scope="session", autouse=True)
def _no_secret_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever the run used as a secret is in no log of the service and in no answer about itself.

    A fixture and not a test, because it has to come after every test, in whichever order they run: set up
    first, it is torn down last, and a find fails the run as an error of its last test.
    """
    yield
    logs = sorted(tmp_path_factory.getbasetemp().rglob("app.log"))
    places = {str(log): log.read_text(errors="replace") for log in logs}
    places |= {f"{place} ({number})": body for number, (place, body) in enumerate(evidence.BODIES)}
    found = list(evidence.leaks(places))
    print(f"swept {len(logs)} logs and {len(evidence.BODIES)} answers for {len(evidence.SECRETS)} secrets")
    assert not found, "\n".join(found)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line, if the run held any row of the fault matrix."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    rows = [report for report in reports if report.when == "call" and "fault" in report.keywords]
    if not rows:
        return
    survived = sum(report.passed for report in rows)
    slowest = max((seconds_of(report) for report in rows), default=0.0)
    terminalreporter.write_sep(
        "=", f"faults survived: {survived} of {len(rows)}, slowest answer meanwhile {slowest * 1000:.0f} ms"
    )


def seconds_of(report: pytest.TestReport) -> float:
    """The slowest answer to a caller during one row."""
    return max(
        (float(str(value)) for name, value in report.user_properties if name == "slowest_s"), default=0.0
    )
