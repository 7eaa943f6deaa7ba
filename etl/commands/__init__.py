"""The commands of `python -m etl`."""
