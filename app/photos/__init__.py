"""Shows photos of products to browsers: their addresses, and smaller copies of those that lie in files."""
