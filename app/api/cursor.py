"""The opaque position in a paged list: behind which address and object id the next page begins."""

import base64
import binascii

import msgspec

from app.errors import MalformedRequest

Position = tuple[str, str]

_position = msgspec.json.Decoder(Position)


class Cursor:
    """Encodes a position into URL-safe text and back."""

    @staticmethod
    def encode(position: Position) -> str:
        """Text for `next`."""
        return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")

    @staticmethod
    def decode(cursor: str | None) -> Position | None:
        """The position in a `cursor`, None for the first page. Raises MalformedRequest."""
        if not cursor:
            return None
        try:
            text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            found: Position = _position.decode(text)
        except (binascii.Error, msgspec.MsgspecError, ValueError):
            raise MalformedRequest("The cursor is not one of ours: take it from `next`.") from None
        return found
