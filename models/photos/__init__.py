"""Fetches and decodes photos safely, from an address to pixels; failures are data."""

from models.photos.decoding.decode import decode
from models.photos.errors import BlockedAddress, PhotoError, Reason
from models.photos.fetching.fetcher import EncodedPhoto, Fetcher
from models.photos.settings import PhotoSettings

__all__ = ["BlockedAddress", "EncodedPhoto", "Fetcher", "PhotoError", "PhotoSettings", "Reason", "decode"]
