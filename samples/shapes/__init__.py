"""Silhouettes: one function per kind, random numbers in, a Drawing in garment units out (neck y=0, hips y=1)."""
