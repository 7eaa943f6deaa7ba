"""Measures questions to big catalogues: speed, recall, and how well the planner chooses."""
