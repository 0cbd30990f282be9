"""On what the figures were measured, as far as it matters to somebody elsewhere."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import msgspec

_SPEED_MATTERS = ("uvicorn", "uvloop", "httptools", "fastapi", "starlette", "pydantic", "msgspec")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Cores, processor, and the versions that decide about speed."""

    cores: int
    processor: str
    python: str
    libraries: dict[str, str]

    @classmethod
    def this(cls) -> "Machine":
        """The one we run on."""
        return cls(
            cores=len(os.sched_getaffinity(0)),
            processor=_processor(),
            python=platform.python_version(),
            libraries={name: version(name) for name in _SPEED_MATTERS},
        )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
