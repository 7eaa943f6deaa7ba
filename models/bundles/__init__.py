"""A model bundle on disk: its manifest, hashes, reading, writing and finding."""
