"""`make house` measures what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.house.request_trace import trace_similar_request
from benchmarks.house.source import (
    Module,
    find_functions,
    find_repeated_blocks,
    find_shared_class_names,
    is_participle,
    read_docstrings,
)


def module(path: str, text: str) -> Module:
    return Module(Path(path), text)


@pytest.mark.parametrize(
    ("name", "bare"), [("told", True), ("_settled", True), ("read_many", False), ("told_by", False), ("embed", False)]
)
def test_a_participle_alone_says_not_what_a_function_does(name: str, bare: bool) -> None:
    assert is_participle(name) is bare


def test_class_names_of_several_modules_functions_and_docstrings_are_found() -> None:
    modules = [
        module("a.py", "class Page:\n    def read(self): ...\n\nclass Only: ...\n"),
        module("b.py", '"""Reads."""\nclass Page:\n    """The page."""\n'),
    ]
    assert find_shared_class_names(modules) == {"Page": 2}
    assert [node.name for _, node in find_functions(modules)] == ["read"]
    assert read_docstrings(modules) == ["Reads.", "The page."]


def test_six_lines_that_stand_twice_are_found_once_for_two_files() -> None:
    block = "".join(f"value_{number} = compute({number})\n" for number in range(8))
    imports = "".join(f"import module_{number}\n" for number in range(8))
    modules = [
        module("a.py", imports + block),
        module("b.py", imports + "\n\n# why\n" + block),
        module("c.py", imports),
    ]
    assert find_repeated_blocks(modules, 6) == ["a.py:9 ~ b.py:12"]
    assert find_repeated_blocks([module("a.py", block)], 6) == []


def test_a_request_is_followed_from_file_to_file() -> None:
    found = trace_similar_request()
    assert found.calls > found.borders > 20 and found.functions > 20
