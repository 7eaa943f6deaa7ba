"""Searches by whatever was sent: photos become vectors in the spaces asked for, then the catalogue is searched."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from app.context import Context
from app.observability import metrics
from app.observability.request_log import add_photo_seconds
from app.photo_warnings import warn_of_hits, warn_of_photo
from app.schemas.bodies import SearchBody
from app.uploads import Box
from catalog import deadline
from catalog.similar import SimilarRequest, SimilarResult, resolve_spaces, similar_to


@dataclass(frozen=True, slots=True)
class SearchService:
    """Searches within one application; safe to use from threads that handle no request of their own."""

    context: Context

    def find_similar(self, request: SimilarRequest) -> SimilarResult:
        """Returns the result of the catalogue, and counts it by its plan."""
        result = similar_to(self.context.index, request, self.context.floors.get())
        metrics.PLANS.labels(result.plan.strategy).inc()
        return result

    def search(self, body: SearchBody) -> SimilarResult:
        """Answers the body of a search, whatever kind of query it is."""
        source, box, photos = body.query, body.bounding_box, self.context.uploads
        if (url := source.image_url) is not None:
            return self.search_photo(body.request(), lambda: photos.fetch(url), box)
        if (data := source.image) is not None:
            return self.search_photo(body.request(), lambda: data, box)
        if source.vector is not None:
            return self.search_vector(body.request(), source.vector)
        return self.find_similar(body.request())

    def search_vector(self, request: SimilarRequest, values: tuple[float, ...]) -> SimilarResult:
        """Returns products near a vector of the one model that was asked for."""
        (space,) = resolve_spaces(self.context.index, request.model, request.models)
        vector = np.asarray(values, dtype=np.float32)
        return self.find_similar(replace(request, model=space.name, models={}, vectors={space.name: vector}))

    def search_photo(self, request: SimilarRequest, read: Callable[[], bytes], box: Box | None) -> SimilarResult:
        """Returns products that look like a photo; raises PhotoError, BundleMissing and what `similar_to` raises."""
        embedders = self.context.embedders
        spaces = resolve_spaces(self.context.index, request.model, request.models)
        limits = embedders.limits(spaces)  # opens the models: nothing is fetched for one that is not here
        started = time.perf_counter()
        with deadline.pause():
            data = read()
            with self.context.uploads.slots:
                image = self.context.uploads.decode(data, box)
                vectors = embedders.embed(image, spaces)
                warnings = warn_of_photo(image, limits, request.filters)
                del image  # others wait for its memory
        add_photo_seconds(time.perf_counter() - started)
        weights = {space.name: weight for space, weight in spaces.items()}
        result = self.find_similar(replace(request, model=None, models=weights, vectors=vectors))
        best = result.hits if not result.page.offset else ()  # a later page begins with what is less alike
        empty = any(each.code == "below_floor" for each in result.warnings) and not result.page.offset
        unlike = warn_of_hits(best, limits, result.score_floor if empty else None)
        return replace(result, warnings=(*warnings, *unlike, *result.warnings))
