# ruff: noqa: INP001 - a script, not part of a package
"""Asks the advisory service for known vulnerabilities in what is installed with the service.

pip-audit alone would fail where there is no network, and call it "no known vulnerabilities" where a mirror
answers and knows none of the packages; both are said here, in one line.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LOCK = Path(__file__).with_name("runtime.txt")
_HOW = [
    "--require-hashes",
    "--disable-pip",
    "--format",
    "json",
    "--progress-spinner",
    "off",
    "--timeout",
    "5",
]
_PATIENCE_S = 120
# What pip-audit ends with when a service could not be asked; anything else is a mistake of ours.
_NOBODY_THERE = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "ServiceError", "SSLError", "ProxyError")


def main() -> int:
    """0 unless a vulnerability is known, or pip-audit itself cannot be used."""
    command = [sys.executable, "-m", "pip_audit", *_HOW, "--requirement", str(_LOCK)]
    try:
        audit = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return _tell(0, "not audited: the advisory service did not answer in time")
    return _tell(*verdict(audit.stdout, audit.stderr))


def verdict(stdout: str, stderr: str) -> tuple[int, str]:
    """The exit code and the one line for what pip-audit has said."""
    try:
        told: Mapping[str, Any] = json.loads(stdout)
    except ValueError:
        return _without_an_answer(stderr)
    packages = told["dependencies"]
    asked = [package for package in packages if "skip_reason" not in package]
    found = [f"{one['name']} {one['version']} ({_ids(one)})" for one in asked if one["vulns"]]
    if found:
        return 1, f"known vulnerabilities: {', '.join(found)}"
    if not asked:
        return 0, "not audited: the advisory service that can be reached here knows none of the packages"
    return 0, f"no known vulnerabilities in {len(asked)} of {len(packages)} packages"


def _without_an_answer(stderr: str) -> tuple[int, str]:
    if any(word in stderr for word in _NOBODY_THERE):
        return 0, "not audited: the advisory service cannot be reached from here"
    return 1, f"pip-audit failed: {(stderr.strip().splitlines() or ['it said nothing'])[-1]}"


def _ids(package: Mapping[str, Any]) -> str:
    return ", ".join(one["id"] for one in package["vulns"])


def _tell(code: int, sentence: str) -> int:
    sys.stdout.write(f"Audit of requirements/{_LOCK.name}: {sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
