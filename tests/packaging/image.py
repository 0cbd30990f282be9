"""The image's steps, taken from the Dockerfile and run again in an empty folder, for want of an engine."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.packaging import dockerfile
from tests.support.processes import ROOT, Process

IS_ROOT = os.geteuid() == 0
_OWNER = re.compile(r" -o \d+ -g \d+")
_OWN_PATHS = re.compile(r"(?<![\w/.])/(?=(?:opt|src|var)/?)")
# Pip's cache is thrown away in an image and saves a minute here.
_LEFT_OUT = {"PIP_NO_CACHE_DIR"}


@dataclass(slots=True)
class Image:
    """A folder that stands for the image's root; what the steps name absolutely is found beneath it."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    def inside(self, text: str) -> str:
        """The same text with the image's own paths led into the folder."""
        return _OWN_PATHS.sub(f"{self.root}/", text)

    def build(self, *, more_links: Path) -> None:
        """Run every step of every stage; pip is offered the wheels in that folder as well."""
        subprocess.run([interpreter(), "-m", "venv", self.root / "base"], check=True)
        where = self.root
        for one in dockerfile.instructions():
            if one.word == "FROM":
                self.environ, where = self._base(more_links), self.root
            elif one.word == "WORKDIR":
                where = Path(self.inside(one.rest))
                where.mkdir(parents=True)
            elif one.word == "ENV":
                self._set(dockerfile.variables(one.rest))
            elif one.word == "COPY" and "--from" not in one.rest:
                _copy(one.rest.split(), where)
            elif one.word == "RUN":
                self._run(one.rest, where)

    def start(self, settings: Mapping[str, str], *, log: Path) -> Process:
        """What the container would run, as its user if we may, where nobody may write."""
        bare = self.root / "empty"
        bare.mkdir(mode=0o555, exist_ok=True)
        environ = self.environ | {"HOME": "/nonexistent"} | dict(settings)
        with log.open("wb") as output:
            arguments = [*dockerfile.command("ENTRYPOINT"), *dockerfile.command("CMD")]
            popen = subprocess.Popen(
                [shutil.which(arguments[0], path=environ["PATH"]) or arguments[0], *arguments[1:]],
                cwd=bare,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **as_user(),
            )
        return Process(popen, log)

    def is_healthy(self, settings: Mapping[str, str]) -> bool:
        """Whether the health check, exactly as the image declares it, is content."""
        program, *arguments = dockerfile.command("HEALTHCHECK")
        found = shutil.which(program, path=self.environ["PATH"]) or program
        checked = subprocess.run(
            [found, *arguments],
            env=self.environ | dict(settings),
            stderr=subprocess.DEVNULL,
            check=False,
            **as_user(),
        )
        return checked.returncode == 0

    def _base(self, more_links: Path) -> dict[str, str]:
        foreign = ("AZURE_", "PRESENCE_", "PYTHON", "VIRTUAL_ENV", "COV_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        links = f"{kept.get('PIP_FIND_LINKS', '')} {more_links}"
        return kept | {"PATH": f"{self.root}/base/bin:{os.environ['PATH']}", "PIP_FIND_LINKS": links}

    def _set(self, names: Mapping[str, str]) -> None:
        for name in names.keys() - _LEFT_OUT:
            self.environ[name] = self.inside(names[name]).replace("$PATH", self.environ["PATH"])

    def _run(self, step: str, where: Path) -> None:
        command = self.inside(step if IS_ROOT else _OWNER.sub("", step))
        if target := re.search(r"install -d .* (\S+)$", command):
            Path(target[1]).parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["/bin/sh", "-ec", command],
            cwd=where,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{step}\n{done.stdout}"


def as_user() -> dict[str, Any]:
    """The image's user, for a process to be started as; only root may become somebody else."""
    user, group = map(int, dockerfile.last("USER").split(":"))
    return {"user": user, "group": group, "extra_groups": []} if IS_ROOT else {}


def _copy(words: list[str], where: Path) -> None:
    *sources, target = words
    for source in sources:
        here, there = ROOT / source, where / target
        if here.is_dir():
            shutil.copytree(here, there, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            there.mkdir(parents=True, exist_ok=True)
            shutil.copy(here, there)


def interpreter() -> str:
    """A Python that the image's user can run as well: not one in somebody's home."""
    here = [str(Path(sys.executable).resolve()), *_found("python3.11"), *_found("python3")]
    return next(one for one in here if _can_run(one))


def _found(name: str) -> list[str]:
    found = shutil.which(name, path="/usr/local/bin:/usr/bin")
    return [found] if found else []


def _can_run(python: str) -> bool:
    wanted = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", wanted], check=False, **as_user()).returncode == 0
    except PermissionError:
        return False
