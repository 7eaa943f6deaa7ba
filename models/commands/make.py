"""Makes bundles: `add` imports somebody else's network, `export` writes one of ours or the zoo's."""

from pathlib import Path
from typing import Annotated

import typer

from models.bundles.bundle import Bundle
from models.bundles.registry import find_bundle
from models.bundles.writer import StoredBundle
from models.commands.shared import Json, exit_on_error, get_maker, log, show_photos, show_written
from models.errors import BundleNotFound, FitFailed, InvalidModel
from models.making.zoo.backbones import ZOO
from models.settings import ModelSettings


def add(
    name: Annotated[str, typer.Argument(help="name of the model: lower-case letters, digits, single underscores")],
    onnx: Annotated[Path, typer.Option(help="the network: one image in, one embedding out, in one file")],
    preprocessing: Annotated[Path, typer.Option(help="JSON of what its pixels are, as in bundle.json")],
    weights: Annotated[Path | None, typer.Option(help="the same weights for torch, .safetensors")] = None,
    output: Annotated[str | None, typer.Option(help="which output is the embedding, where there are several")] = None,
    license_: Annotated[str, typer.Option("--license", help="terms of the weights")] = "unknown",
    architecture: Annotated[
        str, typer.Option(help="what it is; torchvision/resnet18 and the like run on GPUs")
    ] = "unknown",
    as_json: Json = False,
) -> None:
    """Make a bundle of an image-embedding ONNX file, after trying it on a few pictures."""
    from models.making.onnx_import import ImportRequest, import_onnx

    with exit_on_error(as_json):
        settings = ModelSettings.load()
        source = ImportRequest(
            name=name,
            onnx=onnx,
            preprocessing=preprocessing,
            weights=weights,
            output=output,
            license=license_,
            architecture=architecture,
        )
        show_written(as_json, import_onnx(source, get_maker(settings)))


def export(
    name: Annotated[str, typer.Argument(help=f"color, {', '.join(ZOO)}, or with --pca any bundle that is there")],
    weights: Annotated[Path | None, typer.Option(help="weights of your own, .pth state dict or .safetensors")] = None,
    pca: Annotated[int | None, typer.Option(min=1, help="also make <name>_pca<k>: 40, 64, 128 ...")] = None,
    fit_on: Annotated[
        Path | None, typer.Option("--fit-on", "--catalogue", help="folder of photos on which the PCA is fitted")
    ] = None,
    fit_limit: Annotated[int, typer.Option(min=2, help="photos of that folder to use at most")] = 5_000,
    license_: Annotated[str, typer.Option("--license", help="terms of weights of your own")] = "unknown",
    as_json: Json = False,
) -> None:
    """Export the `color` model or a torchvision network to a bundle, optionally followed by a PCA."""
    with exit_on_error(as_json):
        if (pca is None) != (fit_on is None):
            raise FitFailed("--pca and --fit-on go together: the dimensions, and the photos to find them with")
        settings = ModelSettings.load()
        written = _export_base(name, weights, license_, settings, pca)
        if pca is not None and fit_on is not None:
            log.info("fitting the PCA of %s on the photos of %s", written.bundle.space.name, fit_on)
            written = _add_pca(written.bundle, fit_on, fit_limit, pca, settings)
        show_written(as_json, written)


def _export_base(
    name: str, weights: Path | None, license_: str, settings: ModelSettings, pca: int | None
) -> StoredBundle:
    """Returns the bundle `name`: exported, or (for a PCA) the one that is there."""
    if weights is None and pca is not None:
        try:
            return StoredBundle(find_bundle(name, settings), existed=True)
        except BundleNotFound:
            if name not in (*ZOO, "color"):
                raise
    if name == "color" and weights is None:
        from models.making.color import color_export

        return color_export.export_color(get_maker(settings))
    if name not in ZOO:
        raise InvalidModel(
            f"'{name}' cannot be exported: choose color, {', '.join(ZOO)} (own weights only for those)"
        )
    from models.making.zoo import torch_export

    log.info("exporting %s and comparing it with torch", name)
    origin = torch_export.WeightsOrigin(settings.model_weights, weights, license_)
    return torch_export.export_backbone(ZOO[name], origin, get_maker(settings), settings.model_threads)


def _add_pca(base: Bundle, folder: Path, limit: int, dims: int, settings: ModelSettings) -> StoredBundle:
    from models.making import pca_export
    from models.making.gate_photos import hash_gate_photos
    from models.making.photo_folder import PhotoFolder

    with show_photos("embedding") as progress:
        photos = PhotoFolder(folder, limit, progress, hash_gate_photos(settings.gate_data))
        written = pca_export.export_pca(base, photos, dims, get_maker(settings))
    if photos.failures:
        log.warning("left out: %s", ", ".join(f"{count} {reason}" for reason, count in photos.failures.items()))
    return written
