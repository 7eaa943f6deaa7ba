"""Chooses plans: prices of a machine, the cost of each plan, the planner, and advice for the layout of an index."""
