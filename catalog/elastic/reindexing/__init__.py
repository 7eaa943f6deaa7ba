"""A new mapping means a new index: copy, replay, swap, and repair after a killed run."""
