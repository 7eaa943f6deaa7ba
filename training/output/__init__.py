"""What a training leaves: the bundle, its model card, curves and provenance."""
