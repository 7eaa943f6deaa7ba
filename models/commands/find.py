"""Command `find`: the best bundle by what it declares."""

from typing import Annotated

import typer

from models.bundles.selection import QUALITY, ModelRequirements, find_best_model, read_metric, read_quality
from models.commands.shared import Json, exit_on_error, print_result
from models.settings import ModelSettings


def find(
    task: Annotated[str, typer.Option(help="what it is for")] = "embedding",
    dims: Annotated[int | None, typer.Option(min=1, help="dimensions, exactly")] = None,
    max_dims: Annotated[int | None, typer.Option(min=1, help="dimensions, at most")] = None,
    max_latency: Annotated[
        float | None, typer.Option(min=0, help="milliseconds for one photo, by metrics.latency_ms")
    ] = None,
    license_: Annotated[
        list[str] | None, typer.Option("--license", help="what the terms of its weights may be; repeatable")
    ] = None,
    category: Annotated[list[str] | None, typer.Option(help="goods it has to be made for; repeatable")] = None,
    classes: Annotated[bool | None, typer.Option(help="whether it has to tell classes")] = None,
    by: Annotated[str, typer.Option(help="metric that ranks those that fit, most first")] = QUALITY,
    as_json: Json = False,
) -> None:
    """Name the best bundle that declares what is needed; status 2 where there is none, and why."""
    need = ModelRequirements(
        task, dims, max_dims, max_latency, tuple(license_ or ()), tuple(category or ()), classes, by
    )
    with exit_on_error(as_json):
        bundle = find_best_model(need, ModelSettings.load())
        summary = {
            "name": bundle.name,
            "version": bundle.version,
            "space": bundle.space.name,
            "dims": bundle.dims,
            by: read_quality(bundle.manifest, by),
            "latency_ms": read_metric(bundle.manifest, "latency_ms"),
            "path": str(bundle.path),
        }
        print_result(as_json, summary, f"{bundle.space.name}  {bundle.path}")
