"""Photos, labels, crops and batches that a training learns from."""
