"""Command line of the local Elasticsearch: `python -m engine start|stop|status|logs`."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

import engine
from engine import logs as engine_logs
from engine.cluster import state
from engine.errors import EngineError, OptionsError, StartFailed

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Port = Annotated[int | None, typer.Option(help="HTTP port of the first node; default ENGINE_PORT or 9200")]
Json = Annotated[bool, typer.Option("--json", help="print a machine-readable summary on standard output")]


@app.callback()
def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")  # on standard error
    for noisy in ("urllib3", "jgo", "cjdk"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@contextmanager
def exit_on_error(as_json: bool) -> Iterator[None]:
    """Ends the program with status 2 and one clear line where the engine cannot do it."""
    try:
        yield
    except EngineError as error:
        if isinstance(error, StartFailed) and error.log:
            typer.echo(error.log, err=True)
        if as_json:
            typer.echo(json.dumps({"error": type(error).__name__, "message": str(error)}))
        typer.echo(f"engine: {error}", err=True)
        raise typer.Exit(2) from None


def print_result(as_json: bool, summary: dict[str, Any], text: str) -> None:
    typer.echo(json.dumps(summary, default=str) if as_json else text)


@app.command()
def start(
    port: Port = None,
    nodes: Annotated[int, typer.Option(help="how many nodes form the cluster")] = 1,
    heap: Annotated[str | None, typer.Option(help="heap of each node; default 1g alone, 512m in a cluster")] = None,
    data: Annotated[Path | None, typer.Option(help="data folder; default in the cache folder, by port")] = None,
    security: Annotated[bool, typer.Option("--security", help="TLS, and users admin, search, rules and etl")] = False,
    password: Annotated[list[str] | None, typer.Option(help="USER=PASSWORD for --security, repeatable")] = None,
    roles: Annotated[Path | None, typer.Option(help="roles for --security: `python -m catalog roles > FILE`")] = None,
    wait: Annotated[float | None, typer.Option(help="seconds to wait until the server answers")] = None,
    as_json: Json = False,
) -> None:
    """Start it and wait until it answers; does nothing where it already runs or ELASTICSEARCH_URL is set."""
    with exit_on_error(as_json):
        options = engine.StartOptions(
            port, nodes, heap, data, security, _parse_passwords(password or []), wait, roles
        )
        running = engine.start(options)
        print_result(as_json, _build_summary(running), _format_start(running))


@app.command()
def stop(port: Port = None, as_json: Json = False) -> None:
    """End what start started on the port."""
    with exit_on_error(as_json):
        ended = engine.stop(port)
        print_result(
            as_json,
            {"stopped": ended},
            f"stopped {len(ended)} process(es)" if ended else "nothing of ours was running",
        )


@app.command()
def status(port: Port = None, as_json: Json = False) -> None:
    """Tell what runs; status 0 where the server answers, 1 where it does not."""
    with exit_on_error(as_json):
        found = engine.status(port)
    print_result(as_json, found, "\n".join(_format_status(found)))
    raise typer.Exit(0 if found["running"] else 1)


@app.command()
def logs(
    port: Port = None,
    lines: Annotated[int, typer.Option(min=1, help="how many lines of each file")] = 50,
    as_json: Json = False,
) -> None:
    """Print the last lines of every node's log."""
    with exit_on_error(as_json):
        settings = engine.EngineSettings.load()
        known = state.load(settings.engine_cache, port or settings.engine_port)
        if known is None:
            raise OptionsError(f"nothing of ours runs on port {port or settings.engine_port}: no logs to show")
        text = engine_logs.read_tail(known, lines)
        print_result(as_json, {"logs": text.splitlines()}, text)


def _parse_passwords(pairs: list[str]) -> dict[str, str]:
    split = dict(pair.partition("=")[::2] for pair in pairs)
    if "" in split.values():
        raise OptionsError("--password wants USER=PASSWORD")
    return split


def _build_summary(running: engine.RunningEngine) -> dict[str, Any]:
    access = running.access
    return {
        "url": running.url,
        "urls": running.urls,
        "port": running.port,
        "pids": running.pids,
        "data": running.data,
        "started": not running.already,
        "ca": access.ca if access else None,
        "passwords_file": access.passwords_file if access else None,
    }


def _format_start(running: engine.RunningEngine) -> str:
    if running.port is None:
        return f"ELASTICSEARCH_URL is set: using {running.url}, starting nothing"
    verb = "already runs" if running.already else "runs"
    lines = [
        f"Elasticsearch {verb} at {running.url} (pid {', '.join(map(str, running.pids))}, data in {running.data})"
    ]
    if running.access:
        lines += [
            f"passwords of admin, search, rules and etl: {running.access.passwords_file}",
            f"CA: {running.access.ca}",
        ]
    return "\n".join(lines)


def _format_status(found: dict[str, Any]) -> Iterator[str]:
    for key, value in found.items():
        if key == "nodes":
            for node in value:
                yield ", ".join(f"{name} {part}" for name, part in node.items())
        elif key == "simd":
            yield f"simd: {'on' if value else 'off (a newer JDK with the vector module is up to 3 times faster)'}"
        else:
            yield f"{key}: {value}"


if __name__ == "__main__":
    app(prog_name="python -m engine")
