"""Runs the embedding job: finds products whose photo has no embedding, embeds it, writes store and index."""
