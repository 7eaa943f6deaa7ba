"""Turns a photo's bytes into upright RGB pixels, at a cost known beforehand."""
