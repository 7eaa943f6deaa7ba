"""Model bundles on disk: manifest, hashes, reading, writing, finding and choosing them."""
