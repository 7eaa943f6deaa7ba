"""Lists the zoo's backbones: torchvision networks, the layer of their embedding, and their preprocessing.

Weight files, their addresses and hashes are torchvision's own (`weights` names a member of its enums). The numbers in
`preprocessing` are those of the weights' `transforms()`; a test compares them.

Which layer. ResNet and Inception: the average-pooled output of the last stage, what the classifier sees. VGG16: the
last convolution averaged over the picture (512 values) rather than fc7 (4096): pooled convolutions retrieve better
than its fully connected layers (Babenko and Lempitsky, Aggregating deep convolutional features, 2015), an eighth of
the vector goes into the index, and the bundle is 59 MB instead of 530.

Which weights. ResNet50 takes IMAGENET1K_V1: the newer recipe (label smoothing, mixup, long training) classifies
better but its features transfer worse (Kornblith et al., Why do better loss functions lead to less transferable
features?, 2021).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.bundles.manifest import Licenses, Preprocessing

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

IMAGENET_LICENSES = Licenses(
    code="BSD-3-Clause (torchvision)",
    weights="as published by torchvision (BSD-3-Clause); trained on ImageNet-1k, whose terms may apply",
    data="ImageNet-1k: terms of access, non-commercial research",
    scripts="Apache-2.0",
)


@dataclass(frozen=True, slots=True)
class Backbone:
    """One network: `weights` as `Enum.MEMBER` of torchvision.models; `head` are the weights that are left out."""

    name: str
    weights: str
    layer: str
    dims: int
    preprocessing: Preprocessing
    head: tuple[str, ...]
    licenses: Licenses = IMAGENET_LICENSES

    @property
    def architecture(self) -> str:
        """Returns what bundles of this network state, so that torch can be given their weights."""
        return f"torchvision/{self.name}"


def _build_preprocessing(resize: int, crop: int) -> Preprocessing:
    return Preprocessing(
        resize_shorter_side=resize,
        interpolation="bilinear",
        center_crop=crop,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        color="RGB",
    )


_MODELS = (
    Backbone("resnet18", "ResNet18_Weights.IMAGENET1K_V1", "avgpool", 512, _build_preprocessing(256, 224), ("fc.",)),
    Backbone("resnet50", "ResNet50_Weights.IMAGENET1K_V1", "avgpool", 2048, _build_preprocessing(256, 224), ("fc.",)),
    Backbone(
        "vgg16",
        "VGG16_Weights.IMAGENET1K_V1",
        "features, averaged",
        512,
        _build_preprocessing(256, 224),
        ("classifier.",),
    ),
    Backbone(
        "inception_v3",
        "Inception_V3_Weights.IMAGENET1K_V1",
        "avgpool",
        2048,
        _build_preprocessing(342, 299),
        ("fc.", "AuxLogits."),
    ),
)

ZOO: Mapping[str, Backbone] = MappingProxyType({model.name: model for model in _MODELS})


def find_backbone(architecture: str) -> Backbone | None:
    """Returns the zoo's network of that architecture, if it is one."""
    return next((model for model in ZOO.values() if model.architecture == architecture), None)
