"""Reverse proxies as operators put them in front: real ones, in their usual configuration."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.polling import eventually

CADDY = """
{
    admin off
    auto_https off
}
http://localhost:%(port)d {
    reverse_proxy 127.0.0.1:%(service)d
}
"""
# As every guide to WebSockets has it: an offer of the client's is handed on.
NGINX = """
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream service {
        server 127.0.0.1:%(service)d;
        keepalive 8;
    }
    server {
        listen 127.0.0.1:%(port)d;
        location / {
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
        }
    }
}
"""
_NGINX_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"  # where Debian has it


def is_installed(name: str) -> bool:
    """Whether this machine has the proxy."""
    return shutil.which(name, path=_NGINX_PATH) is not None


@contextmanager
def proxy(name: str, service: str, folder: Path) -> Iterator[str]:
    """Its root in front of the service's, until the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir()
    config = {"caddy": CADDY, "nginx": NGINX}[name]
    (folder / "config").write_text(config % {"port": port, "service": urlsplit(service).port})
    command = {
        "caddy": ["caddy", "run", "--config", "config", "--adapter", "caddyfile"],
        "nginx": ["nginx", "-p", str(folder), "-c", str(folder / "config")],
    }[name]
    environ = {"PATH": _NGINX_PATH, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        popen = subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=log)
    try:
        eventually(lambda: _listens(port), within_s=10, what=(folder / "log").read_text)
        yield f"http://localhost:{port}"
    finally:
        popen.terminate()
        popen.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
