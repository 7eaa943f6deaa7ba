"""Results of price updates: updates.json and updates.md."""

from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.results import RunDescription, format_table, write_results

COLUMNS = (
    "vector index", "load s", "price updates / s", "with merges / s", "unchanged rows / s", "indexing s",
    "refresh s", "merge s", "flush s", "updates / s while asked",
    "query p50 / p95 ms, idle", "query p50 / p95 ms, meanwhile", "disk MB",
)  # fmt: skip
GOAL = 1000  # price updates a second that the quantised flat types shall take


@dataclass(frozen=True, slots=True)
class UpdateEffort:
    """How many prices change per import, how many questions are asked in peace."""

    updates: int = 50_000
    questions: int = 200


@dataclass(frozen=True, slots=True)
class ServerTimes:
    """Seconds in Elasticsearch, of all its threads, by its own count; megabytes on disk."""

    indexing: float
    refresh: float
    merge: float
    flush: float
    disk_mb: float

    def __sub__(self, earlier: "ServerTimes") -> "ServerTimes":
        """Returns the seconds since `earlier`; the disk is as it is now."""
        return ServerTimes(
            round(self.indexing - earlier.indexing, 2),
            round(self.refresh - earlier.refresh, 2),
            round(self.merge - earlier.merge, 2),
            round(self.flush - earlier.flush, 2),
            round(self.disk_mb, 1),
        )


@dataclass(frozen=True, slots=True)
class UpdateFigures:
    """One index type; `settled_per_second` counts the time until nothing merges any more, too.

    `idle` and `during` are p50 and p95 in ms of questions in peace and during an import.
    """

    kind: str
    load_seconds: float
    per_second: int
    settled_per_second: int
    unchanged_per_second: int
    spent: ServerTimes
    per_second_asked: int
    idle: tuple[float, float] | None
    during: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class UpdateRun(RunDescription):
    """All index types on one catalogue."""

    products: int
    dims: int
    effort: UpdateEffort
    lines: list[UpdateFigures]

    @property
    def verdict(self) -> str:
        """Judges the claim that quantised flat types take thousands of updates a second and graphs do not."""
        rates = {line.kind: line.settled_per_second for line in self.lines}
        flat = {kind: rate for kind, rate in rates.items() if kind in ("int8_flat", "bbq_flat")}
        graphs = {kind: rate for kind, rate in rates.items() if kind.endswith("hnsw")}
        if not flat or not graphs:
            return "The claim needs quantised flat types and graphs in one run."
        slowest, fastest = min(flat.values()), max(graphs.values())
        first = "take" if slowest >= GOAL else "do not take"
        second = "do not" if fastest < GOAL else "take them as well, at least at this size"
        return (
            f"Merges counted, quantised flat types {first} 1,000 price updates a second ({_list_rates(flat)}); "
            f"graphs {second} ({_list_rates(graphs)}): {slowest / fastest:.1f} times between the slowest of these "
            "and the fastest of those."
        )


def _list_rates(rates: dict[str, int]) -> str:
    return ", ".join(f"{kind} {rate:,}" for kind, rate in rates.items())


def to_cells(line: UpdateFigures) -> list[str]:
    """Returns a line as text."""
    spent = line.spent
    return [
        line.kind,
        f"{line.load_seconds:.0f}",
        f"{line.per_second:,}",
        f"{line.settled_per_second:,}",
        f"{line.unchanged_per_second:,}",
        *(f"{seconds:.1f}" for seconds in (spent.indexing, spent.refresh, spent.merge, spent.flush)),
        f"{line.per_second_asked:,}" if line.during else "–",
        _format_pair(line.idle),
        _format_pair(line.during),
        f"{spent.disk_mb:.0f}",
    ]


def _format_pair(found: tuple[float, float] | None) -> str:
    return f"{found[0]:.0f} / {found[1]:.0f}" if found else "–"


def write_page(run: UpdateRun) -> str:
    """Writes the run as Markdown."""
    size = f"{run.products:,} products × {run.dims} dimensions".replace(",", " ")
    updates = f"{run.effort.updates:,}".replace(",", " ")
    lines = [
        f"# Price updates per second, {size}",
        "",
        run.title,
        "",
        run.machine,
        "",
        f"{updates} products, evenly spread, get a new price by the importer in a process of its own: 500 at a",
        "time are read, compared, and written under a condition if they changed; the last refresh is in the time.",
        "The index refreshes every second, too. *With merges* ends when nothing merges any more. *Unchanged rows* is",
        "the same feed before: nothing is written.",
        "*Indexing*, *refresh*, *merge* and *flush* are seconds of Elasticsearch's threads from the first write on,",
        "until nothing merges any more. *While asked*: a second such import while one shopper asks",
        "`GET /v1/products/{id}/similar?limit=10` without a pause.",
        "",
        *format_table(COLUMNS, [to_cells(line) for line in run.lines]),
        "",
        run.verdict,
        "",
        "Merges come in steps: a shorter feed may end before the first one, a longer one meets more (*merge s* says",
        "how much of them fell into this one). A graph is built again in a merge, a flat file is copied.",
    ]
    return "\n".join(lines) + "\n"


def write(run: UpdateRun, folder: Path) -> None:
    """Writes updates.json and updates.md into `folder`."""
    write_results(folder, "updates", {**asdict(run), "verdict": run.verdict}, write_page(run))
