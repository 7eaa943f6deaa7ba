"""Traces one request for similar products through the API over a catalogue in memory."""

import sys
from dataclasses import dataclass
from types import FrameType
from typing import Any

from benchmarks.command_line import ROOT


@dataclass(frozen=True, slots=True)
class RequestTrace:
    """Counts calls from file to file, the borders between two files that they cross, and functions entered."""

    calls: int
    borders: int
    functions: int


def trace_similar_request() -> RequestTrace:
    """Returns what one `similar` request crosses once connections, caches and imports are there."""
    from tests.unit.app_shop import client_of, shop

    client = client_of(shop())
    address = "/v1/products/p-1/similar?size=M"
    client.get(address)
    calls, borders, entered = 0, set[tuple[str, str]](), set[Any]()

    def watch(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        if event != "call" or not _is_ours(frame.f_code.co_filename):
            return
        entered.add(frame.f_code)
        caller = frame.f_back
        if caller is not None and caller.f_code.co_filename != frame.f_code.co_filename:
            calls += 1
            borders.add((caller.f_code.co_filename, frame.f_code.co_filename))

    sys.setprofile(watch)
    try:
        client.get(address)
    finally:
        sys.setprofile(None)
    return RequestTrace(calls, len(borders), len(entered))


def _is_ours(filename: str) -> bool:
    return filename.startswith(str(ROOT)) and not filename.startswith((str(ROOT / "tests"), str(ROOT / ".venv")))
