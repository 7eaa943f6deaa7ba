"""Runs the nodes of a local cluster: configuration, processes, health, security."""
