"""Finds the colour family of a product from what its shop says of the colour, or from its photo."""
