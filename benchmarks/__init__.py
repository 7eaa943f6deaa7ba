"""Measurements that repeat: each module is a command that prints a table and keeps its figures."""
