"""Puts the job together: settings, index, vector store and models; the one place that knows the real ones."""

from collections.abc import Sequence
from functools import partial

from catalog import settings as catalog_settings
from catalog.elastic import Catalogue, connect
from etl import settings as etl_settings
from etl.items import Model
from etl.job import Workshop
from etl.store import VectorStore
from models import settings as model_settings
from models.open import Device, open_embedder
from models.photos import settings as photo_settings
from models.registry import find


def catalogue() -> Catalogue:
    """The index that the environment names."""
    return connect(catalog_settings.load())


def workshop(index: Catalogue) -> Workshop:
    """Everything a run works with, as the environment says."""
    settings = etl_settings.load()
    return Workshop(index, VectorStore(settings.vector_store), settings, photo_settings.load())


def find_models(names: Sequence[str], device: Device = "auto") -> list[Model]:
    """The models called `names`, each once, not yet loaded; raises BundleNotFound listing what there is."""
    settings = model_settings.load()
    threads = settings.model_threads or etl_settings.load().model_threads
    found: dict[str, Model] = {}
    for name in names:
        bundle = find(name, settings)
        opener = partial(open_embedder, bundle, device, threads, settings)
        side = bundle.manifest.limits.min_side
        found.setdefault(bundle.space.name, Model(bundle.space.model, bundle.space, opener, side))
    return list(found.values())
