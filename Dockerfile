# The image: the service alone, from locked dependencies, as a user of its own who can write nowhere but
# /var/lib/teams-presence. Made for a read-only root file system, and for limits: see compose.yaml.

# A tag can lead to another image tomorrow, a digest cannot: `make base` asks your registry for it and writes it
# here. It is not here yet, because no registry was within reach of those who wrote this.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
# This stage is thrown away: a cache would only fill the disk.
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv --without-pip /opt/teams-presence \
 && python -m pip --python /opt/teams-presence/bin/python install --require-hashes -r requirements/runtime.txt \
 && python -m pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md ./
COPY app app
RUN python -m hatchling build --target wheel \
 && python -m pip --python /opt/teams-presence/bin/python install --no-index --no-deps dist/*.whl

FROM ${BASE}
LABEL org.opencontainers.image.title="Teams presence API" \
      org.opencontainers.image.description="Tells a phone system in milliseconds whether a colleague is free in Microsoft Teams."
# Nothing is ever installed into a running service.
RUN python -m pip uninstall --quiet --yes pip setuptools wheel
COPY --from=build /opt/teams-presence /opt/teams-presence
ENV PATH=/opt/teams-presence/bin:$PATH
# Printing the contract proves that the service can be imported, and leaves the standard library's bytecode
# behind, which the base image lacks and our user could not write.
RUN teams-presence openapi >/dev/null \
 && install -d -m 0700 -o 65532 -g 65532 /var/lib/teams-presence

# All interfaces, or no published port would reach the service. It therefore refuses to start without
# PRESENCE_API_KEYS (or PRESENCE_API_KEYS_FILE): beyond loopback nobody is answered without a key.
ENV PRESENCE_HOST=0.0.0.0 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
EXPOSE 8000
STOPSIGNAL SIGTERM

# Alive, not ready: a fault at Microsoft must not have a healthy process restarted. Asked where the service
# listens; over TLS its own certificate need not name that address.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-I", "-c", "\
import os, ssl; \
from http.client import HTTPConnection, HTTPSConnection; \
env = os.environ.get; \
where = env('PRESENCE_HOST') or '127.0.0.1', int(env('PRESENCE_PORT') or 8000); \
tls = {'context': ssl._create_unverified_context()} if env('PRESENCE_TLS_CERT_PATH') else {}; \
link = (HTTPSConnection if tls else HTTPConnection)(*where, timeout=4, **tls); \
link.request('GET', '/health/live'); \
raise SystemExit(link.getresponse().status != 200)"]

ENTRYPOINT ["teams-presence"]
CMD ["serve"]
