"""Knows the floor of each embedding space: what was measured in this catalogue, else what its bundle says."""

import logging
from collections.abc import Mapping

from catalog.elastic.ttl_cache import TtlCache
from catalog.ports import SearchIndex
from models.bundles.registry import list_bundles
from models.settings import ModelSettings

FRESH = 60.0  # seconds after which the folder of bundles is looked at again

log = logging.getLogger(__name__)


class ScoreFloors:
    """Finds floors; safe to use from threads."""

    def __init__(self, index: SearchIndex, settings: ModelSettings) -> None:
        self._index, self._settings = index, settings
        self._bundled = TtlCache(self._read_bundles, "the floors of the bundles", fresh=FRESH)

    def get(self) -> Mapping[str, float]:
        """Returns the floors that there are by space; raises Unavailable."""
        return {**self._bundled.get(), **self._index.spaces.get_floors()}

    def _read_bundles(self) -> Mapping[str, float]:
        """Reads the manifests alone: no model is opened, and no file hashed, to cut a page."""
        try:
            found = [one.bundle.manifest for one in list_bundles(self._settings) if one.bundle]
        except OSError as error:
            log.warning("no floor of a bundle is known: %s cannot be read: %s", self._settings.bundles, error)
            return {}
        return {one.space.name: one.limits.floor_cosine for one in found if one.limits.floor_cosine is not None}
