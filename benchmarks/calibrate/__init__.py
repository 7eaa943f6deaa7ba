"""Measures the planner's prices on one deployment."""
