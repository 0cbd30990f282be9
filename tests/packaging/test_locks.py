import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.processes import ROOT

LOCKS = ("build", "runtime", "demo", "bench", "dev")
_PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_that_we_name_is_locked_at_a_version_that_we_allow(lock: str) -> None:
    locked = {canonicalize_name(one.name): one for one in _locked(lock)}
    for wanted in _wanted(lock):
        found = locked.get(canonicalize_name(wanted.name))
        assert found, wanted.name
        assert wanted.specifier.contains(_version(found)), f"{wanted} but {found}"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_is_one_version_known_by_its_hashes(lock: str) -> None:
    """An index, or somebody between it and us, cannot hand out anything else: pip refuses it."""
    for entry in _entries(lock):
        assert re.search(r" --hash=sha256:[0-9a-f]{64}(\s|$)", entry), entry
        assert _version(Requirement(entry.split(" --hash")[0]))


def test_a_package_has_the_same_version_in_every_lock() -> None:
    """What is tested is what is shipped, and two locks can be installed together."""
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for one in _locked(lock):
            versions.setdefault(f"{canonicalize_name(one.name)} {one.marker}", set()).add(_version(one))
    assert not {name: found for name, found in versions.items() if len(found) > 1}


def test_what_builds_the_service_is_what_the_project_says() -> None:
    (backend,) = map(Requirement, _PROJECT["build-system"]["requires"])
    assert _version(backend) == next(_version(one) for one in _locked("build") if one.name == backend.name)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index(lock: str) -> None:
    """Where packages come from is each machine's own affair."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash)", text, flags=re.MULTILINE)


def _wanted(lock: str) -> Iterator[Requirement]:
    if lock != "build":
        yield from map(Requirement, _PROJECT["project"]["dependencies"])
    if lock != "runtime":
        yield from _group(lock)


def _group(name: str) -> Iterator[Requirement]:
    for entry in _PROJECT["dependency-groups"][name]:
        if isinstance(entry, dict):
            yield from _group(entry["include-group"])
        else:
            yield Requirement(entry)


def _locked(lock: str) -> list[Requirement]:
    return [Requirement(entry.split(" --hash")[0]) for entry in _entries(lock)]


def _entries(lock: str) -> list[str]:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text().replace("\\\n", "")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def _version(locked: Requirement) -> str:
    (pin,) = locked.specifier
    assert pin.operator == "==", locked
    return pin.version
