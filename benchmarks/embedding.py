"""Measures what our embedder adds to bare ONNX Runtime at batch 1: `python -m benchmarks.embedding`.

Bare is `InferenceSession.run` on ready pixels, ours `OnnxEmbedder.embed` on the same ones; both are asked in turns,
and a ratio is the median over rounds of the ratio of their medians. *Photo* begins with a decoded picture, *JPEG*
with the bytes of a photo of 600 x 800.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.command_line import RESULTS, ROOT
from benchmarks.results import write_results
from benchmarks.timing import time_call
from models.bundles.registry import find_bundle, list_bundles
from models.photos import decode
from models.runtime.canonical_vectors import draw_pictures
from models.runtime.onnx_embedder import OnnxEmbedder, open_session
from models.settings import ModelSettings

GOAL_RATIO = 1.1
GOAL_MS = 15.0  # the shipped model, a photo, two cores
COLUMNS = ("model", "threads", "bare ms", "ours ms", "ours / bare", "photo ms", "JPEG ms")
SIZE = (600, 800)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True, slots=True)
class EmbeddingFigures:
    """Medians in milliseconds; `ratio` is ours to bare."""

    model: str
    threads: int
    bare: float
    ours: float
    ratio: float
    photo: float
    jpeg: float

    def to_cells(self) -> tuple[str, ...]:
        times = (f"{self.bare:.3f}", f"{self.ours:.3f}", f"{self.ratio:.3f}", f"{self.photo:.2f}", f"{self.jpeg:.2f}")
        return (self.model, str(self.threads), *times)


def measure(name: str, threads: int, rounds: int, calls: int) -> EmbeddingFigures:
    """Measures one model at `threads`; raises what `find_bundle` raises."""
    bundle = find_bundle(name, ModelSettings.load())
    ours, bare = OnnxEmbedder(bundle, threads), open_session(bundle.read(), threads)
    picture = draw_pictures()[0].resize(SIZE)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    data, pixels = file.getvalue(), ours.preprocess(picture)[None]
    given, wanted = {bundle.manifest.inputs[0].name: pixels}, [bundle.manifest.outputs[0].name]
    same = float(np.abs(ours.embed(pixels) - _normalise(bare.run(wanted, given)[0])).max())
    if not same < 1e-5:
        raise RuntimeError(f"{name}: ours and bare differ by {same}")
    works: dict[str, Callable[[], object]] = {
        "bare": lambda: bare.run(wanted, given),
        "ours": lambda: ours.embed(pixels),
        "photo": lambda: ours.embed_images([picture]),
        "jpeg": lambda: ours.embed_images([decode(data)]),
    }
    medians = {work: [0.0] * rounds for work in works}
    for number in range(rounds):
        for work, times in _time_works(works, calls).items():
            medians[work][number] = median(times)
    ratio = median(mine / other for mine, other in zip(medians["ours"], medians["bare"], strict=True))
    found = {work: median(values) for work, values in medians.items()}
    return EmbeddingFigures(bundle.space.name, threads, ratio=ratio, **found)


def _time_works(works: dict[str, Callable[[], object]], calls: int) -> dict[str, list[float]]:
    """Returns milliseconds of each work, one call of each in turns."""
    times: dict[str, list[float]] = {work: [] for work in works}
    for _ in range(calls):
        for work, call in works.items():
            times[work].append(time_call(call)[1])
    return times


def _normalise(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def write_page(lines: list[EmbeddingFigures], command: str) -> str:
    """Writes the run as Markdown."""
    table = [
        f"| {' | '.join(cells)} |" for cells in (COLUMNS, ("---",) * len(COLUMNS), *(one.to_cells() for one in lines))
    ]
    head = [
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {machine.read_commit(ROOT)}",
        machine.describe_host("onnxruntime", "numpy", "pillow"),
    ]
    goal = f"Goals: ours at most {GOAL_RATIO} x bare; the shipped model under {GOAL_MS:.0f} ms a photo on two cores."
    what = (__doc__ or "").split("\n\n", 1)[1].strip()
    return "\n\n".join(["# Embedding one photo", *head, what, "\n".join(table), goal]) + "\n"


@app.command()
def main(
    models: Annotated[list[str] | None, typer.Argument(help="which; all in BUNDLES where none is named")] = None,
    threads: Annotated[str, typer.Option(help="threads per run, comma-separated")] = "1,2",
    rounds: Annotated[int, typer.Option(min=1)] = 9,
    calls: Annotated[int, typer.Option(min=1, help="calls of each in a round")] = 40,
    keep: Annotated[Path, typer.Option(help="folder for embedding.json and embedding.md")] = RESULTS,
) -> None:
    """Compare our embedder with bare ONNX Runtime."""
    names = models or sorted({one.name for one in list_bundles(ModelSettings.load())})
    lines = [measure(name, int(count), rounds, calls) for name in names for count in threads.split(",")]
    command = " ".join(
        ["python -m benchmarks.embedding", *names, f"--threads {threads} --rounds {rounds} --calls {calls}"]
    )
    text = write_page(lines, command)
    write_results(keep, "embedding", lines, text)
    print(text)


if __name__ == "__main__":
    app()
