"""Records that anybody can provoke: one of a kind a minute, and a count of the others.

Whoever may connect needs no key to send what is not HTTP, to break off a TLS handshake or to hang up in the
middle of an answer, and each time a library has a sentence to say about it.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_EVERY_S = 60.0
_OURS = __name__.partition(".")[0]
_CHANGING = re.compile(r"0x[0-9a-f]+|\d+")
_LONGEST = 200
# A kind is told by text that a library might let a caller choose: more of them than this count as one.
_MOST_KINDS = 100

Kind = tuple[str, int, str, object]


@dataclass(slots=True)
class _Window:
    """A minute of one kind: its first record, which was written, and how many have followed it."""

    first: dict[str, object]
    ends_at: float
    held_back: int = 0


class RepeatLimit:
    """Lets one record of each kind through in `every_s` seconds; `due` tells how many were held back.

    It holds for every library, and for records of ours that carry the extra `rate_limited`. A kind is a
    logger, a level, the words of the message without its arguments, and the place an exception comes from.
    Not safe for threads: its owner has a lock.
    """

    def __init__(self, *, every_s: float = _EVERY_S, timer: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._timer = timer
        self._windows: dict[Kind, _Window] = {}

    @property
    def due_in_s(self) -> float | None:
        """Seconds until `due` has something to tell or to forget; None while nothing is limited."""
        ends = [window.ends_at for window in self._windows.values()]
        return max(0.0, min(ends) - self._timer()) if ends else None

    def allows(self, record: logging.LogRecord) -> bool:
        """Whether this record is to be written; if not, it is counted."""
        if record.name.partition(".")[0] == _OURS and not getattr(record, "rate_limited", False):
            return True
        now, kind = self._timer(), self._kind_of(record)
        window = self._windows.get(kind)
        if window and (window.held_back or now < window.ends_at):
            window.held_back += 1
            return False
        self._windows[kind] = _Window(_outline(record), now + self._every_s)
        return True

    def due(self, *, at_once: bool = False) -> Iterator[logging.LogRecord]:
        """A record for each kind of which some were held back, once its time is over (or `at_once`)."""
        now = self._timer()
        for kind, window in list(self._windows.items()):
            if now < window.ends_at and not at_once:
                continue
            if not window.held_back:
                del self._windows[kind]
                continue
            yield logging.makeLogRecord({**window.first, "repeated": window.held_back})
            window.held_back, window.ends_at = 0, now + self._every_s

    def _kind_of(self, record: logging.LogRecord) -> Kind:
        words = _CHANGING.sub("#", str(record.msg).partition("\n")[0][:_LONGEST])
        kind = (record.name, record.levelno, words, _place_of(record))
        if kind in self._windows or len(self._windows) < _MOST_KINDS:
            return kind
        return (record.name, record.levelno, "", None)


def _place_of(record: logging.LogRecord) -> object:
    """Where an exception was raised, and of which type it is; None without one."""
    kind, _, traceback = record.exc_info or (None, None, None)
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    return kind and (kind, traceback and (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))


def _outline(record: logging.LogRecord) -> dict[str, object]:
    """The record as text, without arguments and traceback: those would keep alive what they are about."""
    return {
        "name": record.name,
        "levelno": record.levelno,
        "levelname": record.levelname,
        "msg": record.getMessage(),
    }
