"""A tenant of a hundred thousand: memory, how long a sweep takes, and what callers notice of it.

Each round is a service of its own, because memory is told honestly only by a process that has just grown.
In each round some sweeps are looked at one by one. As soon as the one before has ended, the ceiling is
measured for a moment; then the load asks by timetable at half that rate, through the pause and the next
sweep. Then the ceiling is measured again: where the machine has changed meanwhile, the look does not count.
So what is compared lies within seconds, and the median over all sweeps does not hang on what the machine did
during one of them. The simulator yields to the load, and its log says when a sweep was under way.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench import asked
from bench.contestants import Contestant, ceiling
from bench.load import Load
from bench.paced import Timing, pace
from bench.people import ASKED
from bench.processes import resident_mb, yielding
from bench.run import Run
from bench.statistics import percentile
from bench.tenant import Service, Tenant, serving, simulated
from bench.windows import Window, split, sweeps

PEOPLE = 100_000
# Microsoft's limit: 1,500 requests in 30 s, 650 people each.
_ALLOWED_S = PEOPLE / 650 / 50
_FEW = 5
_INTERVAL_S = 6.0
_SETTINGS = {"PRESENCE_POLL_INTERVAL": str(_INTERVAL_S)}
_SWEEPS, _MOST_SWEEPS = 2, 3
_CEILING_S = 0.5
_ALIKE = 1.25
_WARM_UP_S = 0.25
# From the end of one sweep to the end of the next it is an interval, some of which is gone by then.
_LOADED_S = _INTERVAL_S - 0.8
_PATIENCE_S = 120.0
_AGAIN_S = 0.1
# A sweep asks about 50 times a second: after this time without a question it has ended.
_ENDED_S = 0.25
_JUST_S = 1.0


def measure(run: Run) -> None:
    """Round after round, each with a service of its own."""
    with ExitStack() as stack:
        folder = run.place("large")
        tenant = stack.enter_context(simulated(folder, people=PEOPLE, core=run.cores.load))
        small = stack.enter_context(simulated(folder, people=_FEW, core=run.cores.load))
        bare = ceiling(stack, run.place("ceiling"), cores=run.cores)
        people = asked.addresses(tenant, limit=2 * ASKED)[:ASKED]
        yielding(tenant.process)
        for _ in range(run.rounds):
            empty_mb = _empty_mb(run, small, folder)
            with serving(tenant, folder, cores=run.cores, settings=_SETTINGS) as service:
                note_growth(run, tenant, service, empty_mb=empty_mb)
                _look(run, tenant, bare, _load(service, people))
    looks = run.results.rounds.get("carried", [])
    if not looks:
        run.results.fail("p99_times", "the machine never kept its pace for the length of a sweep")
    elif median(looks) < 1:
        run.results.fail("p99_times", "the service cannot carry this load, the queue grows")


def _empty_mb(run: Run, tenant: Tenant, folder: Path) -> float:
    with serving(tenant, folder, cores=run.cores, settings=_SETTINGS) as service:
        service.wait_until_ready()
        return resident_mb(service.process.pid)


def note_growth(run: Run, tenant: Tenant, service: Service, *, empty_mb: float) -> None:
    """How long the second sweep took, and what the service has grown to after it."""
    service.wait_until_ready()
    run.results.note("ready_large", time.monotonic() - service.started_at)
    first, last = _second_sweep(tenant, since=service.started_at)
    resident = resident_mb(service.process.pid)
    run.results.note("whole_sweep", (last - first) / _ALLOWED_S)
    run.results.note("resident", resident)
    run.results.note("memory", resident - empty_mb)


def _second_sweep(tenant: Tenant, *, since: float) -> Window:
    """When the second sweep began and ended, once it has."""
    while True:
        found = sweeps([at for at in tenant.sweep_calls() if at >= since])
        if len(found) > 1 and time.monotonic() - found[1][1] > _ENDED_S:
            return found[1]
        _go_on_waiting(since)


def _wait_for_pause(tenant: Tenant) -> None:
    """Return when a sweep has just ended."""
    since = time.monotonic()
    while not _ENDED_S < time.monotonic() - max(tenant.sweep_calls()) < _JUST_S:
        _go_on_waiting(since)


def _go_on_waiting(since: float) -> None:
    if time.monotonic() - since > _PATIENCE_S:
        raise TimeoutError(f"No sweep has ended in {_PATIENCE_S:.0f} s.")
    time.sleep(_AGAIN_S)


def _load(service: Service, people: Sequence[str]) -> Load:
    strangers = [asked.Person(email, "", 0) for email in people]
    return Load(
        address=service.address, requests=asked.presence_requests(strangers), is_right=asked.is_presence
    )


def _look(run: Run, tenant: Tenant, bare: Contestant, load: Load) -> None:
    """Some sweeps, each between two looks at the ceiling.

    Where these differ much, the load was not half of anything: the machine has changed meanwhile, and the
    next sweep is looked at instead.
    """
    before, fair = _ceiling_per_s(tenant, bare), list[bool]()
    while fair.count(True) < _SWEEPS and len(fair) < _MOST_SWEEPS:
        timing = _timing(load, per_s=before / 2)
        windows, after = sweeps(tenant.sweep_calls()), _ceiling_per_s(tenant, bare)
        fair.append(1 / _ALIKE < after / before < _ALIKE)
        if fair[-1]:
            note_latency(run, timing, windows)
        before = after
    run.results.note("p99_left_out", fair.count(False))


def _ceiling_per_s(tenant: Tenant, bare: Contestant) -> float:
    """The ceiling, as soon as a sweep has ended."""
    _wait_for_pause(tenant)
    return bare.per_s(_CEILING_S)


def _timing(load: Load, *, per_s: float) -> Timing:
    """From one sweep through the pause to the end of the next."""
    pace(load, rate_per_s=per_s, seconds=_WARM_UP_S)
    return pace(load, rate_per_s=per_s, seconds=_LOADED_S)


def note_latency(run: Run, timing: Timing, windows: Sequence[Window]) -> None:
    """The p99 of the two kinds of moments, and how many times the one is the other."""
    busy, quiet = split(timing.due_at, timing.latency_s, windows)
    if not busy or not quiet:
        run.results.remark("A look at the p99 saw no sweep, or nothing else, and was left out.")
        return
    p99_busy, p99_quiet = percentile(busy, 0.99), percentile(quiet, 0.99)
    late, _ = split(timing.due_at, timing.late_s, windows)
    run.results.note("p99_times", p99_busy / p99_quiet)
    run.results.note("p99_sweep", p99_busy * 1000)
    run.results.note("p99_quiet", p99_quiet * 1000)
    run.results.note("p99_late", percentile(late, 0.99) * 1000)
    run.results.note("carried", timing.carried)
