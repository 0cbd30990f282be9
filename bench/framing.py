"""Where one answer ends and whether it is right, told as cheaply as a load can afford."""

from collections.abc import Callable

from bench.wire import Answer, WrongAnswer, missing, parsed

_SAMPLE_EVERY = 256


class Framing:
    """Follows the answers of many connections, one after the other on each of them.

    The status of every answer is checked, and its end; of the first of each length and of every few hundredth
    the whole. Answers that come in pieces are counted by their bytes. Raises WrongAnswer.
    """

    def __init__(self, *, status: int, is_right: Callable[[Answer], bool]) -> None:
        self._prefix = f"HTTP/1.1 {status} ".encode()
        self._is_right = is_right
        self._whole: set[int] = set()
        self._heads: dict[int, bytes] = {}
        self._unread: dict[int, int] = {}
        self._answers = 0

    def ends(self, connection: int, data: bytes) -> bool:
        """Whether these bytes, the next on this connection, complete an answer."""
        if connection in self._unread:
            return self._continues(connection, data)
        if len(data) not in self._whole or not data.startswith(self._prefix):
            return self._begins(connection, data)
        self._answers += 1
        if not self._answers % _SAMPLE_EVERY:
            self._check(data)
        return True

    def _begins(self, connection: int, data: bytes) -> bool:
        """The first bytes of an answer whose length has not been seen before."""
        if not data:
            raise WrongAnswer("A connection was closed by the server.")
        data = self._heads.pop(connection, b"") + data
        if not data.startswith(self._prefix[: len(data)]):
            raise WrongAnswer(f"Another status: {data[:300]!r}")
        lacking = missing(data)
        if lacking is None:
            self._heads[connection] = data
        elif lacking:
            self._unread[connection] = lacking
        else:
            self._check(data)
            self._whole.add(len(data))
        return lacking == 0

    def _continues(self, connection: int, data: bytes) -> bool:
        left = self._unread[connection] - len(data)
        if not data or left < 0:
            raise WrongAnswer("An answer has another length than it says.")
        if left:
            self._unread[connection] = left
        else:
            del self._unread[connection]
        return not left

    def _check(self, data: bytes) -> None:
        if missing(data) or not self._is_right(parsed(data)):
            raise WrongAnswer(f"Not what was asked for: {data[:600]!r}")
