"""Measures the code of this project."""
