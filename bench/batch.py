"""People a second through POST /presence/batch, a thousand at a time, beside the usual way.

The lists of the figure are of the same thousand people in ever other orders, so that no two bodies in a row
are alike: nobody gains by remembering one. What one list again and again would give, and what lists of all
the people there are, stands beside it.
"""

import random
from collections.abc import Sequence
from contextlib import ExitStack

from bench import asked, peers
from bench.contestants import service_with_people
from bench.load import Load, drive
from bench.people import PEOPLE, address_of
from bench.run import Run
from bench.statistics import shares
from bench.wire import Address

_PEOPLE = 1_000
_ORDERS = 64
# A batch is work for a millisecond: few callers keep a core busy, and more would only queue.
_CONNECTIONS = 4
_CHUNK = 1 << 20
_REMARK = (
    f"The lists of a batch are the same {_PEOPLE:,} people in {_ORDERS} orders, one after the other, so that "
    "nobody gains by remembering a body."
)


def measure(run: Run) -> None:
    """All of them in every round."""
    with ExitStack() as stack:
        folder = run.place("batch")
        tenant, service = service_with_people(stack, folder, cores=run.cores)
        usual = stack.enter_context(peers.uvicorn("bench.usual:app", folder, core=run.cores.server))
        emails = asked.addresses(tenant, limit=PEOPLE)
        loads = {
            "batch": _load(service.address, orders(emails[:_PEOPLE])),
            "usual": _load(usual, orders([address_of(number) for number in range(_PEOPLE)])),
            "batch_same": _load(service.address, [emails[:_PEOPLE]]),
            "batch_all": _load(service.address, portions(emails)),
        }
        rounds = [{name: _people_per_s(load, run) for name, load in loads.items()} for _ in range(run.rounds)]
    per_s = {name: [one[name] for one in rounds] for name in loads}
    theirs = per_s.pop("usual")
    run.results.rounds |= {**per_s, "batch_times_usual": shares(per_s["batch"], theirs)}
    run.results.remark(_REMARK)


def orders(emails: Sequence[str]) -> list[list[str]]:
    """The same people in different orders, the same ones in every run."""
    shuffle = random.Random(0)  # noqa: S311 - to measure with, not to hide anything
    return [shuffle.sample(emails, len(emails)) for _ in range(_ORDERS)]


def portions(emails: Sequence[str]) -> list[list[str]]:
    """Everybody once, a thousand in each list, far from each other in the directory."""
    lists = len(emails) // _PEOPLE
    return [list(emails[first : lists * _PEOPLE : lists]) for first in range(lists)]


def _load(address: Address, lists: Sequence[Sequence[str]]) -> Load:
    return Load(
        address=address,
        requests=[asked.batch_request(emails) for emails in lists],
        is_right=asked.is_batch,
        connections=_CONNECTIONS,
        chunk=_CHUNK,
    )


def _people_per_s(load: Load, run: Run) -> float:
    return drive(load, seconds=run.seconds).per_s * _PEOPLE
