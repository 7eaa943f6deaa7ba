"""Decides which version serves, by the gate's record that allows it."""
