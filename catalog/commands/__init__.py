"""Commands of `python -m catalog`."""
