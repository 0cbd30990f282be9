"""FastAPI with a Redis GET per request: the presence lies there as finished JSON and goes out as it is."""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, HTTPException, Response
from redis.asyncio import Redis

from bench.people import PEOPLE
from bench.usual import known_key, presence_of

_redis = Redis(port=int(os.environ["BENCH_REDIS_PORT"]))


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Put everybody in."""
    people = map(presence_of, range(PEOPLE))
    await _redis.mset({one.email: one.model_dump_json(by_alias=True) for one in people})
    yield
    await _redis.aclose()


app = FastAPI(dependencies=[Depends(known_key)], lifespan=lifespan)


@app.get("/presence/{user}")
async def one(user: str) -> Response:
    """One person."""
    body = await _redis.get(user.lower())
    if body is None:
        raise HTTPException(404)
    return Response(body, media_type="application/json", headers={"X-Request-Id": uuid.uuid4().hex})
