"""How the switches complain, and how they read their orders."""

from http import HTTPStatus
from typing import TypeVar

import msgspec

from .clock import moment_of
from .exchange import Answer, Ask, RefusedError, json_answer

Order = TypeVar("Order")


class ControlError(RefusedError):
    """An order that makes no sense."""

    def __init__(self, message: str, *, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status

    def answer(self, ask: Ask, *, now: float) -> Answer:
        """One sentence."""
        del ask, now
        return json_answer({"error": str(self)}, status=self.status)


def read_body(ask: Ask, kind: type[Order]) -> Order:
    """The order in the body; an empty body is an empty order."""
    try:
        return msgspec.json.decode(ask.body or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ControlError(str(error)) from error


def read_moment(text: str, *, name: str) -> float:
    """Seconds since 1970 of a date in an order."""
    try:
        return moment_of(text)
    except ValueError as error:
        raise ControlError(f"{name} must be an RFC 3339 date") from error
