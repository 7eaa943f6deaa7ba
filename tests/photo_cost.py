"""What decoding one photo costs, told by a process of its own: `python -m tests.photo_cost` reads names of files.

It answers each with a line of JSON, from a fork of itself: what every process has to load is loaded once.

`cpu` in seconds and `memory` in bytes beyond what the process took before, those of the decoding process included;
`start` is the CPU that a decoding process takes to come up.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image

from models.photos import PhotoError, decode
from models.photos.decoding.process_pool import decoding_pool
from tests.hostile_photos import encoded


def peak() -> int:
    """The most memory this process ever held, in bytes; ru_maxrss would be the parent's where it was larger."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def children() -> tuple[float, int]:
    """CPU seconds and most memory in bytes of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def cost_of(file: Path) -> dict[str, Any]:
    """What decoding `file` costs, and its size or why it was refused."""
    decoding_pool.decode(encoded(Image.new("RGB", (8, 8)), "GIF"), 64)
    decoding_pool.close()
    start, base = children()
    data = file.read_bytes()
    before, began = peak(), time.process_time()
    try:
        outcome: list[str | int] = [*decode(data).size]
    except PhotoError as error:
        outcome = [str(error.reason)]
    cpu, memory = time.process_time() - began, peak() - before
    decoding_pool.close()
    apart, most = children()
    return {
        "outcome": outcome,
        "cpu": cpu + max(0.0, apart - start),
        "start": start,
        "memory": memory,
        "apart": most - base,
    }


def answer_in_fork(file: Path) -> None:
    """Writes the cost of `file` as a line; what a process holds at most counts from its fork."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        sys.stdout.write(json.dumps(cost_of(file)) + "\n")
        sys.stdout.flush()
        os._exit(0)
    if status := os.waitpid(child, 0)[1]:
        raise SystemExit(f"{file}: status {status}")


if __name__ == "__main__":
    decode(encoded(Image.new("RGB", (8, 8)), "JPEG"))  # what is loaded once is no photo's cost
    for line in sys.stdin:
        answer_in_fork(Path(line.rstrip("\n")))
