"""The sign-in host's way of saying no ("OAuth 2.0 client credentials flow", error response example)."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from .exchange import Answer, Ask, RefusedError, json_answer
from .refusals import refusal

NEVER_STORED = {"cache-control": "no-store, no-cache", "pragma": "no-cache"}


class SignInError(RefusedError):
    """One AADSTS number, with the words that its text mentions, or a text of its own."""

    def __init__(self, code: int, *, text: str | None = None, **words: str) -> None:
        super().__init__(f"AADSTS{code}")
        self.code, self.text, self.words = code, text, words

    def answer(self, ask: Ask, *, now: float) -> Answer:
        """The documented body; apps are told to react to `error`, people read the description."""
        entry = refusal(self.code)
        body = self._body(ask, error=entry.error, text=self.text or entry.text, now=now)
        if entry.suberror:
            body["suberror"] = entry.suberror
        return json_answer(body, status=entry.status, headers=NEVER_STORED)

    def _body(self, ask: Ask, *, error: str, text: str, now: float) -> dict[str, Any]:
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        told = text.format_map(defaultdict(lambda: "unknown", {**_said(ask), **self.words}))
        trace = f"Trace ID: {ask.request_id} Correlation ID: {ask.client_request_id} Timestamp: {stamp}"
        return {
            "error": error,
            "error_description": f"AADSTS{self.code}: {told} {trace}",
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": ask.request_id,
            "correlation_id": ask.client_request_id,
            "error_uri": f"{ask.root}/error?code={self.code}",
        }


def _said(ask: Ask) -> dict[str, str]:
    """The words that the caller used."""
    form = {"app": "client_id", "username": "username", "scope": "scope", "grant_type": "grant_type"}
    said = ask.form()
    words = {word: said[name] for word, name in form.items() if name in said}
    return {**words, "tenant": ask.path.get("tenant", "unknown")}
