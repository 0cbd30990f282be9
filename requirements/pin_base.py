# ruff: noqa: INP001 - a script, not part of a package
"""Pins the image's base by digest: `make base` asks the registry that the container engine asks.

The tag stays beside the digest, for people; the engine goes by the digest alone. Needs nothing but Python.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

_DOCKERFILE = Path(__file__).resolve().parents[1] / "Dockerfile"
_BASE = re.compile(r"^ARG BASE=([^@\s]+)(@\S+)?$", re.MULTILINE)
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


def main() -> int:
    """Write the digest behind the tag as it is now; the Dockerfile stays as it was where none is told."""
    engine = os.environ.get("DOCKER") or "docker"
    text = _DOCKERFILE.read_text()
    tag = _BASE.findall(text)[0][0]
    try:
        _ask(engine, "pull", "--quiet", tag)
        told = _ask(engine, "image", "inspect", "--format", "{{index .RepoDigests 0}}", tag)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"The digest of {tag} is not known, and nothing was changed: {error}\n")
        return 1
    digest = _DIGEST.search(told)
    if not digest:
        sys.stderr.write(f"Nothing was changed: {engine} told no digest of {tag}, but {told!r}.\n")
        return 1
    _DOCKERFILE.write_text(_BASE.sub(f"ARG BASE={tag}{digest[0]}", text))
    sys.stdout.write(f"The base is {tag}{digest[0]} from now on.\n")
    return 0


def _ask(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
