"""Builds the zoo's networks in torch, cut where the embedding is; torch is imported when one is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from models.errors import WeightsUnavailable
from models.making.zoo.backbones import Backbone

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


def build_network(model: Backbone) -> Module:
    """Returns the network of `model`, pixels [N,3,side,side] → features [N,dims], in eval mode, without weights."""
    import torchvision
    from torch import nn

    if model.name == "inception_v3":
        # The published weights expect TensorFlow's scaling, which the network applies itself.
        network = torchvision.models.inception_v3(
            weights=None, aux_logits=False, transform_input=True, init_weights=False
        )
        network.fc = nn.Identity()
    elif model.name == "vgg16":
        convolutions = torchvision.models.vgg16(weights=None, init_weights=False).features
        network = nn.Sequential()
        network.add_module("features", convolutions)
        network.add_module("pool", nn.AdaptiveAvgPool2d(1))
        network.add_module("flatten", nn.Flatten())
    else:
        network = getattr(torchvision.models, model.name)(weights=None)
        network.fc = nn.Identity()
    return network.eval()  # type: ignore[no-any-return]


def load_network(model: Backbone, weights: Mapping[str, Tensor], source: str) -> Module:
    """Returns the network of `model` with the state dict `weights`, its head left out; raises WeightsUnavailable."""
    network = build_network(model)
    body = {name: value for name, value in weights.items() if not name.startswith(model.head)}
    try:
        network.load_state_dict(body)
    except (RuntimeError, AttributeError) as error:
        first = str(error).splitlines()[:2]
        raise WeightsUnavailable(f"{source} does not hold the weights of {model.name}: {' '.join(first)}") from error
    return network
