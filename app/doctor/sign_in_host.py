"""The sign-in host: its clock, the tenant, and one single sign-in that answers four steps at once."""

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import httpx

from app.doctor.aadsts import cause_of
from app.doctor.causes import found, skipped
from app.doctor.certificates import look_at
from app.doctor.failures import failure
from app.doctor.findings import Finding, Step
from app.doctor.network import Network, Patience
from app.doctor.sign_in_faults import SignInCase, diagnose
from app.doctor.threads import in_thread
from app.errors import SignInError
from app.graph.credentials import ClientCertificate, Credentials
from app.graph.sign_in import Token

_WRONG_S, _OFF_S = 5 * 60, 60
_CHINA = "microsoftgraph.chinacloudapi.cn"
# Microsoft Graph, *national cloud deployments*; both US clouds have tenants of one sign-in host.
_CLOUDS: Mapping[str, str] = {
    "graph.microsoft.com": "worldwide",
    "graph.microsoft.us": "us",
    "dod-graph.microsoft.us": "us",
    _CHINA: "china",
}
_ORDER = (Step.APPLICATION, Step.CREDENTIAL, Step.ACCOUNT, Step.PERMISSIONS)


class SignIn(Protocol):
    """A sign-in with a fresh msal application and a fresh cache, tried when it is called."""

    def acquire(self, *, renew: bool = False) -> Token:
        """A token. Raises SignInError."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """The tenant's published metadata as it was answered, and by how much the clocks differ."""

    answer: httpx.Response
    ahead_s: float | None


class SignInHost:
    """What the sign-in host says about time, tenant, application, credential and account.

    One sign-in is all that is ever tried: each wrong password counts towards a lock-out.
    """

    def __init__(  # noqa: PLR0913 - what a sign-in is made of, one by one
        self,
        credentials: Credentials,
        *,
        sign_in: SignIn,
        graph_root: str,
        network: Network,
        verify: ssl.SSLContext,
        patience: Patience,
        now: Callable[[], datetime],
    ) -> None:
        self._credentials = credentials
        self._sign_in = sign_in
        self._graph_host = urlsplit(graph_root).hostname or ""
        self._network = network
        self._verify = verify
        self._patience = patience
        self._now = now
        self._document: _Document | Finding | None = None
        self._judged: Mapping[Step, Finding] | None = None
        self.token: Token | None = None

    async def clock(self) -> Finding:
        """How far this machine's clock is from Microsoft's."""
        document = await self._metadata()
        if isinstance(document, Finding) or document.ahead_s is None:
            return found("clock-untold")
        off_s = abs(document.ahead_s)
        detail = {"skewSeconds": round(document.ahead_s)}
        if off_s <= _OFF_S:
            return found("clock-ok", detail=detail)
        cause = "clock-wrong" if off_s > _WRONG_S else "clock-off"
        return found(cause, detail=detail, minutes=f"{off_s / 60:.0f} min")

    async def tenant(self) -> Finding:
        """Whether the tenant exists in this cloud, and the cloud has presence."""
        document = await self._metadata()
        if isinstance(document, Finding):
            return replace(document, step=Step.TENANT)
        answer, words = document.answer, self._case.words
        if answer.status_code == HTTPStatus.OK:
            content = _json(answer)
            if "token_endpoint" not in content:
                return found("not-microsoft", words=words, reason=_kind(answer))
            return cloud_of(content, graph_host=self._graph_host) or found("tenant-ok")
        return self._refused_tenant(answer, words)

    async def application(self) -> Finding:
        """Whether the application is known in the tenant."""
        return (await self._signed_in())[Step.APPLICATION]

    async def credential(self) -> Finding:
        """Whether secret or certificate are accepted."""
        return (await self._signed_in())[Step.CREDENTIAL]

    async def account(self) -> Finding:
        """Whether the service account may sign in."""
        return (await self._signed_in())[Step.ACCOUNT]

    async def consent(self) -> Finding | None:
        """What the sign-in host finds missing in the permissions; None when it gave a token."""
        return (await self._signed_in()).get(Step.PERMISSIONS)

    @property
    def _case(self) -> SignInCase:
        way = self._network.way(self._credentials.authority_root)
        return SignInCase(credentials=self._credentials, way=way, graph=self._graph_host, now=self._now())

    async def _metadata(self) -> _Document | Finding:
        if self._document is None:
            self._document = await self._fetch()
        return self._document

    async def _fetch(self) -> _Document | Finding:
        root, tenant = self._credentials.authority_root, self._credentials.tenant_id
        url = f"{root}/{quote(tenant, safe='')}/v2.0/.well-known/openid-configuration"
        asked_at = self._now()
        try:
            answer = await self._get(url)
        except (httpx.HTTPError, TimeoutError) as error:
            return failure(error, way=self._network.way(root))
        halfway = asked_at + (self._now() - asked_at) / 2
        told = _date(answer)
        return _Document(answer=answer, ahead_s=(told - halfway).total_seconds() if told else None)

    async def _get(self, url: str) -> httpx.Response:
        def get() -> httpx.Response:
            with httpx.Client(verify=self._verify, timeout=self._patience.connect_s) as client:
                return client.get(url)

        return await in_thread(get, within_s=self._patience.answer_s)

    def _refused_tenant(self, answer: httpx.Response, words: Mapping[str, str]) -> Finding:
        codes = [int(number) for number in re.findall(r"AADSTS(\d+)", answer.text[:2000])]
        if codes:
            said = _sentence(str(_json(answer).get("error_description", "")))
            detail = {"aadsts": codes[:1], "microsoft": said}
            return found(cause_of(codes), at=Step.TENANT, detail=detail, words=words, said=said)
        busy = answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.is_server_error
        if busy and "html" not in answer.headers.get("content-type", ""):
            return found("microsoft-busy", words=words)
        return found("not-microsoft", words=words, reason=_kind(answer))

    async def _signed_in(self) -> Mapping[Step, Finding]:
        if self._judged is None:
            self._judged = await self._try_once()
        return self._judged

    async def _try_once(self) -> Mapping[Step, Finding]:
        looked = look_at(self._credentials.app, now=self._now())
        if looked.wrong:
            return self._spread(looked.wrong, known=False)
        try:
            sign_in = partial(self._sign_in.acquire)
            self.token = await in_thread(sign_in, within_s=self._patience.sign_in_s)
        except SignInError as error:
            return self._spread(await self._diagnosed(error))
        except TimeoutError:
            return self._spread(found("answer-too-slow", words=self._case.words))
        return self._spread(None)

    async def _diagnosed(self, error: SignInError) -> Finding:
        finding = diagnose(error, case=self._case)
        if self._credentials.user and not error.aadsts and await self._is_federated():
            return found("account-federated", words=self._case.words)
        return finding

    async def _is_federated(self) -> bool:
        """Whether the account's domain signs in elsewhere; msal asks the same (*user realm discovery*)."""
        assert self._credentials.user  # noqa: S101 - only asked for an account
        user = quote(self._credentials.user.username, safe="@")
        try:
            answer = await self._get(
                f"{self._credentials.authority_root}/common/userrealm/{user}?api-version=1.0"
            )
        except (httpx.HTTPError, TimeoutError):
            return False
        return str(_json(answer).get("account_type", "")).lower() == "federated"

    def _spread(self, wrong: Finding | None, *, known: bool = True) -> Mapping[Step, Finding]:
        """The one answer over the steps that it speaks of: well before it, not reached behind it.

        `known` false: Microsoft was not asked at all, so that nothing before it is known to be well.
        """
        fine = {
            Step.APPLICATION: found("application-ok"),
            Step.CREDENTIAL: found("certificate-ok" if self._by_certificate else "secret-ok"),
            Step.ACCOUNT: found("account-ok"),
        }
        if wrong is None:
            return fine
        place = wrong.step if wrong.step in _ORDER else Step.APPLICATION
        before = _ORDER[: _ORDER.index(place)]
        behind = _ORDER[_ORDER.index(place) + 1 :]
        return (
            {step: fine[step] if known else skipped(step) for step in before}
            | {place: replace(wrong, step=place)}
            | {step: skipped(step) for step in behind}
        )

    @property
    def _by_certificate(self) -> bool:
        return isinstance(self._credentials.app, ClientCertificate)


def cloud_of(metadata: Mapping[str, Any], *, graph_host: str) -> Finding | None:
    """What is wrong with the cloud, going by the Graph that the tenant's metadata names; None for nothing."""
    if graph_host == _CHINA:
        return found("cloud-without-presence", host=graph_host)
    expected = str(metadata.get("msgraph_host", ""))
    ours, theirs = _CLOUDS.get(graph_host), _CLOUDS.get(expected)
    if ours and theirs and ours != theirs:
        return found("cloud-mismatch", host=graph_host, expected=expected)
    return None


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _sentence(description: str) -> str:
    """Microsoft's text without the trailing trace id, correlation id and time stamp."""
    return re.split(r"\s*(?:Trace ID:|\r|\n)", description, maxsplit=1)[0]


def _kind(answer: httpx.Response) -> str:
    """Status and type of an answer that is none of Microsoft's."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    return f"HTTP {answer.status_code} {kind}".strip()


def _date(answer: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return None
