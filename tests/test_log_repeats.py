"""What anybody can provoke is one record a minute, with a count; what we have to say is not held back."""

import logging
import sys

from app.log_repeats import RepeatLimit
from tests.support.clock import ManualClock


def record(
    message: str, *args: object, name: str = "uvicorn.error", level: int = logging.WARNING, **extra: object
) -> logging.LogRecord:
    made = logging.LogRecord(name, level, __file__, 1, message, args, None)
    vars(made).update(extra)
    return made


def told(limit: RepeatLimit, *, at_once: bool = False) -> list[tuple[str, int]]:
    return [(one.getMessage(), vars(one)["repeated"]) for one in limit.due(at_once=at_once)]


def test_one_of_a_kind_passes_in_a_minute_and_the_others_are_counted() -> None:
    """Found D8: two thousand pieces of garbage are two records, a minute apart, the second with the count."""
    clock = ManualClock()
    limit = RepeatLimit(timer=clock.monotonic)
    passed = [limit.allows(record("Invalid HTTP request received.")) for _ in range(2_000)]
    assert passed.count(True) == 1
    assert passed[0]
    clock.pass_by(59.9)
    assert told(limit) == []
    clock.pass_by(0.1)
    assert told(limit) == [("Invalid HTTP request received.", 1_999)]
    assert not limit.allows(record("Invalid HTTP request received."))
    clock.pass_by(60)
    assert told(limit) == [("Invalid HTTP request received.", 1)]


def test_after_a_quiet_minute_a_kind_passes_at_once() -> None:
    clock = ManualClock()
    limit = RepeatLimit(timer=clock.monotonic)
    assert limit.allows(record("x"))
    clock.pass_by(61)
    assert told(limit) == []
    assert limit.due_in_s is None
    assert limit.allows(record("x"))


def test_counts_that_were_not_told_in_time_are_not_lost() -> None:
    """A writer that was stalled for longer than a minute tells everything with its next look."""
    clock = ManualClock()
    limit = RepeatLimit(timer=clock.monotonic)
    limit.allows(record("x"))
    assert not limit.allows(record("x"))
    clock.pass_by(600)
    assert not limit.allows(record("x"))
    assert told(limit) == [("x", 2)]


def test_at_the_end_what_is_counted_is_told() -> None:
    """Found D8: a process that ends within the minute does not take its count with it."""
    limit = RepeatLimit(timer=ManualClock().monotonic)
    limit.allows(record("x"))
    limit.allows(record("x"))
    assert told(limit, at_once=True) == [("x", 1)]


def test_our_own_records_pass_unless_they_ask_for_it() -> None:
    limit = RepeatLimit(timer=ManualClock().monotonic)
    assert all(limit.allows(record("%s failed", "x", name="app.ingest.poll")) for _ in range(3))
    asked = [limit.allows(record("refused %s", n, name="app.api", rate_limited=True)) for n in range(3)]
    assert asked == [True, False, False]


def test_kinds_are_told_apart_and_what_changes_within_one_is_not() -> None:
    """Logger, level, words and the place of an exception; not addresses in memory, numbers, arguments."""
    limit = RepeatLimit(timer=ManualClock().monotonic)
    different = [
        record("x"),
        record("y"),
        record("x", level=logging.ERROR),
        record("x", name="asyncio"),
        record("x", exc_info=raised(ValueError)),
        record("x", exc_info=raised(KeyError)),
    ]
    assert all(limit.allows(one) for one in different)
    same = [
        record("Fatal error on transport 0x7f1a, fd 12\nprotocol: <a>"),
        record("Fatal error on transport 0x7f2b, fd 13\nprotocol: <b>"),
        record("%s went", "one"),
        record("%s went", "two"),
    ]
    assert [limit.allows(one) for one in same] == [True, False, True, False]


def test_who_chooses_the_words_cannot_choose_the_number_of_kinds() -> None:
    """Found D8: nor can a library that puts a caller's text into its message fill memory or the log."""
    limit = RepeatLimit(timer=ManualClock().monotonic)
    passed = sum(limit.allows(record(f"odd {'ab'[n % 2] * n}")) for n in range(190))
    assert passed <= 101


def raised(kind: type[Exception]) -> object:
    try:
        raise kind  # noqa: TRY301 - for its traceback
    except kind:
        return sys.exc_info()
