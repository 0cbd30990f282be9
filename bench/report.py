"""RESULTS.md: everything in it is calculated from the rounds that were measured."""

from collections.abc import Iterator
from statistics import median

from bench.figures import FIGURES, Figure
from bench.results import Peer, Results
from bench.statistics import Spread

_HOW = """\
`make bench` measures all of this anew. One core serves, the other one asks: the server under test, and \
whatever it needs to answer (Redis, nginx), is pinned to the first, the load to the second. The load is one \
thread with 32 connections that stay open (for batches 4), asks for 256 people in turn and checks the \
status and the end of every answer and the content of a sample. Every round looks at all contestants for a \
moment each, beginning with another one each time, and at the ceiling before and after each of them; shares \
are those of the ceilings on both sides, and what stands in the tables is the median, with the least and \
the most behind it. The ceiling is a bare ASGI application that answers a constant of 285 bytes, with \
nothing but `Content-Type` and `Content-Length`, in uvicorn with uvloop and httptools. This service is the \
real process, in front of a simulated tenant of 10,000 people that it goes on sweeping every ten seconds, \
with a hashed key, ETag, request id and metrics. `usual.py`, `careless.py` and `with_redis.py` are in this \
folder. The last peer is a phone system without this service: for each call it asks for a token, for the \
user and for the presence, one call after the other, at a simulated Microsoft on the same machine; in truth \
a network lies in between, and more than 50 presences a second are refused. The p99 comes from a load with \
a timetable: latency counts from when a request was due, so that nobody who had to wait is left out. It \
asks at half the rate of a ceiling measured seconds before, and each sweep is compared with the pause next \
to it; sweeps during which that ceiling changed by more than a quarter are left out. A shared machine \
stands still for tens of milliseconds now and then, sweep or no sweep, and at this load one such moment \
decides the p99 of seconds: hence the spread. Microseconds without sockets are processor time inside one \
process. A sweep's cost, looked at now and then between the other measurements, is that of real bytes \
through the real poller into the store, one sweep of 32,500 a second, the clock going on by a poll interval \
each time; an answer that is built only when somebody asks is in the cost of the first question. The figures \
scaled to a ceiling of 22 µs are what they would be if everything were faster by as much as a request to the \
bare server was where the aims were set."""


def written(results: Results) -> str:
    """The whole page."""
    parts = [*_introduction(results), *_aims(results), *_peers(results), *_rest(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _introduction(results: Results) -> Iterator[str]:
    machine = results.machine
    libraries = ", ".join(f"{name} {version}" for name, version in machine.libraries.items())
    yield "# How fast it is"
    yield (
        f"Measured on {results.date} in {results.minutes:.0f} minutes: {machine.cores} cores "
        f"({machine.processor}), Python {machine.python}, {libraries}. Ratios travel to other machines "
        "better than absolute figures."
    )
    yield _verdict(results)


def _verdict(results: Results) -> str:
    tried = results.rounds.keys() | results.failed.keys()
    aimed = [name for name, figure in FIGURES.items() if figure.aim and name in tried]
    missed = [FIGURES[name].title for name in aimed if not results.reached(name)]
    if not aimed:
        return ""
    reached = f"{len(aimed) - len(missed)} of {len(aimed)} aims are reached."
    return f"{reached} Missed: {'; '.join(missed)}." if missed else reached


def _aims(results: Results) -> Iterator[str]:
    rows = [
        f"| {figure.title} | {figure.aim} | {_cells(figure, results.spread(name))} | {_word(results, name)} |"
        for name, figure in FIGURES.items()
        if figure.aim and (name in results.rounds or name in results.failed)
    ]
    if rows:
        yield "\n".join(
            ["| figure | aim | median | least to most | reached |", "|---|---|---|---|---|", *rows]
        )


def _word(results: Results, name: str) -> str:
    if reason := results.failed.get(name):
        return f"**no**: {reason}"
    return "yes" if results.reached(name) else "**no**"


def _cells(figure: Figure, spread: Spread | None) -> str:
    if spread is None:
        return "not measured | "
    return f"{figure.written(spread.middle)} | {figure.number(spread.least)} to {figure.written(spread.most)}"


def _peers(results: Results) -> Iterator[str]:
    if not results.peers and not results.call_us:
        return
    yield "## Beside others"
    if results.peers:
        yield "![Answers a second as shares of the bare web server](results.svg)"
        rows = [_peer(peer, results) for peer in results.peers]
        head = "| | answers/s | share of the ceiling | least to most | µs a call, without sockets |"
        yield "\n".join([head, "|---|---|---|---|---|", *rows])
    else:
        yield "\n".join(f"- {name}: {_us(results, name)} µs a call" for name in results.call_us)


def _peer(peer: Peer, results: Results) -> str:
    share = Spread.of(peer.share)
    return (
        f"| {peer.title} | {median(peer.per_s):,.0f} | {share_written(share.middle)} "
        f"| {share_written(share.least)} to {share_written(share.most)} | {_us(results, peer.name)} |"
    )


def share_written(share: float) -> str:
    """Two decimals, and at least one digit that says something."""
    return f"{share:.2f}" if share >= 0.095 else f"{share:.2g}"


def _us(results: Results, name: str) -> str:
    rounds = results.call_us.get(name)
    return f"{median(rounds):.1f}" if rounds else ""


def _rest(results: Results) -> Iterator[str]:
    rows = [
        f"| {figure.title} | {_cells(figure, spread)} |"
        for name, figure in FIGURES.items()
        if not figure.aim and (spread := results.spread(name))
    ]
    if rows:
        yield "## More about it"
        yield "\n".join(["| figure | median | least to most |", "|---|---|---|", *rows])
    if results.time_goes:
        yield "## Where the time of a hit goes"
        yield results.time_goes
    yield "## How it is measured"
    yield _HOW
    yield "\n".join(f"- {remark}" for remark in results.remarks)
