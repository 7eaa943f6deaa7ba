"""Command line of the model room: `python -m models list|show|find|add|export|pack|verify|lock|pull|outdated`."""

from typing import Annotated, Any

import typer
from rich.table import Table

from catalog.cli_support import PlainConsole, log_to_stderr, print_table
from models.bundles.bundle import Bundle
from models.bundles.registry import BundleListing, find_bundle, list_bundles
from models.commands.find import find as find_command
from models.commands.make import add, export
from models.commands.pack import pack
from models.commands.pull import list_outdated, lock, pull
from models.commands.shared import Json, exit_on_error, print_result
from models.runtime.verification import find_problem
from models.settings import ModelSettings

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command(name="add")(add)
app.command(name="export")(export)
app.command(name="pack")(pack)
app.command(name="find")(find_command)
app.command(name="lock")(lock)
app.command(name="pull")(pull)
app.command(name="outdated")(list_outdated)


@app.callback()
def main() -> None:
    log_to_stderr(noisy=("torch", "onnxscript", "onnx_ir"))


@app.command(name="list")
def list_(as_json: Json = False) -> None:
    """List the bundles of the folder BUNDLES, each name's newest version first."""
    with exit_on_error(as_json):
        settings = ModelSettings.load()
        listed = list_bundles(settings)
        if as_json:
            print_result(
                as_json, {"bundles_folder": str(settings.bundles), "models": [_to_summary(one) for one in listed]}, ""
            )
        elif listed:
            print_table(_build_table(listed))
        else:
            typer.echo(f"no bundles in {settings.bundles}: make one with `python -m models export color`")


@app.command(name="show")
def show_(
    name: Annotated[str, typer.Argument(help="color, color/0123456789ab or color__0123456789ab")],
    as_json: Json = False,
) -> None:
    """Show everything that a bundle says about itself, after verifying it."""
    with exit_on_error(as_json):
        bundle = find_bundle(name, ModelSettings.load())
        content = bundle.manifest.model_dump(mode="json")
        if as_json:
            print_result(as_json, content | {"space": bundle.space.name, "path": str(bundle.path)}, "")
        else:
            console = PlainConsole()
            console.print(f"[bold]{bundle.space.name}[/bold]  {bundle.path}")
            console.print_json(data=content, ensure_ascii=True)


@app.command(name="verify")
def verify_(
    names: Annotated[list[str] | None, typer.Argument(help="which; all where none is named")] = None,
    as_json: Json = False,
) -> None:
    """Check every hash and run each model once; status 1 when one is damaged."""
    with exit_on_error(as_json):
        listed = list_bundles(ModelSettings.load())
        chosen = [one for one in listed if not names or _matches_name(one, names)]
        for name in names or []:
            if not any(_matches_name(one, [name]) for one in listed):
                find_bundle(name, ModelSettings.load())  # raises, listing what there is
        problems = {f"{one.name}/{one.version}": find_problem(one.path) for one in chosen}
        lines = [f"{name}: {problem or 'ok'}" for name, problem in problems.items()]
        print_result(as_json, {"verified": problems}, "\n".join(lines) or "no bundles to verify")
    if any(problems.values()):
        raise typer.Exit(1)


def _matches_name(one: BundleListing, names: list[str]) -> bool:
    return any(name in {one.name, f"{one.name}/{one.version}", f"{one.name}__{one.version}"} for name in names)


def _to_summary(one: BundleListing) -> dict[str, Any]:
    if one.bundle is None:
        return {"name": one.name, "version": one.version, "path": str(one.path), "problem": one.problem}
    manifest = one.bundle.manifest
    return {
        "name": manifest.name,
        "version": manifest.version,
        "space": one.bundle.space.name,
        "dims": manifest.dims,
        "origin": manifest.origin,
        "created": manifest.created.isoformat(),
        "architecture": manifest.architecture,
        "side": manifest.preprocessing.center_crop,
        "bytes": _count_bytes(one.bundle),
        "torch_weights": one.bundle.has_weights,
        "licenses": manifest.licenses.model_dump(),
        "path": str(one.path),
        "problem": None,
    }


def _build_table(listed: list[BundleListing]) -> Table:
    table = Table("name", "version", "dims", "side", "MB", "origin", "created", "torch", "weights' licence")
    for one in listed:
        if one.bundle is None:
            table.add_row(one.name, one.version, "", "", "", "[red]broken[/red]", "", "", one.problem)
            continue
        manifest = one.bundle.manifest
        table.add_row(
            manifest.name,
            manifest.version,
            str(manifest.dims),
            str(manifest.preprocessing.center_crop),
            f"{_count_bytes(one.bundle) / 1e6:.1f}",
            manifest.origin,
            f"{manifest.created:%Y-%m-%d %H:%M}",
            "yes" if one.bundle.has_weights else "no",
            manifest.licenses.weights,
        )
    return table


def _count_bytes(bundle: Bundle) -> int:
    files = (bundle.path / name for name in bundle.manifest.files)
    return sum(file.stat().st_size for file in files if file.is_file())
