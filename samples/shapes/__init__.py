"""Silhouettes: one function per kind, from random numbers to a Drawing in garment units (neck at y=0, hips at y=1)."""
