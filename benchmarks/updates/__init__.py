"""Measures price updates a second on every type of vector index."""
