"""The locked dependencies as data."""

from packaging.requirements import Requirement

from tests.support.processes import ROOT

LOCKS = ("build", "runtime", "demo", "bench", "dev")


def entries(lock: str) -> list[str]:
    """The lines of a lock, each with its hashes, comments left out."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text().replace("\\\n", "")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def locked(lock: str) -> list[Requirement]:
    """Everything that a lock names, for this machine and for others."""
    return [Requirement(entry.split(" --hash")[0]) for entry in entries(lock)]


def for_this_machine(lock: str) -> list[Requirement]:
    """What is installed here."""
    return [one for one in locked(lock) if not one.marker or one.marker.evaluate()]
