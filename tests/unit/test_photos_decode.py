"""Decoding: every kind of photo becomes upright RGB, every broken one an error with a reason."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.photos import PhotoError, Reason, decode
from tests.image_server import photo


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixel(image: Image.Image, at: tuple[int, int] = (0, 0)) -> tuple[int, ...]:
    value = image.getpixel(at)
    assert isinstance(value, tuple)
    return value


def reason(data: bytes) -> Reason:
    with pytest.raises(PhotoError) as caught:
        decode(data)
    assert caught.value.permanent
    return caught.value.reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_the_five_formats(kind: str) -> None:
    image = decode(photo(size=(40, 60), kind=kind))
    assert (image.mode, image.size) == ("RGB", (40, 60))
    assert np.abs(np.array(pixel(image, (39, 59))) - (200, 30, 30)).max() < 12
    assert not image.info and not image.getexif()


@pytest.mark.parametrize(
    ("orientation", "corner"), [(1, (0, 0)), (2, (1, 0)), (3, (1, 1)), (4, (0, 1)), (6, (1, 0)), (8, (0, 1))]
)
def test_exif_orientation_is_applied(orientation: int, corner: tuple[int, int]) -> None:
    image = Image.new("RGB", (64, 32), "white")
    image.paste((255, 0, 0), (0, 0, 16, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = decode(encoded(image, "JPEG", exif=exif, quality=95, subsampling=0))
    assert upright.size == ((32, 64) if orientation > 4 else (64, 32))
    at = (corner[0] * (upright.width - 1), corner[1] * (upright.height - 1))
    red, green, _ = pixel(upright, at)
    assert red > 200 and green < 60
    assert 0x0112 not in upright.getexif()


def test_cmyk_and_gray_and_bilevel() -> None:
    assert pixel(decode(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")))[0] > 200
    assert pixel(decode(encoded(Image.new("L", (8, 8), 77), "PNG"))) == (77, 77, 77)
    assert pixel(decode(encoded(Image.new("1", (8, 8), 1), "PNG"))) == (255, 255, 255)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    wide = Image.fromarray(np.full((4, 4), 32_896, dtype=np.uint16))
    assert pixel(decode(encoded(wide, "PNG"))) == (128, 128, 128)


def test_transparency_is_laid_on_white() -> None:
    half = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    half.putpixel((1, 1), (255, 0, 0, 255))
    image = decode(encoded(half, "PNG"))
    assert (pixel(image), pixel(image, (1, 1))) == ((255, 255, 255), (255, 0, 0))
    assert pixel(decode(encoded(Image.new("LA", (4, 4), (0, 0)), "PNG"))) == (255, 255, 255)
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([0, 0, 0, 0, 255, 0])
    palette.putpixel((1, 1), 1)
    image = decode(encoded(palette, "PNG", transparency=0))
    assert (pixel(image), pixel(image, (1, 1))) == ((255, 255, 255), (0, 255, 0))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_its_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "blue", "green")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    red, _, blue = pixel(decode(data))
    assert red > 200 and blue < 40


def test_a_multi_picture_jpeg_of_a_phone() -> None:
    frames = [Image.new("RGB", (32, 24), color) for color in ("red", "blue")]
    assert pixel(decode(encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])))[0] > 200


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises width x height pixels and whose body holds none."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [5_001, 10_000, 20_000, 60_000])
def test_bombs_are_refused_by_their_header(side: int) -> None:
    assert reason(bomb(side, side)) == Reason.TOO_MANY_PIXELS


def test_the_limit_itself_passes() -> None:
    assert decode(photo(size=(50, 40)), max_pixels=2_000).size == (50, 40)
    with pytest.raises(PhotoError, match="50 x 40"):
        decode(photo(size=(50, 40)), max_pixels=1_999)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_half_a_photo_is_truncated(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (80, 80, 3), dtype=np.uint8))
    data = encoded(noise, kind)
    assert reason(data[: len(data) // 2]) in (Reason.TRUNCATED, Reason.NOT_AN_IMAGE)
    assert reason(data[:14]) in (Reason.TRUNCATED, Reason.NOT_AN_IMAGE)


def test_half_a_jpeg_says_truncated() -> None:
    assert reason(photo()[: len(photo()) // 2]) == Reason.TRUNCATED
    assert reason(photo()[:20]) == Reason.TRUNCATED


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Reason.NOT_AN_IMAGE),
        (b"\n <!DOCTYPE HTML><html>", Reason.NOT_AN_IMAGE),
        (b"hello", Reason.NOT_AN_IMAGE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.UNSUPPORTED),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Reason.UNSUPPORTED),
        (b"%PDF-1.7", Reason.UNSUPPORTED),
    ],
)
def test_what_is_no_photo_of_ours(data: bytes, expected: Reason) -> None:
    assert reason(data) == expected


@pytest.mark.parametrize("kind", ["BMP", "TIFF"])
def test_other_picture_formats_are_unsupported(kind: str) -> None:
    assert reason(photo(kind=kind)) == Reason.UNSUPPORTED


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "AVIF"]),
    flips=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=12),
    length=st.integers(0, 4000),
)
def test_damage_never_gets_past_as_another_error(kind: str, flips: list[tuple[int, int]], length: int) -> None:
    data = bytearray(photo(size=(33, 21), kind=kind))
    for at, value in flips:
        data[at % len(data)] = value
    try:
        assert decode(bytes(data[: max(1, length)])).mode == "RGB"
    except PhotoError as error:
        assert error.permanent
