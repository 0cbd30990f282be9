"""What callers notice while a snapshot of a hundred thousand people is written.

The first one is written as soon as everybody has been read: each round starts a service with an empty folder
and asks, by timetable, from then until the file is there.
"""

import time
from contextlib import ExitStack
from pathlib import Path

from bench import asked
from bench.large import PEOPLE
from bench.load import Load
from bench.paced import pace
from bench.people import ASKED
from bench.run import Run
from bench.tenant import serving, simulated

_PER_S = 1_000.0
_SLICE_S = 1.0
_PATIENCE_S = 60.0
# No second sweep meanwhile: what that costs is another figure.
_SETTINGS = {"PRESENCE_POLL_INTERVAL": "120", "PRESENCE_FRESH_FOR": "240"}
_FILE = "snapshot.json.gz"


def measure(run: Run) -> None:
    """The longest wait of every round."""
    with ExitStack() as stack:
        folder = run.place("pause")
        tenant = stack.enter_context(simulated(folder, people=PEOPLE, core=run.cores.load))
        people = [asked.Person(email, "", 0) for email in asked.addresses(tenant, limit=ASKED)]
        for number in range(run.rounds):
            state = folder / f"state-{number}"
            settings = {**_SETTINGS, "PRESENCE_STATE_DIR": str(state)}
            with serving(tenant, folder, cores=run.cores, settings=settings) as service:
                service.wait_until_ready()
                load = Load(
                    address=service.address,
                    requests=asked.presence_requests(people),
                    is_right=asked.is_presence,
                )
                _note_waits(run, load, state / _FILE)


def _note_waits(run: Run, load: Load, file: Path) -> None:
    began, longest_s = time.monotonic(), 0.0
    while not file.exists():
        timing = pace(load, rate_per_s=_PER_S, seconds=_SLICE_S)
        longest_s = max(longest_s, *timing.latency_s)
        if time.monotonic() - began > _PATIENCE_S:
            raise TimeoutError(f"No snapshot in {_PATIENCE_S:.0f} s.")
    undisturbed = pace(load, rate_per_s=_PER_S, seconds=2 * _SLICE_S)
    run.results.note("pause", longest_s * 1000)
    run.results.note("pause_without", max(undisturbed.latency_s) * 1000)
    run.results.note("snapshot_took", file.stat().st_mtime - time.time() + time.monotonic() - began)
