"""Draws a synthetic catalogue that looks like a shop: photos, feed and ground truth, all decided by a seed."""
