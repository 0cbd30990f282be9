"""People a second through POST /presence/batch, a thousand at a time, beside the usual way."""

from contextlib import ExitStack

from bench import asked, peers
from bench.contestants import service_with_people
from bench.load import Load, drive
from bench.people import address_of
from bench.run import Run
from bench.statistics import shares
from bench.wire import Address

_PEOPLE = 1_000
_LOOKED_AT = 1_200
# A batch is work for a millisecond: few callers keep a core busy, and more would only queue.
_CONNECTIONS = 4
_CHUNK = 1 << 20


def measure(run: Run) -> None:
    """Both in every round."""
    with ExitStack() as stack:
        folder = run.place("batch")
        tenant, service = service_with_people(stack, folder, cores=run.cores)
        usual = stack.enter_context(peers.uvicorn("bench.usual:app", folder, core=run.cores.server))
        emails = asked.addresses(tenant, limit=_LOOKED_AT)[:_PEOPLE]
        ours = _batches(service.address, emails)
        theirs = _batches(usual, [address_of(number) for number in range(_PEOPLE)])
        rounds = [(_people_per_s(ours, run), _people_per_s(theirs, run)) for _ in range(run.rounds)]
    run.results.rounds["batch"] = [mine for mine, _ in rounds]
    run.results.rounds["batch_times_usual"] = shares(*zip(*rounds, strict=True))


def _batches(address: Address, emails: list[str]) -> Load:
    return Load(
        address=address,
        requests=[asked.batch_request(emails)],
        is_right=asked.is_batch,
        connections=_CONNECTIONS,
        chunk=_CHUNK,
    )


def _people_per_s(load: Load, run: Run) -> float:
    return drive(load, seconds=run.seconds).per_s * _PEOPLE
