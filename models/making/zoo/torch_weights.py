"""Loads pretrained weights for the zoo: placed by hand, or by torchvision's own loader, checked by their hash."""

from __future__ import annotations

import pickle
import re
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError

from models.bundles.fingerprint import sha256_file
from models.errors import WeightsUnavailable, get_first_line
from models.making.zoo.backbones import Backbone

if TYPE_CHECKING:
    from torch import Tensor

CONNECT_SECONDS = 30.0  # torch's downloader sets no timeout of its own
HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,})\.")


def get_published(model: Backbone) -> Any:
    """Returns torchvision's weights enum member for `model`: it knows address, file name and hash."""
    import torchvision

    enum, _, member = model.weights.partition(".")
    return getattr(torchvision.models, enum)[member]


def get_file_name(model: Backbone) -> str:
    """Returns the name under which torchvision publishes the weights, e.g. `resnet18-f37072fd.pth`."""
    return Path(str(get_published(model).url)).name


def load_weights(model: Backbone, folder: Path, own_file: Path | None = None) -> tuple[dict[str, Tensor], Path]:
    """Returns the state dict of `model` and the file it is from.

    `own_file` is taken as it is; else the published file from `folder` or torch's cache; else it is downloaded into
    `folder`. Raises WeightsUnavailable saying which file to place where.
    """
    if own_file is not None:
        return read_weights(own_file), own_file
    there = _find_placed(model, folder) or _download(model, folder)
    return read_weights(there), there


def read_weights(file: Path) -> dict[str, Tensor]:
    """Returns the state dict in a `.safetensors` or torch file (read with weights_only: no code in it is run)."""
    import torch

    if not file.is_file():
        raise WeightsUnavailable(f"there is no weights file {file}")
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(file))
        content = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise WeightsUnavailable(
            f"{file} cannot be read as weights, it may be cut short: {get_first_line(error)}"
        ) from error
    except Exception as error:
        if type(error).__module__.startswith("safetensors"):
            raise WeightsUnavailable(f"{file} is not a safetensors file: {get_first_line(error)}") from error
        raise
    if not isinstance(content, Mapping) or not all(isinstance(one, torch.Tensor) for one in content.values()):
        raise WeightsUnavailable(f"{file} holds no state dict: save it with torch.save(network.state_dict(), ...)")
    return dict(content)


def _find_placed(model: Backbone, folder: Path) -> Path | None:
    import torch

    name = get_file_name(model)
    places = (folder, Path(torch.hub.get_dir()) / "checkpoints")
    found = next((place / name for place in places if (place / name).is_file()), None)
    if found is not None:
        _check_hash(found)
    return found


def _check_hash(file: Path) -> None:
    match = HASH_IN_NAME.search(file.name)
    found = sha256_file(file)
    if match is not None and not found.startswith(match[1]):
        raise WeightsUnavailable(
            f"{file} is not the published file: its SHA-256 starts with {found[: len(match[1])]}, not {match[1]}. "
            "Fetch it again, or name weights of your own with --weights"
        )


def _download(model: Backbone, folder: Path) -> Path:
    weights = get_published(model)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # torch announces the download on standard output, which is ours for the summary.
        with _limit_connecting(CONNECT_SECONDS), redirect_stdout(sys.stderr):
            weights.get_state_dict(model_dir=str(folder), progress=False, check_hash=True, weights_only=True)
    except (URLError, OSError, RuntimeError) as error:
        if isinstance(error, HTTPError):
            error.close()  # it is the answer, and holds the connection open
        raise WeightsUnavailable(
            f"the weights of {model.name} could not be fetched ({get_first_line(error)}). "
            f"Place the file {get_file_name(model)} ({weights.url}) into {folder}, "
            "or name a local file with --weights",
            file=get_file_name(model),
            folder=str(folder),
        ) from error
    return folder / get_file_name(model)


@contextmanager
def _limit_connecting(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
