"""From what was sent to an answer: photos become vectors in the spaces asked for, then the catalogue is asked."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.context import Context
from app.observability import metrics
from app.observability.request_log import photo_spent
from app.photo_warnings import of_hits, of_photo
from app.schemas.bodies import SearchBody
from app.uploads import Box
from catalog import deadline
from catalog.similar import Answer, SimilarRequest, resolve_spaces, similar_to


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks within one application; safe to use from threads that handle no request of their own."""

    context: Context

    def ask(self, request: SimilarRequest) -> Answer:
        """The answer of the catalogue, counted by its plan."""
        answer = similar_to(self.context.index, request)
        metrics.PLANS.labels(answer.plan.strategy).inc()
        return answer

    def search(self, body: SearchBody) -> Answer:
        """The answer to the body of a search, whatever kind of query it is."""
        source, box, photos = body.query, body.bounding_box, self.context.uploads
        if (url := source.image_url) is not None:
            return self.photo(body.question(), lambda: photos.at(url), box)
        if (data := source.image) is not None:
            return self.photo(body.question(), lambda: data, box)
        if source.vector is not None:
            return self.vector(body.question(), source.vector)
        return self.ask(body.question())

    def vector(self, request: SimilarRequest, values: tuple[float, ...]) -> Answer:
        """Products near a vector of the one model that was asked for."""
        (space,) = resolve_spaces(self.context.index, request.model, request.models)
        vector = np.asarray(values, dtype=np.float32)
        return self.ask(replace(request, model=space.name, models={}, vectors={space.name: vector}))

    def photo(self, request: SimilarRequest, read: Callable[[], bytes], box: Box | None) -> Answer:
        """Products that look like a photo; raises PhotoError, BundleMissing and what `similar_to` raises."""
        embedders = self.context.embedders
        spaces = resolve_spaces(self.context.index, request.model, request.models)
        limits = embedders.limits(spaces)  # opens the models: nothing is fetched for one that is not here
        started = time.perf_counter()
        with deadline.pause():
            data = read()
            with self.context.uploads.room:
                image = self.context.uploads.of(data, box)
                vectors = embedders.vectors(image, spaces)
                cautions = of_photo(image, limits, request.filters)
                del image  # others wait for its memory
        photo_spent(time.perf_counter() - started)
        weights = {space.name: weight for space, weight in spaces.items()}
        answer = self.ask(replace(request, model=None, models=weights, vectors=vectors))
        best = answer.hits if not answer.page.offset else ()  # a later page begins with what is less alike
        return replace(answer, warnings=(*cautions, *of_hits(best, limits), *answer.warnings))


def shown(answer: Answer) -> dict[str, Any]:
    """The body of an answer: the same for the same question, so no ids and no times."""
    return {
        "hits": [_hit(answer, position) for position in range(len(answer.hits))],
        "facets": answer.facets,
        "limit": answer.page.limit,
        "offset": answer.page.offset,
        "total": answer.total,
        "model": {"name": answer.space.model, "version": answer.space.version},
        "plan": {
            "strategy": answer.plan.strategy,
            "candidates": answer.plan.candidates,
            "reason": answer.plan.reason,
        },
        "missing_ids": answer.missing_ids,
        "warnings": answer.warnings,
    }


def _hit(answer: Answer, position: int) -> dict[str, Any]:
    hit = answer.hits[position]
    found: dict[str, Any] = {"id": hit.id, "score": hit.score, "product": hit.product}
    if hit.group is not None:
        found["group"] = [{"id": each.id, "score": each.score, "product": each.product} for each in hit.group]
    if answer.explanations is not None:
        found["explain"] = answer.explanations[hit.id]
    return found
