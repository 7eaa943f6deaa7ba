"""Torchvision networks that can be exported, with their weights."""
