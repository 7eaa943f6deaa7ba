"""Throughput of the API: several callers at a time, each over a connection of its own, for some seconds."""

import threading
import time
from collections.abc import Sequence
from itertools import cycle

from benchmarks.api_client import ApiClient, ApiFailed
from catalog.domain.filters import Filters


def measure_throughput(host: str, filters: Filters, ids: Sequence[str], callers: int, seconds: float) -> float:
    """Returns answers per second to `callers` who ask about `ids` without a pause; raises ApiFailed for an error.

    The callers share the cores with what they ask: on a small machine a remote crowd would get more.
    """
    counts, errors = [0] * callers, []
    start = threading.Barrier(callers + 1)
    ended = threading.Event()

    def ask(number: int) -> None:
        api = ApiClient(host, filters)
        first = number * len(ids) // callers
        mine = cycle([*ids[first:], *ids[:first]])
        start.wait()
        try:
            while not ended.is_set():
                api.ask(next(mine))
                counts[number] += 1
        except Exception as error:  # raised by the thread that waits: a lost one would look like low throughput
            errors.append(error)
            ended.set()
        finally:
            api.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    ended.wait(seconds)
    answers, seconds = sum(counts), time.perf_counter() - began
    ended.set()
    for thread in threads:
        thread.join()
    if errors:
        raise ApiFailed(f"one of {callers} callers at a time failed: {errors[0]}") from errors[0]
    return round(answers / seconds, 2)
