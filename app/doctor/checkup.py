"""One whole check: from what the settings say to the looks of every step, each part opened and closed."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from app.clock import Clock, SystemClock
from app.config import Settings
from app.doctor.causes import skipped
from app.doctor.expiries import judge
from app.doctor.findings import Finding, Step
from app.doctor.graph import Graph
from app.doctor.graph_faults import GraphCase, permissions_kind
from app.doctor.keys import examine_keys
from app.doctor.metadata import Metadata
from app.doctor.network import Network, Patience
from app.doctor.settings import Examined
from app.doctor.sign_in_host import SignInHost
from app.doctor.sign_in_trial import SignInTrial
from app.doctor.walk import Audience, Look, walk
from app.errors import SignInError
from app.graph.client import GraphClient
from app.graph.connections import Connections
from app.graph.credentials import Credentials
from app.graph.paired_sign_in import PairedSignIn
from app.graph.sign_in import Token
from app.graph.sign_in_http import open_sign_in_http
from app.graph.throttle import GraphBudget
from app.graph.tokens import TokenSource
from app.graph.transport import GraphTransport, open_http, trusted_authorities
from app.ingest.expiry import Countdown, announced_by
from app.presence.expiry import Expiry
from app.presence.phones import NumberReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """A check that can be run, with a sign-in that nobody has used before and that keeps nothing."""

    secret_files: Callable[[], Iterable[Path]]
    patience: Patience = field(default_factory=Patience)
    clock: Clock = field(default_factory=SystemClock)

    async def run(self, examined: Examined, *, audience: Audience) -> Sequence[Finding]:
        """Every step's finding, in order."""
        if examined.settings is None or examined.credentials is None:
            looks = _blind(examined.finding)
            return await walk(looks, hosts="", audience=audience, whole_s=self.patience.whole_s)
        async with AsyncExitStack() as stack:
            case = _Case(examined, examined.settings, examined.credentials, checkup=self, stack=stack)
            return await walk(
                case.looks(), hosts=case.network.hosts, audience=audience, whole_s=self.patience.whole_s
            )


def _blind(finding: Finding) -> Mapping[Step, Look]:
    """Without settings nothing else can be looked at, not even whether there is an account."""

    async def settings() -> Finding:
        return finding

    async def nothing() -> Finding:
        return skipped(Step.SETTINGS)  # never asked: the walk skips what builds on the settings

    steps = [step for step in Step if step is not Step.ACCOUNT]
    return {step: settings if step is Step.SETTINGS else nothing for step in steps}


class _Case:
    """One check under way."""

    def __init__(
        self,
        examined: Examined,
        settings: Settings,
        credentials: Credentials,
        *,
        checkup: Checkup,
        stack: AsyncExitStack,
    ) -> None:
        self._examined = examined
        self._settings = settings
        self._checkup = checkup
        self._stack = stack
        self._credentials = credentials
        self._verify = verify = trusted_authorities(settings.ca_bundle)
        self._sign_in = PairedSignIn(
            credentials,
            connect=lambda: open_sign_in_http(verify, authority_root=credentials.authority_root),
        )
        stack.callback(self._sign_in.close)
        roots = (settings.azure_authority_host, settings.graph_url)
        self.network = Network(roots, verify=self._verify, patience=checkup.patience)
        self._proxies = self.network.find_proxies()
        host = SignInHost(
            credentials=credentials,
            graph_root=settings.graph_url,
            network=self.network,
            verify=self._verify,
            patience=checkup.patience,
            now=checkup.clock.now,
        )
        self._metadata = Metadata(host)
        self._trial = SignInTrial(host, sign_in=self._sign_in)
        self._tokens = TokenSource(self._held, clock=checkup.clock)
        stack.push_async_callback(self._tokens.close)

    def looks(self) -> Mapping[Step, Look]:
        """The steps that apply, in order."""
        all_of_them: Mapping[Step, Look] = {
            Step.SETTINGS: self._settled,
            Step.DNS: self.network.names,
            Step.PROXY: self._proxy,
            Step.TCP: self.network.connection,
            Step.TLS: self.network.encryption,
            Step.CLOCK: self._metadata.clock,
            Step.TENANT: self._metadata.tenant,
            Step.APPLICATION: self._trial.application,
            Step.CREDENTIAL: self._trial.credential,
            Step.ACCOUNT: self._trial.account,
            Step.PERMISSIONS: self._permissions,
            Step.USERS: self._users,
            Step.PRESENCE: self._presence,
            Step.EXPIRY: self._expiry,
            Step.KEYS: self._keys,
        }
        return {
            step: look
            for step, look in all_of_them.items()
            if self._credentials.user or step is not Step.ACCOUNT
        }

    async def _settled(self) -> Finding:
        return self._examined.finding

    async def _proxy(self) -> Finding:
        return self._proxies or await self.network.proxy()

    async def _permissions(self) -> Finding:
        if consent := await self._trial.consent():
            return consent
        token = self._trial.token
        return await self._graph.permissions(token) if token else skipped(Step.PERMISSIONS)

    async def _users(self) -> Finding:
        return await self._graph.users() if self._trial.token else skipped(Step.USERS)

    async def _presence(self) -> Finding:
        return await self._graph.presence() if self._trial.token else skipped(Step.PRESENCE)

    async def _expiry(self) -> Finding:
        if self._proxies:  # no connection can even be prepared
            return skipped(Step.EXPIRY)
        countdown = Countdown(
            self._client,
            credentials=lambda: self._sign_in.in_use,
            announced=lambda: announced_by(self._settings, app=self._sign_in.in_use.app),
            tokens=self._tokens,
            clock=self._checkup.clock,
        )
        with suppress(TimeoutError):  # throttled, Graph is not asked before its time: then nobody tells
            async with asyncio.timeout(self._checkup.patience.answer_s):
                await countdown.round()
        endings: Sequence[Expiry] = countdown.latest
        if self._trial.token is None:  # what Microsoft could not be asked about, nobody needs to tell it
            endings = [one for one in endings if one.is_known]
        return judge(endings, now=self._checkup.clock.now())

    async def _keys(self) -> Finding:
        return examine_keys(self._settings, secret_files=self._checkup.secret_files())

    def _held(self, *, renew: bool = False) -> Token:
        """The token of the one sign-in; it is never replaced, because that would be a second one."""
        del renew
        if self._trial.token is None:
            raise SignInError("Nobody has signed in.")
        return self._trial.token

    @cached_property
    def _graph(self) -> Graph:
        return Graph(
            self._client,
            case=GraphCase(
                way=self.network.way(self._settings.graph_url), kind=permissions_kind(self._credentials)
            ),
            delegated=self._credentials.user is not None,
            groups=self._examined.groups,
        )

    @cached_property
    def _client(self) -> GraphClient:
        connections = Connections(lambda: open_http(self._verify))
        self._stack.push_async_callback(connections.close)
        transport = GraphTransport(
            connections,
            root=self._settings.graph_url,
            tokens=self._tokens,
            budget=GraphBudget(self._checkup.clock),
            clock=self._checkup.clock,
        )
        return GraphClient(transport, numbers=NumberReader(self._settings.default_country))
