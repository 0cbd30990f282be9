"""What is wrong with a running service, told from what it knows already, on a schedule, never per request."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from urllib.parse import urlsplit

from app.config import Settings
from app.doctor.causes import found
from app.doctor.expiries import judge
from app.doctor.failures import Way
from app.doctor.findings import Finding, Step
from app.doctor.graph_faults import is_policy, permissions_kind
from app.doctor.hops import named
from app.doctor.sign_in_faults import SignInCase, diagnose
from app.errors import SignInError
from app.graph.credentials import Credentials
from app.ingest.periodic import Feed
from app.ingest.tenant import Tenant
from app.off_loop import off_loop

LOOK_EVERY_S = 2.0
_ANSWERED = "Microsoft Graph answered "
_STEP_OF: Mapping[str, Step] = {"presence": Step.PRESENCE}
_FORBIDDEN: Mapping[str, str] = {"presence": "presence-forbidden", "groups": "groups-forbidden"}
_CAUSE_OF: Mapping[str, str] = {
    "graph_throttled": "graph-throttled",
    "graph_unauthorized": "graph-token-refused",
    "graph_rejected": "graph-unexpected",
    "delta_expired": "graph-unexpected",
    "round_overdue": "graph-unexpected",
    "unexpected_answer": "graph-unexpected",
}
_AT_ONE_STEP: Mapping[str, str] = {
    "group_missing": "group-missing",
    "mass_removal": "many-vanished",
    "round_hangs": "feed-hangs",
    "rules": "rules-refused",
    "settings": "settings-refused",
    "snapshot": "snapshot-unwritable",
}


class Rounds:
    """Goes round the service now and then and holds what it has found; nothing is asked of Microsoft."""

    def __init__(self, tenant: Tenant, *, settings: Settings) -> None:
        self._tenant = tenant
        self._settings = settings
        self._diagnosed: dict[SignInError, Finding] = {}
        self.findings: tuple[Finding, ...] = ()

    async def round(self) -> None:
        """Look at everything once."""
        sign_in = await self._of_sign_in()
        self.findings = (*sign_in, *self._of_feeds(), *self._of_endings(), *self._of_settings())

    async def _of_sign_in(self) -> Iterable[Finding]:
        """What keeps out the credentials in use, and those that are to be; a cause of both once."""
        handover = self._tenant.handover
        tried = [(self._tenant.tokens.fault, handover.credentials)]
        if candidate := handover.candidate:
            tried.append((candidate.fault, candidate.credentials))
        self._diagnosed = {
            fault: self._diagnosed.get(fault) or await self._diagnosis(fault, credentials)
            for fault, credentials in tried
            if fault
        }
        return {finding.cause: finding for finding in self._diagnosed.values()}.values()

    async def _diagnosis(self, fault: SignInError, credentials: Credentials) -> Finding:
        """The cause of a fault, found once for each: it may mean reading a certificate."""
        return await off_loop(partial(diagnose, fault, case=self._case(credentials)))

    def _case(self, credentials: Credentials) -> SignInCase:
        way = self._way(self._settings.azure_authority_host)
        graph = urlsplit(self._settings.graph_url).hostname or ""
        return SignInCase(credentials=credentials, way=way, graph=graph, now=self._tenant.clock.now())

    def _of_feeds(self) -> Iterator[Finding]:
        for feed in self._tenant.supervisor.feeds:
            if feed.fault is not None and feed.fault_code not in {None, SignInError.code}:
                yield self._of_feed(feed, code=str(feed.fault_code), said=feed.fault)

    def _of_feed(self, feed: Feed, *, code: str, said: str) -> Finding:
        step, detail = _STEP_OF.get(feed.name, Step.USERS), {"microsoft": said}
        words = {**self._way(self._settings.graph_url).words, "kind": self._kind, "reason": feed.name}
        if code in _AT_ONE_STEP:
            return found(_AT_ONE_STEP[code], detail={"problems": [said]}, words=words)
        if code == "permission_missing" and not is_policy(said):
            return found(_FORBIDDEN.get(feed.name, "users-forbidden"), detail=detail, words=words)
        if code == "permission_missing":
            return found("graph-conditional-access", at=step, detail=detail, words=words)
        if code == "graph_unavailable":
            return _unavailable(said, step=step, words=words)
        if code in _CAUSE_OF:
            return found(_CAUSE_OF[code], at=step, detail=detail, words=words)
        return found("service-fault", detail={"problems": [said]}, words=words)

    def _of_endings(self) -> Iterator[Finding]:
        """What ends soon or has ended; that nobody knows an end, `credentials` in `/health` says."""
        told = judge(self._tenant.countdown.latest, now=self._tenant.clock.now())
        yield from (one for one in (told, *told.also) if one.cause in {"expiry-soon", "expiry-over"})

    def _of_settings(self) -> Iterator[Finding]:
        if self._tenant.users.narrow:
            yield found("permission-narrow", kind=self._kind)
        if self._settings.unencrypted:
            yield found("keys-unencrypted")

    @property
    def _kind(self) -> str:
        return permissions_kind(self._tenant.handover.credentials)

    def _way(self, root: str) -> Way:
        roots = (self._settings.azure_authority_host, self._settings.graph_url)
        return Way(host=named(root), hosts=", ".join(dict.fromkeys(map(named, roots))))


def _unavailable(said: str, *, step: Step, words: Mapping[str, str]) -> Finding:
    """Graph in trouble, if it has answered so; else the way there."""
    if said.startswith(_ANSWERED):
        status = said.removeprefix(_ANSWERED)[:3]
        return found("graph-busy", at=step, detail={"microsoft": said}, words=words, reason=status)
    return found("graph-unreachable", at=step, detail={"problems": [said]}, words=words)
