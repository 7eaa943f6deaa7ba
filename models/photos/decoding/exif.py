"""Whether EXIF can be read cheaply: its entries may all point at the same bytes, and Pillow copies them for each."""

import struct

UNITS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}  # bytes by type
MOST = 512  # entries; a camera writes about 20, and Pillow warns of each that is damaged
LARGEST = 1 << 20  # bytes that all entries of the first directory may hold; those of a JPEG's segment are 64 KiB


def is_small(exif: bytes) -> bool:
    """Whether `exif` (a TIFF header and what follows) lists at most 512 entries, of at most 1 MiB together."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return False
    try:
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, at)
        if entries > MOST:
            return False
        sizes = 0
        for number in range(entries):
            _, kind, count = struct.unpack_from(f"{order}HHI", exif, at + 2 + 12 * number)
            sizes += count * UNITS.get(kind, 8)
    except struct.error:
        return False
    return sizes <= LARGEST
