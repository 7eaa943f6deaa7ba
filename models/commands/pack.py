"""Command `pack`: makes a bundle of bundles, several joined or one in int8."""

from pathlib import Path
from typing import Annotated

import typer

from models.bundles.registry import find_bundle
from models.bundles.writer import StoredBundle
from models.commands.shared import Json, exit_on_error, get_maker, log, show_photos, show_written
from models.errors import FitFailed, InvalidModel
from models.settings import ModelSettings


def pack(
    name: Annotated[str, typer.Argument(help="name of the new model")],
    more: Annotated[list[str] | None, typer.Argument(metavar="[PART:WEIGHT]...", help="further parts")] = None,
    parts: Annotated[list[str] | None, typer.Option(help="bundle:weight, e.g. --parts color:0.3 fashion:0.7")] = None,
    int8: Annotated[str | None, typer.Option(help="instead of parts: the bundle to make an int8 variant of")] = None,
    pca: Annotated[int | None, typer.Option(min=1, help="dimensions to keep of the joined ones: 40, 64, 128")] = None,
    photos: Annotated[
        Path | None, typer.Option(help="folder of photos to fit the PCA or calibrate int8 with")
    ] = None,
    limit: Annotated[int, typer.Option("--fit-limit", min=2, help="photos of that folder to use at most")] = 5_000,
    as_json: Json = False,
) -> None:
    """Make one bundle of several (weighted, optionally reduced by a PCA), or an int8 variant of one."""
    with exit_on_error(as_json):
        settings = ModelSettings.load()
        words = [word for text in [*(parts or []), *(more or [])] for word in text.split(",")]
        if (int8 is None) == (not words):
            raise InvalidModel("name either parts, --parts color:0.3 fashion:0.7, or one bundle for --int8")
        if (photos is None) != (int8 is None and pca is None) or (int8 and pca):
            raise FitFailed("--photos goes with --pca or with --int8 (one of them): the photos to fit it on")
        if int8 is not None and photos is not None:
            written = _pack_int8(name, int8, photos, limit, settings)
        else:
            written = _pack_parts(name, words, pca, photos, limit, settings)
        show_written(as_json, written)


def _pack_parts(
    name: str, words: list[str], pca: int | None, folder: Path | None, limit: int, settings: ModelSettings
) -> StoredBundle:
    from models.making.gate_photos import hash_gate_photos
    from models.making.hybrid import pack_hybrid, pack_hybrid_pca
    from models.making.hybrid_graph import HybridPart
    from models.making.photo_folder import PhotoFolder

    parts = [HybridPart(find_bundle(model, settings), weight) for model, weight in map(_parse_part, words)]
    maker = get_maker(settings)
    if pca is None or folder is None:
        return pack_hybrid(name, parts, maker)
    log.info("fitting the PCA of %s on the photos of %s", name, folder)
    with show_photos("embedding") as progress:
        return pack_hybrid_pca(
            name, parts, pca, PhotoFolder(folder, limit, progress, hash_gate_photos(settings.gate_data)), maker
        )


def _pack_int8(name: str, base: str, folder: Path, limit: int, settings: ModelSettings) -> StoredBundle:
    from models.making.gate_photos import hash_gate_photos
    from models.making.int8 import quantize
    from models.making.photo_folder import PhotoFolder

    with show_photos("reading") as progress:
        most = min(limit, 256)  # more find no wider ranges
        photos = PhotoFolder(folder, most, progress, hash_gate_photos(settings.gate_data))
        return quantize(find_bundle(base, settings), photos, name, get_maker(settings))


def _parse_part(word: str) -> tuple[str, float]:
    name, _, weight = word.partition(":")
    try:
        return name.strip(), float(weight or 1)
    except ValueError:
        raise InvalidModel(f"'{word}' is no part: write bundle:weight, e.g. color:0.3") from None
