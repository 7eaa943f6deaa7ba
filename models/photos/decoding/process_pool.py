"""Decodes photos in processes whose time and memory are limited: for those whose cost no header gives.

WebP, GIF and AVIF are decoded there, and JPEG or PNG with something out of the ordinary. A process is started when a
photo needs one, serves one photo at a time and is kept for the next; one that is ended over a photo is replaced.
"""

import atexit
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from PIL import Image

from models.photos.decoding.limits import CPU_SECONDS, WALL_SECONDS
from models.photos.decoding.pixels import split_bands
from models.photos.errors import PhotoError, Reason

KEPT = 8  # idle processes; each holds about 40 MB
ROOT = Path(__file__).resolve().parents[3]
COMMAND = (sys.executable, "-W", "ignore::UserWarning", "-m", "models.photos.decoding.decoding_process")
REQUEST = struct.Struct(">QQ")  # bytes that follow, pixels allowed


class DecodingPool:
    """Keeps idle processes; `decode` may be called by many threads, each has a process to itself meanwhile."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._idle: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def decode(self, data: bytes, max_pixels: int) -> Image.Image:
        """Decodes as `decode_here`; raises PhotoError (too_costly, not_an_image) too where a photo ends the process.

        Raises RuntimeError where the process cannot work here at all.
        """
        process = self._take()
        timer = threading.Timer(WALL_SECONDS, process.kill)
        timer.daemon = True
        timer.start()
        try:
            found = _exchange(process, data, max_pixels)
        except (OSError, EOFError) as error:
            process.kill()
            raise _end_error(process) from error
        except BaseException:
            process.kill()  # what it still says would be taken for the next photo
            raise
        finally:
            timer.cancel()
            self._give_back(process)
        if isinstance(found, PhotoError):
            raise found
        return found

    def close(self) -> None:
        """Ends the idle processes."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            _end_process(process)

    def forget(self) -> None:
        """Leaves the processes to the parent that this process was forked from."""
        self._idle, self._lock = [], threading.Lock()

    def _take(self) -> subprocess.Popen[bytes]:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.poll() is None:
                    return process
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)

    def _give_back(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            if process.returncode is None and process.poll() is None and len(self._idle) < KEPT:
                self._idle.append(process)
                return
        _end_process(process)


def _exchange(process: subprocess.Popen[bytes], data: bytes, max_pixels: int) -> Image.Image | PhotoError:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(REQUEST.pack(len(data), max_pixels))
    process.stdin.write(data)
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise EOFError
    answer = json.loads(line)
    if "reason" in answer:
        return PhotoError(Reason(answer["reason"]), answer["message"])
    image = Image.new("RGB", (answer["width"], answer["height"]))
    for top, bottom in split_bands(*image.size):
        rows = (image.width, bottom - top)
        image.paste(Image.frombuffer("RGB", rows, _read(process.stdout, 3 * rows[0] * rows[1])), (0, top))
    return image


def _read(pipe: IO[bytes], size: int) -> bytes:
    content = pipe.read(size)
    if len(content) < size:
        raise EOFError
    return content


def _end_error(process: subprocess.Popen[bytes]) -> Exception:
    """Returns why a process ended over a photo."""
    code = process.wait()
    if code in (-signal.SIGPROF, -signal.SIGKILL):
        return PhotoError(
            Reason.TOO_COSTLY,
            f"decoding takes more than {CPU_SECONDS:g} s of CPU: save the photo smaller or as a plain JPEG",
        )
    if code < 0:
        return PhotoError(Reason.NOT_AN_IMAGE, f"the photo is damaged: its decoder ended by signal {-code}")
    return RuntimeError(f"the decoding process does not work here: it ended with status {code}, see its error output")


def _end_process(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # it was gone before it had read everything
                pipe.close()  # at the end of its input it ends
    process.wait()


decoding_pool = DecodingPool()
atexit.register(decoding_pool.close)
os.register_at_fork(after_in_child=decoding_pool.forget)
