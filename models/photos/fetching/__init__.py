"""Reads a photo's bytes from its address, safely."""
