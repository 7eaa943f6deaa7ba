"""Readers of feed formats: each yields the rows of a file as they are, under normalised column names."""
