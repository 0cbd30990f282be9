"""The tenant's published metadata, fetched once: it tells the time, the tenant and its cloud."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from app.doctor.aadsts import cause_of
from app.doctor.causes import found
from app.doctor.failures import failure
from app.doctor.findings import Finding, Step
from app.doctor.sign_in_host import SignInHost, content_of
from app.graph.entra_errors import first_sentence, numbers_in

_WRONG_S, _OFF_S = 5 * 60, 60
_CHINA = "microsoftgraph.chinacloudapi.cn"
# Microsoft Graph, *national cloud deployments*; both US clouds have tenants of one sign-in host.
_CLOUDS: Mapping[str, str] = {
    "graph.microsoft.com": "worldwide",
    "graph.microsoft.us": "us",
    "dod-graph.microsoft.us": "us",
    _CHINA: "china",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """The answer, and by how many seconds Microsoft's clock is ahead, if it tells the time."""

    answer: httpx.Response
    ahead_s: float | None


class Metadata:
    """Whether the clocks agree, and whether the tenant exists (*OpenID Connect metadata document*)."""

    def __init__(self, host: SignInHost) -> None:
        self._host = host
        self._document: _Document | Finding | None = None

    async def clock(self) -> Finding:
        """How far this machine's clock is from Microsoft's."""
        document = await self._fetched()
        if isinstance(document, Finding) or document.ahead_s is None:
            return found("clock-untold")
        off_s, detail = abs(document.ahead_s), {"skewSeconds": round(document.ahead_s)}
        if off_s <= _OFF_S:
            return found("clock-ok", detail=detail)
        cause = "clock-wrong" if off_s > _WRONG_S else "clock-off"
        return found(cause, detail=detail, minutes=f"{off_s / 60:.0f} min")

    async def tenant(self) -> Finding:
        """Whether the tenant exists in this cloud, and the cloud has presence."""
        document = await self._fetched()
        if isinstance(document, Finding):
            return replace(document, step=Step.TENANT)
        answer, words = document.answer, self._host.case.words
        if answer.status_code != HTTPStatus.OK:
            return _refused(answer, words)
        content = content_of(answer)
        if "token_endpoint" not in content:
            return found("not-microsoft", words=words, reason=_kind(answer))
        return cloud_of(content, graph_host=self._host.graph_host) or found("tenant-ok")

    async def _fetched(self) -> _Document | Finding:
        if self._document is None:
            self._document = await self._fetch()
        return self._document

    async def _fetch(self) -> _Document | Finding:
        tenant = quote(self._host.credentials.tenant_id, safe="")
        asked_at = self._host.now()
        try:
            answer = await self._host.get(f"{self._host.root}/{tenant}/v2.0/.well-known/openid-configuration")
        except (httpx.HTTPError, TimeoutError) as error:
            return failure(error, way=self._host.network.way(self._host.root))
        halfway = asked_at + (self._host.now() - asked_at) / 2
        told = _date(answer)
        return _Document(answer=answer, ahead_s=(told - halfway).total_seconds() if told else None)


def cloud_of(metadata: Mapping[str, Any], *, graph_host: str) -> Finding | None:
    """What is wrong with the cloud, going by the Graph that the tenant's metadata names; None for nothing."""
    if graph_host == _CHINA:
        return found("cloud-without-presence", host=graph_host)
    expected = str(metadata.get("msgraph_host", ""))
    ours, theirs = _CLOUDS.get(graph_host), _CLOUDS.get(expected)
    if ours and theirs and ours != theirs:
        return found("cloud-mismatch", host=graph_host, expected=expected)
    return None


def _refused(answer: httpx.Response, words: Mapping[str, str]) -> Finding:
    """Microsoft's number where there is one; else whether it is Microsoft that speaks at all."""
    codes = numbers_in(answer.text[:2000])
    busy = answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.is_server_error
    if busy and content_of(answer):
        return found("microsoft-busy", words=words)
    if not codes:
        return found("not-microsoft", words=words, reason=_kind(answer))
    said = first_sentence(str(content_of(answer).get("error_description", "")))
    detail = {"aadsts": list(codes[:1]), "microsoft": said}
    return found(cause_of(codes), at=Step.TENANT, detail=detail, words=words, said=said)


def _kind(answer: httpx.Response) -> str:
    """Status and type of an answer that is none of Microsoft's."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    return f"HTTP {answer.status_code} {kind}".strip()


def _date(answer: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except (ValueError, OverflowError):  # a year beyond all
        return None
