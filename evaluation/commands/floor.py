"""`evaluation floor`: measures below which cosine nothing looks alike, and keeps it for the catalogue."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.domain.embedding_space import Space
from catalog.elastic import Catalogue, connect
from catalog.errors import InvalidInput
from catalog.settings import CatalogSettings
from catalog.similar import resolve_space
from evaluation.commands.shared import Json, exit_on_error, open_embedding_cache, print_result, show_progress
from evaluation.data.floor_samples import FloorSample, read_catalogue_sample, read_set_sample
from evaluation.errors import InvalidDataset
from evaluation.model_scoring import open_extractor
from models.bundles.registry import list_bundles
from models.making.score_floor import LEAST, MOST, REACHED_BY, FloorMeasurement, measure_floor
from models.settings import ModelSettings


def floor(
    model: Annotated[str | None, typer.Option(help="a model or space; default: the one that serves")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="measure on a feed or a folder of photos per class instead, and keep nothing"),
    ] = None,
    value: Annotated[
        float | None, typer.Option("--set", min=-1, max=1, help="keep this cosine instead of measuring one")
    ] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="forget the catalogue's floor: the bundle's holds again")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="measure, and keep nothing")] = False,
    as_json: Json = False,
) -> None:
    """Measure below which cosine nothing looks alike, and let pages of this catalogue end there."""
    with exit_on_error(as_json):
        if (value is not None) + clear + (data is not None) > 1:
            raise InvalidInput("--set, --clear and --data exclude each other")
        if data is not None:
            _measure_set(model, data, as_json)
        else:
            _change_catalogue(model, value, clear, dry_run, as_json)


def _measure_set(model: str | None, data: Path, as_json: bool) -> None:
    if model is None:
        raise InvalidInput("--data needs --model: which model shall embed these photos?")
    with show_progress("photos") as step:
        extractor = open_extractor(model)
        found = _measure(read_set_sample(data, extractor, open_embedding_cache(step)), str(data))
    body = {"space": extractor.space.name, "data": str(data), "measured": asdict(found), "kept": False}
    print_result(as_json, body, f"{extractor.space.name} on {data}: {_describe(found)}")


def _change_catalogue(model: str | None, value: float | None, clear: bool, dry_run: bool, as_json: bool) -> None:
    catalogue = connect(CatalogSettings.load())
    space = resolve_space(catalogue, model)
    before, found = catalogue.spaces.get_floors().get(space.name), None
    if value is None and not clear:
        name = f"catalogue {catalogue.names.products}"
        found = _measure(read_catalogue_sample(catalogue, space, MOST), name)
    after = found.floor if found else value
    if not dry_run:
        catalogue.spaces.write_floor(space, after)
    bundled = _read_bundled(space)
    body: dict[str, Any] = {
        "space": space.name,
        "measured": asdict(found) if found else None,
        "before": before,
        "floor": before if dry_run else after,
        "bundle": bundled,
        "kept": not dry_run,
    }
    lines = [f"{space.name}: {_describe(found)}"] if found else []
    print_result(as_json, body, "\n".join([*lines, _describe_change(catalogue, body)]))


def _measure(sample: FloorSample, name: str) -> FloorMeasurement:
    found = measure_floor(sample.rows, sample.categories, sample.groups)
    if found is None:
        raise InvalidDataset(
            f"{name} has {len(sample.categories):,} embedded products with a category, in "
            f"{len(set(sample.categories)):,} categories: a floor is measured on {LEAST:,} and more pairs of "
            "products of different categories. Set one by eye instead (--set 0.4)"
        )
    return found


def _read_bundled(space: Space) -> float | None:
    listed = [one.bundle.manifest for one in list_bundles(ModelSettings.load()) if one.bundle]
    return next((one.limits.floor_cosine for one in listed if one.space == space), None)


def _describe(found: FloorMeasurement) -> str:
    alike = "" if found.alike_reaching is None else f" and {found.alike_reaching:.0%} of those of one category"
    return (
        f"floor {found.floor:g}, which {REACHED_BY:.0%} of {found.unlike_pairs:,} pairs of different categories"
        f"{alike} reach; {found.lonely:.0%} of {found.photos:,} photos reach it with no other"
    )


def _describe_change(catalogue: Catalogue, body: dict[str, Any]) -> str:
    name = catalogue.names.products
    own = "none of its own" if body["floor"] is None else f"{body['floor']:g}"
    bundled = "has none" if body["bundle"] is None else f"says {body['bundle']:g}"
    was = "none" if body["before"] is None else f"{body['before']:g}"
    if not body["kept"]:
        return f"nothing was changed: the floor of {name} is {own}, the model's bundle {bundled}"
    seconds = "the API follows within seconds"
    return f"the floor of {name} is {own} now (it was {was}; the model's bundle {bundled}); {seconds}"
