"""What a whole test run has used as secrets, and everything the service has said meanwhile."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

import httpx

SECRETS: set[str] = set()
"""Secrets, passwords and keys that the run has used."""
BODIES: list[tuple[str, str]] = []
"""Where and what the service has answered about itself."""

_NAMES = (
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_SECRET_NEXT",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_PASSWORD",
    "PRESENCE_API_KEYS",
)
_ABOUT_ITSELF = re.compile(r"/(health|metrics|explain|coverage)\b")
_SHORTEST = 12  # "wrong" is a key that tests send, and no secret
# Tokens are known by their form: an access token is a JWT, a refresh token what the simulator makes of one.
_TOKEN = re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.|1\.A[\w-]{60,}")


def remember(values: Mapping[str, object]) -> None:
    """Note the secrets among these settings, those in mounted files too; of an API key entry its hash."""
    for name in _NAMES:
        mounted = values.get(f"{name}_FILE")
        text = Path(str(mounted)).read_text("utf-8") if mounted and Path(str(mounted)).is_file() else ""
        for value in (str(values.get(name) or ""), text.strip()):
            _note(*(re.findall(r"[0-9a-f]{64}", value) if name == "PRESENCE_API_KEYS" else [value]))


def note_registered(values: Mapping[str, object]) -> None:
    """Note what a simulated tenant is told to accept from now on."""
    _note(*(str(values[name]) for name in ("secret", "password") if values.get(name)))


def watch(http: httpx.Client) -> httpx.Client:
    """Note each key that this client sends, and each answer of the service about itself."""
    http.event_hooks = {"request": [_on_request], "response": [_on_response]}
    return http


def leaks(places: Mapping[str, str]) -> Iterator[str]:
    """Each place that holds a secret, however it is written there; never the secret itself."""
    forms = {form for secret in SECRETS for form in _forms(secret)}
    for place, text in places.items():
        if any(form in text for form in forms):
            yield f"{place} holds a secret"
        if _TOKEN.search(text):
            yield f"{place} holds a token"


def _on_request(request: httpx.Request) -> None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        _note(credentials)
    _note(request.headers.get("x-api-key", ""), credentials, request.url.params.get("api_key", ""))


def _on_response(response: httpx.Response) -> None:
    if _ABOUT_ITSELF.match(urlsplit(str(response.url)).path):
        response.read()
        BODIES.append((f"an answer of {response.url.path}", response.text))


def _note(*secrets: str) -> None:
    SECRETS.update(secret for secret in secrets if len(secret) >= _SHORTEST)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
