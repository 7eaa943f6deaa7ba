"""Describes what runs: version, processes, heap, data, health, and whether vector instructions are used."""

from typing import Any

from engine.cluster import health, nodes, processes, state
from engine.errors import Unreachable
from engine.install import script_plugin
from engine.settings import EngineSettings


def status(port: int | None = None, settings: EngineSettings | None = None) -> dict[str, Any]:
    """Returns a JSON-able description; `running` says whether the server answers, `url` where. Never EngineError."""
    settings = settings or EngineSettings.load()
    if settings.elasticsearch_url:
        return _describe_external(settings.elasticsearch_url)
    port = port or settings.engine_port
    known = state.load(settings.engine_cache, port)
    if known is None or not processes.find_processes(known.nodes):
        return {"running": False, "external": False, "port": port, "message": f"nothing of ours runs on port {port}"}
    return _describe_ours(known)


def _describe_external(urls: str) -> dict[str, Any]:
    named = {"external": True, "url": urls}
    try:
        found = health.read_first_reachable([url.strip() for url in urls.split(",")])
    except Unreachable as error:
        return {"running": False, **named, "message": str(error)}
    return {"running": True, **named, "health": found["status"], "cluster_nodes": found["number_of_nodes"]}


def _describe_ours(known: state.EngineState) -> dict[str, Any]:
    described = {
        "running": True,
        "external": False,
        "url": known.url,
        "port": known.port,
        "version": known.version,
        "java": known.java,
        "java_home": str(known.java_home),
        "heap": known.heap,
        "data": str(known.data),
        "security": known.security,
        "plugin": known.plugin,
        "plugin_current": known.plugin == script_plugin.hash_source(),
        "nodes": [_describe_node(known, node) for node in known.nodes],
    }
    described["simd"] = all(node["simd_bits"] for node in described["nodes"])  # type: ignore[attr-defined]
    try:
        found = health.read_cluster_health(known.url, health.Credentials.of(known))
    except Unreachable as error:
        return described | {"running": False, "message": f"{error}; see `python -m engine logs --port {known.port}`"}
    return described | {"health": found["status"], "cluster_nodes": found["number_of_nodes"]}


def _describe_node(known: state.EngineState, node: nodes.Node) -> dict[str, Any]:
    bits = health.read_simd_bits(nodes.find_log_file(node, known.port))
    return {
        "name": node.name,
        "pid": processes.find_pid(node),
        "http_port": node.http_port,
        "transport_port": node.transport_port,
        "simd_bits": int(bits) if bits and bits.isdigit() else None,
    }
