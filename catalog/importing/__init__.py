"""Imports feeds into the index: what changed, conditional writes, removals, dry runs, reports."""
