"""Trains in-house models on the catalogue's own labels."""
