"""From the address of a photo to its pixels: fetched safely, decoded safely; failures are data."""

from models.photos.decoding.decode import decode
from models.photos.errors import BlockedAddress, PhotoError, Reason
from models.photos.fetching.fetch import EncodedPhoto, Fetcher
from models.photos.settings import PhotoSettings

__all__ = ["BlockedAddress", "EncodedPhoto", "Fetcher", "PhotoError", "PhotoSettings", "Reason", "decode"]
