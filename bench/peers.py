"""Other ways to answer the same question, each started on the server's core."""

import os
import pwd
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.people import KEY
from bench.processes import free_port, listens, python, running, wait_for
from bench.wire import Address

# The service's own server with the same parser and loop, without access log and without a `Server` header.
_UVICORN = [
    *("--host", "127.0.0.1", "--loop", "uvloop", "--http", "httptools", "--ws", "none"),
    *("--no-access-log", "--log-level", "warning", "--no-server-header"),
]
_REDIS = ("--save", "", "--appendonly", "no", "--bind", "127.0.0.1")
_NGINX = """
daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
events {{}}
http {{
    access_log off;
    map_hash_bucket_size 256;
    client_body_temp_path {folder}/body;
    keepalive_requests 100000000;
    proxy_cache_path {folder}/cache keys_zone=answers:20m max_size=100m;
    map $http_x_api_key $known {{ default 0; "{key}" 1; }}
    upstream behind {{ server 127.0.0.1:{behind}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{port};
        if ($known = 0) {{ return 401; }}
        location / {{
            proxy_pass http://behind;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_cache answers;
            proxy_cache_valid 200 10s;
            proxy_cache_lock on;
            proxy_cache_use_stale updating;
            proxy_ignore_headers Cache-Control;
        }}
    }}
}}
"""


@contextmanager
def uvicorn(
    app: str, folder: Path, *, core: int, bare: bool = False, environ: Mapping[str, str] | None = None
) -> Iterator[Address]:
    """One of the small applications in this folder; a bare one is spared the `Date` header, too."""
    port, log = free_port(), folder / f"{app.partition(':')[0]}.log"
    command = python("uvicorn", app, *_UVICORN, "--port", str(port), *(["--no-date-header"] if bare else []))
    with running(command, core=core, log=log, environ=environ) as process:
        wait_for(lambda: listens(port), process=process, log=log)
        yield ("127.0.0.1", port)


@contextmanager
def redis(folder: Path, *, core: int) -> Iterator[int]:
    """A Redis that keeps everything in memory; its port."""
    port, log = free_port(), folder / "redis.log"
    command = [*_found("redis-server"), "--port", str(port), "--dir", str(folder), *_REDIS]
    with running(command, core=core, log=log) as process:
        wait_for(lambda: listens(port), process=process, log=log)
        yield port


@contextmanager
def nginx(folder: Path, *, behind: Address, core: int) -> Iterator[Address]:
    """A `proxy_cache` in front of something, letting in who has the key."""
    port, log, place = free_port(), folder / "nginx.log", folder / "nginx.conf"
    user = pwd.getpwuid(os.geteuid()).pw_name
    place.write_text(_NGINX.format(user=user, folder=folder, key=KEY, port=port, behind=behind[1]))
    with running([*_found("nginx"), "-c", str(place), "-p", str(folder)], core=core, log=log) as process:
        wait_for(lambda: listens(port), process=process, log=log)
        yield ("127.0.0.1", port)


def installed(program: str) -> bool:
    """Whether this machine has it."""
    return bool(_found(program))


def _found(program: str) -> list[str]:
    """Its path; Debian keeps servers where a user's path does not look."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    return [path] if path else []
