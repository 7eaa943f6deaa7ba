"""Builds the job's parts from the environment: settings, index, vector store and models."""

import logging
from collections.abc import Sequence
from functools import partial

from catalog.elastic import Catalogue, connect
from catalog.ports import SearchIndex
from catalog.settings import CatalogSettings
from catalog.similar import serving_space
from etl.job import RunContext
from etl.settings import EtlSettings
from etl.stages.messages import EmbeddingModel, PhotoEmbedder
from etl.storage.vector_store import VectorStore
from models.bundles.bundle import Bundle
from models.bundles.registry import find_bundle
from models.errors import BundleNotFound
from models.photos.settings import PhotoSettings
from models.runtime import canonical_vectors
from models.runtime.device import Device, open_embedder
from models.settings import ModelSettings

log = logging.getLogger("etl")


def connect_catalogue() -> Catalogue:
    """Returns the index that the environment names."""
    return connect(CatalogSettings.load())


def build_context(index: Catalogue) -> RunContext:
    """Returns everything a run works with, as the environment says."""
    settings = EtlSettings.load()
    return RunContext(index, VectorStore(settings.vector_store), settings, PhotoSettings.load())


def find_models(
    names: Sequence[str], device: Device = "auto", index: SearchIndex | None = None
) -> list[EmbeddingModel]:
    """Returns the models called `names`, each once, not yet loaded; raises BundleNotFound listing what there is.

    A bare name is the newest version and, where another one serves in `index`, that one too: after a rollback, or
    while a new version is being filled, new photos have to get there as well.
    """
    settings = ModelSettings.load()
    threads = settings.model_threads or EtlSettings.load().model_threads
    found: dict[str, EmbeddingModel] = {}
    for bundle in (one for name in names for one in _find_bundles(name, index, settings)):
        opener = partial(_open_checked, bundle, device, threads, settings)
        side = bundle.manifest.limits.min_side
        found.setdefault(bundle.space.name, EmbeddingModel(bundle.space.model, bundle.space, opener, side))
    return list(found.values())


def _find_bundles(name: str, index: SearchIndex | None, settings: ModelSettings) -> list[Bundle]:
    newest = find_bundle(name, settings)
    if index is None or name != newest.name:
        return [newest]
    serving = index.promotions.get_promoted() or serving_space(
        index
    )  # a promoted one that the index lost must get its vectors again
    if serving is None or serving == newest.space.name or serving.partition("__")[0] != name:
        return [newest]
    try:
        return [newest, find_bundle(serving, settings)]
    except BundleNotFound:
        log.warning(
            "%s serves, but its bundle is not in %s: it gets no new photos from here", serving, settings.bundles
        )
        return [newest]


def _open_checked(bundle: Bundle, device: Device, threads: int | None, settings: ModelSettings) -> PhotoEmbedder:
    """Opens a model; raises InvalidBundle where this machine would compute other vectors than the bundle records."""
    embedder = open_embedder(bundle, device, threads, settings)
    canonical_vectors.check_canonical_vectors(bundle, embedder)
    return embedder
