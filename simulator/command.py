"""The command: build the world, write its files, listen, and say so in one line."""

import argparse
import asyncio
import socket
import sys
from pathlib import Path

import uvloop

from .app import build_app
from .authority import CERTIFICATE, load_authority, server_context
from .clock import Clock
from .server import QuietServer, configuration, listen, serve
from .sheet import Sheet
from .world import LOCAL_NAMES, Plan, build_world


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop; 1 when the port cannot be had, or the folder not be written."""
    try:
        load_authority(arguments.dir.resolve())
    except OSError as error:
        sys.stderr.write(
            f"simulator: cannot write into {arguments.dir} ({error.strerror}); "
            "choose another folder with --dir.\n"
        )
        return 1
    try:
        sock = listen(arguments.host, arguments.port)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        sys.stderr.write(
            f"simulator: cannot listen on {arguments.host}:{arguments.port} ({reason}); "
            "choose another port with --port, or --port 0 for any free one.\n"
        )
        return 1
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(arguments, sock))
    return 0


async def _run(arguments: argparse.Namespace, sock: socket.socket) -> None:
    folder: Path = arguments.dir.resolve()
    port = sock.getsockname()[1]
    names = (*LOCAL_NAMES, arguments.name)
    authority = load_authority(folder)
    world = build_world(_plan(arguments), clock=Clock(offset_s=arguments.clock_offset))
    sheet = Sheet(world, root=_root(arguments.name, port), ca_bundle=folder / CERTIFICATE)
    sheet.write(folder)

    def announce() -> None:
        address = _root(arguments.host, port)
        sys.stdout.write(f"simulator: {address} with {arguments.people} people\n")
        sys.stdout.flush()

    config = configuration(build_app(world, sheet), tls=server_context(authority, names=dict.fromkeys(names)))
    server = QuietServer(config, on_listening=announce)
    await serve(server, sock=sock, day=world.day, day_speed=arguments.day_speed)


def _plan(arguments: argparse.Namespace) -> Plan:
    return Plan(
        people=arguments.people,
        seed=arguments.seed,
        token_lifetime_s=arguments.token_lifetime,
        secret=arguments.secret,
        username=arguments.username,
        password=arguments.password,
        permissions=arguments.permissions,
        latency_ms=arguments.latency_ms,
        host_names=(*LOCAL_NAMES, arguments.name),
    )


def _root(host: str, port: int) -> str:
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
