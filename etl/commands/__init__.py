"""Holds the commands of `python -m etl`."""
