"""Searches for similar products on a real index: counts candidates, runs the plan, reads the pages."""
