"""Serves a rival over HTTP with our API's request and answer: `gunicorn -c benchmarks/rivals/gunicorn_conf.py`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from flask import Flask, Response, request

from benchmarks.drawn_shop import BRAND_NAMES, parse_number
from benchmarks.rivals.contestants.registry import RIVALS
from benchmarks.rivals.contestants.rival import Rival
from benchmarks.rivals.questions import RivalHit, RivalQuestion
from benchmarks.rivals.settings import RivalSettings
from loadtest.drawn_products import format_product_id


def create_app() -> Flask:
    """Creates the application of the rival that the settings name."""
    given = RivalSettings.load()
    rival = RIVALS[given.rival_name].make()
    rival.open(given.rival_folder)
    return build_app(rival)


def build_app(rival: Rival) -> Flask:
    """Builds an application over an opened rival."""
    app = Flask(__name__)

    @app.get("/readyz")
    def ready() -> Response:
        return _respond({"status": "ready"})

    @app.get("/v1/products/<key>/similar")
    def find_similar(key: str) -> Response:
        question = _parse_question(key, request.args)
        hits = [_to_json(found) for found in rival.find_similar(question)]
        return _respond({"hits": hits, "limit": question.limit, "offset": 0})

    @app.patch("/v1/products")
    def set_prices() -> Response:
        changes = {parse_number(key): float(price) for key, price in orjson.loads(request.data).items()}
        rival.set_prices(changes)
        return _respond({"updated": len(changes)})

    @app.put("/v1/products/<key>/vector")
    def set_vector(key: str) -> Response:
        given = np.array(orjson.loads(request.data), dtype=np.float32)
        return _respond({"updated": rival.set_vector(parse_number(key), given)})

    return app


def _to_json(found: RivalHit) -> dict[str, Any]:
    product = {"brand": BRAND_NAMES[found.brand], "effective_price": found.price}
    return {"id": format_product_id(found.number), "score": found.score, "product": product}


def _parse_question(key: str, given: Mapping[str, str]) -> RivalQuestion:
    low, high = given.get("price_min"), given.get("price_max")
    return RivalQuestion(
        parse_number(key),
        BRAND_NAMES.index(given["brand"]) if "brand" in given else None,
        float(low) if low else None,
        float(high) if high else None,
        int(given.get("limit", "10")),
    )


def _respond(body: Any) -> Response:
    return Response(orjson.dumps(body), mimetype="application/json")
