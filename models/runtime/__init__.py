"""Runs bundles: preprocessing, ONNX Runtime or torch, and the checks that a model still gives the same vectors."""
