"""Swagger UI from files inside the package, and the document it shows: no internet is needed."""

import base64
import hashlib
import re
from functools import cache

import msgspec
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from app.api.render import json_answer


def install_docs(app: FastAPI) -> None:
    """Serve the document, the page at `/docs`, and its files below it."""
    files = StaticFiles(packages=[("fastapi_swagger", "resources")])
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=app.title,
        swagger_js_url="/docs/swagger-ui-bundle.js",
        swagger_css_url="/docs/swagger-ui.css",
        swagger_favicon_url="/docs/favicon-32x32.png",
        swagger_ui_parameters={"tryItOutEnabled": True},
    )

    page.headers["Content-Security-Policy"] = _policy(bytes(page.body).decode())

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return page

    @cache
    def document() -> bytes:
        return msgspec.json.encode(app.openapi())

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi_json() -> Response:
        return json_answer(document())

    app.mount("/docs", files, name="docs")


def _policy(page: str) -> str:
    """The page's own files and its one inline script, known by its hash; styles Swagger UI writes inline."""
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'self' 'sha256-{digest}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
