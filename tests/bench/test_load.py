"""The load counts what was really answered, and nothing that was not right."""

import pytest

from bench.load import Load, drive
from bench.paced import pace
from bench.wire import Answer, WrongAnswer, request
from tests.bench.tiny_server import FINE, TinyServer, tiny_server


def load_on(server: TinyServer, *, status: int = 200, connections: int = 4) -> Load:
    return Load(
        address=server.address,
        requests=[request("/a"), request("/b")],
        is_right=lambda answer: answer.body in {b"hello", b""},
        status=status,
        connections=connections,
    )


def test_every_answer_is_counted_once() -> None:
    """At the end each connection has asked once more than it was answered, in the warm-up not at all."""
    with tiny_server() as server:
        tally = drive(load_on(server), seconds=0.2, warm_up_s=0.0)
    assert tally.answers > 4
    assert 0 <= server.asked - tally.answers <= 4


def test_an_answer_in_pieces_is_one_answer() -> None:
    pieces = [FINE[:20], FINE[20:60], FINE[60:]]
    with tiny_server(pieces, [FINE]) as server:
        tally = drive(load_on(server), seconds=0.2, warm_up_s=0.0)
    assert tally.answers > 4
    assert 0 <= server.asked - tally.answers <= 4


def test_an_unchanged_answer_has_no_body_to_wait_for() -> None:
    with tiny_server([b'HTTP/1.1 304 Not Modified\r\netag: W/"1"\r\n\r\n']) as server:
        assert drive(load_on(server, status=304), seconds=0.1, warm_up_s=0.0).answers > 4


@pytest.mark.parametrize(
    "wrong",
    [
        b"HTTP/1.1 500 Oops\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nHELLO",
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n",
    ],
    ids=["another status", "another body", "a wrong length", "no length"],
)
def test_a_wrong_answer_ends_the_measurement(wrong: bytes) -> None:
    with tiny_server([FINE], [FINE], [wrong]) as server, pytest.raises(WrongAnswer):
        drive(load_on(server), seconds=5.0)


def test_a_wrong_answer_as_long_as_the_right_one_is_found_by_its_status() -> None:
    wrong = FINE.replace(b"200", b"404")
    with tiny_server([FINE], [FINE], [FINE], [wrong]) as server, pytest.raises(WrongAnswer):
        drive(load_on(server), seconds=5.0)


def test_a_timetable_asks_as_often_as_it_says() -> None:
    with tiny_server() as server:
        timing = pace(load_on(server), rate_per_s=200.0, seconds=0.5)
    assert timing.planned == server.asked == len(timing.due_at) == 100
    assert timing.carried == 1
    gaps = [
        after - before
        for before, after in zip(sorted(timing.due_at), sorted(timing.due_at)[1:], strict=False)
    ]
    assert all(gap == pytest.approx(1 / 200) for gap in gaps)


def test_whoever_was_due_while_the_server_stood_still_has_waited() -> None:
    """A load that only asks when it has been answered would see one slow answer; here are dozens."""
    with tiny_server(stops_for_s={20: 0.3}) as server:
        timing = pace(load_on(server, connections=2), rate_per_s=200.0, seconds=0.5)
    assert timing.carried == 1
    assert sum(took > 0.05 for took in timing.latency_s) > 40


def test_whoever_is_never_answered_has_waited_until_the_end() -> None:
    """Two connections that wait for ever, and everybody who was due behind them."""
    with tiny_server(stops_for_s={20: 2.0}) as server:
        timing = pace(load_on(server, connections=2), rate_per_s=200.0, seconds=0.5)
    assert timing.carried < 1
    assert len(timing.due_at) == len(timing.latency_s) == len(timing.late_s) == timing.planned
    assert max(timing.latency_s) > 1.0


def test_an_answer_is_taken_apart() -> None:
    answer = Answer(200, b'HTTP/1.1 200 OK\r\nETag: W/"1"', b"")
    assert answer.header("etag") == 'W/"1"'
    assert not answer.header("age")
