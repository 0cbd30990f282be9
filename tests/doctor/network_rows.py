"""Everything that can stand between the service and Microsoft."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import trustme

from app.doctor.findings import Step
from tests.doctor.bench import Bench, Environ, Row
from tests.support import odd_servers
from tests.support.odd_servers import Serve, listening
from tests.support.simulated import Simulated, start_simulated

_AT = "AZURE_AUTHORITY_HOST"


def _there(bench: Bench, port: int) -> Environ:
    """Settings that lead both to the sign-in host and to Graph on this port."""
    root = f"https://127.0.0.1:{port}"
    return bench.app | {_AT: root, "PRESENCE_GRAPH_URL": root}


def _served(serve: Serve) -> Callable[[Bench], Environ]:
    return lambda bench: _there(bench, bench.stack.enter_context(listening(serve)))


def _encrypted(
    identity: str, *, trusted: bool, since: int = -1, until: int = 1
) -> Callable[[Bench], Environ]:
    """A server under an authority of its own, its certificate valid from and until so many days from now."""

    def arrange(bench: Bench) -> Environ:
        authority = trustme.CA(organization_name="Contoso Inspection")
        now = datetime.now(UTC)
        leaf = authority.issue_cert(
            identity, not_before=now + timedelta(days=since), not_after=now + timedelta(days=until)
        )
        settings = _served(odd_servers.speaking_tls(_context(leaf)))(bench)
        pem = authority.cert_pem.bytes()
        trust = {"PRESENCE_CA_BUNDLE": bench.write("ca.pem", pem)} if trusted else {}
        return settings | trust

    return arrange


def _context(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    leaf.configure_cert(context)
    return context


def _only_old_ciphers(bench: Bench) -> Environ:
    context = _context(trustme.CA().issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA:@SECLEVEL=0")
    return _served(odd_servers.speaking_tls(context))(bench)


def _refused(bench: Bench) -> Environ:
    return _there(bench, bench.stack.enter_context(odd_servers.nobody_listening()))


def _dropped(bench: Bench) -> Environ:
    return _there(bench, bench.stack.enter_context(odd_servers.black_hole()))


def _no_such_host(bench: Bench) -> Environ:
    return bench.app | {_AT: "https://login..example"}


def _behind(serve: Callable[[Simulated], Serve]) -> Callable[[Bench], Environ]:
    def arrange(bench: Bench) -> Environ:
        port = bench.stack.enter_context(listening(serve(bench.tenant)))
        bench.process.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        return bench.app

    return arrange


def _proxy_that_refuses(status: str) -> Callable[[Bench], Environ]:
    return _behind(lambda _: odd_servers.refusing(status))


def _proxy_under_the_wrong_scheme(bench: Bench) -> Environ:
    port = bench.stack.enter_context(listening(odd_servers.refusing("400 Bad Request")))
    bench.process.setenv("HTTPS_PROXY", f"https://127.0.0.1:{port}")
    return bench.app


def _no_proxy_there(bench: Bench) -> Environ:
    port = bench.stack.enter_context(odd_servers.nobody_listening())
    bench.process.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    return bench.app


def _proxy_that_is_none(bench: Bench) -> Environ:
    bench.process.setenv("HTTPS_PROXY", "gopher://proxy.example")
    return bench.app


def _clock(seconds: int) -> Callable[[Bench], Environ]:
    def arrange(bench: Bench) -> Environ:
        tenant = start_simulated(bench.folder / "off", "--people", "3", f"--clock-offset={seconds}")
        bench.stack.callback(tenant.stop)
        return dict(tenant.settings)

    return arrange


def _at_discovery(kind: str, **fault: object) -> Callable[[Bench], Environ]:
    def arrange(bench: Bench) -> Environ:
        bench.tenant.fail("discovery", kind, **fault)
        return bench.app

    return arrange


ROWS = [
    Row(cause="dns-unknown-host", arrange=_no_such_host, names=("login..example",)),
    Row(cause="proxy-unusable", arrange=_proxy_that_is_none),
    Row(cause="proxy-unreachable", arrange=_no_proxy_there),
    Row(cause="proxy-password", arrange=_proxy_that_refuses("407 Proxy Authentication Required")),
    Row(cause="proxy-forbids", arrange=_proxy_that_refuses("403 Forbidden")),
    Row(cause="proxy-fails", arrange=_proxy_that_refuses("502 Bad Gateway")),
    Row(cause="proxy-fails", arrange=_behind(lambda _: odd_servers.mute), name="mute"),
    Row(cause="proxy-fails", arrange=_behind(lambda _: odd_servers.cutting), name="cutting"),
    Row(cause="proxy-scheme", arrange=_proxy_under_the_wrong_scheme),
    Row(cause="tcp-refused", arrange=_refused),
    Row(cause="tcp-blocked", arrange=_dropped),
    Row(
        cause="tls-inspected",
        arrange=_encrypted("127.0.0.1", trusted=False),
        names=("Contoso Inspection",),
    ),
    Row(
        cause="tls-expired",
        arrange=_encrypted("127.0.0.1", trusted=True, since=-9, until=-2),
        names=("Contoso Inspection", f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"),
    ),
    Row(cause="tls-not-yet-valid", arrange=_encrypted("127.0.0.1", trusted=True, since=2, until=9)),
    Row(
        cause="tls-wrong-host",
        arrange=_encrypted("other.example", trusted=True),
        names=("other.example",),
    ),
    Row(cause="tls-cut", arrange=_served(odd_servers.cutting)),
    Row(cause="tls-not-spoken", arrange=_served(odd_servers.saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"))),
    Row(cause="tls-failed", arrange=_only_old_ciphers),
    Row(cause="answer-too-slow", arrange=_served(odd_servers.mute), name="silent after connecting"),
    Row(
        cause="answer-too-slow",
        arrange=_at_discovery("hang"),
        name="silent after the handshake",
        step=Step.TENANT,
    ),
    Row(cause="clock-off", arrange=_clock(120), names=("2 min",)),
    Row(cause="clock-wrong", arrange=_clock(-900), names=("15 min",)),
    Row(
        cause="not-microsoft",
        arrange=_at_discovery("html"),
        name="a gateway's page",
        names=("HTTP 502 text/html",),
    ),
    Row(
        cause="not-microsoft",
        arrange=_at_discovery("html", status=200),
        name="a login page",
        names=("HTTP 200 text/html",),
    ),
    Row(cause="not-microsoft", arrange=_at_discovery("reset"), name="cut", step=Step.TENANT),
    Row(cause="microsoft-busy", arrange=_at_discovery("status", status=503), name="503"),
    Row(cause="microsoft-busy", arrange=_at_discovery("status", status=429), name="429"),
]
