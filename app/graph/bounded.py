"""Answers with an end: whoever speaks at the other side, or in between, may send without one, or packed."""

import httpx

GRAPH_LIMIT = 64 * 1024 * 1024
"""Bytes of one answer of Microsoft Graph, unpacked; a page of a thousand people is about one."""
SIGN_IN_LIMIT = 1024 * 1024
"""The same for the sign-in host, whose answers are a few thousand."""
ACCEPTED = {"Accept-Encoding": "gzip"}
"""What is asked for: one coding, which can be counted while it is unpacked."""


class TooLarge(httpx.DecodingError):
    """An answer that goes on and on, or unpacks to too much."""


class BoundedBody:
    """Collects the body of a streamed answer, unpacked, up to a limit."""

    def __init__(self, answer: httpx.Response, *, limit: int) -> None:
        if "," in answer.headers.get("content-encoding", ""):
            raise TooLarge("it sent an answer that is packed twice")
        self._answer = answer
        self._limit = limit
        self._body = bytearray()

    def add(self, piece: bytes) -> None:
        """The next piece. Raises TooLarge."""
        if len(self._body) + len(piece) > self._limit:
            raise TooLarge(f"it sent more than {self._limit // 2**20} MiB")
        self._body += piece

    def whole(self) -> httpx.Response:
        """The answer with its body, without a header that no longer describes it."""
        headers = [one for one in self._answer.headers.items() if one[0] != "content-encoding"]
        return httpx.Response(
            self._answer.status_code,
            headers=headers,
            content=bytes(self._body),
            request=self._answer.request,
        )


async def read_async(client: httpx.AsyncClient, request: httpx.Request, *, limit: int) -> httpx.Response:
    """The whole answer to a request. Raises httpx.HTTPError, TooLarge among them."""
    answer = await client.send(request, stream=True)
    try:
        body = BoundedBody(answer, limit=limit)
        async for piece in answer.aiter_bytes():
            body.add(piece)
    finally:
        await answer.aclose()
    return body.whole()
