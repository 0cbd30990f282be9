"""`.venv`, looked after by make: it follows its folder and its Python, and says what it cannot mend."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.packaging.checkout import Checkout, small_checkout
from tests.packaging.image import IS_ROOT, as_user, interpreter

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="no make here")

_SAID = "is not installed here"


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Settings for pip that have it find everything in one folder, and nothing anywhere else."""
    wheels = tmp_path_factory.mktemp("wheels")
    command = ["pip", "download", "--quiet", "--no-deps", "--require-hashes", "-r", "requirements/build.txt"]
    subprocess.run([sys.executable, "-m", *command, "-d", wheels], check=True)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, offline: Mapping[str, str]) -> Checkout:
    """A checkout in which `make install` has been run."""
    checkout = small_checkout(tmp_path_factory.mktemp("first") / "checkout", offline)
    done = checkout.make("install")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines() == [
        "Making an environment in .venv …",
        "Installing what requirements/runtime.txt locks …",
    ]
    return checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout in which nothing has been installed yet."""
    return small_checkout(tmp_path / "checkout")


def test_what_is_installed_is_not_talked_about_again(installed: Checkout) -> None:
    """The second command says nothing before its own first word, also after a wider lock (found A6)."""
    assert installed.make("install").stdout == ""
    stamp = installed.venv / ".installed"
    assert installed.make("demo").stdout.startswith("Installing what requirements/demo.txt locks …\n")
    after = stamp.read_text()
    assert installed.make("run").stdout.startswith("The package ")
    assert stamp.read_text() == after


def test_a_copy_or_a_renamed_folder_runs_its_own_code(installed: Checkout, tmp_path: Path) -> None:
    """Scripts and links in .venv carry the old path: it is noticed, and all is set up anew (found A2)."""
    moved = Checkout(tmp_path / "Übersicht 2", installed.environ)
    shutil.copytree(installed.folder, moved.folder, symlinks=True)
    entry = moved.folder / "app" / "__main__.py"
    entry.write_text(entry.read_text().replace(_SAID, "is not installed in the other folder"))
    done = moved.make("run")
    assert "Making .venv anew: this folder had another name" in done.stdout
    assert "in the other folder: run" in done.stdout
    told = _run_script(moved)
    assert "in the other folder" in told
    assert _SAID in installed.make("run").stdout
    assert _SAID in _run_script(installed)


def test_an_environment_whose_python_has_gone_is_made_anew(
    checkout: Checkout, offline: Mapping[str, str]
) -> None:
    """An upgrade of the system takes Python away under .venv (found A3)."""
    venv.create(checkout.venv, symlinks=True)
    python = checkout.venv / "bin" / "python3"
    python.unlink()
    python.symlink_to("/usr/bin/python3.gone")
    done = checkout.make("install", environ=offline)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("Making .venv anew: its Python is gone or another one …\n")


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder that another user can reach: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="checkout-"))
    folder.chmod(0o755)
    yield folder
    _chmod(folder, "u+w")
    shutil.rmtree(folder)


def test_a_folder_that_may_not_be_written_is_named(readable: Path) -> None:
    """Nobody is told to install a package for that (found A3)."""
    checkout = small_checkout(readable / "checkout", {"PYTHON": interpreter()})
    _chmod(checkout.folder, "a+rX,a-w")
    done = checkout.make("install", **as_user())
    assert done.returncode != 0
    assert f"{checkout.venv} may not be written: " in done.stdout
    _is_one_true_sentence(done.stdout, but_not="python3-venv")


@pytest.mark.skipif(not IS_ROOT, reason="only root may start a process as another user")
def test_an_environment_of_another_user_is_not_replaced(readable: Path, offline: Mapping[str, str]) -> None:
    """What is in it can be used; what it lacks is said to be theirs to install (found A3)."""
    checkout = small_checkout(readable / "checkout", {**offline, "PYTHON": interpreter()})
    venv.create(checkout.venv, symlinks=True)
    before = _everything_in(checkout.venv)
    done = checkout.make("install", **as_user())
    assert done.returncode != 0
    assert "may not be written: " in done.stdout
    assert _everything_in(checkout.venv) == before


def test_a_python_that_does_not_exist_is_named(checkout: Checkout) -> None:
    """The sentence names the setting that mends it (found A3)."""
    done = checkout.make("install", "PYTHON=/opt/nowhere/python3")
    assert done.returncode != 0
    assert "PYTHON=/opt/nowhere/python3 is none" in done.stdout
    _is_one_true_sentence(done.stdout, but_not="python3-venv")


def test_a_python_that_is_too_old_is_told_its_version(checkout: Checkout, tmp_path: Path) -> None:
    """3.11 is needed, and this is what was found (found A3)."""
    pretends = "import sys; sys.version_info = (3, 9, 2, 'final', 0); exec(sys.argv[2])"
    old = _script(tmp_path / "python3.9", f'exec "{sys.executable}" -c "{pretends}" "$@"')
    done = checkout.make("install", f"PYTHON={old}")
    assert done.returncode != 0
    assert f"Python 3.11 or newer is needed, and PYTHON={old} is none (Python 3.9)" in done.stdout
    _is_one_true_sentence(done.stdout, but_not="python3-venv")


def test_a_python_without_ensurepip_is_told_the_package(checkout: Checkout, tmp_path: Path) -> None:
    """On Debian and Ubuntu it is a package of its own: the one case in which that helps (found A3)."""
    home = tmp_path / "home"
    library = Path(sysconfig.get_path("stdlib"))
    (home / "lib" / library.name).mkdir(parents=True)
    for one in library.iterdir():
        if one.name not in {"ensurepip", "site-packages"}:
            (home / "lib" / library.name / one.name).symlink_to(one)
    real = Path(sys.executable).resolve()
    bare = _script(tmp_path / "python3", f'PYTHONHOME="{home}" exec "{real}" "$@"')
    done = checkout.make("install", f"PYTHON={bare}")
    assert done.returncode != 0
    _is_one_true_sentence(done.stdout)
    assert "python3-venv" in done.stdout
    assert not checkout.venv.exists()


def _link(there: Path, elsewhere: Path) -> None:
    venv.create(elsewhere, symlinks=True)
    there.symlink_to(elsewhere)


def _something_else(there: Path, _: Path) -> None:
    there.mkdir()
    (there / "notes.txt").write_text("not to be lost")


def _another_projects(there: Path, elsewhere: Path) -> None:
    venv.create(elsewhere / ".venv", symlinks=True)
    (elsewhere / ".venv").rename(there)


def _made_by_another_tool_and_broken(there: Path, _: Path) -> None:
    (there / "bin").mkdir(parents=True)
    (there / "bin" / "python").symlink_to("/opt/nowhere/python3")
    (there / "pyvenv.cfg").write_text("home = /opt/nowhere\nversion = 3.11.7\n")


def _a_file(there: Path, _: Path) -> None:
    there.write_text("not to be lost")


@pytest.mark.parametrize(
    "occupy", [_link, _something_else, _another_projects, _made_by_another_tool_and_broken, _a_file]
)
def test_what_is_not_ours_is_left_as_it_is(
    checkout: Checkout, tmp_path: Path, occupy: Callable[[Path, Path], None]
) -> None:
    """Whatever else bears the name .venv is named, never changed and never deleted (found A3)."""
    occupy(checkout.venv, tmp_path / "elsewhere")
    before = _everything_in(tmp_path)
    done = checkout.make("install")
    assert done.returncode != 0
    assert ".venv is " in done.stdout
    _is_one_true_sentence(done.stdout, but_not="python3-venv")
    assert _everything_in(tmp_path) == before


def _run_script(checkout: Checkout) -> str:
    """What the installed command says of a package that the small lock does not have."""
    script = checkout.venv / "bin" / "teams-presence"
    done = subprocess.run([script, "serve"], cwd="/", capture_output=True, text=True, check=False)
    return done.stderr


def _chmod(folder: Path, mode: str) -> None:
    subprocess.run(["/usr/bin/env", "chmod", "-R", mode, folder], check=True)


def _script(path: Path, line: str) -> Path:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return path


def _everything_in(folder: Path) -> dict[Path, str]:
    """Each file and link below the folder with what it holds."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_symlink() or path.is_file())
    return {path: str(path.readlink()) if path.is_symlink() else path.read_bytes().hex() for path in found}


def _is_one_true_sentence(output: str, *, but_not: str = "Traceback") -> None:
    """Behind what is being done one line of ours, and one of make's."""
    said = [line for line in output.splitlines() if not re.match(r"make: \*\*\*|.* …$", line)]
    assert len(said) == 1, output
    assert "Traceback" not in output
    assert but_not not in output
