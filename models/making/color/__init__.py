"""The weight-free `color` model: its recipe, its graph, its export."""
