"""Makes the dataclasses of `answers` from JSON."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
EXTRA = "extra"  # the field of a dataclass that takes what it has no field for


class UnfitJson(ValueError):
    """Raised where JSON is not what a dataclass is made from; the message says where."""


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def read_dataclass(kind: type[T], value: Any) -> T:
    """Returns `value` as a `kind`; raises UnfitJson where something is missing or of another JSON type."""
    if not isinstance(value, dict):
        raise UnfitJson(f"{kind.__name__}: an object was expected, not {type(value).__name__}")
    hints = _hints(kind)  # type: ignore[arg-type]
    given = {}
    for each in fields(kind):  # type: ignore[arg-type]
        if each.name in value and each.name != EXTRA:
            given[each.name] = _read(hints[each.name], value[each.name], f"{kind.__name__}.{each.name}")
        elif each.default is MISSING and each.default_factory is MISSING:
            raise UnfitJson(f"{kind.__name__}: {each.name} is missing")
    if EXTRA in hints:
        given[EXTRA] = {name: each for name, each in value.items() if name not in given}
    return kind(**given)


def _read(hint: Any, value: Any, where: str) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        hint = _choose(get_args(hint), value)
    origin = get_origin(hint)
    if value is None or hint is Any:
        return value
    if origin is list:
        return [_read(get_args(hint)[0], each, where) for each in _require(list, value, where)]
    if origin is not None and issubclass(origin, Mapping):
        inner = get_args(hint)[1]
        return {name: _read(inner, each, where) for name, each in _require(dict, value, where).items()}
    if is_dataclass(hint):
        return read_dataclass(hint, value)  # type: ignore[arg-type]
    if hint is datetime:
        return _read_moment(_require(str, value, where), where)
    return _require((int, float) if hint is float else hint, value, where)


def _choose(hints: tuple[Any, ...], value: Any) -> Any:
    """Returns the hint of a union that a JSON value is meant by: lists are lists, objects are dataclasses."""
    for hint in hints:
        origin = get_origin(hint)
        if isinstance(value, list):
            fits = origin is list
        elif isinstance(value, dict):
            fits = is_dataclass(hint) or (origin is not None and issubclass(origin, Mapping))
        else:
            fits = hint is type(value)
        if fits:
            return hint
    return next(hint for hint in hints if hint is not types.NoneType)


def _require(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, kind):
        raise UnfitJson(f"{where}: not {type(value).__name__}")
    return value


def _read_moment(text: str, where: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise UnfitJson(f"{where}: {error}") from error
