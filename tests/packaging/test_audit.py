"""The audit: a known vulnerability fails it, and nothing passes for an audit that was none."""

import importlib.util
import json

import pytest

from tests.support.processes import ROOT

_SPEC = importlib.util.spec_from_file_location("audit", ROOT / "requirements" / "audit.py")
assert _SPEC
assert _SPEC.loader
audit = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(audit)

FINE = {"name": "httpx", "version": "0.28.1", "vulns": []}
BAD = {"name": "idna", "version": "3.0", "vulns": [{"id": "CVE-2024-3651"}]}
UNKNOWN = {"name": "msal", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([FINE, FINE], 0, "no known vulnerabilities in 2 of 2 packages"),
        ([FINE, UNKNOWN], 0, "no known vulnerabilities in 1 of 2 packages"),
        ([FINE, BAD], 1, "idna 3.0 (CVE-2024-3651)"),
        ([UNKNOWN], 0, "not audited"),
    ],
)
def test_the_verdict_is_what_the_service_knows(packages: list[object], code: int, words: str) -> None:
    """A mirror that knows nothing is not a clean bill of health."""
    told = audit.verdict(json.dumps({"dependencies": packages, "fixes": []}), "")
    assert told[0] == code
    assert words in told[1]


def test_no_network_is_said_and_does_not_fail_the_build() -> None:
    """Many who build this sit behind a proxy."""
    stderr = "Traceback\npip_audit._service.interface.ServiceError\nrequests.exceptions.ConnectionError: x"
    assert audit.verdict("", stderr) == (0, "not audited: the advisory service cannot be reached from here")


def test_a_broken_lock_fails_the_build() -> None:
    """That is ours to mend."""
    assert audit.verdict("", "ERROR: invalid requirement") == (
        1,
        "pip-audit failed: ERROR: invalid requirement",
    )
