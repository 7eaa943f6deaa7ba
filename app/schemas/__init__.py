"""Shapes of requests and answers; OpenAPI is made from them."""
