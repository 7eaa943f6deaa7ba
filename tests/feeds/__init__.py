"""The corpus of bad rows: each kind of broken row with what becomes of it."""
