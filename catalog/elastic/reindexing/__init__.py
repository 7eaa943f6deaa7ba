"""Moves the products to a new index for a new mapping: copy, replay, swap, and repair after a killed run."""
