"""Reads and writes of the index, one subject per module."""
