"""Measures quality, compares models, gates a promotion."""
