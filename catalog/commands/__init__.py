"""The commands of `python -m catalog`."""
