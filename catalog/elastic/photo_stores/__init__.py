"""Stores of what is known of photos: embeddings, their history and vectors, colours."""
