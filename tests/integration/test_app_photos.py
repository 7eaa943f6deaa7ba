"""Questions by photo on the real Elasticsearch with the real `color` bundle."""

from __future__ import annotations

import base64
import io
import time
from typing import Any

import numpy as np
import pytest
import requests
from flask.testing import FlaskClient
from PIL import Image

from catalog.settings import CatalogSettings
from tests.image_server import image_server
from tests.integration.app_serving import serving
from tests.unit.photo_shop import COUNT, client_of, encoded, picture


def hits(answer: Any) -> tuple[list[str], list[float]]:
    assert answer.status_code == 200, answer.get_json()
    found = answer.get_json()["hits"]
    return [hit["id"] for hit in found], [hit["score"] for hit in found]


def upload(client: FlaskClient, data: bytes, **fields: Any) -> Any:
    return client.post(
        "/v1/search/image",
        data={"image": (io.BytesIO(data), "a.png"), **fields},
        content_type="multipart/form-data",
    )


def test_a_photo_ranks_like_its_product_and_every_way_to_send_it_agrees(filled: Any) -> None:
    with image_server() as server:
        client = client_of(filled, {"image_allowed_hosts": (server.host,)})
        for number in range(COUNT):
            data = encoded(picture(number))
            server.photos[f"/{number}.png"] = data
            by_id = hits(client.get(f"/v1/products/p-{number}/similar?exclude_source=false&limit=50"))
            ways = [
                upload(client, data, limit=50),
                client.post("/v1/search", json={"query": {"image": base64.b64encode(data).decode()}, "limit": 50}),
                client.post("/v1/search", json={"query": {"image_url": server.url(f"/{number}.png")}, "limit": 50}),
            ]
            for way in ways:
                names, scores = hits(way)
                assert names[0] == f"p-{number}" and scores[0] > 0.999
                assert names == by_id[0]
                assert scores == pytest.approx(by_id[1], abs=1e-6)
            assert ways[0].data == ways[1].data == ways[2].data


def test_a_box_finds_what_is_pasted_there(filled: Any) -> None:
    client = client_of(filled)
    noise = np.random.default_rng(0).integers(0, 255, (20, 25, 3), dtype=np.uint8)
    scene = Image.fromarray(noise).resize((500, 400), Image.Resampling.NEAREST)
    scene.paste(picture(7), (250, 180))
    box = ",".join(map(str, (250 / 500, 180 / 400, 370 / 500, 340 / 400)))
    names, scores = hits(upload(client, encoded(scene), bounding_box=box))
    assert names[0] == "p-7" and scores[0] > 0.999
    assert hits(upload(client, encoded(scene), score_threshold="none"))[1][0] < 0.99


def test_the_served_api_takes_photos(
    filled: Any, settings: CatalogSettings, tmp_path: Any, record_property: Any
) -> None:
    environ = {"ELASTICSEARCH_URL": settings.elasticsearch_url[0], "INDEX_PREFIX": settings.index_prefix}
    with serving(tmp_path, **environ) as server:
        took = []
        for number in range(COUNT):
            started = time.perf_counter()
            answer = requests.post(
                f"{server.url}/v1/search/image",
                files={"image": ("a.png", encoded(picture(number)))},
                data={"color_family": ["red", "green", "blue"], "limit": "3"},
                timeout=30,
            )
            took.append((time.perf_counter() - started) * 1000)
            assert answer.json()["hits"][0]["id"] == f"p-{number}"
        batch = requests.post(
            f"{server.url}/v1/search/batch",
            json={
                "searches": [
                    {"query": {"image": base64.b64encode(encoded(picture(number))).decode()}}
                    for number in range(COUNT)
                ]
            },
            timeout=60,
        )
        assert [each["hits"][0]["id"] for each in batch.json()["results"]] == [f"p-{n}" for n in range(COUNT)]
        too_large = requests.post(
            f"{server.url}/v1/search/image", files={"image": ("a.png", bytes(21_000_000))}, timeout=30
        )
        assert (too_large.status_code, too_large.json()["code"]) == (413, "content_too_large")
    record_property("photo_query_ms", sorted(took)[len(took) // 2])
