"""Reads a JPEG's header: size, kind, and the number of its scans, from its markers alone."""

import re
import struct
from collections.abc import Iterator

from models.photos.decoding.header import RGB_BYTES, PhotoHeader
from models.photos.decoding.limits import MAX_SCANS
from models.photos.errors import PhotoError, Reason

SOF = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive; all with Huffman codes
SOS, APP1, APP13 = 0xDA, 0xE1, 0xED
TABLES = (0xC4, 0xDB, 0xDD)
METADATA = (*range(0xE0, 0xF0), 0xFE)
KNOWN = frozenset((*SOF, SOS, *TABLES, *METADATA))
MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")  # what ends the data of a scan: no stuffed 0, no restart
FILL = b"\xff" * 1_024  # libjpeg starts such a run anew with every piece of the file it is given
MAX_SEGMENTS = 1_000  # ordinary files have a few dozen
MAX_TABLE = 4_096  # bytes of a segment of tables; all there can be take about 2,200
MAX_RESOURCES = 1 << 20  # bytes of Photoshop's resources, which Pillow takes apart one by one
# Bytes of an EXIF value by type; entries may all point at the same bytes, which Pillow copies for each.
EXIF_UNITS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
MAX_EXIF_ENTRIES = 512  # a camera writes about 20, and Pillow warns of each that is damaged
MAX_EXIF_BYTES = 1 << 20  # that all entries of the first directory may hold; those of a JPEG's segment are 64 KiB

Segment = tuple[int, bytes]


class _UnusualJpeg(Exception):
    """Raised for what ordinary JPEGs do not have."""


def read_jpeg_header(data: bytes) -> PhotoHeader | None:
    """Returns the header of the JPEG in `data`, None where it is out of the ordinary.

    Raises PhotoError (too_costly) for more than 64 scans.
    """
    if FILL in data:
        return None
    before: list[Segment] = []
    scans: list[bytes] = []
    try:
        for code, body in _iterate_segments(data):
            if code == SOS:
                scans.append(body)
            elif not scans:
                before.append((code, body))
            elif code in SOF:
                raise _UnusualJpeg
            if len(scans) > MAX_SCANS:
                raise PhotoError(
                    Reason.TOO_COSTLY, f"the JPEG has more than {MAX_SCANS} scans: save it anew, as a plain JPEG"
                )
        return _build_header(before, scans)
    except _UnusualJpeg:
        return None


def _iterate_segments(data: bytes) -> Iterator[Segment]:
    """Yields code and content of every segment to the end of the picture, without the data of the scans."""
    at, scanning, count = 2, False, 0
    while True:
        if scanning:  # what follows is data, or the tables of the next scan
            found = MARKER.search(data, at)
            at = found.start() if found else len(data)
        if data[at : at + 2] == b"\xff\xd9":
            return
        if at + 4 > len(data):
            raise _UnusualJpeg  # without an end Pillow would read what follows again and again
        code, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        count += 1
        if data[at] != 0xFF or code not in KNOWN or length < 2 or count > MAX_SEGMENTS:
            raise _UnusualJpeg
        yield code, data[at + 4 : at + 2 + length]
        scanning = scanning or code == SOS
        at += 2 + length


def _build_header(before: list[Segment], scans: list[bytes]) -> PhotoHeader | None:
    frames = [(code, body) for code, body in before if code in SOF]
    if len(frames) != 1 or not scans or not scans[0] or not _has_small_metadata(before):
        return None
    ((code, frame),) = frames
    if len(frame) < 6 or frame[0] != 8 or frame[5] not in (1, 3, 4) or len(frame) != 6 + 3 * frame[5]:
        return None
    count = frame[5]
    factors = [(byte >> 4, byte & 15) for byte in frame[7::3]]
    if not all(1 <= across <= 4 and 1 <= down <= 4 for across, down in factors):
        return None
    width, height = int.from_bytes(frame[3:5]), int.from_bytes(frame[1:3])
    whole = code != 0xC2 and scans[0][0] == count  # each row of blocks is finished as it is read
    pixel = 1 if count == 1 else RGB_BYTES
    cell = max(across for across, _ in factors) * max(down for _, down in factors)
    kept = 0.0 if whole else 2 * sum(across * down for across, down in factors) / cell  # coefficients
    converted = 0 if count == 3 else RGB_BYTES
    return PhotoHeader(width, height, whole and count < 4, pixel + max(kept, converted))


def _has_small_metadata(before: list[Segment]) -> bool:
    """Says that reading tables and metadata takes next to no time and memory."""
    exif = [body for code, body in before if code == APP1 and body.startswith(b"Exif\0\0")]
    resources = sum(len(body) for code, body in before if code == APP13)
    tables = all(len(body) <= MAX_TABLE for code, body in before if code not in METADATA)
    return tables and resources <= MAX_RESOURCES and len(exif) < 2 and all(_has_small_exif(one[6:]) for one in exif)


def _has_small_exif(exif: bytes) -> bool:
    """Says that `exif` (a TIFF header and more) lists at most 512 entries, of at most 1 MiB together."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return False
    try:
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, at)
        if entries > MAX_EXIF_ENTRIES:
            return False
        sizes = 0
        for number in range(entries):
            _, kind, count = struct.unpack_from(f"{order}HHI", exif, at + 2 + 12 * number)
            sizes += count * EXIF_UNITS.get(kind, 8)
    except struct.error:
        return False
    return sizes <= MAX_EXIF_BYTES
