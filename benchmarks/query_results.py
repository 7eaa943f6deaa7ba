"""Keeps what `bench-query` measured as JSON, cell by cell, so that a long run can be made in parts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from benchmarks.cases import Effort
from benchmarks.facets import FacetCell
from benchmarks.kept import Loaded
from benchmarks.plans import PlanCell
from benchmarks.speed import SpeedCell
from benchmarks.spread import Spread

FILE = "query.json"


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that one run found out about one catalogue; ratios hold within it."""

    loaded: Loaded
    products: int
    dims: int
    index_type: str
    machine: str
    command: str
    date: str
    commit: str
    effort: Effort
    speed: tuple[SpeedCell, ...] = ()
    plans: tuple[PlanCell, ...] = ()
    facets: tuple[FacetCell, ...] = ()

    @property
    def key(self) -> tuple[int, int, str]:
        return self.products, self.dims, self.index_type


@dataclass(frozen=True)
class Page:
    """All catalogues, small ones first."""

    catalogues: list[Measured] = field(default_factory=list)

    @property
    def speed(self) -> list[SpeedCell]:
        return [cell for one in self.catalogues for cell in one.speed]

    @property
    def plans(self) -> list[PlanCell]:
        return [cell for one in self.catalogues for cell in one.plans]

    @property
    def facets(self) -> list[FacetCell]:
        return [cell for one in self.catalogues for cell in one.facets]

    def with_(self, new: Measured) -> "Page":
        """A page that has `new` in the place of an older measurement of the same catalogue."""
        others = [one for one in self.catalogues if one.key != new.key]
        return Page(sorted([*others, new], key=lambda one: one.key))


def keep(page: Page, folder: Path) -> None:
    """Write query.json into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    body = {"catalogues": [asdict(one) for one in page.catalogues]}
    (folder / FILE).write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")


def read(folder: Path) -> Page:
    """What an earlier run wrote; an empty page where there is nothing."""
    path = folder / FILE
    if not path.exists():
        return Page()
    return Page([_measured(one) for one in orjson.loads(path.read_bytes())["catalogues"]])


def _measured(body: dict[str, Any]) -> Measured:
    parts = {
        "loaded": Loaded(**body["loaded"]),
        "effort": Effort(**body["effort"]),
        "speed": tuple(SpeedCell(**_spreads(cell)) for cell in body["speed"]),
        "plans": tuple(PlanCell(**_spreads(cell)) for cell in body["plans"]),
        "facets": tuple(FacetCell(**_spreads(cell)) for cell in body.get("facets", ())),  # not in runs of before
    }
    return Measured(**{**body, **parts})


def _spreads(body: Any) -> Any:
    """Every {median, low, high} inside as a Spread."""
    if not isinstance(body, dict):
        return body
    if set(body) == {"median", "low", "high"}:
        return Spread(**body)
    return {key: _spreads(value) for key, value in body.items()}


def shares(cells: Sequence[SpeedCell]) -> list[float]:
    """The shares among `cells`, widest first."""
    return sorted({cell.share for cell in cells}, reverse=True)
