"""From the start of the process to its first sign of life, and to the first answer about anybody."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from bench.people import PEOPLE
from bench.processes import wait_for
from bench.run import Run
from bench.tenant import Service, Tenant, serving, simulated


def measure(run: Run) -> None:
    """Cold, then warm from the snapshot that the cold one has left, each time anew."""
    with ExitStack() as stack:
        folder = run.place("start")
        tenant = stack.enter_context(simulated(folder, people=PEOPLE, core=run.cores.load))
        for number in range(run.rounds):
            settings = {"PRESENCE_STATE_DIR": str(folder / f"state-{number}")}
            alive_s, ready_s = _started(run, tenant, folder, settings=settings)
            _, warm_s = _started(run, tenant, folder, settings=settings)
            for figure, took_s in (("alive", alive_s), ("ready", ready_s), ("warm", warm_s)):
                run.results.note(figure, took_s)


def _started(run: Run, tenant: Tenant, folder: Path, *, settings: Mapping[str, str]) -> tuple[float, float]:
    """Seconds to alive and to ready; it is stopped in an orderly way, which leaves a snapshot."""
    with serving(tenant, folder, cores=run.cores, settings=settings) as service:
        alive_s = _until(service, "/health/live")
        return alive_s, _until(service, "/health/ready")


def _until(service: Service, path: str) -> float:
    wait_for(lambda: service.says(path), process=service.process, log=service.log)
    return time.monotonic() - service.started_at
