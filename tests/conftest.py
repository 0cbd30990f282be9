"""Says at the end of a run how many faults the service has survived, and what that cost a caller."""

import pytest


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
