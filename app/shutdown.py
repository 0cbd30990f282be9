"""The end of the process: within ten seconds of the first stop signal, whatever threads, tasks or readers do.

Python runs a signal handler only when the main thread gets round to it, and at the end it waits for every
worker thread, asyncio alone for up to five minutes. So the signals have a thread of their own, nothing waits
for workers, and a watchdog ends what has not closed in time.
"""

import faulthandler
import logging
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Protocol

_LOG = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Eight seconds to drain, which uvicorn looks after, and a moment each to close and to write what is logged.
_CLOSE_WITHIN_S = 8.7
_END_WITHIN_S = 8.8
_GONE_WITHIN_S = 9.5

_ending = threading.Lock()


class Stoppable(Protocol):
    """What of a uvicorn server matters here: it looks at these ten times a second."""

    started: bool
    should_exit: bool
    force_exit: bool


class StopSignals:
    """Hears SIGTERM and SIGINT from its start on; to be made before the process has any other thread.

    Until there is a `server` that answers, a signal ends the process at once.
    """

    def __init__(self) -> None:
        self.server: Stoppable | None = None
        self._first_at: float | None = None
        # All that the end needs is had now: there may be no thread and no descriptor left then.
        self._told = threading.Event()
        self._nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lasts
        # Every thread started from now on inherits it, so that only `sigwait` is ever told.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        threading.Thread(target=self._listen, name="stop-signals", daemon=True).start()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    @property
    def left_to_close_s(self) -> float:
        """Seconds that closing may still take."""
        return _CLOSE_WITHIN_S - (time.monotonic() - (self._first_at or time.monotonic()))

    def _listen(self) -> None:
        signal.sigwait(_SIGNALS)
        self._first_at = time.monotonic()
        self._told.set()
        if self.server is None or not self.server.started:
            _LOG.info("Told to stop before anything was served")
            end_process(0)
        self.server.should_exit = True
        with suppress(RuntimeError):
            # In C, because a regular expression that holds the interpreter would hold the watchdog too.
            faulthandler.dump_traceback_later(_GONE_WITHIN_S, exit=True, file=self._nowhere)
        while True:
            # As uvicorn has it: Ctrl-C once more means not to wait for anybody.
            if signal.sigwait(_SIGNALS) == signal.SIGINT:
                self.server.force_exit = True

    def _watch(self) -> None:
        """End what has not ended by itself, and say where it hangs."""
        self._told.wait()
        time.sleep(_END_WITHIN_S)
        if _ending.locked():
            return
        frame = sys._current_frames().get(threading.main_thread().ident or 0)  # noqa: SLF001 - documented
        _LOG.error(
            "Not closed %.0f seconds after the signal to stop: ending all the same",
            _END_WITHIN_S,
            extra={"main_thread": "".join(traceback.format_stack(frame))},
        )
        end_process(1)


def end_process(status: int) -> NoReturn:
    """Write what is logged, as far as somebody takes it, and be gone, whatever still runs."""
    _ending.acquire()  # for good: whoever comes second has nothing left to do but wait for the end
    try:
        logging.shutdown()
    finally:
        os._exit(status)
