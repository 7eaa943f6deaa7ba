"""Benchmarks: `python -m benchmarks COMMAND`; each runs against the real doors and prints a table."""
