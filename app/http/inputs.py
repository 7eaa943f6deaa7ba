"""Reading a request into a pydantic model: repeated keys, dotted attributes, and errors that name what exists."""

import difflib
from collections.abc import Sequence
from typing import Any, ClassVar, get_args, get_origin

import orjson
from apiflask.schema_adapters import registry
from apiflask.schema_adapters.pydantic import PydanticAdapter
from flask import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import UnsupportedMediaType

from app.http.errors import InvalidRequest, UnreadableBody

ATTRIBUTE = "attributes."
FILE = "image"  # the field of a form that is a file


class Query(BaseModel):
    """Parameters of a GET and fields of a form: lists are repeated keys, `attributes.<name>` go into `attributes`.

    Where no word can hold a comma (our own names, and numbers) commas separate as well: `fields=title,price`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    repeated: ClassVar[frozenset[str]] = frozenset()
    separated: ClassVar[frozenset[str]] = frozenset(
        {"fields", "facets", "price_band", "models", "relax", "bounding_box"}
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls.repeated = frozenset(
            name for name, field in cls.model_fields.items() if get_origin(field.annotation) is tuple
        )

    @classmethod
    def gather(cls, args: MultiDict[str, str]) -> dict[str, Any]:
        """Returns the parameters as plain data; a single-valued key given twice raises InvalidRequest."""
        found: dict[str, Any] = {}
        for name, values in args.lists():
            if name.startswith(ATTRIBUTE) and "attributes" in cls.model_fields:
                found.setdefault("attributes", {})[name.removeprefix(ATTRIBUTE)] = values
            elif name == "attributes":
                raise _build_refusal([_problem(name, "write attributes.<name>=<value>")])
            elif name in cls.separated & cls.model_fields.keys():
                found[name] = [word for value in values for part in value.split(",") if (word := part.strip())]
            elif name in cls.repeated or name not in cls.model_fields:
                found[name] = values
            elif len(values) > 1:
                raise _build_refusal([_problem(name, "given more than once, and only one value makes sense")])
            else:
                found[name] = values[0]
        return found


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Returns the known word that `word` was probably meant to be."""
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.6)), None)


def unknown(what: str, word: str, known: Sequence[str]) -> str:
    """`unknown parameter; did you mean color? There are: ...`"""
    guess = nearest(word, known)
    return f"unknown {what}; " + (f"did you mean {guess}? There are: " if guess else "there are: ") + ", ".join(known)


def _problem(field: str, problem: str) -> dict[str, str]:
    return {"field": field, "problem": problem}


def _build_refusal(problems: Sequence[dict[str, str]]) -> InvalidRequest:
    first = problems[0]
    message = f"{first['field']}: {first['problem']}" if first["field"] else first["problem"]
    return InvalidRequest(message, problems=list(problems))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _model_at(model: type[BaseModel], path: Sequence[int | str]) -> type[BaseModel]:
    """Returns the model that holds the last step of `path`."""
    for step in path[:-1]:
        inner = _models_in(model.model_fields[str(step)].annotation) if step in model.model_fields else []
        if not inner:
            return model
        model = inner[0]
    return model


def _readable(error: ErrorDetails, model: type[BaseModel], what: str) -> dict[str, str]:
    path = error["loc"]
    field = ".".join(map(str, path))
    if error["type"] == "extra_forbidden":
        at = _model_at(model, path)
        kind = "filter" if "filter" in path[:-1] else what
        known = [*at.model_fields, *getattr(at, "more_keys", ())]
        if what == "parameter":
            known = ["attributes.<name>" if name == "attributes" else name for name in known]
        return _problem(field, unknown(kind, str(path[-1]), known))
    if error["type"] == "missing":
        return _problem(field, "is required")
    return _problem(field, error["msg"].removeprefix("Value error, "))


def refusal(error: ValidationError, model: type[BaseModel], what: str) -> InvalidRequest:
    """Returns what is wrong with data for a `model`; `what` is what its keys are called to whoever sent them."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        return UnreadableBody(f"the body is not JSON: {details[0]['msg'].removeprefix('Invalid JSON: ')}")
    details.sort(key=lambda each: each["type"] != "missing")  # what is required says most
    return _build_refusal([_readable(each, model, what) for each in details[:20]])


def _split_list(text: str) -> list[str]:
    """Returns the values of one form field: programs made from the specification write lists as JSON."""
    try:
        values = orjson.loads(text) if text.startswith("[") else text
    except orjson.JSONDecodeError:
        values = text
    return [str(value) for value in values] if isinstance(values, list) else [text]


def read_form(model: type[Query], request: Request) -> dict[str, Any]:
    """Returns a multipart form as plain data: fields like parameters, `image` the bytes of its one file."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("send the photo as multipart/form-data, in the field image")
    if FILE in request.form:
        raise _build_refusal([_problem(FILE, "send it as a file, not as text")])
    found = model.gather(
        MultiDict((name, part) for name, text in request.form.items(True) for part in _split_list(text))
    )
    for name, files in request.files.lists():
        if name != FILE or len(files) > 1:
            raise _build_refusal([_problem(name, f"one file is taken, in the field {FILE}")])
        found[name] = files[0].read()
    return found


class Adapter(PydanticAdapter):
    """APIFlask's adapter would drop repeated keys, accept any content type and serialise answers twice."""

    def validate_input(self, request: Request, location: str, **kwargs: Any) -> BaseModel:
        model = self.model_class
        try:
            if location == "query" and issubclass(model, Query):
                what = "parameter"
                return model.model_validate(model.gather(request.args))
            if location == "files" and issubclass(model, Query):
                what = "parameter"
                return model.model_validate(read_form(model, request))
            if location == "json":
                what = "field"
                form: type[Query] | None = getattr(model, "form", None)  # the same question as a form
                if form is not None and request.mimetype == "multipart/form-data":
                    model, what = form, "parameter"
                    return form.model_validate(read_form(form, request))
                if not request.is_json:
                    raise UnsupportedMediaType("send the body as application/json")
                return model.model_validate_json(request.get_data(cache=False))
        except ValidationError as error:
            raise refusal(error, model, what) from error
        raise NotImplementedError(f"no reader for {location} of {model.__name__}")


registry.register("pydantic", Adapter)
