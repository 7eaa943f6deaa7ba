"""Runs as a child process that decodes one photo after the other for `process_pool.py`, within kernel limits.

Reads the length of a photo, the pixels allowed and the photo; writes a line of JSON, `{width, height}` and the pixels
in bands of rows or `{reason, message}`. Ends with its input. Past CPU_SECONDS over one photo SIGPROF ends it; more
memory than a photo may take is refused by malloc, which is an error of that photo.
"""

import json
import resource
import signal
import sys
from pathlib import Path
from typing import IO

from PIL import AvifImagePlugin, Image

from models.photos.decoding.decode import decode_here
from models.photos.decoding.limits import CPU_SECONDS, PROCESS_MEMORY
from models.photos.decoding.pixels import split_bands
from models.photos.decoding.process_pool import REQUEST
from models.photos.errors import PhotoError

STATUS = Path("/proc/self/status")


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """Decodes every photo of `source` and writes each answer into `sink`."""
    while len(request := source.read(REQUEST.size)) == REQUEST.size:
        length, max_pixels = REQUEST.unpack(request)
        data = source.read(length)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        _write_answer(data, max_pixels, sink)
        signal.setitimer(signal.ITIMER_PROF, 0)
        sink.flush()


def _write_answer(data: bytes, max_pixels: int, sink: IO[bytes]) -> None:
    try:
        image = decode_here(data, max_pixels)
    except PhotoError as error:
        _write_json(sink, {"reason": str(error.reason), "message": error.message})
        return
    _write_json(sink, {"width": image.width, "height": image.height})
    for top, bottom in split_bands(*image.size):
        sink.write(image.crop((0, top, image.width, bottom)).tobytes())


def _write_json(sink: IO[bytes], answer: dict[str, str | int] | dict[str, str] | dict[str, int]) -> None:
    sink.write(json.dumps(answer).encode() + b"\n")


def limit_memory() -> None:
    """Allows the memory in use and PROCESS_MEMORY more; macOS cannot limit this, there only time is limited."""
    if STATUS.exists():
        used = next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith("VmData:"))
        allowed = used * 1024 + PROCESS_MEMORY
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))


def main() -> None:
    """Serves standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who stops us by the keyboard closes our input too
    Image.init()  # all formats, before memory is counted
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    limit_memory()
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
