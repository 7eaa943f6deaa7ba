"""Reads labels out of the rows of a feed: fields, fields inside of fields, and paths of categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

PATH, TOP = "@path", "@top"  # behind a field: all of its category path, the first level; else the last level
SEPARATOR = " > "

Labels = Mapping[str, str]


def read_label(row: Mapping[str, Any], name: str) -> str:
    """Returns the value of one field, or those of several (`class+sender_id`) where each has one."""
    values = [read_field(row, one) for one in name.split("+")]
    return " ".join(values) if all(values) else ""


def read_field(row: Mapping[str, Any], name: str) -> str:
    """Returns the text under `a.b`, empty where there is none.

    Of a path of categories (`A > B`) or a list the last, which is the narrowest; all of it where `name` ends in
    `@path` or `@top`.
    """
    value: Any = row
    for part in name.removesuffix(kind := _find_suffix(name)).split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if kind:
        return SEPARATOR.join(_split_path(value))
    if isinstance(value, list):
        value = value[-1] if value else None
    return str(value).rsplit(SEPARATOR, 1)[-1].strip() if value is not None else ""


def shorten_paths(labels: Sequence[Labels], fields: Sequence[Labels]) -> list[Labels]:
    """Returns labels by task, with paths cut to what tells them apart; `fields` say where each came from.

    The levels that all paths of a task begin with go. Of `@top` the first one left stays, or no label where that is
    the same for all, or all there is.
    """
    found = [dict(one) for one in labels]
    for task in {task for one in fields for task, name in one.items() if _find_suffix(name)}:
        paths = {
            number: found[number][task].split(SEPARATOR)
            for number, one in enumerate(fields)
            if _find_suffix(one.get(task, "")) and task in found[number]
        }
        for number, short in _shorten(paths).items():
            found[number][task] = short[_find_suffix(fields[number][task])]
    return [{task: text for task, text in one.items() if text} for one in found]


def _shorten(paths: Mapping[int, list[str]]) -> dict[int, dict[str, str]]:
    """Returns by path and suffix what stands for the path."""
    alike = takewhile(lambda words: len(set(words)) == 1, zip(*(path[:-1] for path in paths.values()), strict=False))
    cut = len(list(alike))
    distinct = len({path[cut] for path in paths.values()}) > 1 and any(len(path) > cut + 1 for path in paths.values())
    return {
        number: {PATH: SEPARATOR.join(path[cut:]), TOP: path[cut] if distinct else ""}
        for number, path in paths.items()
    }


def _split_path(value: Any) -> list[str]:
    """Returns the levels of a path; of several paths the first, which Google calls the main one."""
    parts = [str(part).strip() for part in (value if isinstance(value, list) else [value]) if part is not None]
    if any(SEPARATOR in part for part in parts):
        parts = [part.strip() for part in parts[0].split(SEPARATOR)]
    return [part for part in parts if part]


def _find_suffix(name: str) -> str:
    return next((kind for kind in (PATH, TOP) if name.endswith(kind)), "")
