"""Commands of `python -m models`."""
