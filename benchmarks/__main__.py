"""`python -m benchmarks COMMAND`: every measurement as a command."""

import typer

from visual_search.lazy import LazyEntry, build_group

MEASUREMENTS = {
    "api": LazyEntry(
        "benchmarks.api.__main__:app",
        "The API beside a bare client, 10 k and 100 k vectors.",
        ("visual-search benchmark api --quick",),
    ),
    "query": LazyEntry(
        "benchmarks.query.__main__:app",
        "Speed, recall and planner quality on big catalogues.",
        ("visual-search benchmark query run --quick",),
    ),
    "updates": LazyEntry(
        "benchmarks.updates.__main__:app",
        "Price updates per second on every type of vector index.",
        ("visual-search benchmark updates --quick",),
    ),
    "embedding": LazyEntry(
        "benchmarks.embedding:app",
        "Embedding one photo beside bare ONNX Runtime.",
        ("visual-search benchmark embedding",),
    ),
    "calibrate": LazyEntry(
        "benchmarks.calibrate.__main__:app",
        "The planner's prices on this Elasticsearch.",
        ("visual-search benchmark calibrate --quick",),
    ),
    "rivals": LazyEntry(
        "benchmarks.rivals.__main__:app",
        "The API beside annoy, hnswlib, faiss and pgvector.",
        ("visual-search benchmark rivals --quick",),
    ),
    "mutants": LazyEntry(
        "benchmarks.mutants:app",
        "Small changes of the code, and how many of them the tests notice.",
        ("visual-search benchmark mutants --area gate",),
    ),
    "house": LazyEntry(
        "benchmarks.house.__main__:app",
        "The code itself: sizes, names, docstrings, what one request crosses.",
        ("visual-search benchmark house",),
    ),
}

app = typer.Typer(cls=build_group(MEASUREMENTS), no_args_is_help=True, add_completion=False)


@app.callback()
def run() -> None:
    """Measurements that repeat; each prints a table."""


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
