"""One single sign-in, which answers four steps at once: application, credential, account, consent."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

import httpx

from app.doctor.causes import found, skipped
from app.doctor.certificates import look_at
from app.doctor.findings import Finding, Step
from app.doctor.sign_in_faults import diagnose
from app.doctor.sign_in_host import SignInHost, content_of
from app.doctor.threads import in_thread
from app.errors import SignInError
from app.graph.credentials import ClientCertificate
from app.graph.paired_sign_in import PairedSignIn
from app.graph.sign_in import Token

_ORDER = (Step.APPLICATION, Step.CREDENTIAL, Step.ACCOUNT, Step.PERMISSIONS)


class SignInTrial:
    """Signs in once, when the first step asks, and never again: wrong passwords add up to a lock-out."""

    def __init__(self, host: SignInHost, *, sign_in: PairedSignIn) -> None:
        self._host = host
        self._sign_in = sign_in
        self._judged: Mapping[Step, Finding] | None = None
        self.token: Token | None = None

    async def application(self) -> Finding:
        """Whether the application is known in the tenant."""
        return (await self._tried())[Step.APPLICATION]

    async def credential(self) -> Finding:
        """Whether secret or certificate are accepted."""
        return (await self._tried())[Step.CREDENTIAL]

    async def account(self) -> Finding:
        """Whether the service account may sign in."""
        return (await self._tried())[Step.ACCOUNT]

    async def consent(self) -> Finding | None:
        """What the sign-in host finds missing in the permissions; None when it gave a token."""
        return (await self._tried()).get(Step.PERMISSIONS)

    async def _tried(self) -> Mapping[Step, Finding]:
        if self._judged is None:
            self._judged = await self._try_once()
        return self._judged

    async def _try_once(self) -> Mapping[Step, Finding]:
        looked = look_at(self._host.credentials.app, now=self._host.now())
        if looked.wrong:
            return self._spread(looked.wrong, known=False)
        try:
            self.token = await in_thread(self._sign_in.acquire, within_s=self._host.patience.sign_in_s)
        except SignInError as error:
            return self._spread(await self._diagnosed(error))
        except TimeoutError:
            return self._spread(found("answer-too-slow", words=self._host.case.words))
        return self._spread(None)

    def _accepted(self) -> Finding:
        """Whatever was accepted; that it was the reserve is worth a warning."""
        first, used = self._host.credentials.app, self._sign_in.in_use.app
        if used != first:
            return found("secret-next-used", refused=first.setting, accepted=used.setting)
        return found("certificate-ok" if isinstance(first, ClientCertificate) else "secret-ok")

    async def _diagnosed(self, error: SignInError) -> Finding:
        case = self._host.case
        if case.credentials.user and not error.aadsts and await self._is_federated():
            return found("account-federated", words=case.words)
        return diagnose(error, case=case)

    async def _is_federated(self) -> bool:
        """Whether the account's domain signs in elsewhere; msal asks the same (*user realm discovery*)."""
        assert self._host.credentials.user  # noqa: S101 - only asked for an account
        user = quote(self._host.credentials.user.username, safe="@")
        try:
            answer = await self._host.get(f"{self._host.root}/common/userrealm/{user}?api-version=1.0")
        except (httpx.HTTPError, TimeoutError):
            return False
        return str(content_of(answer).get("account_type", "")).lower() == "federated"

    def _spread(self, wrong: Finding | None, *, known: bool = True) -> Mapping[Step, Finding]:
        """The one answer over the steps that it speaks of: well before it, not reached behind it.

        `known` false: Microsoft was not asked at all, so that nothing before it is known to be well.
        """
        fine = {
            Step.APPLICATION: found("application-ok"),
            Step.CREDENTIAL: self._accepted(),
            Step.ACCOUNT: found("account-ok"),
        }
        if wrong is None:
            return fine
        place = _ORDER.index(wrong.step if wrong.step in _ORDER else Step.APPLICATION)
        return (
            {step: fine[step] if known else skipped(step) for step in _ORDER[:place]}
            | {_ORDER[place]: replace(wrong, step=_ORDER[place])}
            | {step: skipped(step) for step in _ORDER[place + 1 :]}
        )
