"""A new user's walk through Swagger UI: open the page, authorize with a key, try one person out.

Run as a program of its own, so that everything it starts can be put where there is no network but loopback.
Prints one JSON object; the argument is a folder for what is written and for the screenshot.
"""

import json
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from app.config import new_api_key
from tests.support.service import start_service
from tests.support.simulated import start_simulated

CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def walk(base: str, key: str, folder: Path) -> dict[str, Any]:
    """What a person sees: the page's title, the answer's status and body, and what the page asked for."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 1600})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{base}/docs")
        _authorize(page, key)
        status, body = _try_one_person(page)
        page.screenshot(path=folder / "swagger.png")
        title = page.title()
        browser.close()
    return {"title": title, "status": status, "body": body, "asked": asked}


def _authorize(page: Page, key: str) -> None:
    page.click(".btn.authorize")
    box = page.locator(".auth-container", has_text="X-API-Key")
    box.locator("input").fill(key)
    box.locator("button.authorize").click()
    page.click(".btn-done")


def _try_one_person(page: Page) -> tuple[str, str]:
    page.click("#operations-Presence-get_presence .opblock-summary-control")
    operation = page.locator("#operations-Presence-get_presence")
    operation.locator("input[placeholder=user]").fill("max.muster@contoso.example")
    operation.locator(".execute").click()
    answer = operation.locator(".live-responses-table .response")
    status = answer.locator(".response-col_status").inner_text()
    return status, answer.locator(".highlight-code").first.inner_text()


def main(folder: Path) -> None:
    """Start tenant and service, walk, and tell."""
    key, entry = new_api_key("swagger")
    tenant = start_simulated(folder / "tenant", "--people", "10")
    service = start_service(folder / "service", tenant.settings | {"PRESENCE_API_KEYS": entry})
    try:
        service.wait_until_ready()
        print(json.dumps(walk(service.base, key, folder)))
    finally:
        service.stop()
        tenant.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
