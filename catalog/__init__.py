"""The shared contract: product, embedding space, the one similarity, mapping, queries and the index gateway."""
