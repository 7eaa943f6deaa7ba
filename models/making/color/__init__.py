"""Weight-free `color` model: its recipe, its graph, its export."""
