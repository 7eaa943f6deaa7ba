"""Stale pidfiles and state: other people's processes are never ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import engine
from engine.cluster import nodes, processes, state
from engine.settings import EngineSettings


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    (tmp_path / "node-1").mkdir()
    return nodes.Node("node-1", tmp_path / "node-1", 9200, 9300)


def saved(node: nodes.Node, cache: Path) -> state.EngineState:
    known = state.EngineState(
        port=9200,
        nodes=[node],
        data=node.folder.parent,
        heap="1g",
        security=False,
        version="8.19.21",
        java="25",
        java_home=Path("/jdk"),
        home=Path("/home"),
        plugin="abc",
    )
    state.save(cache, known)
    return known


def spawn(*arguments: str, code: str = "import time; print(flush=True); time.sleep(60)") -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    return process


def test_a_pidfile_without_its_process_is_stale(node):
    node.pidfile.write_text("4194304")  # above the kernel's largest pid
    assert processes.find_pid(node) is None
    node.pidfile.write_text("not a number")
    assert processes.find_pid(node) is None
    node.pidfile.unlink()
    assert processes.find_pid(node) is None


def test_a_reused_pid_is_not_ours_and_is_not_ended(node, tmp_path):
    node.pidfile.write_text(str(os.getpid()))
    saved(node, tmp_path)
    assert processes.find_pid(node) is None
    assert engine.stop(9200, EngineSettings(engine_cache=tmp_path)) == []
    assert state.load(tmp_path, 9200) is None


def test_stop_ends_the_marked_process_only(node, tmp_path):
    saved(node, tmp_path)
    with spawn(node.mark) as ours, spawn() as other:
        node.pidfile.write_text(str(ours.pid))
        assert processes.find_pid(node) == ours.pid
        assert engine.stop(9200, EngineSettings(engine_cache=tmp_path)) == [ours.pid]
        assert not psutil.pid_exists(ours.pid)
        assert other.poll() is None
        other.kill()
    assert engine.stop(9200, EngineSettings(engine_cache=tmp_path)) == []


def test_a_process_that_ignores_the_request_is_killed(node):
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    with spawn(node.mark, code=deaf) as process:
        assert processes.end_processes([node], term_timeout_s=0.3) == [process.pid]
        assert not psutil.pid_exists(process.pid)


def test_state_survives_a_round_trip_and_damage_is_no_state(node, tmp_path):
    known = saved(node, tmp_path)
    assert state.load(tmp_path, 9200) == known
    state.build_path(tmp_path, 9200).write_text("{")
    assert state.load(tmp_path, 9200) is None


def test_status_of_a_stale_state_says_that_nothing_runs(node, tmp_path):
    saved(node, tmp_path)
    assert engine.status(9200, EngineSettings(engine_cache=tmp_path))["running"] is False
