"""Endpoints, one file per subject: they read a request, call the catalogue, and show its result."""
