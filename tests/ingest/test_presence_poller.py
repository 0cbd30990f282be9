"""Everybody is swept, few requests do it, and one that fails costs only its own people."""

import asyncio
from collections.abc import Iterable

import httpx
import pytest

from app.errors import GraphError, GraphRejected, GraphThrottled, GraphUnavailable
from app.ingest.poll import PresencePoller
from app.presence.directory import Directory
from app.presence.models import PersonChange, Removal, Source
from app.presence.store import PresenceStore
from tests.graph.fake_graph import FakeGraph, Script, everybody_free, ids_of, presences, refusal
from tests.support.clock import ManualClock, settle


class Polled:
    """A tenant of so many people and the part that reads their presence."""

    def __init__(self, people: int, script: Script = everybody_free) -> None:
        self.clock = ManualClock()
        self.graph = FakeGraph(self.clock, script)
        self.directory = Directory()
        self.store = PresenceStore(timer=self.clock.monotonic, fresh_for_s=30.0, keep_for_s=300.0)
        self.poller = PresencePoller(
            self.graph.client, directory=self.directory, store=self.store, clock=self.clock
        )
        self.directory.replace_all([PersonChange(id=person_id) for person_id in ids(people)])

    async def sweep(self) -> None:
        """One sweep, with time passing as it needs."""
        await self.clock.carry(self.poller.sweep())

    async def ask_for(self, *person_ids: str, within_s: float = 5.0) -> None:
        """Ask for people on demand."""
        await self.clock.carry(self.poller.request(person_ids, within_s=within_s))

    @property
    def requests(self) -> list[list[str]]:
        """Who was asked for, by request."""
        return [ids_of(request) for request in self.graph.asked]

    def read(self, person_ids: Iterable[str]) -> set[str]:
        """Those among them who have been read."""
        return {person_id for person_id in person_ids if self.store.has_read(person_id)}


def ids(number: int) -> list[str]:
    return [f"00000000-0000-0000-0000-{count:012x}" for count in range(number)]


async def test_ten_thousand_people_are_sixteen_requests() -> None:
    polled = Polled(10_000)
    await polled.sweep()
    assert sorted(map(len, polled.requests)) == [250] + [650] * 15
    assert polled.read(ids(10_000)) == set(ids(10_000))
    assert polled.poller.everybody_read


async def test_at_most_eight_requests_of_a_sweep_are_under_way_together() -> None:
    clock = ManualClock()
    together = [0]

    async def slowly(request: httpx.Request) -> httpx.Response:
        together.append(together[-1] + 1)
        await clock.sleep(1.0)
        together.append(together[-1] - 1)
        return everybody_free(request)

    polled = Polled(20_000, slowly)
    sweep = asyncio.create_task(polled.poller.sweep())
    while not sweep.done():
        await polled.clock.advance(1.0)
        await clock.advance(1.0)
    assert max(together) == 8


async def test_whoever_leaves_the_directory_is_forgotten_by_the_next_sweep_and_nobody_else() -> None:
    """However they leave: by a round of changes, or because a listing does not mention them any more."""
    polled, (first, second, third) = Polled(3), ids(3)
    await polled.sweep()
    polled.directory.apply([PersonChange(id=first, removal=Removal.FINAL)])
    await polled.sweep()
    assert polled.read(ids(3)) == {second, third}
    polled.directory.replace_all([PersonChange(id=third)])
    await polled.sweep()
    await polled.sweep()
    assert polled.read(ids(3)) == {third}


async def test_an_empty_tenant_is_not_asked_about() -> None:
    polled = Polled(0)
    await polled.sweep()
    assert polled.requests == []


def failing_for(person_id: str, answer: httpx.Response) -> Script:
    return lambda request: answer if person_id in ids_of(request) else everybody_free(request)


async def test_one_failing_request_does_not_stop_the_others_and_is_told() -> None:
    everybody = ids(2_000)
    polled = Polled(2_000, failing_for(everybody[700], refusal(503)))
    with pytest.raises(GraphUnavailable):
        await polled.sweep()
    assert polled.read(everybody) == set(everybody[:650] + everybody[1300:])
    assert not polled.poller.everybody_read


async def test_readiness_comes_with_the_last_person_and_stays() -> None:
    polled = Polled(700, failing_for(ids(700)[699], refusal(503)))
    with pytest.raises(GraphUnavailable):
        await polled.sweep()
    polled.graph.script = everybody_free
    await polled.sweep()
    assert polled.poller.everybody_read
    polled.graph.script = lambda _: refusal(503)
    with pytest.raises(GraphUnavailable):
        await polled.sweep()
    assert polled.poller.everybody_read


@pytest.mark.parametrize("outcasts", [[300], [0, 649], [5, 200, 201, 640]])
async def test_one_whom_graph_refuses_costs_nobody_else_their_reading(outcasts: list[int]) -> None:
    """A bare 400 for a whole request; the others are read at once, and readiness does not hang on it."""
    everybody = ids(1_300)
    poison = {everybody[index] for index in outcasts}

    def refuse(request: httpx.Request) -> httpx.Response:
        return refusal(400, "BadRequest") if poison & set(ids_of(request)) else everybody_free(request)

    polled = Polled(1_300, refuse)
    for _ in range(3):
        try:
            await polled.sweep()
        except GraphRejected:
            continue
    assert polled.read(everybody) >= set(everybody) - poison
    assert polled.poller.everybody_read


async def test_an_outcast_who_is_alone_in_a_request_does_not_block_readiness() -> None:
    everybody = ids(651)
    polled = Polled(651, failing_for(everybody[650], refusal(400)))
    try:
        await polled.sweep()
    except GraphRejected:
        assert polled.read(everybody) == set(everybody[:650])
    assert polled.poller.everybody_read


async def test_when_graph_refuses_everything_a_sweep_stays_small() -> None:
    """The wrong cloud must not be answered with thousands of requests every ten seconds."""
    polled = Polled(10_000, lambda _: refusal(400, "BadRequest"))
    with pytest.raises(GraphRejected):
        await polled.sweep()
    assert len(polled.requests) <= 100
    assert polled.read(ids(10_000)) == set()


async def test_a_sweep_is_over_when_its_last_request_is() -> None:
    """Nothing runs on in the background, whatever failed."""
    polled = Polled(2_000, failing_for(ids(2_000)[3], refusal(400)))
    try:
        await polled.sweep()
    except GraphError:
        polled.poller.read_once.clear()
    asked = len(polled.requests)
    await polled.clock.advance(60)
    assert len(polled.requests) == asked
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_whoever_leaves_is_forgotten_by_the_next_sweep() -> None:
    polled = Polled(3)
    await polled.sweep()
    polled.directory.replace_all([PersonChange(id=ids(1)[0])])
    await polled.sweep()
    assert polled.read(ids(3)) == {ids(1)[0]}


async def test_throttling_is_told_with_its_wait() -> None:
    polled = Polled(10, lambda _: refusal(429, retry_after="7"))
    with pytest.raises(GraphThrottled) as raised:
        await polled.sweep()
    assert raised.value.retry_after_s == 7.0


async def test_a_cancelled_sweep_leaves_no_request_behind() -> None:
    clock = ManualClock()

    turns = iter(range(100))

    async def never(_request: httpx.Request) -> httpx.Response:
        """No answer; and some take longer than others to hang up."""
        try:
            await clock.sleep(1e6)
        finally:
            for _ in range(next(turns)):
                await asyncio.sleep(0)
        return refusal(503)

    polled = Polled(10_000, never)
    await polled.graph.tokens.token()
    sweep = asyncio.create_task(polled.poller.sweep())
    await polled.clock.advance(1.0)
    assert len(polled.requests) == 8
    sweep.cancel()
    await asyncio.wait({sweep})
    assert asyncio.all_tasks() == {asyncio.current_task()}


# --- on demand ------------------------------------------------------------------------------------------


async def test_somebody_asked_for_is_read_and_marked_so() -> None:
    polled = Polled(3)
    await polled.ask_for(ids(1)[0])
    sighting = polled.store.get(ids(1)[0])
    assert sighting is not None
    assert sighting.source is Source.DEMAND


async def test_fifty_callers_at_one_time_share_one_request() -> None:
    polled = Polled(50)
    await polled.clock.carry(
        asyncio.gather(*(polled.poller.request([person_id], within_s=5.0) for person_id in ids(50)))
    )
    assert polled.requests == [ids(50)]


async def test_people_asked_for_together_are_one_request_and_many_are_several() -> None:
    polled = Polled(1_400)
    await polled.ask_for(*ids(1_400))
    assert sorted(map(len, polled.requests)) == [100, 650, 650]


async def test_somebody_who_is_being_read_is_not_asked_for_again() -> None:
    clock = ManualClock()

    async def slowly(request: httpx.Request) -> httpx.Response:
        await clock.sleep(1.0)
        return everybody_free(request)

    polled = Polled(1, slowly)
    await polled.graph.tokens.token()
    first = asyncio.create_task(polled.poller.request(ids(1), within_s=5.0))
    await polled.clock.advance(0.5)
    second = asyncio.create_task(polled.poller.request(ids(1), within_s=5.0))
    await settle()
    await clock.advance(1.0)
    await asyncio.gather(first, second)
    assert len(polled.requests) == 1


async def test_nobody_asked_for_is_no_request() -> None:
    polled = Polled(1)
    await polled.ask_for()
    assert polled.requests == []


async def test_a_caller_waits_no_longer_than_agreed_and_the_reading_still_arrives() -> None:
    clock = ManualClock()

    async def slowly(request: httpx.Request) -> httpx.Response:
        await clock.sleep(60.0)
        return everybody_free(request)

    polled = Polled(1, slowly)
    polled.clock, clock_of_poller = clock, polled.clock
    await polled.graph.tokens.token()
    await polled.poller.request(ids(1), within_s=0.0)
    assert polled.read(ids(1)) == set()
    await clock_of_poller.advance(1.0)
    await clock.advance(60.0)
    assert polled.read(ids(1)) == set(ids(1))


async def test_a_failure_is_no_crash_and_is_not_repeated_with_every_caller() -> None:
    """A loop of callers costs Microsoft one request in five seconds, while a sweep is coming anyway."""
    polled = Polled(1, lambda _: refusal(503))
    await polled.ask_for(*ids(1))
    assert polled.read(ids(1)) == set()
    polled.graph.script = everybody_free
    await polled.ask_for(*ids(1))
    assert polled.read(ids(1)) == set()
    await polled.clock.advance(5.1)
    await polled.ask_for(*ids(1))
    assert polled.read(ids(1)) == set(ids(1))


async def test_a_request_that_fails_does_not_send_the_others_callers_home_early() -> None:
    """1,300 people are two requests: the second one is still coming when the first has failed."""
    everybody = ids(1_300)

    async def unevenly(request: httpx.Request) -> httpx.Response:
        if everybody[0] in ids_of(request):
            return refusal(503)
        await settle()
        return presences(ids_of(request))

    polled = Polled(1_300, unevenly)
    await polled.ask_for(*everybody)
    assert polled.read(everybody) == set(everybody[650:])


async def test_a_sweep_in_full_swing_does_not_hold_up_a_single_person() -> None:
    """At the first start of a large tenant both happen together, and a caller is on the line."""
    clock = ManualClock()

    async def slowly(request: httpx.Request) -> httpx.Response:
        if len(ids_of(request)) > 1:
            await clock.sleep(60.0)
        return everybody_free(request)

    polled = Polled(20_000, slowly)
    await polled.graph.tokens.token()
    sweep = asyncio.create_task(polled.poller.sweep())
    await settle()
    await polled.ask_for(ids(20_000)[-1])
    assert polled.read(ids(20_000)) == {ids(20_000)[-1]}
    sweep.cancel()
    await asyncio.wait({sweep})


async def test_a_caller_who_gives_up_does_not_stop_the_reading_for_the_others() -> None:
    polled = Polled(1)
    await polled.graph.tokens.token()
    one, other = (asyncio.create_task(polled.poller.request(ids(1), within_s=5.0)) for _ in range(2))
    await settle()
    one.cancel()
    await polled.clock.carry(other)
    assert polled.read(ids(1)) == set(ids(1))


async def test_closing_stops_the_reads_under_way() -> None:
    clock = ManualClock()

    async def never(_: httpx.Request) -> httpx.Response:
        await clock.sleep(1e6)
        return refusal(503)

    polled = Polled(1_300, never)
    await polled.graph.tokens.token()
    caller = asyncio.create_task(polled.poller.request(ids(1_300), within_s=60.0))
    await polled.clock.advance(1.0)
    assert len(polled.requests) == 2
    await polled.poller.close()
    await caller
    assert asyncio.all_tasks() == {asyncio.current_task()}
