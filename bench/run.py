"""What every measurement is given: where to put files, which cores to use, how long and how often."""

from dataclasses import dataclass
from pathlib import Path

from bench.cores import Cores
from bench.results import Results


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the bench; measurements write what they find into `results`."""

    folder: Path
    cores: Cores
    rounds: int
    seconds: float
    results: Results

    def place(self, name: str) -> Path:
        """A new folder of this name."""
        place = self.folder / name
        place.mkdir(parents=True)
        return place
