"""Pages of a listing and the links between them ("Paging Microsoft Graph data in your app")."""

from urllib.parse import quote, urlencode

from .exchange import Ask
from .graph_errors import bad_request

DEFAULT_PAGE = 100
LARGEST_PAGE = 999
_TOKEN = "RFNwdAIAAQ"


def page_size(ask: Ask) -> int:
    """How many fit on a page."""
    text = ask.option("top")
    if text is None:
        return DEFAULT_PAGE
    if not text.isdigit() or not 1 <= int(text) <= LARGEST_PAGE:
        message = f"Invalid page size specified: '{text}'. Must be between 1 and {LARGEST_PAGE} inclusive."
        raise bad_request(message, code="Request_UnsupportedQuery")
    return int(text)


def position(ask: Ask) -> int:
    """Where a page starts; the links hide it in a token."""
    token = ask.option("skiptoken")
    if token is None:
        return 0
    if not token.startswith(_TOKEN) or not token.removeprefix(_TOKEN).isdigit():
        raise bad_request("Invalid skip token.", code="Directory_ExpiredPageToken")
    return int(token.removeprefix(_TOKEN))


def next_link(ask: Ask, place: int, *, path: str) -> str:
    """The same question from another place on, at the root that the caller used."""
    kept = {key: value for key, value in ask.query.items() if key.lower().lstrip("$") != "skiptoken"}
    query = urlencode({**kept, "$skiptoken": f"{_TOKEN}{place:06d}"}, quote_via=quote, safe="$,()'")
    return f"{ask.root}/v1.0/{path}?{query}"


def is_advanced(ask: Ask) -> bool:
    """Whether the query asks for the advanced capabilities of directory objects."""
    counted = (ask.option("count") or "").lower() == "true"
    return counted and ask.headers.get("consistencylevel", "").lower() == "eventual"
