"""Describes the kinds of product as data: silhouette, cloths, sizes, prices, and where they are photographed."""

from samples.kinds.accessories import ACCESSORIES
from samples.kinds.clothes import CLOTHES
from samples.kinds.kind import Kind

KINDS: tuple[Kind, ...] = (*CLOTHES, *ACCESSORIES)

__all__ = ["KINDS", "Kind"]
