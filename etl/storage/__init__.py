"""Embeddings on disk: Parquet parts, and the history of which photo was embedded when."""
