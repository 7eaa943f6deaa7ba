"""`etl enrich` on a real Elasticsearch: conditional writes, old indices, facets."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from catalog import index_mapping
from catalog.domain import filters
from catalog.domain.product import ADDED_FIELDS, document, parse
from catalog.domain.records import Change, PhotoColor, Written
from catalog.elastic import Catalogue, connect
from catalog.importing import writes
from catalog.search.browsing import browse
from catalog.settings import CatalogSettings
from etl.commands.main import app
from tests.asking import browse_query


def put(index: Catalogue, *products: dict[str, Any]) -> None:
    for each in products:
        writes.put(index.products, parse({"title": "A", **each}))
    index.products.refresh()


def families(index: Catalogue, *ids: str) -> list[tuple[Any, Any]]:
    stored = index.products.read_many(ids)
    return [(stored[i].source.get("color_family"), stored[i].source.get("color_family_from")) for i in ids]


def test_the_command_reads_colours_and_facets_count_them(
    catalogue: Catalogue, settings: CatalogSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (40, 40), (200, 32, 40)).save(tmp_path / "red.png")
    photo = (tmp_path / "red.png").as_uri()
    put(catalogue, {"id": "a", "image_url": photo}, {"id": "b", "image_url": photo, "color": "dunkelblau"})
    put(catalogue, {"id": "c", "image_url": f"{photo}.gone"}, {"id": "d"})
    monkeypatch.setenv("ELASTICSEARCH_URL", settings.elasticsearch_url[0])
    monkeypatch.setenv("INDEX_PREFIX", settings.index_prefix)
    monkeypatch.setenv("IMAGE_ROOTS", str(tmp_path))
    result = CliRunner().invoke(app, ["enrich", "--fail-above", "0.4"])
    assert result.exit_code == 1 and "2 products seen, done 1 (red 1), failed 1 (not_found 1)" in result.stdout
    assert families(catalogue, "a", "b", "c") == [("red", "photo"), ("blue", "color"), (None, None)]
    page = browse(catalogue, browse_query(filters=filters.parse({"color_family": ["red"]}), facets=("color_family",)))
    assert [each["id"] for each in page.products] == ["a"] and page.products[0]["color_family_from"] == "photo"
    assert page.facets == {"color_family": [{"value": "blue", "count": 1}, {"value": "red", "count": 1}]}
    again = CliRunner().invoke(app, ["enrich"])
    assert again.exit_code == 0 and "nothing to enrich" in again.stdout


def test_a_colour_is_written_only_onto_its_photo_and_never_over_the_shops(catalogue: Catalogue) -> None:
    photos = {name: f"https://shop.example/{name}.jpg" for name in ("same", "named", "moved", "waits")}
    put(catalogue, *({"id": name, "image_url": url} for name, url in photos.items()))
    assert [each.product_id for each in catalogue.photo_colors.read_due()] == sorted(photos)
    put(catalogue, {"id": "named", "image_url": photos["named"], "color_family": "Ruby"})
    put(catalogue, {"id": "moved", "image_url": "https://shop.example/new.jpg"})
    colors = [PhotoColor(name, url, "done", "red") for name, url in photos.items() if name != "waits"]
    waits = PhotoColor("waits", photos["waits"], "failed", None, "not_found")
    written = catalogue.photo_colors.write([*colors, PhotoColor("gone", "u", "done", "red"), waits])
    assert written == [Written.WRITTEN, Written.WRITTEN, Written.MOVED, Written.GONE, Written.WRITTEN]
    assert families(catalogue, "same", "named", "moved") == [("red", "photo"), ("Ruby", None), (None, None)]
    assert [each.product_id for each in catalogue.photo_colors.read_due()] == ["moved"]
    assert catalogue.photo_colors.make_due() == 1
    assert [each.product_id for each in catalogue.photo_colors.read_due(limit=5)] == ["moved", "waits"]
    assert [each.product_id for each in catalogue.photo_colors.read_due(limit=1)] == ["moved"]
    put(catalogue, {"id": "named", "image_url": photos["named"]})
    assert families(catalogue, "named") == [("red", "photo")], "what its photo showed is remembered"


def test_an_index_of_an_older_mapping_gets_the_fields(settings: CatalogSettings) -> None:
    index = connect(settings)
    fields = {n: f for n, f in index_mapping.products()["properties"].items() if n not in ADDED_FIELDS}
    older = {"dynamic": "strict", "properties": fields}
    index.client.indices.create(index=index.names.first, mappings=older, aliases={index.names.products: {}})
    plain = document(parse({"id": "a", "title": "A", "image_url": "https://shop.example/1.jpg"}))
    index.products.write([Change("a", plain)])
    assert [each.product_id for each in index.photo_colors.read_due()] == ["a"]
    index.photo_colors.ensure_fields()
    red = PhotoColor("a", "https://shop.example/1.jpg", "done", "red")
    assert index.photo_colors.write([red]) == [Written.WRITTEN]
    assert families(index, "a") == [("red", "photo")]
    index.client.close()
