"""No photo costs more than 2 s of CPU and 200 MB, whatever it claims to be; ordinary ones keep their pixels."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from models.photos import PhotoError, Reason, decode
from models.photos.decoding import jpeg_header, png_header
from models.photos.decoding.limits import CPU_SECONDS, MAX_SCANS, MEMORY
from models.photos.decoding.process_pool import DecodingPool, decoding_pool
from tests.hostile_photos import HOSTILE, encoded, flat_png, scans_jpeg, segment, textured

PLAIN_TIMES = 30  # a plain JPEG of 16 MP takes about a tenth of CPU_SECONDS, and machines are not alike
OUTCOMES = {
    "jpeg of 1,000 scans": "too_costly",
    "jpeg of 64 scans": 4_000,
    "jpeg with crowded exif": 64,
    "png, 16-bit grey": 4_990,
    "png, 16-bit RGBA": 3_990,
    "png, 16-bit RGB, 25 MP": "too_costly",
    "png of 60,000 squared": "too_many_pixels",
    "gif of 65,535 squared": "too_many_pixels",
    "webp on a canvas of 16,383 squared": "too_many_pixels",
    "gif of 2,000 frames": 32,
    "webp of 300 frames": 64,
    "avif of 100 frames": 64,
}


Cost = Callable[[bytes], dict[str, Any]]


@pytest.fixture(scope="module")
def cost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cost]:
    """What decoding a photo costs, measured in a process of its own."""
    file = tmp_path_factory.mktemp("cost") / "photo"
    command = [sys.executable, "-W", "ignore", "-m", "tests.photo_cost"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        asked, answers = process.stdin, process.stdout

        def measure(content: bytes) -> dict[str, Any]:
            file.write_bytes(content)
            asked.write(f"{file}\n")
            asked.flush()
            return dict(json.loads(answers.readline()))

        yield measure


@pytest.fixture(scope="module")
def plain(cost: Cost) -> dict[str, Any]:
    """The cost of a plain JPEG of 16 MP on this machine."""
    return cost(encoded(textured(4_000, 4_000), "JPEG", quality=90))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc, and limited on Linux only")
@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_hostile_photo_costs(name: str, cost: Cost, plain: dict[str, Any]) -> None:
    photo = HOSTILE[name]()
    found = cost(photo)
    assert found["cpu"] < max(PLAIN_TIMES * plain["cpu"], CPU_SECONDS + 2 * found["start"])
    assert found["memory"] + len(photo) <= MEMORY
    assert found["apart"] <= MEMORY
    if name in OUTCOMES:
        assert found["outcome"][0] == OUTCOMES[name]


def test_a_plain_jpeg_has_more_pixels_than_anything_else() -> None:
    jpeg, progressive = (encoded(Image.new("RGB", (50, 40)), "JPEG", progressive=more) for more in (False, True))
    assert decode(jpeg, 2_000, 1_000).size == (50, 40)
    for other in (
        progressive,
        encoded(Image.new("RGB", (50, 40)), "PNG"),
        encoded(Image.new("RGB", (50, 40)), "GIF"),
    ):
        assert decode(other, 2_000, 2_000).size == (50, 40)
        with pytest.raises(PhotoError, match="50 x 40") as caught:
            decode(other, 2_000, 1_999)
        assert caught.value.reason == Reason.TOO_MANY_PIXELS


def test_scans_are_counted_not_their_look_alikes() -> None:
    assert decode(scans_jpeg(64, 64, MAX_SCANS)).size == (64, 64)
    with pytest.raises(PhotoError, match="64 scans"):
        decode(scans_jpeg(64, 64, MAX_SCANS + 1))
    thumbnail = segment(0xE1, b"Exif\0\0II*\0\10\0\0\0\0\0\0\0\0\0" + b"\xff\xda" * 500)
    assert decode(scans_jpeg(64, 64, 2, thumbnail)).size == (64, 64)
    assert decode(scans_jpeg(64, 64, 2) + b"\xff\xda\0\4\0\0" * 500).size == (64, 64), "behind the end, as of a film"


def test_scans_hidden_from_the_look_end_with_their_process() -> None:
    number_of_lines = segment(0xDC, b"\0\1")  # decoders skip it here, the look does not know it
    hidden = scans_jpeg(4_000, 4_000, 1_000, before=number_of_lines)
    assert jpeg_header.read_jpeg_header(hidden) is None
    with pytest.raises(PhotoError) as caught:
        decode(hidden)
    assert caught.value.reason == Reason.TOO_COSTLY
    assert decode(encoded(Image.new("RGB", (8, 8)), "GIF")).size == (8, 8), "the next photo has a new process"


def test_a_process_is_kept_for_the_next_photo() -> None:
    own = DecodingPool()
    try:
        for side in (8, 9):
            assert own.decode(encoded(Image.new("RGB", (side, side)), "WEBP"), 100).size == (side, side)
            with pytest.raises(PhotoError):
                own.decode(b"GIF89a", 100)
        assert len(own._idle) == 1
        (process,) = own._idle
    finally:
        own.close()
    assert process.returncode == 0, "it ends with its input"


def test_a_process_that_cannot_work_is_no_fault_of_the_photo() -> None:
    with pytest.raises(RuntimeError, match="status 3"):
        DecodingPool([sys.executable, "-c", "raise SystemExit(3)"]).decode(b"GIF89a", 100)


KINDS: dict[str, bytes] = {
    "plain": encoded(textured(300, 200), "JPEG"),
    "progressive": encoded(textured(300, 200), "JPEG", progressive=True),
    "4:4:4": encoded(textured(300, 200), "JPEG", subsampling=0),
    "grey": encoded(textured(300, 200, "L"), "JPEG"),
    "cmyk": encoded(textured(300, 200, "CMYK"), "JPEG"),
    "cmyk progressive": encoded(textured(300, 200, "CMYK"), "JPEG", progressive=True),
    "png": encoded(textured(300, 200), "PNG"),
    "png rgba": encoded(textured(300, 200, "RGBA"), "PNG"),
    "png la": encoded(textured(300, 200, "LA"), "PNG"),
    "png palette": encoded(textured(300, 200).quantize(64), "PNG", transparency=3),
    "png alphas": encoded(textured(300, 200).quantize(64), "PNG", transparency=bytes(range(0, 256, 4))),
    "png bilevel": encoded(textured(300, 200, "L").convert("1"), "PNG"),
    "png 16": encoded(Image.fromarray(np.arange(60_000, dtype=np.uint16).reshape(200, 300)), "PNG"),
    "png rgb transparent": encoded(textured(300, 200), "PNG", transparency=(0, 40, 80)),
    "png deep rgba": flat_png(300, 200, 16, 6),
    "gif": encoded(textured(300, 200), "GIF"),
    "webp": encoded(textured(300, 200), "WEBP"),
    "webp rgba": encoded(textured(300, 200, "RGBA"), "WEBP", lossless=True),
    "avif": encoded(textured(300, 200), "AVIF"),
    "avif rgba": encoded(textured(300, 200, "RGBA"), "AVIF"),
}


def as_before(content: bytes, turn: int = 1) -> Image.Image:
    """The pixels that the index was filled with, by Pillow's own functions on the whole picture."""
    with Image.open(BytesIO(content)) as image:
        image.getexif()[0x0112] = turn
        upright = ImageOps.exif_transpose(image)
        if upright.mode == "I;16":
            upright = Image.fromarray((np.asarray(upright).astype(np.int64) // 257).astype(np.uint8))
        if upright.has_transparency_data:
            layer = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", layer.size, (255, 255, 255, 255)), layer)
        return upright.convert("RGB")


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_are_those_the_index_was_filled_with(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.photos.decoding.pixels.BAND", 7_000)  # several bands in a small picture
    assert np.array_equal(np.asarray(decode(KINDS[kind])), np.asarray(as_before(KINDS[kind])))


@pytest.mark.parametrize("turn", range(1, 9))
def test_turned_pixels_too(turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    for kind in ("JPEG", "WEBP"):
        content = encoded(textured(300, 200), kind, exif=exif)
        assert np.array_equal(np.asarray(decode(content)), np.asarray(as_before(content, turn)))


@pytest.mark.parametrize("kind", [name for name in KINDS if name.startswith(("png", "plain", "grey", "4:4:4"))])
def test_ordinary_photos_need_no_process_of_their_own(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding_pool, "decode", lambda *_: pytest.fail("decoded apart"))
    assert decode(KINDS[kind]).size == (300, 200)


def test_what_looking_knows_is_what_is_there() -> None:
    found = jpeg_header.read_jpeg_header(KINDS["plain"])
    assert found is not None and (found.width, found.height, found.plain) == (300, 200, True)
    found = jpeg_header.read_jpeg_header(KINDS["cmyk progressive"])
    assert found is not None and (found.plain, found.pixel_bytes) == (False, 12)
    found = png_header.read_png_header(flat_png(30, 20, 16, 6))
    assert found is not None and (found.raw, found.pixel_bytes) == (30 * 20 * 8, 8)
    assert png_header.read_png_header(flat_png(30, 20, extra=segment(0xE0, b""))) is None
