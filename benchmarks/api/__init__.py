"""Compares the API with a bare client of Elasticsearch."""
