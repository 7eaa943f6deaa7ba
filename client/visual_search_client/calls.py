"""The core of both clients: what is sent for each question, and how its answer is read. Nothing here talks."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import IO, Any, Generic, TypeVar
from urllib.parse import quote

from visual_search_client.answers import BrowsePage, BulkResult, Product, SimilarPage, WriteResult
from visual_search_client.errors import ApiError, build_error
from visual_search_client.questions import (
    BrowseOptions,
    PhotoOptions,
    ProductData,
    Query,
    Rule,
    Search,
    SearchOptions,
)
from visual_search_client.reading import UnfitJson, read_dataclass

T = TypeVar("T")
Photo = str | PathLike[str] | bytes | IO[bytes]
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, and `read`, which makes its answer from JSON.

    `repeatable` says that asking again does no harm where nobody knows whether the first request arrived.
    """

    method: str
    path: str
    read: Callable[[Any], T]
    params: Pairs = field(default_factory=list)
    json: Any = None
    form: Pairs = field(default_factory=list)
    photo: bytes | None = None
    lines: bytes | None = None
    repeatable: bool = True


def similar(product_id: str, options: SearchOptions) -> Call[SimilarPage]:
    """Products that look like one."""
    return Call("GET", f"{_product(product_id)}/similar", read_similar, _pairs(options))


def search(query: Query, options: PhotoOptions) -> Call[SimilarPage]:
    """Products that look like what `query` names; searching changes nothing, so it may be repeated."""
    return Call("POST", "/v1/search", read_similar, json=_body({**options, "query": query}))


def search_photo(photo: Photo, options: PhotoOptions) -> Call[SimilarPage]:
    """Products that look like a photo."""
    return Call("POST", "/v1/search/image", read_similar, form=_pairs(options), photo=read_photo(photo))


def batch(searches: Sequence[Search]) -> Call[list[SimilarPage | ApiError]]:
    """Several searches; one that fails is an ApiError in its place."""
    bodies = [_body(each) for each in searches]
    return Call("POST", "/v1/search/batch", _read_batch, json={"searches": bodies})


def browse(q: str | None, options: BrowseOptions) -> Call[BrowsePage]:
    """A page of the catalogue."""
    return Call("GET", "/v1/products", _read_browse, _pairs({"q": q, **options}))


def product(product_id: str, fields: Sequence[str]) -> Call[Product]:
    """One product."""
    return Call("GET", _product(product_id), _read_product, _pairs({"fields": fields}))


def put_product(product_id: str, fields: ProductData) -> Call[WriteResult]:
    """Writes a whole product."""
    return Call("PUT", _product(product_id), _read_write, json=dict(fields))


def patch_product(product_id: str, changes: ProductData) -> Call[WriteResult]:
    """Changes fields of a product; sent once, for somebody else may have changed them between two attempts."""
    return Call("PATCH", _product(product_id), _read_write, json=dict(changes), repeatable=False)


def delete_product(product_id: str) -> Call[WriteResult]:
    """Deletes a product."""
    return Call("DELETE", _product(product_id), _read_write)


def bulk(lines: Iterable[ProductData]) -> Call[BulkResult]:
    """Writes many products, each line for itself."""
    found = [dict(each) for each in lines]
    data = b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in found)
    repeatable = all(each.get("op") != "patch" for each in found)
    return Call("POST", "/v1/products/bulk", _read_bulk, lines=data, repeatable=repeatable)


def rules() -> Call[list[Rule]]:
    """All merchandising rules."""
    return Call("GET", "/v1/rules", lambda answer: _key(answer, "rules"))


def put_rule(rule_id: str, rule: Rule) -> Call[Rule]:
    """Keeps a rule in the place of the one with its id."""
    return Call("PUT", f"/v1/rules/{_segment(rule_id)}", _as_is, json=dict(rule))


def delete_rule(rule_id: str) -> Call[None]:
    """Deletes a rule."""
    return Call("DELETE", f"/v1/rules/{_segment(rule_id)}", _nothing)


def read_similar(answer: Any) -> SimilarPage:
    """Returns a page of similar products from JSON."""
    return read_dataclass(SimilarPage, answer)


def read_photo(photo: Photo) -> bytes:
    """Returns the bytes of a photo given as a path, as bytes, or as a file that is open for reading bytes."""
    if isinstance(photo, bytes | bytearray | memoryview):
        return bytes(photo)
    if isinstance(photo, str | PathLike):
        return Path(photo).read_bytes()
    data = photo.read()
    if not isinstance(data, bytes):
        raise TypeError("the photo's file is open for text: open it with mode 'rb'")
    return data


def _read_browse(answer: Any) -> BrowsePage:
    return read_dataclass(BrowsePage, answer)


def _read_product(answer: Any) -> Product:
    return read_dataclass(Product, answer)


def _read_write(answer: Any) -> WriteResult:
    return read_dataclass(WriteResult, answer)


def _read_bulk(answer: Any) -> BulkResult:
    return read_dataclass(BulkResult, answer)


def _read_batch(answer: Any) -> list[SimilarPage | ApiError]:
    return [
        build_error(each["status"], each) if isinstance(each, dict) and "status" in each else read_similar(each)
        for each in _key(answer, "results")
    ]


def _key(answer: Any, name: str) -> Any:
    if not isinstance(answer, dict) or not isinstance(answer.get(name), list):
        raise UnfitJson(f"no list {name}")
    return answer[name]


def _as_is(answer: Any) -> Any:
    return answer


def _nothing(_: Any) -> None:
    return None


def _product(product_id: str) -> str:
    return f"/v1/products/{_segment(product_id)}"


def _segment(text: str) -> str:
    """Returns `text` as one segment of a path; dots alone would be taken for steps up."""
    if not text:
        raise ValueError("an id is not empty")
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


def _body(question: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a search as JSON: without what is None, a photo's bytes in base64, a vector as a list."""
    body = {name: value for name, value in question.items() if value is not None}
    source = body.get("query", {})
    if isinstance(source.get("image"), bytes):
        body["query"] = {**source, "image": base64.b64encode(source["image"]).decode()}
    if source.get("vector") is not None:
        body["query"] = {**source, "vector": [float(each) for each in source["vector"]]}  # an array's numbers too
    return body


def _pairs(options: Mapping[str, Any]) -> Pairs:
    """Returns options and their filter as the keys of a query string or a form: lists are repeated keys."""
    found = {**options, **(options.get("filter") or {})}
    found.pop("filter", None)
    for name, value in (found.pop("price", None) or {}).items():
        found["price_min" if name == "gte" else "price_max"] = value
    for name, value in (found.pop("attributes", None) or {}).items():
        found[f"attributes.{name}"] = value
    if weights := found.pop("models", None):
        found["models"] = [f"{name}:{weight}" for name, weight in weights.items()]
    return [(name, text) for name, value in found.items() for text in _texts(value)]


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, str | int | float):
        return [str(value)]
    return [text for each in value for text in _texts(each)]
