"""Configuration files, ports and options of the local cluster."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import yaml

from engine import start_options
from engine.cluster import nodes, ports, security
from engine.errors import OptionsError, PortInUse
from engine.settings import EngineSettings


def cluster(size: int) -> list[nodes.Node]:
    return [nodes.Node(f"node-{i}", Path(f"/data/node-{i}"), 9200 + i, 9300 + i) for i in range(size)]


def test_one_node_is_bound_to_the_loopback_address_and_ignores_disk_thresholds():
    (node,) = cluster(1)
    found = yaml.safe_load(nodes.render_yaml(nodes.build_settings(node, [node], security.OFF)))
    assert found == {
        "cluster.name": "visual-search-9200",
        "node.name": "node-0",
        "path.data": "/data/node-0/data",
        "path.logs": "/data/node-0/logs",
        "network.host": "127.0.0.1",
        "http.port": 9200,
        "transport.port": 9300,
        "cluster.routing.allocation.disk.threshold_enabled": False,
        "xpack.license.self_generated.type": "basic",
        "xpack.security.enabled": False,
        "discovery.type": "single-node",
    }


def test_three_nodes_know_each_other():
    three = cluster(3)
    found = yaml.safe_load(nodes.render_yaml(nodes.build_settings(three[1], three, security.OFF)))
    assert found["discovery.seed_hosts"] == ["127.0.0.1:9300", "127.0.0.1:9301", "127.0.0.1:9302"]
    assert found["cluster.initial_master_nodes"] == ["node-0", "node-1", "node-2"]
    assert (found["cluster.name"], found["http.port"]) == ("visual-search-9200", 9201)
    assert "discovery.type" not in found


def test_heap_and_mark_are_jvm_options():
    (node,) = cluster(1)
    lines = nodes.render_jvm_options(node, "512m", ["-XX:+UseSerialGC"]).splitlines()
    assert lines[-1] == "-XX:+UseSerialGC"  # last: of two that contradict the JVM takes the later
    assert {"-Xms512m", "-Xmx512m", node.mark} <= set(lines)


def test_marks_tell_nodes_apart_and_hold_no_blanks():
    marks = {nodes.Node("node-1", Path(folder), 1, 2).mark for folder in ("/a b/node-1", "/a/node-1", "/b/node-1")}
    assert len(marks) == 3
    assert not any(" " in mark for mark in marks)


def test_ports_count_up_and_a_taken_transport_port_is_passed_over():
    # Below those that the system hands out, which the tests beside this one may get at any moment.
    wanted = (0, 1, ports.TRANSPORT_OFFSET)
    port = next(first for first in range(20_000, 30_000) if all(ports.is_free(first + more) for more in wanted))
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + ports.TRANSPORT_OFFSET))
        planned = ports.plan_ports(port, 2)
    assert [http for http, _ in planned] == [port, port + 1]
    assert all(transport > port + ports.TRANSPORT_OFFSET for _, transport in planned)


def test_a_port_of_another_program_is_named():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"port {taken} .* in use.*--port.*ELASTICSEARCH_URL"):
            ports.plan_ports(taken, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nodes": 0},
        {"nodes": 99},
        {"heap": "lots"},
        {"heap": "0g"},
        {"port": 70000},
        {"passwords": {"etl": "secret"}},
    ],
    ids=str,
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(OptionsError, match="--"):
        start_options.StartOptions(**wrong)


def test_defaults_depend_on_the_number_of_nodes():
    alone, three = start_options.StartOptions(), start_options.StartOptions(nodes=3)
    assert (alone.choose_heap(), three.choose_heap()) == ("1g", "512m")
    settings = EngineSettings(engine_cache=Path("/cache"))
    assert alone.choose_data(settings, 9200) == Path("/cache/data/9200")
    assert three.choose_data(settings, 9200) == Path("/cache/data/9200-3nodes")


def test_settings_come_from_the_environment():
    found = EngineSettings.load({"ENGINE_PORT": "9250", "ES_JAVA_HOME": "/jdk", "ENGINE_CACHE": "/c", "HOME": "/h"})
    assert (found.engine_port, found.es_java_home, found.java_home, found.engine_cache) == (
        9250,
        Path("/jdk"),
        None,
        Path("/c"),
    )
    assert found.elasticsearch_url is None
    with pytest.raises(OptionsError, match=r"ENGINE_PORT='x' is wrong: .*HTTP port"):
        EngineSettings.load({"ENGINE_PORT": "x"})
