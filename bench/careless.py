"""The careless FastAPI way: the same as `usual`, with three things that look harmless.

`EmailStr` checks each address anew, a sync dependency goes through a thread pool, and `BaseHTTPMiddleware`
wraps each request in tasks and streams.
"""

import hashlib
import secrets
import uuid
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from pydantic import EmailStr
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

from bench.people import KEY_SHA256
from bench.usual import Presence, found


def known_key(x_api_key: Annotated[str, Header()]) -> None:
    """Let nobody in without the key."""
    if not secrets.compare_digest(hashlib.sha256(x_api_key.encode()).hexdigest(), KEY_SHA256):
        raise HTTPException(401)


async def name_request(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Give each answer the name of its request."""
    response = await call_next(request)
    response.headers["X-Request-Id"] = uuid.uuid4().hex
    return response


app = FastAPI(dependencies=[Depends(known_key)])
app.add_middleware(BaseHTTPMiddleware, dispatch=name_request)


@app.get("/presence/{user}")
async def one(user: EmailStr) -> Presence:
    """One person."""
    return found(user)
