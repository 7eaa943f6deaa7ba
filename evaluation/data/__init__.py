"""Labelled sets: reading, labels, leaks between query and gallery, folds."""
