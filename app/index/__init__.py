"""The API's connection to the index, behind a circuit breaker."""
