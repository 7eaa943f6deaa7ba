"""How a search is planned and built: filter clauses, query bodies, costs, the planner, facets."""
