"""JSON by orjson, for Flask and for the views."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider

OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def _default(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def encode(value: Any) -> bytes:
    """UTF-8 JSON; dataclasses, datetimes and numpy values included, NaN becomes null."""
    return orjson.dumps(value, default=_default, option=OPTIONS)


def respond(value: Any, status: int = 200) -> Response:
    """Returns a JSON response that no schema goes through again: what the views build is what is sent."""
    return Response(encode(value), status=status, mimetype="application/json")


class OrjsonProvider(JSONProvider):
    """Serves Flask's own `jsonify` and `request.json`."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return encode(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        return respond(self._prepare_response_obj(args, kwargs))
