"""Starts the local Elasticsearch, or what is missing of it, and waits until it answers."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from engine.cluster import configuration, nodes, ports, processes, security, state
from engine.cluster.readiness import wait_until_ready
from engine.errors import OptionsError
from engine.install import account, distribution, folders, jdk, script_plugin
from engine.settings import EngineSettings
from engine.start_options import StartOptions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunningEngine:
    """Describes a server that answers at `url` (`urls`: all nodes; `pids` in the same order, empty if not ours)."""

    url: str
    urls: list[str]
    pids: list[int] = field(default_factory=list)
    port: int | None = None
    data: Path | None = None
    already: bool = False
    access: security.Access | None = None


def start(options: StartOptions | None = None, settings: EngineSettings | None = None) -> RunningEngine:
    """Starts what the options ask for, or says what already runs; nodes that died are started again.

    With ELASTICSEARCH_URL set nothing is started. Raises EngineError (see engine.errors); what this call had started
    until then is ended again.
    """
    options = options or StartOptions()
    settings = settings or EngineSettings.load()
    if settings.elasticsearch_url:
        urls = [url.strip() for url in settings.elasticsearch_url.split(",")]
        return RunningEngine(urls[0], urls, already=True)
    port = options.port or settings.engine_port
    user = account.choose_account()
    folders.prepare_cache(settings.engine_cache, user)
    with FileLock(settings.engine_cache / "run" / f"{port}.lock"):
        known = state.load(settings.engine_cache, port)
        if known is None or not processes.find_processes(known.nodes):
            known = _prepare(options, settings, port, user)
        _refuse_other(options, known)
        missing = [node for node in known.nodes if processes.find_pid(node) is None]
        if missing:
            _launch(missing, known, options, settings, user)
    return _describe_running(known, already=not missing)


def _refuse_other(options: StartOptions, known: state.EngineState) -> None:
    asked = (options.nodes, options.security, (options.data or known.data).absolute())
    if asked != (len(known.nodes), known.security, known.data):
        raise OptionsError(
            f"on port {known.port} another engine runs (nodes: {len(known.nodes)}, security: {known.security}, data: "
            f"{known.data}): stop it first with `python -m engine stop --port {known.port}`, or give another --port"
        )


def _prepare(options: StartOptions, settings: EngineSettings, port: int, user: account.Account) -> state.EngineState:
    """Prepares everything short of starting: ports, JDK, server, plugin, folders, configuration, the state file."""
    planned = ports.plan_ports(port, options.nodes)
    java = jdk.find_jdk(settings, usable=lambda folder: user.can_access("x", folder))
    log.info("Java %s in %s%s", java.version, java.home, "" if java.vector else ", without vector instructions")
    home = script_plugin.ensure_home(
        settings.engine_cache, distribution.ensure_distribution(settings.engine_cache), java.home
    )
    data = options.choose_data(settings, port)
    folders.prepare_data(data, options.nodes, user)
    cluster = [
        nodes.Node(f"node-{i}", data / f"node-{i}", http, transport) for i, (http, transport) in enumerate(planned, 1)
    ]
    configuration.write_configuration(cluster, home, options, settings.engine_jvm_options.split(), java.home, user)
    known = state.EngineState(
        port=port,
        nodes=cluster,
        data=data,
        heap=options.choose_heap(),
        security=options.security,
        version=distribution.VERSION,
        java=java.version,
        java_home=java.home,
        home=home,
        plugin=script_plugin.hash_source(),
    )
    state.save(settings.engine_cache, known)
    return known


def _launch(
    missing: Sequence[nodes.Node],
    known: state.EngineState,
    options: StartOptions,
    settings: EngineSettings,
    user: account.Account,
) -> None:
    names = ", ".join(node.name for node in missing)
    log.info("starting Elasticsearch %s as user %s on %s: %s", known.version, user.name, known.url, names)
    processes.end_processes(missing)  # a launcher on its way, left by a start that was killed
    launchers = []
    try:
        for node in missing:
            launchers.append((node, processes.launch(node, known.home, known.java_home, user)))
        wait_until_ready(known, launchers, options.choose_wait_s())
    except BaseException:
        for _, launcher in launchers:
            launcher.kill()
            launcher.wait()
        processes.end_processes(missing)
        if len(missing) == len(known.nodes):
            state.forget(settings.engine_cache, known.port)
        raise


def _describe_running(known: state.EngineState, *, already: bool) -> RunningEngine:
    access = security.Access.at(known.data) if known.security else None
    pids = [pid for node in known.nodes if (pid := processes.find_pid(node))]
    return RunningEngine(known.url, known.urls, pids, known.port, known.data, already, access)
