"""Output of a training: the bundle, its model card, curves, provenance, and the tracker's record."""
