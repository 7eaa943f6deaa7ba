"""Products out of the hits of a search."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from catalog.search.search_types import Hit, SimilarQuery


def read_hit(hit: Mapping[str, Any], query: SimilarQuery, to_cosine: Any) -> Hit:
    """One hit with its cosine, its vectors and its group, as far as they were asked for."""
    vectors = None
    if query.page.with_vectors:
        vectors = {part.space.name: np.asarray(hit["fields"][part.space.field], np.float32) for part in query.parts}
    group = _group(hit, query, to_cosine) if query.page.group_size else None
    return Hit(hit["_id"], to_cosine(hit["_score"]), hit["_source"], group, vectors)


def _group(hit: Mapping[str, Any], query: SimilarQuery, to_cosine: Any) -> list[Hit]:
    """The best of a hit's group; `min_score` does not reach into groups, so the threshold cuts here again."""
    inner = [(each, to_cosine(each["_score"])) for each in hit["inner_hits"]["group"]["hits"]["hits"]]
    least = query.score_threshold
    first = hit["_id"]  # it passed, whatever rounding says
    return [
        Hit(each["_id"], score, each["_source"])
        for each, score in inner
        if least is None or score >= least or each["_id"] == first
    ]
