"""The colour family from a photo: found in the pixels, written where the shop says nothing, once for each photo."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from catalog.cli_support import ignore_progress
from catalog.domain.colors.families import FAMILIES, MULTI, NAMES
from catalog.domain.product import parse
from catalog.domain.records import PhotoColor, Written
from catalog.importing import writes
from etl.enrichment.color_job import ColorContext, enrich
from etl.enrichment.color_summary import ColorSummary, format_colors
from etl.enrichment.garment_color import choose_family, find_garment_family
from etl.stop_signal import StopSignal
from models.photos import PhotoSettings
from samples.photos import photograph
from samples.products import build_product
from tests.etl_kit import settings_for
from tests.fakes import FakeCatalogue

GROUNDS = ((250, 250, 250), (120, 90, 60), (205, 215, 225))


def garment(color: tuple[int, int, int], ground: tuple[int, int, int] = GROUNDS[0]) -> Image.Image:
    image = Image.new("RGB", (240, 320), ground)
    ImageDraw.Draw(image).rounded_rectangle((60, 60, 180, 290), 20, color)
    return image


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("family", NAMES)
def test_a_garment_is_told_from_what_is_behind_it(family: str, ground: tuple[int, int, int]) -> None:
    assert find_garment_family(garment(FAMILIES[family][0], ground)) == family


def test_a_photo_of_cloth_alone_has_the_colour_of_the_cloth() -> None:
    assert find_garment_family(Image.new("RGB", (5, 900), (200, 32, 40))) == "red"


def test_many_colours_of_which_none_leads_are_multi() -> None:
    shares = np.zeros(len(NAMES))
    shares[[0, 5, 10]] = 0.34, 0.33, 0.33
    assert choose_family(shares) == MULTI
    shares[[0, 5, 10]] = 0.5, 0.25, 0.25
    assert choose_family(shares) == NAMES[0]


def test_most_drawn_photos_have_the_family_they_were_drawn_with() -> None:
    drawn = [build_product(2024, number) for number in range(40)]
    right = sum(find_garment_family(Image.fromarray(photograph(one).rgb)) == one.color_family for one in drawn)
    assert right >= 34


Shop = Callable[..., tuple[FakeCatalogue, ColorContext]]


@pytest.fixture
def shop_of(tmp_path: Path) -> Shop:
    def build(*products: dict[str, Any]) -> tuple[FakeCatalogue, ColorContext]:
        for name, family in (("red", "red"), ("green", "green")):
            garment(FAMILIES[family][0]).save(tmp_path / f"{name}.png")
        (tmp_path / "broken.png").write_bytes(b"no photo")
        shop = FakeCatalogue([{"title": "A", **each} for each in products])
        return shop, ColorContext(shop.photo_colors, settings_for(tmp_path), PhotoSettings(image_roots=(tmp_path,)))

    return build


@pytest.fixture
def photo(tmp_path: Path) -> Callable[[str], str]:
    return lambda name: (tmp_path / f"{name}.png").as_uri()


def run(context: ColorContext, limit: int | None = None, stop: StopSignal | None = None) -> ColorSummary:
    return enrich(context, limit, stop or StopSignal(), ignore_progress)


def family_of(shop: FakeCatalogue, product_id: str) -> tuple[Any, Any]:
    return shop.docs[product_id].get("color_family"), shop.docs[product_id].get("color_family_from")


def test_only_what_the_shop_leaves_open_is_read_from_the_photo(shop_of: Shop, photo: Callable[[str], str]) -> None:
    shop, context = shop_of(
        {"id": "none", "image_url": photo("red")},
        {"id": "unknown", "image_url": photo("red"), "color": "floral"},
        {"id": "named", "image_url": photo("red"), "color": "navy"},
        {"id": "own", "image_url": photo("red"), "color_family": "Ruby"},
        {"id": "bare"},
    )
    summary = run(context)
    assert (dict(summary.done), summary.photos, summary.seen_count) == ({"red": 2}, 1, 2), "one photo is fetched once"
    assert family_of(shop, "none") == family_of(shop, "unknown") == ("red", "photo")
    assert family_of(shop, "named") == ("blue", "color") and family_of(shop, "own") == ("Ruby", None)
    assert run(context).seen_count == 0
    assert "every product with a photo has a color_family" in format_colors(run(context))


def test_a_photo_that_failed_is_not_asked_for_again_until_told(shop_of: Shop, photo: Callable[[str], str]) -> None:
    shop, context = shop_of({"id": "bad", "image_url": photo("broken")}, {"id": "gone", "image_url": photo("gone")})
    summary = run(context)
    assert (summary.failed.total(), summary.failed_share) == (2, 1.0)
    assert shop.docs["bad"]["photo_color"]["status"] == "failed"
    assert "failed 2 (" in format_colors(summary)
    assert run(context).seen_count == 0
    assert shop.photo_colors.make_due() == 2
    assert run(context).failed.total() == 2


def test_photos_outside_the_folders_allowed_are_named_with_the_setting(shop_of: Shop) -> None:
    _, context = shop_of({"id": "a", "image_url": "file:///etc/passwd"})
    summary = run(context)
    assert dict(summary.failed) == {"outside_image_roots": 1}
    assert "IMAGE_ROOTS" in format_colors(summary) and "etl enrich --again" in format_colors(summary)


def test_another_photo_is_due_again_and_drops_the_old_colour(shop_of: Shop, photo: Callable[[str], str]) -> None:
    shop, context = shop_of({"id": "a", "image_url": photo("red")})
    run(context)
    writes.put(shop.products, parse({"id": "a", "title": "A", "image_url": photo("green")}))
    assert family_of(shop, "a") == (None, None)
    assert dict(run(context).done) == {"green": 1}
    assert family_of(shop, "a") == ("green", "photo")


def test_what_changes_while_a_photo_is_read_wins(shop_of: Shop, photo: Callable[[str], str]) -> None:
    shop, context = shop_of(*({"id": name, "image_url": photo("red")} for name in ("gone", "moved", "named")))

    def race(product_id: str) -> None:
        if product_id == "gone":
            shop.docs.pop("gone", None)
        elif product_id == "moved":
            shop.docs["moved"]["image_url"] = photo("green")
        else:
            shop.docs["named"]["color_family"] = "Ruby"

    shop.before_write = race
    summary = run(context)
    assert (summary.gone, summary.moved, summary.failed_share) == (1, 1, 0.0)
    assert family_of(shop, "named") == ("Ruby", None) and "color_family" not in shop.docs["moved"]


def test_a_run_is_limited_and_stops_when_asked(shop_of: Shop, photo: Callable[[str], str]) -> None:
    _, context = shop_of(*({"id": str(number), "image_url": photo("red")} for number in range(5)))
    assert run(context, limit=2).seen_count == 2
    stop = StopSignal()
    stop.request()
    summary = run(context, stop=stop)
    assert (summary.seen_count, summary.interrupted) == (0, True)
    assert "stopped early" in format_colors(summary)
    assert run(context).seen_count == 3


def test_what_the_index_refuses_counts_as_failed() -> None:
    summary = ColorSummary()
    summary.count(PhotoColor("a", "u", "done", "red"), Written.REFUSED)
    summary.count(PhotoColor("b", "u", "retry", None, "timeout"), Written.WRITTEN)
    assert summary.to_dict()["failed"] == {"refused_by_index": 1} and summary.to_dict()["retry"] == {"timeout": 1}
