"""A rival behind HTTP with our API's request and answer: `gunicorn -c benchmarks/rivals/gunicorn_conf.py`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from flask import Flask, Response, request

from benchmarks.rivals.contestants import RIVALS
from benchmarks.rivals.rival import Rival
from benchmarks.rivals.settings import RivalSettings
from benchmarks.rivals.shop import BRAND_NAMES, Found, Question
from loadtest.draw import ID_PREFIX, product_id


def create_app() -> Flask:
    """The application of the rival that the settings name."""
    given = RivalSettings.load()
    rival = RIVALS[given.rival_name].make()
    rival.open(given.rival_folder)
    return serving(rival)


def serving(rival: Rival) -> Flask:
    """An application over an opened rival."""
    app = Flask(__name__)

    @app.get("/readyz")
    def ready() -> Response:
        return _json({"status": "ready"})

    @app.get("/v1/products/<key>/similar")
    def similar(key: str) -> Response:
        question = _question(key, request.args)
        hits = [_hit(found) for found in rival.similar(question)]
        return _json({"hits": hits, "limit": question.limit, "offset": 0})

    @app.patch("/v1/products")
    def prices() -> Response:
        changes = {_number(key): float(price) for key, price in orjson.loads(request.data).items()}
        rival.set_prices(changes)
        return _json({"updated": len(changes)})

    @app.put("/v1/products/<key>/vector")
    def vector(key: str) -> Response:
        given = np.array(orjson.loads(request.data), dtype=np.float32)
        return _json({"updated": rival.set_vector(_number(key), given)})

    return app


def _hit(found: Found) -> dict[str, Any]:
    product = {"brand": BRAND_NAMES[found.brand], "effective_price": found.price}
    return {"id": product_id(found.number), "score": found.score, "product": product}


def _number(key: str) -> int:
    return int(key.removeprefix(ID_PREFIX))


def _question(key: str, given: Mapping[str, str]) -> Question:
    low, high = given.get("price_min"), given.get("price_max")
    return Question(
        _number(key),
        BRAND_NAMES.index(given["brand"]) if "brand" in given else None,
        float(low) if low else None,
        float(high) if high else None,
        int(given.get("limit", "10")),
    )


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), mimetype="application/json")
