"""Connects the API to the index, behind a circuit breaker."""
