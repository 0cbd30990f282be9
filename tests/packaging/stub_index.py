"""A folder of wheels that stands for a package index which goes on while a lock grows old.

The wheels hold no code. Those of locked versions carry the metadata of what is really installed here, so that
a resolver sees all their requirements and extras. The others are newer than any lock.
"""

import base64
import hashlib
import zipfile
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

NEWER = "9999.0"


def add_newer(folder: Path, locked: Iterable[Requirement]) -> None:
    """A higher version of each package, which asks for nothing."""
    for one in locked:
        _wheel(folder, one.name, NEWER, f"Metadata-Version: 2.1\nName: {one.name}\nVersion: {NEWER}\n")


def add_installed(folder: Path, locked: Iterable[Requirement]) -> list[str]:
    """The locked version of each package that is meant for this machine; the lines of a lock for them."""
    return [
        f"{one} --hash=sha256:{_wheel_of_installed(folder, one)}"
        for one in locked
        if not one.marker or one.marker.evaluate()
    ]


def _wheel_of_installed(folder: Path, one: Requirement) -> str:
    found = distribution(one.name)
    assert one.specifier.contains(found.version), f"{one} is locked, {found.version} is installed"
    metadata = found.read_text("METADATA")
    assert metadata, one.name
    return _wheel(folder, one.name, found.version, metadata)


def _wheel(folder: Path, name: str, version: str, metadata: str) -> str:
    """Write it; its SHA-256 ("Binary distribution format")."""
    stem = f"{name.replace('-', '_')}-{version}"
    files = {
        f"{stem}.dist-info/METADATA": metadata,
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{path},sha256={_recorded(text)},{len(text.encode())}" for path, text in files.items()]
    record.append(f"{stem}.dist-info/RECORD,,")
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, text in (files | {f"{stem}.dist-info/RECORD": "\n".join(record) + "\n"}).items():
            wheel.writestr(inside, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _recorded(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
