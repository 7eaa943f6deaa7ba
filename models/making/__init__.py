"""Makes bundles: imports, exports, PCA, int8 and hybrids."""
