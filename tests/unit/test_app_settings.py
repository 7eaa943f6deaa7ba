"""Settings, start-up, and what importing the API must not bring along."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app import create_app
from app.observability.logs import JsonFormatter
from app.settings import ApiSettings
from catalog.errors import InvalidInput

ROOT = Path(__file__).parents[2]


def door(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_settings_come_from_the_environment() -> None:
    settings = ApiSettings.load(
        {"API_PORT": "9000", "CORS_ORIGINS": "https://a.example, https://b.example", "ACCESS_LOG": "true"}
    )
    assert (settings.api_port, settings.access_log) == (9000, True)
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert ApiSettings.load({}) == ApiSettings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_PORT", "70000"),
        ("API_PORT", "x"),
        ("MAX_CONTENT_LENGTH", "-1"),
        ("LOG_FORMAT", "xml"),
        ("API_WORKERS", "0"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        ApiSettings.load({name: value})


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in ApiSettings.model_fields.values())


def test_a_wrong_address_is_told_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", "not an address")
    with pytest.raises(InvalidInput, match="ELASTICSEARCH_URL"):
        create_app()


def test_starting_needs_no_elasticsearch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://127.0.0.1:1")
    assert create_app().test_client().get("/healthz").status_code == 200


def test_the_api_brings_no_torch_along() -> None:
    code = (
        "import sys, app; app.create_app(); import app.wsgi;"
        "heavy = {'torch', 'torchvision', 'onnx', 'etl'} & set(sys.modules);"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_port_in_use_is_told_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = door("serve", "--port", str(port))
    assert done.returncode == 2
    assert f"127.0.0.1:{port}: the port is in use" in done.stderr and "API_PORT" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("environ", "said"),
    [({"API_PORT": "zero"}, "API_PORT"), ({"ELASTICSEARCH_URL": "nowhere"}, "ELASTICSEARCH_URL")],
)
def test_wrong_settings_end_with_2_and_one_line(environ: dict[str, str], said: str) -> None:
    done = door("serve", **environ)
    assert done.returncode == 2
    assert said in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_wrong_use_ends_with_2() -> None:
    assert door("serve", "--port", "0").returncode == 2
    assert door("fly").returncode == 2


def test_a_json_log_line_is_one_object_with_its_traceback() -> None:
    try:
        raise ValueError("broken\nline")
    except ValueError:
        record = logging.LogRecord("app", logging.ERROR, __file__, 1, "it %s", ("failed",), sys.exc_info())
    record.fields = {"query_id": "abc"}
    line = JsonFormatter().format(record)
    assert "\n" not in line
    body = json.loads(line)
    assert (body["message"], body["query_id"], body["level"]) == ("it failed", "abc", "error")
    assert "ValueError" in body["traceback"]
