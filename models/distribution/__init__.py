"""Which bundles a deployment uses, and where they are fetched from."""
