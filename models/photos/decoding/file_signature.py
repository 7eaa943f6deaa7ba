"""Recognizes a file's format by its first bytes."""

SIGNATURES = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF87a", "GIF"), (b"GIF89a", "GIF"))
HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")
AVIF_BRANDS = (b"avif", b"avis", b"mif1", b"msf1")
OTHER_SIGNATURES = {
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"8BPS": "PSD",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"%PDF": "PDF",
    b"\0\0\x01\0": "ICO",
}


def recognize(data: bytes) -> str | None:
    """Returns Pillow's name of the format of `data` where it is one that we decode."""
    for signature, name in SIGNATURES:
        if data.startswith(signature):
            return name
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    # The general brands may hold either; which one it is, is said by a brand further on.
    if data[4:8] == b"ftyp" and data[8:12] in AVIF_BRANDS and b"avif" in data[8:64]:
        return "AVIF"
    return "AVIF" if data[4:12] == b"ftypavis" else None


def name_other(head: bytes) -> str | None:
    """Returns the name of a format that we do not decode, by the first 512 bytes of a file."""
    if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS:
        return "HEIC"
    for signature, name in OTHER_SIGNATURES.items():
        if head.startswith(signature):
            return name
    return "SVG" if b"<svg" in head.lower() else None
