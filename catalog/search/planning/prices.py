"""Prices of plans on a machine: the planner's constants, as defaults or from a file that `make calibrate` wrote."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from catalog.errors import InvalidSetting
from catalog.settings import VectorIndex

Price = Annotated[float, Field(ge=0)]
STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True, config=STRICT)
class SearchPrice:
    """Of a plan that scores everything that passes: milliseconds per query, then microseconds of one thread."""

    base: Price = 0.0  # milliseconds
    base_value: Price = 0.0  # milliseconds per value of the query's vector, which has to be sent and read
    per_vector: Price = 0.0  # per product that passes
    per_value: Price = 0.0  # and per value of its vector
    per_sparse: Price = 0.0  # per product whose neighbours do not pass: memory is not read in order
    per_sparse_value: Price = 0.0
    per_skipped: Price = 0.0  # per product of the catalogue, whether it passes or not
    per_hit: Price = 0.0  # per hit that is collected, or rescored with its real vector


@dataclass(frozen=True, slots=True, config=STRICT)
class GraphPrice:
    """Of a search in a graph: milliseconds per query, then microseconds of one thread."""

    base: Price = 0.0  # milliseconds
    base_value: Price = 0.0  # milliseconds per value of the query's vector
    per_candidate: Price = 0.0  # per product that passes a filter: they are marked first
    per_visit: Price = 0.0  # per node of the graph that is scored
    per_value: Price = 0.0  # and per value of its vector


def _flats() -> Mapping[VectorIndex, SearchPrice]:
    return {
        "flat": SearchPrice(1.97, 0.00134, 0.0472, 0.000431, 0.176, 0.000219, 0.00335, 4.73),
        "int8_flat": SearchPrice(0.0, 0.00299, 0.0411, 0.000161, 0.061, 0.000444, 0.0123, 5.0),
        "bbq_flat": SearchPrice(1.09, 0.00423, 0.0511, 0.0000725, 0.0716, 0.0000763, 0.000636, 5.86),
    }


def _graphs() -> Mapping[VectorIndex, GraphPrice]:
    graph = GraphPrice(2.77, 0.00133, 0.00207, 0.262, 0.000482)  # measured on int8_hnsw alone
    return {"hnsw": graph, "int8_hnsw": graph, "bbq_hnsw": graph}


@dataclass(frozen=True, slots=True, config=STRICT)
class Costs:
    """Prices on this machine; the defaults were measured on 2 cores of a 2.8 GHz Xeon (2026-11-21).

    `cores` work on one query, those of all data nodes together, and each one after the first adds `parallel` of
    itself. A catalogue that the exact plan goes through in `small_ms` is not counted first. `clearly` is the share of
    the exact plan's price that the other has to stay below: prices are estimates.
    """

    script: SearchPrice = SearchPrice(1.68, 0.0017, 0.0572, 0.000403, 0.121, 0.000358, 0.00135)
    # Of the plugin's vector_scan (1 M x 40, 100 k x 512); None: never measured, and judged by the script's.
    bulk: SearchPrice | None = SearchPrice(1.6, 0.0018, 0.002, 0.00046, 0.045, 0.00036)
    flats: Mapping[VectorIndex, SearchPrice] = field(default_factory=_flats)
    graphs: Mapping[VectorIndex, GraphPrice] = field(default_factory=_graphs)
    cores: Annotated[int, Field(ge=1)] = 2
    parallel: Annotated[float, Field(ge=0, le=1)] = 0.4
    small_ms: Price = 5.0
    clearly: Annotated[float, Field(gt=0, le=1)] = 0.9


@dataclass(frozen=True, slots=True, config=STRICT)
class CostsFile:
    """Holds what calibrating leaves: prices, and on what they were measured."""

    costs: Costs
    machine: str
    date: str
    command: str = ""


FILE = TypeAdapter(CostsFile)


def read_costs(path: str) -> Costs:
    """Reads the prices in a file of `make calibrate`, the defaults for an empty path.

    Raises InvalidSetting for a file that is missing or has anything but prices under `costs`.
    """
    if not path:
        return Costs()
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise InvalidSetting(f"PLANNER_COSTS: cannot read {path} ({error.strerror}): run `make calibrate`") from error
    try:
        return FILE.validate_json(text).costs
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InvalidSetting(
            f"PLANNER_COSTS: {path} is no file of `make calibrate`: {where}: {first['msg']}"
        ) from error
