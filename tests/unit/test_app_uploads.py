"""Photos in flight: more than MAX_UPLOADS at a time are answered 429, and never more than two are in memory."""

from __future__ import annotations

import base64
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from app import uploads
from app.uploads import DECODED
from models.photos import decode
from tests.unit.photo_shop import client_of, embedder, encoded, picture, shop

PHOTO = encoded(picture(3))
NAME = embedder().space.model
IN_BASE64 = {"image": base64.b64encode(PHOTO).decode()}


class Gate:
    """Decoding that waits to be allowed, and counts how many do so at a time."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Semaphore(0), threading.Event()
        self.now = self.most = 0
        self._lock = threading.Lock()

    def decode(self, *given: Any) -> Image.Image:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.entered.release()
        self.opened.wait(60)
        with self._lock:
            self.now -= 1
        return decode(*given)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    made = Gate()
    monkeypatch.setattr(uploads, "decode", made.decode)
    return made


def send(client: FlaskClient, way: str) -> Any:
    if way == "form":
        form = {"image": (io.BytesIO(PHOTO), "photo")}
        return client.post("/v1/search/image", data=form, content_type="multipart/form-data")
    if way == "predict":
        return client.post(f"/v1/models/{NAME}/predict", json=IN_BASE64)
    if way == "predict form":
        form = {"image": (io.BytesIO(PHOTO), "photo")}
        return client.post(f"/v1/models/{NAME}/predict", data=form, content_type="multipart/form-data")
    if way == "batch":
        return client.post("/v1/search/batch", json={"searches": [{"query": IN_BASE64}] * 3})
    if way == "address":
        return client.post("/v1/search", json={"query": {"image_url": "http://127.0.0.1:9/a.jpg"}})
    return client.post("/v1/search", json={"query": IN_BASE64})


@pytest.mark.parametrize("way", ["form", "base64", "batch", "predict", "predict form", "address"])
def test_more_uploads_than_places_are_told_to_come_back(gate: Gate, way: str) -> None:
    client = client_of(shop(), max_uploads=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send, client, "base64")
        assert gate.entered.acquire(timeout=60)
        try:
            refused = send(client, way)
            other = client.get("/v1/products/p-1/similar").status_code
        finally:
            gate.opened.set()
        assert first.result().status_code == 200
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_uploads")
    assert int(refused.headers["Retry-After"]) >= 1
    assert other == 200, "questions without a photo go on"
    assert send(client, way).status_code == (400 if way == "address" else 200), "the place is free again"


def test_a_place_is_left_however_a_request_ends() -> None:
    client = client_of(shop(), max_uploads=1, max_upload_length=50_000)
    for body in (b"", b"no form", b"x" * 60_000):
        answer = client.post("/v1/search/image", data=body, content_type="multipart/form-data; boundary=x")
        assert answer.status_code in (400, 413, 422)
    broken = client.post("/v1/search", json={"query": {"image": base64.b64encode(PHOTO[:99]).decode()}})
    assert broken.status_code == 400
    assert send(client, "form").status_code == 200


def test_two_photos_are_in_memory_at_a_time_whoever_asks(gate: Gate) -> None:
    client = client_of(shop(), max_uploads=6)
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(send, client, "batch" if number % 2 else "form") for number in range(6)]
        for _ in range(DECODED):
            assert gate.entered.acquire(timeout=60)
        gate.opened.set()
        assert {one.result().status_code for one in asked} == {200}
    assert gate.most == DECODED


def test_a_slow_host_holds_no_room_for_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    arrived, waiting = threading.Event(), threading.Semaphore(0)

    def fetch(*_: object) -> bytes:
        waiting.release()
        arrived.wait(60)
        return PHOTO

    monkeypatch.setattr(uploads.PhotoReader, "fetch", fetch)
    client = client_of(shop())
    with ThreadPoolExecutor(DECODED) as pool:
        slow = [pool.submit(send, client, "address") for _ in range(DECODED)]
        try:
            for _ in range(DECODED):
                assert waiting.acquire(timeout=60)
            assert send(client, "form").status_code == 200
        finally:
            arrived.set()
        assert [one.result().status_code for one in slow] == [200] * DECODED
