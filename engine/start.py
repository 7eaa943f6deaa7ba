"""Starts the local Elasticsearch and waits until it answers."""

from __future__ import annotations

import logging
import secrets
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine import account, distribution, folders, health, jdk, nodes, ports, processes, script_plugin, security, state
from engine.errors import OptionsError, StartFailed, Unreachable
from engine.locks import exclusive
from engine.logs import tail
from engine.options import Options
from engine.settings import Settings

log = logging.getLogger(__name__)

POLL_S = 0.5
RED_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Running:
    """A server that answers at `url` (`urls`: all nodes). `pids` is empty where it is not ours."""

    url: str
    urls: list[str]
    pids: list[int] = field(default_factory=list)
    port: int | None = None
    data: Path | None = None
    already: bool = False
    access: security.Access | None = None


def start(options: Options = Options(), settings: Settings | None = None) -> Running:
    """Starts what the options ask for, or says what already runs.

    With ELASTICSEARCH_URL set nothing is started. Raises EngineError (see engine.errors); what had been started
    until then is ended again.
    """
    settings = settings or Settings.load()
    if settings.elasticsearch_url:
        urls = [url.strip() for url in settings.elasticsearch_url.split(",")]
        return Running(urls[0], urls, already=True)
    port = options.port or settings.port
    user = account.choose()
    folders.prepare_cache(settings.cache, user)
    with exclusive(settings.cache / "run" / f"{port}.lock"):
        return _already_running(options, settings, port) or _start(options, settings, port, user)


def _already_running(options: Options, settings: Settings, port: int) -> Running | None:
    known = state.load(settings.cache, port)
    pids = [pid for node in known.nodes if (pid := processes.pid_of(node))] if known else []
    if known is None or not pids:
        return None
    asked = (options.nodes, options.security, options.data or known.data)
    if asked != (len(known.nodes), known.security, known.data):
        raise OptionsError(
            f"on port {port} another engine runs ({len(known.nodes)} nodes, security {known.security}, "
            f"data in {known.data}): stop it first with `python -m engine stop --port {port}`, or give another --port"
        )
    return _running(known, pids, already=True)


def _running(known: state.State, pids: list[int], *, already: bool) -> Running:
    access = security.Access.at(known.data) if known.security else None
    return Running(known.url, known.urls, pids, known.port, known.data, already, access)


def _start(options: Options, settings: Settings, port: int, user: account.Account) -> Running:
    planned = ports.plan(port, options.nodes)
    java = jdk.find(settings, usable=lambda folder: user.can("x", folder))
    log.info("Java %s in %s%s", java.version, java.home, "" if java.vector else ", without vector instructions")
    home = script_plugin.ensure_home(settings.cache, distribution.ensure(settings.cache), java.home)
    data = options.data_or_default(settings, port)
    folders.prepare_data(data, options.nodes, user)
    cluster = [
        nodes.Node(f"node-{i}", data / f"node-{i}", http, transport) for i, (http, transport) in enumerate(planned, 1)
    ]
    configure(cluster, home, options, java.home, user)
    known = state.State(
        port, cluster, data, options.heap_or_default(), options.security,
        distribution.VERSION, f"{java.version} ({java.home})", script_plugin.source_hash(),
    )  # fmt: skip
    state.save(settings.cache, known)
    try:
        log.info("starting Elasticsearch %s as user %s on %s", distribution.VERSION, user.name, known.url)
        launchers = {node.name: processes.launch(node, home, java.home, user) for node in cluster}
        _wait(known, launchers, options.wait_or_default_s())
    except BaseException:
        processes.end(cluster)
        state.forget(settings.cache, port)
        raise
    return _running(known, [pid for node in cluster if (pid := processes.pid_of(node))], already=False)


def configure(
    cluster: list[nodes.Node], home: Path, options: Options, java_home: Path, user: account.Account
) -> None:
    """Writes every node's configuration; with security also certificates, passwords and the realm's files."""
    secure: Mapping[str, object] = security.OFF
    files: dict[str, str | bytes] = {}
    if options.security:
        access = security.Access.at(cluster[0].folder.parent)
        files.update(security.realm_files(security.ensure_passwords(access, options.passwords)))
        password = secrets.token_hex(16)
        with tempfile.TemporaryDirectory() as scratch:
            keystore = security.make_certificates(java_home, Path(scratch), access.ca, password)
        files[security.KEYSTORE] = keystore
        secure = security.server_settings(password)
    for node in cluster:
        settings = nodes.server_settings(node, cluster, secure)
        files["elasticsearch.yml"] = nodes.render_yaml(settings)
        files["jvm.options.d/engine.options"] = nodes.render_jvm_options(node, options.heap_or_default())
        nodes.write(node, home, files, user)


def _wait(known: state.State, launchers: Mapping[str, subprocess.Popen[bytes]], wait_s: float) -> None:
    started = time.monotonic()
    answered: float | None = None
    credentials = health.Credentials.of(known)
    seen = "no answer"
    while time.monotonic() - started < wait_s:
        for node in known.nodes:
            if launchers[node.name].poll():
                raise _failed(known, f"{node.name} ended with status {launchers[node.name].returncode}")
        try:
            found = health.cluster(known.url, credentials)
            answered = answered or time.monotonic()
            seen = f"{found['status']}, {found['number_of_nodes']} of {len(known.nodes)} nodes"
            if _ready(found, len(known.nodes), time.monotonic() - answered):
                if all(launcher.poll() == 0 for launcher in launchers.values()):
                    return
        except Unreachable as error:
            log.debug("%s", error)
        time.sleep(POLL_S)
    raise _failed(known, f"not ready after {wait_s:.0f} s ({seen})")


def _ready(found: Mapping[str, object], expected: int, answering_s: float) -> bool:
    if found["number_of_nodes"] != expected:
        return False
    # A damaged index leaves the cluster red for good: the server is up all the same, and `status` says red.
    best = "green" if expected > 1 else "yellow"
    return found["status"] in ("green", best) or answering_s > RED_PATIENCE_S


def _failed(known: state.State, what: str) -> StartFailed:
    return StartFailed(f"Elasticsearch did not start: {what}; logs are in {known.data}", tail(known, 15))


