"""Contestants behind the rivals' server: annoy, faiss, hnswlib, pgvector."""
