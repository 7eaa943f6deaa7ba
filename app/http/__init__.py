"""Handles what every request and answer goes through: input, errors, JSON, access, OpenAPI."""
