"""Similar products: from a request to a page of ranked hits."""

from catalog.similar.request import SimilarRequest, SimilarResult
from catalog.similar.search import similar_to
from catalog.similar.spaces import resolve_space, resolve_spaces, serving_space

__all__ = ["SimilarRequest", "SimilarResult", "resolve_space", "resolve_spaces", "serving_space", "similar_to"]
