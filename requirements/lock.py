# ruff: noqa: INP001 - a script, not part of a package
"""Resolves every lock in this folder anew, with hashes: `make lock`.

uv does it, from a throwaway environment: it is needed for nothing else and is not locked itself.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

_FOLDER = Path(__file__).parent
_SOURCES = {
    "build": ["--group", "build"],
    "runtime": ["pyproject.toml"],
    "demo": ["pyproject.toml", "--group", "demo"],
    "bench": ["pyproject.toml", "--group", "bench"],
    "dev": ["pyproject.toml", "--group", "dev"],
}
# One lock for every platform, and no word about the index it came from.
_HOW = ["--universal", "--python-version", "3.11", "--generate-hashes", "--upgrade", "--quiet"]
# Extras stay in the lock: pip before 23.3 does not connect `coverage==7.17.3` with another package's
# `coverage[toml]`, takes the newest for it, and refuses that for want of a hash.
_HOW += ["--no-strip-extras", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]


def main() -> None:
    """Write all locks from one moment's resolution; the first failure stops."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        scripts = Path(folder, "bin")
        subprocess.run([scripts / "python", "-m", "pip", "install", "--quiet", "uv"], check=True)  # noqa: S603
        for name, sources in _SOURCES.items():
            command = [
                str(scripts / "uv"),
                "pip",
                "compile",
                *_HOW,
                *sources,
                "-o",
                f"requirements/{name}.txt",
            ]
            subprocess.run(command, cwd=_FOLDER.parent, stdout=subprocess.DEVNULL, check=True)  # noqa: S603


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"Nothing more was locked: {failed}")
