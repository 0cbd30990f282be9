"""What phone systems really put into an address line: unencoded, encoded twice, quoted, in Latin-1."""

from urllib.parse import parse_qsl, unquote

from app.errors import MalformedRequest
from app.presence.addresses import is_object_id
from app.presence.models import comparable

_MAX_PARAMETERS = 500


def parse_form(raw: bytes) -> dict[str, str]:
    """The parameters of a query or form body; of one that comes twice the last counts.

    A value that is not UTF-8 is read as Windows-1252, the superset of Latin-1 that older systems send. Raises
    MalformedRequest for more parameters than any phone system has.
    """
    if raw.count(b"&") >= _MAX_PARAMETERS:
        raise MalformedRequest(f"At most {_MAX_PARAMETERS} parameters are read.")
    pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    return {_text(name): _text(value) for name, value in pairs}


def tidy_address(value: str) -> str:
    """An address as it was meant: without blanks and quotes, decoded once more, its plus signs back."""
    bare = _bare(value)
    if "%40" in bare or "%2b" in bare.lower():
        bare = _bare(unquote(bare))
    return bare if is_object_id(comparable(bare)) else bare.replace(" ", "+")


def tidy_number(value: str) -> str:
    """A number as it was meant; the plus that became a blank cannot be told from one that was never there."""
    bare = _bare(value)
    if "%2b" in bare.lower():
        bare = _bare(unquote(bare))
    return f"+{bare}" if value.startswith(" ") and bare[:1].isdigit() and bare[:1] != "0" else bare


def _bare(value: str) -> str:
    return value.strip(" \t\r\n\"'")


def _text(value: str) -> str:
    raw = value.encode("latin-1")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")
