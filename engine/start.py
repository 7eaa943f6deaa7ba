"""Starts the local Elasticsearch, or what is missing of it, and waits until it answers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from engine.cluster import configure, nodes, ports, processes, security, state
from engine.cluster.wait import until_ready
from engine.errors import OptionsError
from engine.install import account, distribution, folders, jdk, script_plugin
from engine.options import Options
from engine.settings import EngineSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Running:
    """A server that answers at `url` (`urls`: all nodes, `pids` in the same order; empty where it is not ours)."""

    url: str
    urls: list[str]
    pids: list[int] = field(default_factory=list)
    port: int | None = None
    data: Path | None = None
    already: bool = False
    access: security.Access | None = None


def start(options: Options | None = None, settings: EngineSettings | None = None) -> Running:
    """Starts what the options ask for, or says what already runs; nodes that died are started again.

    With ELASTICSEARCH_URL set nothing is started. Raises EngineError (see engine.errors); what this call had started
    until then is ended again.
    """
    options = options or Options()
    settings = settings or EngineSettings.load()
    if settings.elasticsearch_url:
        urls = [url.strip() for url in settings.elasticsearch_url.split(",")]
        return Running(urls[0], urls, already=True)
    port = options.port or settings.engine_port
    user = account.choose()
    folders.prepare_cache(settings.engine_cache, user)
    with FileLock(settings.engine_cache / "run" / f"{port}.lock"):
        known = state.load(settings.engine_cache, port)
        if known is None or not processes.all_of(known.nodes):
            known = _prepare(options, settings, port, user)
        _refuse_other(options, known)
        missing = [node for node in known.nodes if processes.pid_of(node) is None]
        if missing:
            _launch(missing, known, options, settings, user)
    return _running(known, already=not missing)


def _refuse_other(options: Options, known: state.State) -> None:
    asked = (options.nodes, options.security, (options.data or known.data).absolute())
    if asked != (len(known.nodes), known.security, known.data):
        raise OptionsError(
            f"on port {known.port} another engine runs (nodes: {len(known.nodes)}, security: {known.security}, data: "
            f"{known.data}): stop it first with `python -m engine stop --port {known.port}`, or give another --port"
        )


def _prepare(options: Options, settings: EngineSettings, port: int, user: account.Account) -> state.State:
    """Everything short of starting: ports, JDK, server, plugin, folders, configuration and the state file."""
    planned = ports.plan(port, options.nodes)
    java = jdk.find(settings, usable=lambda folder: user.can("x", folder))
    log.info("Java %s in %s%s", java.version, java.home, "" if java.vector else ", without vector instructions")
    home = script_plugin.ensure_home(settings.engine_cache, distribution.ensure(settings.engine_cache), java.home)
    data = options.data_or_default(settings, port)
    folders.prepare_data(data, options.nodes, user)
    cluster = [
        nodes.Node(f"node-{i}", data / f"node-{i}", http, transport) for i, (http, transport) in enumerate(planned, 1)
    ]
    configure.write(cluster, home, options, java.home, user)
    known = state.State(
        port=port,
        nodes=cluster,
        data=data,
        heap=options.heap_or_default(),
        security=options.security,
        version=distribution.VERSION,
        java=java.version,
        java_home=java.home,
        home=home,
        plugin=script_plugin.source_hash(),
    )
    state.save(settings.engine_cache, known)
    return known


def _launch(
    missing: Sequence[nodes.Node],
    known: state.State,
    options: Options,
    settings: EngineSettings,
    user: account.Account,
) -> None:
    names = ", ".join(node.name for node in missing)
    log.info("starting Elasticsearch %s as user %s on %s: %s", known.version, user.name, known.url, names)
    processes.end(missing)  # a launcher on its way, left by a start that was killed
    launchers = []
    try:
        for node in missing:
            launchers.append((node, processes.launch(node, known.home, known.java_home, user)))
        until_ready(known, launchers, options.wait_or_default_s())
    except BaseException:
        for _, launcher in launchers:
            launcher.kill()
            launcher.wait()
        processes.end(missing)
        if len(missing) == len(known.nodes):
            state.forget(settings.engine_cache, known.port)
        raise


def _running(known: state.State, *, already: bool) -> Running:
    access = security.Access.at(known.data) if known.security else None
    pids = [pid for node in known.nodes if (pid := processes.pid_of(node))]
    return Running(known.url, known.urls, pids, known.port, known.data, already, access)
