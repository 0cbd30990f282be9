"""`/metrics`: what Prometheus reads."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.api.dependencies import DECLARED_KEYS, TheTenant
from app.api.openapi import PROBLEM
from app.metrics import CONTENT_TYPE, Metrics

router = APIRouter(tags=["Operations"])


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    dependencies=DECLARED_KEYS,
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        401: {"description": "No key, or an unknown one.", "content": PROBLEM},
    },
)
async def metrics(request: Request, tenant: TheTenant) -> Response:
    """Counters since the start, and gauges of this moment, in Prometheus's text format."""
    held: Metrics = request.app.state.metrics
    await tenant.census.take()
    return Response(held.page(), media_type=CONTENT_TYPE)
