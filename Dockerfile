# Mythgate in a container: the server, the browser client and the drivers for PostgreSQL; no compiler, no Node, no root.
#
#     docker build -t mythgate .
#     docker run -p 54731:54731 -v mythgate:/data mythgate

# --- the browser client ---
FROM node:22-slim AS client
WORKDIR /build/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

# --- the server, in an environment of its own ---
FROM python:3.13-slim AS server
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/mythgate
COPY requirements/extras.lock requirements/
RUN /opt/mythgate/bin/pip install --require-hashes -r requirements/extras.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src src
COPY --from=client /build/web/dist web/dist
RUN /opt/mythgate/bin/pip install --no-deps . \
    && /opt/mythgate/bin/pip uninstall --yes pip \
    && /opt/mythgate/bin/mythgate --version

# --- what runs ---
FROM python:3.13-slim
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin mythgate \
    && install --directory --owner=mythgate --group=mythgate --mode=0750 /data
COPY --from=server /opt/mythgate /opt/mythgate
ENV PATH=/opt/mythgate/bin:$PATH \
    MYTHGATE_DATA_DIR=/data \
    MYTHGATE_HTTP__HOST=0.0.0.0 \
    MYTHGATE_TELEMETRY__LOG_FORMAT=json
USER mythgate
WORKDIR /data
VOLUME /data
# browser, REST and WebSocket · old game clients: log-in and lobbies · Shards network · telnet
EXPOSE 54731 6321 6335-6350 8888 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:54731/readyz', timeout=4)"]
ENTRYPOINT ["mythgate"]
CMD ["serve"]
