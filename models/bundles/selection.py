"""Chooses a model by what bundles declare they can do, instead of by name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from models.bundles.bundle import Bundle, load
from models.bundles.manifest import Manifest
from models.bundles.registry import list_bundles
from models.errors import BundleNotFound
from models.settings import ModelSettings

QUALITY = "macro_p10"  # macro precision at 10, where the maker of a bundle declared it
LATENCY = "latency_ms"


@dataclass(frozen=True, slots=True)
class ModelRequirements:
    """Lists what a model must declare; None asks nothing.

    `max_latency_ms`: `metrics.latency_ms`, the network alone for one photo on one thread of the machine that made the
    bundle. `licenses`: what the terms of the weights may be, each part of `MIT; color: Apache-2.0` one of them, case
    ignored; the version may be left off (`Apache`), but `CC-BY` is not `CC-BY-NC`. `categories`: all of them must be
    among `limits.categories` (a bundle that names none takes all goods). `quality` is the metric to rank by; where a
    bundle has it by data and task only (`clothing_kind_macro_p10`), their mean stands for it: name the very one where
    bundles were measured on different data.
    """

    task: str = "embedding"
    dims: int | None = None
    max_dims: int | None = None
    max_latency_ms: float | None = None
    licenses: Sequence[str] = ()
    categories: Sequence[str] = ()
    classes: bool | None = None
    quality: str = QUALITY


def find_best_model(need: ModelRequirements, settings: ModelSettings) -> Bundle:
    """Returns the verified bundle that meets `need`: best declared quality, then least latency, dims, newest.

    Raises BundleNotFound saying, bundle by bundle, what is missing; InvalidBundle for a damaged one.
    """
    lacking: list[str] = []
    fitting: list[Bundle] = []
    for listed in list_bundles(settings):
        problem = listed.problem or (find_shortfall(listed.bundle.manifest, need) if listed.bundle else None)
        if problem is None and listed.bundle is not None:
            fitting.append(listed.bundle)
        else:
            lacking.append(f"{listed.name}/{listed.version}: {problem}")
    if not fitting:
        raise BundleNotFound(
            f"no model in {settings.bundles} is what was asked for" + "".join(f"; {one}" for one in lacking),
            lacking=lacking,
        )
    return load(min(fitting, key=lambda bundle: _rank(bundle.manifest, need)).path)


def find_shortfall(manifest: Manifest, need: ModelRequirements) -> str | None:
    """Returns what `manifest` lacks to meet `need`, or None."""
    return next(
        (
            what
            for what in (
                _find_shape_shortfall(manifest, need),
                _find_speed_shortfall(manifest, need),
                _find_use_shortfall(manifest, need),
            )
            if what
        ),
        None,
    )


def _find_shape_shortfall(manifest: Manifest, need: ModelRequirements) -> str | None:
    if manifest.task != need.task:
        return f"its task is {manifest.task}"
    if need.dims not in (None, manifest.dims) or manifest.dims > (need.max_dims or manifest.dims):
        return f"it has {manifest.dims} dimensions"
    if need.classes not in (None, manifest.predicts_classes):
        return "it tells classes" if manifest.predicts_classes else "it tells no classes"
    return None


def _find_speed_shortfall(manifest: Manifest, need: ModelRequirements) -> str | None:
    latency = read_metric(manifest, LATENCY)
    if need.max_latency_ms is None or (latency is not None and latency <= need.max_latency_ms):
        return None
    return "it declares no latency" if latency is None else f"it takes {latency} ms"


def _find_use_shortfall(manifest: Manifest, need: ModelRequirements) -> str | None:
    weights, covered = manifest.licenses.weights, manifest.limits.categories
    if need.licenses and not all(_permits(part, need.licenses) for part in weights.split(";")):
        return f"its weights stand under '{weights}'"
    if covered is not None and set(need.categories) - set(covered):
        return f"it was made for {', '.join(covered)}"
    return None


def _permits(terms: str, licenses: Sequence[str]) -> bool:
    """Says that one part of the terms begins, behind its model's name, with one of `licenses` as a whole word."""
    words = "|".join(re.escape(one.strip()) for one in licenses if one.strip())
    return re.match(rf"\s*(?:\w+: )?(?:{words})(?!\w|\.\w|-[a-z])", terms, re.IGNORECASE) is not None


def read_metric(manifest: Manifest, metric: str) -> float | None:
    """Returns a declared metric where it is a number, `a.b` for one inside another."""
    value: object = manifest.metrics
    for key in metric.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def read_quality(manifest: Manifest, metric: str) -> float | None:
    """Returns a declared metric, or the mean of those of its kind by data and task."""
    exact = read_metric(manifest, metric)
    kinds = [read_metric(manifest, name) for name in manifest.metrics if name.endswith(f"_{metric}")]
    values = [value for value in kinds if value is not None]
    return exact if exact is not None or not values else fmean(values)


def _rank(manifest: Manifest, need: ModelRequirements) -> tuple[float, float, int, float]:
    good, latency = read_quality(manifest, need.quality), read_metric(manifest, LATENCY)
    return (
        -(good if good is not None else float("-inf")),
        latency if latency is not None else float("inf"),
        manifest.dims,
        -manifest.created.timestamp(),
    )
