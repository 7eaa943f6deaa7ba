"""Makes the `color` bundle: the drawn graph, its preprocessing and its licences."""

from models.bundles.manifest import (
    MODEL_FILE,
    Licenses,
    Limits,
    ModelDescription,
    Preprocessing,
    Tensor,
    Training,
    describe_environment,
)
from models.bundles.writer import BundleMaker, StoredBundle, write_bundle
from models.making.color import color_graph
from models.making.color.color_recipe import SIDE

NAME = "color"
PREPROCESSING = Preprocessing(
    resize_shorter_side=SIDE, interpolation="bilinear", center_crop=SIDE, mean=(0, 0, 0), std=(1, 1, 1), color="RGB"
)
FLOOR = 0.7  # measured by `evaluate floor` on the drawn shop (0.70) and on real photos (0.71)
NOTHING_LEARNED = "none (nothing is learned)"


def describe_color(maker: BundleMaker) -> ModelDescription:
    return ModelDescription(
        name=NAME,
        origin="exported",
        owner=maker.owner,
        architecture="Lab soft histogram under a back-projected garment mask + gradient layout",
        inputs=(Tensor(name="pixels", shape=("N", 3, SIDE, SIDE), dtype="float32"),),
        outputs=(Tensor(name="embedding", shape=("N", color_graph.DIMS), dtype="float32"),),
        dims=color_graph.DIMS,
        preprocessing=PREPROCESSING,
        training=Training(command=maker.command, environment=describe_environment("onnx")),
        limits=Limits(floor_cosine=FLOOR),
        licenses=Licenses(code="Apache-2.0", weights=NOTHING_LEARNED, data=NOTHING_LEARNED, scripts="Apache-2.0"),
    )


def export_color(maker: BundleMaker) -> StoredBundle:
    """Writes the `color` bundle; the same recipe gives the same version on every machine."""
    model = color_graph.build_color_graph().SerializeToString(deterministic=True)
    return write_bundle(maker.root, describe_color(maker), {MODEL_FILE: model})
