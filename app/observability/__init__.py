"""Logs, metrics, request timing and fitness for traffic."""
