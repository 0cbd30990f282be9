"""Everybody who is measured in the same rounds: the ceiling, the service, and the peers."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench import asked, bare, peers
from bench.cores import Cores
from bench.direct import Direct
from bench.load import Load, drive
from bench.people import ASKED, PEOPLE, address_of
from bench.tenant import HEADERS, Service, Tenant, serving, simulated
from bench.wire import Address, Answer, request

CEILING, HIT, UNCHANGED, LOOKUP, USUAL = "bare", "hit", "unchanged", "lookup", "usual"
_FEW = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A name, what it is, and how many answers a second it gives when asked for some seconds."""

    name: str
    title: str
    per_s: Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Field:
    """All contestants, running, and what has to be known about them."""

    contestants: Sequence[Contestant]
    remarks: Sequence[str]


def ceiling(stack: ExitStack, folder: Path, *, cores: Cores) -> Contestant:
    """Nothing but the web server."""
    address = stack.enter_context(peers.uvicorn("bench.bare:app", folder, core=cores.server, bare=True))
    load = Load(address=address, requests=_requests(), is_right=_is_constant)
    return _loaded(CEILING, "bare uvicorn, a constant", load)


def line_up(stack: ExitStack, folder: Path, *, cores: Cores) -> Field:
    """Start them all; they run until the stack is closed."""
    usual = stack.enter_context(peers.uvicorn("bench.usual:app", folder, core=cores.server))
    careless = stack.enter_context(peers.uvicorn("bench.careless:app", folder, core=cores.server))
    ours, size = _ours(stack, folder, cores=cores)
    cached, missing = _with_programs(stack, folder, cores=cores, usual=usual)
    return Field(
        [
            ceiling(stack, folder, cores=cores),
            *ours,
            _peer(USUAL, "the usual FastAPI way", usual),
            *cached,
            _peer("careless", "the careless FastAPI way", careless),
            _direct(stack, folder, cores=cores),
        ],
        [f"An answer of this service has {size:.0f} bytes of body, like those of its peers.", *missing],
    )


def service_with_people(stack: ExitStack, folder: Path, *, cores: Cores) -> tuple[Tenant, Service]:
    """The service, ready, in front of a tenant of ten thousand that shares the load's core."""
    tenant = stack.enter_context(simulated(folder, people=PEOPLE, core=cores.load))
    service = stack.enter_context(serving(tenant, folder, cores=cores))
    service.wait_until_ready()
    return tenant, service


def _ours(stack: ExitStack, folder: Path, *, cores: Cores) -> tuple[list[Contestant], float]:
    """Its three kinds of hits, and how large an answer is."""
    tenant, service = service_with_people(stack, folder, cores=cores)
    people = asked.choose(tenant, service)
    hit = Load(address=service.address, requests=asked.presence_requests(people), is_right=asked.is_presence)
    known = replace(hit, requests=asked.unchanged_requests(people), is_right=asked.is_unchanged, status=304)
    flow = replace(hit, requests=asked.lookup_requests(people))
    return [
        _loaded(HIT, "this service: GET /presence/{user}", hit),
        _loaded(UNCHANGED, "this service: the same, answered 304", known),
        _loaded(LOOKUP, "this service: GET /lookup?email=", flow),
    ], median(one.size for one in people)


def _with_programs(
    stack: ExitStack, folder: Path, *, cores: Cores, usual: Address
) -> tuple[list[Contestant], list[str]]:
    """Those that need a program from Debian."""
    found, missing = [], []
    if peers.installed("nginx"):
        address = stack.enter_context(peers.nginx(folder, behind=usual, core=cores.server))
        found.append(_peer("nginx", "nginx proxy_cache before the usual way", address))
    else:
        missing.append("nginx is not installed: `proxy_cache` was not measured.")
    if peers.installed("redis-server"):
        port = stack.enter_context(peers.redis(folder, core=cores.server))
        environ = {"BENCH_REDIS_PORT": str(port)}
        app = peers.uvicorn("bench.with_redis:app", folder, core=cores.server, environ=environ)
        address = stack.enter_context(app)
        found.append(_peer("redis", "FastAPI with a Redis GET per request", address))
    else:
        missing.append("redis-server is not installed: FastAPI with Redis was not measured.")
    return found, missing


def _direct(stack: ExitStack, folder: Path, *, cores: Cores) -> Contestant:
    """Its tenant serves, so it has the server's core."""
    tenant = stack.enter_context(simulated(folder, people=_FEW, core=cores.server))
    direct = Direct(tenant, user=asked.addresses(tenant, limit=1)[0])
    stack.callback(direct.close)
    title = "no service: three questions to Microsoft"
    return Contestant(name="direct", title=title, per_s=direct.per_s)


def _loaded(name: str, title: str, load: Load) -> Contestant:
    return Contestant(name=name, title=title, per_s=lambda seconds: drive(load, seconds=seconds).per_s)


def _peer(name: str, title: str, address: Address) -> Contestant:
    """One that has the peers' people, asked for in the same way as ours."""
    load = Load(address=address, requests=_requests(), is_right=asked.is_presence)
    return _loaded(name, title, load)


def _requests() -> list[bytes]:
    """The peers' own people, asked for in the same way."""
    return [request(f"/presence/{address_of(number)}", headers=HEADERS) for number in range(ASKED)]


def _is_constant(answer: Answer) -> bool:
    return answer.body == bare.BODY
