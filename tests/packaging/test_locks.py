import os
import re
import subprocess
import tomllib
import venv
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging import stub_index
from tests.packaging.locks import LOCKS, entries, locked
from tests.support.processes import ROOT

# Comes with Python 3.11.0; Debian 12 has 23.0, Python 3.11.7 has 23.2.
OLDEST_PIP = "22.3"
_PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_that_we_name_is_locked_at_a_version_that_we_allow(lock: str) -> None:
    pins = {canonicalize_name(one.name): one for one in locked(lock)}
    for wanted in _wanted(lock):
        found = pins.get(canonicalize_name(wanted.name))
        assert found, wanted.name
        assert wanted.specifier.contains(_version(found)), f"{wanted} but {found}"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_is_one_version_known_by_its_hashes(lock: str) -> None:
    """An index, or somebody between it and us, cannot hand out anything else: pip refuses it."""
    for entry in entries(lock):
        assert re.search(r" --hash=sha256:[0-9a-f]{64}(\s|$)", entry), entry
        assert _version(Requirement(entry.split(" --hash")[0]))


def test_a_package_has_the_same_version_in_every_lock() -> None:
    """What is tested is what is shipped, and two locks can be installed together."""
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for one in locked(lock):
            versions.setdefault(f"{canonicalize_name(one.name)} {one.marker}", set()).add(_version(one))
    assert not {name: found for name, found in versions.items() if len(found) > 1}


def test_what_builds_the_service_is_what_the_project_says() -> None:
    (backend,) = map(Requirement, _PROJECT["build-system"]["requires"])
    assert _version(backend) == next(_version(one) for one in locked("build") if one.name == backend.name)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index(lock: str) -> None:
    """Where packages come from is each machine's own affair."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash)", text, flags=re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_everything_that_its_packages_ask_for(lock: str) -> None:
    """With the extras that they ask for, or an old pip takes the newest version for them (found A1)."""
    assert not _unmet(locked(lock))


def test_a_pin_without_the_extra_that_is_asked_for_is_noticed() -> None:
    """Locks without extras are the ones that age (found A1)."""
    stripped = [Requirement(str(one).replace("coverage[toml]", "coverage")) for one in locked("dev")]
    assert _unmet(stripped) == {"coverage[toml]>=7.10.6 (from pytest-cov)"}


@pytest.mark.parametrize("lock", LOCKS)
def test_each_lock_holds_what_the_narrower_ones_hold(lock: str) -> None:
    """After `make demo`, `make run` finds everything there (found A6)."""
    chain = ("runtime", "demo", "bench", "dev")
    narrower = {"build": "build", "runtime": "runtime"}.get(lock) or chain[chain.index(lock) - 1]
    assert set(entries(narrower)) <= set(entries(lock))
    assert set(entries("build")) <= set(entries("dev"))


@pytest.fixture(scope="module")
def oldest_pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the oldest pip that is supported."""
    folder = tmp_path_factory.mktemp("oldest") / "venv"
    venv.create(folder, with_pip=True, symlinks=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"pip=={OLDEST_PIP}"], check=True)
    return python


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_stays_installable_when_newer_versions_are_published(
    oldest_pip: Path, tmp_path: Path, lock: str
) -> None:
    """The oldest supported pip resolves it to what is locked, beside a newer version of each (found A1)."""
    done = _resolved(oldest_pip, tmp_path, locked(lock))
    assert done.returncode == 0, done.stdout
    assert stub_index.NEWER not in done.stdout


def test_a_lock_that_ages_fails_here_as_it_did_in_the_field(oldest_pip: Path, tmp_path: Path) -> None:
    """The same lock without its extras is refused: this index shows what it is meant to show (found A1)."""
    stripped = [Requirement(str(one).replace("coverage[toml]", "coverage")) for one in locked("dev")]
    done = _resolved(oldest_pip, tmp_path, stripped)
    assert done.returncode != 0
    assert "In --require-hashes mode" in done.stdout
    assert "coverage[toml]" in done.stdout


def _resolved(python: Path, folder: Path, pins: list[Requirement]) -> subprocess.CompletedProcess[str]:
    """What pip would install from a lock of this content, offered newer versions as well."""
    stub_index.add_newer(folder, pins)
    (folder / "lock.txt").write_text("\n".join(stub_index.add_installed(folder, pins)))
    command = ["pip", "install", "--dry-run", "--ignore-installed", "--require-hashes", "--no-index"]
    return subprocess.run(
        [python, "-m", *command, "--find-links", folder, "-r", folder / "lock.txt"],
        env={"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _unmet(pinned: list[Requirement]) -> set[str]:
    """What the locked packages ask for, each with its extras, and no pin offers."""
    pins = {canonicalize_name(one.name): one for one in pinned if not one.marker or one.marker.evaluate()}
    return {
        f"{asked} (from {one.name})"
        for one in pins.values()
        for asked in _asked_for(one)
        if not _is_met(asked, pins.get(canonicalize_name(asked.name)))
    }


def _asked_for(one: Requirement) -> Iterator[Requirement]:
    for asked in map(Requirement, distribution(one.name).requires or ()):
        if not asked.marker or any(asked.marker.evaluate({"extra": extra}) for extra in ("", *one.extras)):
            asked.marker = None
            yield asked


def _is_met(asked: Requirement, pin: Requirement | None) -> bool:
    return bool(pin and asked.extras <= pin.extras and asked.specifier.contains(_version(pin)))


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


def _version(one: Requirement) -> str:
    (pin,) = one.specifier
    assert pin.operator == "==", one
    return pin.version
