# ruff: noqa: INP001 - a script, not part of a package
"""Sets `.venv` up from a lock of this folder: `python requirements/install.py demo`, from the Makefile.

Does nothing while nothing has changed, and says one line for each thing it does. What a person has to mend
comes as one sentence, behind everything that pip has said. Needs nothing but Python.
"""

import errno
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_VENV = _ROOT / ".venv"
_PYTHON = str(_VENV / "bin" / "python")
# Names the lock that .venv holds, and everything that this depends on; empty while it is being changed.
_STAMP = _VENV / ".installed"
# Each holds everything of the one before: after `demo`, nothing is missing for `runtime`.
_LOCKS = ("runtime", "demo", "bench", "dev")
# Of pip's own five attempts the last comes late where there is no way out.
_RETRIES = "2"
_DISK_FULL = "The disk is full: make room, and try again."
_NO_ROUTE = (
    r"Retrying \(Retry|Max retries exceeded|timed out|Connection(Error|Pool| refused| reset| aborted| broken)"
)
# What pip says, and what that means for a person; the first that fits counts.
_MEANINGS = {
    r"No space left on device|Errno 28|Disk quota exceeded": _DISK_FULL,
    r"DO NOT MATCH THE HASHES": (
        "What was downloaded is not what the lock names, and was not installed: a mirror, a proxy or a cache "
        "hands out another file. Empty the cache with `.venv/bin/python -m pip cache purge`, or ask another "
        "index with PIP_INDEX_URL."
    ),
    r"In --require-hashes mode": (
        "The lock does not name everything that is needed: a mistake of this project, please report it."
    ),
    r"Permission denied|Errno 13|Read-only file system": (
        "A file or folder, named above, may not be written: give it to this user, or work in another folder."
    ),
    r"CERTIFICATE_VERIFY_FAILED": (
        "The package index cannot be reached: its certificate is not trusted here. Where a proxy inspects "
        "TLS, PIP_CERT names the file with its authority."
    ),
    _NO_ROUTE: (
        "The package index cannot be reached. Behind a proxy set HTTPS_PROXY=http://name:password@host:port; "
        "with an index of your own PIP_INDEX_URL; where one inspects TLS, PIP_CERT (its authority's file)."
    ),
    r"No matching distribution found": (
        "The package index does not offer this: it is down or incomplete, is the wrong one (PIP_INDEX_URL), "
        "or wants a name and password (PIP_INDEX_URL=https://name:password@host/simple)."
    ),
}


class CannotGoOnError(Exception):
    """What a person has to do, in a sentence."""


def main(lock: str) -> int:
    """Have this lock installed, or say why it cannot be."""
    try:
        if not any(_is_installed(each) for each in _LOCKS[_LOCKS.index(lock) :]):
            _prepare()
            _install(lock)
    except CannotGoOnError as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"{_why(error)}\n")
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; the same command goes on from here.\n")
    else:
        return 0
    return 1


def _is_installed(lock: str) -> bool:
    """Whether the lock as it is now was installed in this folder, for the Python that .venv has now."""
    try:
        return not _VENV.is_symlink() and _STAMP.read_text() == _state(lock)
    except OSError:
        return False


def _state(lock: str) -> str:
    """Everything that an installation depends on: another folder or another Python makes it another one."""
    files = (_ROOT / "pyproject.toml", *(_ROOT / "requirements" / f"{name}.txt" for name in ("build", lock)))
    content = b"".join(file.read_bytes() for file in files)
    return f"{lock} {hashlib.sha256(content).hexdigest()} Python {_version()} {_ROOT}\n"


def _version() -> str:
    """Python's version in .venv, as in `3.11`; empty when it does not run, is too old or has no pip."""
    code = (
        "import sys, importlib.util as found; fits = sys.version_info >= (3, 11) and found.find_spec('pip');"
        "print(*(sys.version_info[:2] if fits else ()), sep='.')"
    )
    try:
        asked = subprocess.run([_PYTHON, "-I", "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return ""
    return asked.stdout.strip()


def _prepare() -> None:
    """A `.venv` that works here. One of ours that does not is made anew; nobody else's is touched."""
    if _VENV.is_symlink():
        raise CannotGoOnError(
            f".venv is a link to {_VENV.readlink()}, and what it leads to is not ours to change: "
            "remove the link, and try again."
        )
    made_in = _made_in()
    if not _VENV.exists() or (_VENV.is_dir() and not any(_VENV.iterdir())):
        _make("Making an environment in .venv …")
    elif made_in in {_ROOT, None} and _version():
        return
    elif made_in == _ROOT:
        _make("Making .venv anew: its Python is gone or another one …")
    elif any(_VENV.glob(".installed*")):
        _make("Making .venv anew: this folder had another name when it was made …")
    else:
        raise CannotGoOnError(
            ".venv is there, but was not made by `make` in this folder, and is left as it is: "
            "rename or remove it, and try again."
        )


def _made_in() -> Path | None:
    """The folder for which Python says it has made .venv (`command` in *pyvenv.cfg*)."""
    try:
        text = (_VENV / "pyvenv.cfg").read_text()
    except OSError:
        return None
    told = re.search(r"^command = .* -m venv .*?(?<=\s)(/.*)$", text, re.MULTILINE)
    return Path(told[1]).resolve().parent if told else None


def _make(announcement: str) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise CannotGoOnError(
            f"{sys.executable} has no ensurepip and cannot make an environment: on Debian and Ubuntu install "
            f"the package python3-venv (python{version}-venv for this version)."
        )
    _say(announcement)
    if _VENV.exists():
        shutil.rmtree(_VENV)
    _VENV.mkdir()
    _STAMP.touch()
    try:
        venv.create(_VENV, with_pip=True, symlinks=True)
    except subprocess.CalledProcessError as error:
        raise _failure(error.output.decode(errors="replace")) from None
    except ValueError as error:  # no environment works in a folder with `:` in its name
        shutil.rmtree(_VENV)
        raise CannotGoOnError(f"No environment can be made in this folder: {error}") from None


def _install(lock: str) -> None:
    _STAMP.write_text("")
    _say(f"Installing what requirements/{lock}.txt locks …")
    _pip("--require-hashes", "-r", f"requirements/{lock}.txt", "-r", "requirements/build.txt")
    # Without a build environment of its own, so that nothing arrives that is not in the lock.
    _pip("--no-deps", "--no-build-isolation", "--editable", ".")
    _STAMP.write_text(_state(lock))


def _pip(*arguments: str) -> None:
    command = [_PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    done = subprocess.run(  # noqa: S603
        [*command, *arguments],
        cwd=_ROOT,
        env={"PIP_RETRIES": _RETRIES, **os.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise _failure(done.stdout)


def _failure(output: str) -> CannotGoOnError:
    return CannotGoOnError(f"{output.rstrip()}\n\n{meaning(output)}")


def meaning(output: str) -> str:
    """What a failed pip means for a person.

    A connection that failed and then went well is no reason: it counts only where pip has given up for it.
    """
    lines = output.rstrip().splitlines() or [""]
    last = next((line for line in reversed(lines) if line.startswith("ERROR:")), lines[-1])
    gave_up = "No matching distribution" in last or re.search(_NO_ROUTE, last)
    for pattern, sentence in _MEANINGS.items():
        if re.search(pattern, output) and (pattern != _NO_ROUTE or gave_up):
            return sentence
    return "Installing failed: pip says why, above."


def _why(error: OSError) -> str:
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"{error.filename} may not be written: give it to this user, or work in another folder."
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _DISK_FULL
    return f"The environment in .venv cannot be made: {error}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
