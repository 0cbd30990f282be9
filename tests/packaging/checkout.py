"""A small checkout: the Makefile and what it calls, with locks that name only what installs the service."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.processes import ROOT

_PARTS = ("Makefile", "pyproject.toml", "README.md", "app")
_SCRIPTS = ("install.py", "build.txt")


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder with the source, and the environment in which somebody works there."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def venv(self) -> Path:
        """Where everything is installed."""
        return self.folder / ".venv"

    def make(
        self, *words: str, environ: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run `make`; both outputs are one, as on a terminal."""
        return subprocess.run(
            ["/usr/bin/env", "make", *words],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | dict(self.environ) | dict(environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
            **options,
        )


def small_checkout(folder: Path, environ: Mapping[str, str] | None = None) -> Checkout:
    """A new one in that folder."""
    (folder / "requirements").mkdir(parents=True)
    for part in (*_PARTS, *(f"requirements/{name}" for name in _SCRIPTS)):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)
    for lock in ("runtime", "demo"):
        shutil.copy(ROOT / "requirements" / "build.txt", folder / "requirements" / f"{lock}.txt")
    return Checkout(folder, environ or {})
