"""Shared contract of all rooms: product, embedding space, similarity, mapping, queries and the index gateway."""
