"""Orders rows by their ids, so that what is made of them does not depend on their order in the feed."""

import re

_NUMBER = re.compile(r"([0-9]+)")

OrderKey = tuple[list[str | int], str]


def build_order_key(row_id: str) -> OrderKey:
    """Returns a key that sorts ids, the numbers in them as numbers: `9` before `10`, `a9` before `a10`."""
    parts = _NUMBER.split(row_id)  # texts and numbers by turns, a text first
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], row_id
