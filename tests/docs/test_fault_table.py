"""The table of faults in docs/operations.md and the tests of the fault matrix are the same list."""

import re
import subprocess
import sys

from tests.support.processes import ROOT

LINK = re.compile(r"\[`(test_[^`]+)`\]\(\.\./(tests/journeys/\w+\.py)\)")


def test_each_fault_in_the_table_is_a_test_and_each_test_a_row() -> None:
    """No row without proof, no proof without its row."""
    rows = [f"{file}::{name}" for name, file in LINK.findall((ROOT / "docs/operations.md").read_text())]
    assert len(rows) == len(set(rows))
    assert set(rows) == _collected()


def _collected() -> set[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "fault", "tests/journeys"]
    listed = subprocess.run(
        [*command, "-p", "no:cacheprovider"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return {line for line in listed.stdout.splitlines() if "::" in line}
