"""Makes `hybrid` bundles: several models in one, so that the API and the ETL see just another bundle."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from catalog.domain.embedding_space import MAX_DIMS
from catalog.similarity import cosine
from models.bundles.manifest import (
    LOGITS,
    MODEL_FILE,
    Licenses,
    Limits,
    ModelDescription,
    Tensor,
    Training,
    describe_environment,
)
from models.bundles.manifest_file import describe_problem
from models.bundles.writer import BundleMaker, StoredBundle, write_bundle
from models.errors import ExportFailed, InvalidModel
from models.making import pca_export
from models.making.hybrid_graph import HybridPart, join_graphs, join_preprocessing
from models.making.photo_folder import PhotoFolder
from models.runtime.canonical_vectors import draw_pictures
from models.runtime.onnx_embedder import OnnxEmbedder

MIN_PARITY = 0.97  # cosine with the parts run one by one; a second resize costs 0.001 to 0.01, a wrong one far more


def pack_hybrid(name: str, parts: Sequence[HybridPart], maker: BundleMaker) -> StoredBundle:
    """Writes the bundle `name` of `parts`; raises ExportFailed, InvalidModel.

    Its embedding is the parts' unit embeddings, each times sqrt(weight / sum of weights), one after the other: its
    cosine is the weighted mean of theirs (`catalog.similarity.mix`). The heaviest part with classes lends its own.
    """
    _check_parts(parts)
    recipe = join_preprocessing(parts)
    classifiers = sorted(
        (part for part in parts if part.bundle.manifest.predicts_classes), key=lambda part: -part.weight
    )
    classifier = classifiers[0].bundle if classifiers else None
    graph = join_graphs(parts, recipe, classifier)
    dims = sum(part.bundle.dims for part in parts)
    outputs = [Tensor(name="embedding", shape=("N", dims), dtype="float32")]
    if classifier is not None:
        outputs.append(Tensor(name=LOGITS, shape=("N", len(classifier.manifest.classes or ())), dtype="float32"))
    side = recipe.center_crop
    try:
        record = ModelDescription(
            name=name,
            origin="exported",
            owner=maker.owner,
            architecture="hybrid: " + " + ".join(f"{part.weight:g} {part.bundle.space.name}" for part in parts),
            inputs=(Tensor(name="pixels", shape=("N", 3, side, side), dtype="float32"),),
            outputs=tuple(outputs),
            dims=dims,
            preprocessing=recipe,
            classes=classifier.manifest.classes if classifier else None,
            training=Training(command=maker.command, environment=describe_environment("onnx", "onnxruntime")),
            limits=join_limits([part.bundle.manifest.limits for part in parts]),
            licenses=join_licenses({part.bundle.name: part.bundle.manifest.licenses for part in parts}),
        )
    except ValidationError as error:
        raise InvalidModel(f"'{name}' cannot become a bundle: {describe_problem(error)}") from error
    return _write_checked(record, graph, parts, maker.root)


def pack_hybrid_pca(
    name: str, parts: Sequence[HybridPart], dims: int, photos: PhotoFolder, maker: BundleMaker
) -> StoredBundle:
    """Writes a hybrid followed by a PCA to `dims` that is fitted on `photos`; raises FitFailed too."""
    with tempfile.TemporaryDirectory(prefix="hybrid-") as folder:
        whole = pack_hybrid(name, parts, BundleMaker(maker.owner, maker.command, Path(folder))).bundle
        return pca_export.export_pca(whole, photos, dims, maker, name)


def join_limits(limits: Sequence[Limits]) -> Limits:
    """Returns what all parts were made for; the cosines that mean 'unlike' to one mean nothing to the mix.

    Parts that share no category are mixed to cover more goods: then what any of them was made for, for an empty list
    would not warn of anything.
    """
    narrow = [set(one.categories) for one in limits if one.categories]
    shared = set.intersection(*narrow) or set.union(*narrow) if narrow else set()
    return Limits(
        max_batch=min(one.max_batch for one in limits),
        max_pixels=min(one.max_pixels for one in limits),
        min_side=max(one.min_side for one in limits),
        categories=tuple(sorted(shared)) or None,
    )


def join_licenses(licenses: Mapping[str, Licenses]) -> Licenses:
    """Returns the terms of all parts: the same ones once, different ones by part."""

    def join_field(field: str) -> str:
        terms = {name: str(getattr(one, field)) for name, one in licenses.items()}
        same = len(set(terms.values())) == 1
        return next(iter(terms.values())) if same else "; ".join(f"{name}: {term}" for name, term in terms.items())

    return Licenses(**{field: join_field(field) for field in Licenses.model_fields})


def _check_parts(parts: Sequence[HybridPart]) -> None:
    names = [part.bundle.name for part in parts]
    if len(parts) < 2 or len(set(names)) < len(names):
        raise InvalidModel(f"a hybrid has two or more different models, this one {', '.join(names) or 'none'}")
    if any(not 0 < part.weight < float("inf") for part in parts):
        raise InvalidModel("the weight of every part has to be above 0")
    if (dims := sum(part.bundle.dims for part in parts)) > MAX_DIMS:
        raise InvalidModel(f"together they have {dims} dimensions, the index takes {MAX_DIMS}: pack smaller parts")


def _write_checked(record: ModelDescription, graph: bytes, parts: Sequence[HybridPart], root: Path) -> StoredBundle:
    """Writes it once it agrees with its parts run one by one on drawn pictures; the metrics keep those cosines."""
    with tempfile.TemporaryDirectory(prefix="hybrid-") as folder:
        whole = OnnxEmbedder(write_bundle(Path(folder), record, {MODEL_FILE: graph}).bundle)
        found = whole.embed_images(draw_pictures())
    drift, start = {}, 0
    for part in parts:
        expected = OnnxEmbedder(part.bundle).embed_images(draw_pictures())
        mine = found[:, start : start + part.bundle.dims]
        start += part.bundle.dims
        drift[part.bundle.space.name] = round(float(np.diagonal(cosine(mine, expected)).min()), 6)
        if not drift[part.bundle.space.name] >= MIN_PARITY:  # `not` also catches NaN
            raise ExportFailed(
                f"inside the hybrid {part.bundle.space.name} gives other embeddings than alone (cosine "
                f"{drift[part.bundle.space.name]}, at least {MIN_PARITY} is needed): nothing was written"
            )
    weights = {part.bundle.space.name: part.weight for part in parts}
    metrics = {"parts": weights, "part_cosine": drift}
    return write_bundle(root, record.model_copy(update={"metrics": metrics}), {MODEL_FILE: graph})
