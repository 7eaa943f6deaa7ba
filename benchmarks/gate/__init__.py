"""Judges the shipped default by the evaluation's gate."""
