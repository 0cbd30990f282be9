"""`python -m bench.against FOLDER`: this checkout beside another one, look by look, before a change lands.

Both services have the same tenant and the same core, and are asked in turn for moments, so that whatever the
machine does meanwhile happens to both.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from bench import asked
from bench.batch import orders
from bench.cores import Cores
from bench.load import Load, drive
from bench.people import PEOPLE
from bench.processes import ROOT
from bench.statistics import Spread, shares
from bench.tenant import Service, Tenant, serving, simulated

_BATCH = 1_000
_LOOKS = 30
_SECONDS = 0.4


def main() -> None:
    """Print, for each kind of answer, how many times as fast this checkout is as the other."""
    parser = argparse.ArgumentParser(prog="python -m bench.against", description=__doc__)
    parser.add_argument("folder", type=Path, help="a checkout of the version to compare with")
    parser.add_argument("--looks", type=int, default=_LOOKS, help=f"at each of both, instead of {_LOOKS}")
    chosen = parser.parse_args()
    for name, ratios in _ratios(chosen.folder.resolve(), looks=chosen.looks).items():
        spread = Spread.of(ratios)
        told = f"{spread.middle:.3f} ({spread.least:.2f} to {spread.most:.2f})"
        sys.stdout.write(f"{name:10} {told}\n")


def _ratios(other: Path, *, looks: int) -> Mapping[str, list[float]]:
    cores = Cores.found()
    os.sched_setaffinity(0, {cores.load})
    with tempfile.TemporaryDirectory(prefix="against-") as name, ExitStack() as stack:
        tenant = stack.enter_context(simulated(Path(name), people=PEOPLE, core=cores.load))
        loads: list[dict[str, Load]] = []
        for root in (ROOT, other):
            folder = Path(name, f"service-{len(loads)}")
            folder.mkdir()
            service = stack.enter_context(serving(tenant, folder, cores=cores, root=root))
            service.wait_until_ready()
            loads.append(_loads(tenant, service))
        ours, theirs = loads
        return {kind: _compared(ours[kind], theirs[kind], looks=looks) for kind in ours}


def _loads(tenant: Tenant, service: Service) -> dict[str, Load]:
    people = asked.choose(tenant, service)
    emails = asked.addresses(tenant, limit=_BATCH)
    address = service.address
    is_presence = asked.is_presence
    return {
        "hit": Load(address=address, requests=asked.presence_requests(people), is_right=is_presence),
        "unchanged": Load(
            address=address,
            requests=asked.unchanged_requests(people),
            is_right=asked.is_unchanged,
            status=304,
        ),
        "lookup": Load(address=address, requests=asked.lookup_requests(people), is_right=is_presence),
        "batch": Load(
            address=address,
            requests=[asked.batch_request(one) for one in orders(emails)],
            is_right=asked.is_batch,
            connections=4,
            chunk=1 << 20,
        ),
    }


def _compared(ours: Load, theirs: Load, *, looks: int) -> list[float]:
    """Round by round; who begins changes each time."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for number in range(looks):
        for is_ours in (number % 2 == 0, number % 2 == 1):
            load = ours if is_ours else theirs
            found[is_ours].append(drive(load, seconds=_SECONDS).per_s)
    return shares(found[True], found[False])


if __name__ == "__main__":
    main()
