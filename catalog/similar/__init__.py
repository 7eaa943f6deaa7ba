"""Similar products: from what a shopper asks to a ranked, shaped page of hits."""

from catalog.similar.request import Answer, SimilarRequest
from catalog.similar.search import similar_to
from catalog.similar.spaces import resolve_space, resolve_spaces, serving_space

__all__ = ["Answer", "SimilarRequest", "resolve_space", "resolve_spaces", "serving_space", "similar_to"]
