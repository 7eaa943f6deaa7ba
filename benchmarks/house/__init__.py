"""Measures the code of this project."""

from benchmarks.house.source import (
    VAGUE_OPENING,
    Module,
    find_functions,
    find_repeated_blocks,
    find_shared_class_names,
    is_participle,
    read_docstrings,
    read_modules,
)

__all__ = [
    "VAGUE_OPENING",
    "Module",
    "find_functions",
    "find_repeated_blocks",
    "find_shared_class_names",
    "is_participle",
    "read_docstrings",
    "read_modules",
]
