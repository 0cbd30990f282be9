"""What a route is handed: the tenant it answers for and the renderer of its answers."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request, Security
from fastapi.security import APIKeyHeader, HTTPBasic, HTTPBearer
from starlette.convertors import PathConvertor, register_url_convertor

from app.api.render import Renderer
from app.api.schemas import RULESET
from app.doctor.rounds import Rounds
from app.ingest.tenant import Tenant


class _AnyText(PathConvertor):
    """A whole rest of a path, line breaks included: those deserve a reason, not a bare 404."""

    regex = "(?s:.*)"


register_url_convertor("text", _AnyText())

USER_PATH = "/{user:text}"

# Only declared here, for the documentation and its Authorize button: the middleware does the checking.
DECLARED_KEYS = [
    Security(APIKeyHeader(name="X-API-Key", scheme_name="API key", auto_error=False)),
    Security(HTTPBearer(scheme_name="Bearer", auto_error=False)),
    Security(HTTPBasic(scheme_name="Basic", description="The key as password.", auto_error=False)),
]


async def get_tenant(request: Request) -> Tenant:
    """The tenant this service answers for."""
    tenant: Tenant = request.app.state.tenant
    return tenant


async def get_rounds(request: Request) -> Rounds:
    """The doctor's rounds."""
    rounds: Rounds = request.app.state.rounds
    return rounds


async def get_renderer(request: Request) -> Renderer:
    """The renderer of this service's answers."""
    renderer: Renderer = request.app.state.renderer
    return renderer


UserAsked = Annotated[
    str, Path(description="An address or an object id.", examples=["max.muster@contoso.example"])
]
RulesetAsked = Annotated[str | None, Query(alias="ruleset", description=RULESET)]
TheTenant = Annotated[Tenant, Depends(get_tenant)]
TheRounds = Annotated[Rounds, Depends(get_rounds)]
TheRenderer = Annotated[Renderer, Depends(get_renderer)]
