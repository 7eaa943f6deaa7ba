"""Holds the command `visual-search`, under which the commands of all rooms stand."""
