"""Scores of an evaluation: figures per query, in one JSON file that compare and gate read."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.atomic_write import write_atomically
from evaluation.errors import InvalidScores

SCHEMA = 1
Values = NDArray[np.float64]
Names = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Scores:
    """Holds figures [n] of one model's answers to n queries; row i of everything belongs to query `ids[i]`.

    `data` is the fingerprint of the labelled set, the folds included: only scores of equal `data` and `k` may be
    compared. `clusters` are what a bootstrap draws (sender, item group). `values["precision"]` is P@k by class; every
    other key is described in `evaluation.query_metrics`. NaN means that a query has no such figure (nothing relevant
    to find). `hits` has the ids of the k best per query, `hit_classes` the class of each of them, `photos` the file
    of each id that a page may show, `facts` whatever else was found (leakage, recall of approximate searches,
    cut-offs).
    """

    model: str
    data: str
    k: int
    ids: tuple[str, ...]
    classes: Names
    clusters: Names
    values: dict[str, Values]
    hits: tuple[tuple[str, ...], ...] = ()
    photos: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    hit_classes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {len(self.classes), len(self.clusters), *(len(column) for column in self.values.values())}
        if lengths - {len(self.ids)} or (self.hits and len(self.hits) != len(self.ids)):
            raise InvalidScores(f"{self.model}: the columns of {len(self.ids)} queries have other lengths")

    def save(self, path: Path, summary: Mapping[str, Any] | None = None) -> None:
        """Writes the file whole or not at all; `summary` is for people and read by nobody."""
        rows = [self._make_row(number) for number in range(len(self.ids))]
        body = {
            "schema_version": SCHEMA,
            "model": self.model,
            "data": self.data,
            "k": self.k,
            "summary": summary or {},
            "facts": self.facts,
            "photos": self.photos,
            "hit_classes": self.hit_classes,
            "queries": rows,
        }
        write_atomically(path, json.dumps(body, allow_nan=False, separators=(",", ":")))

    def _make_row(self, number: int) -> dict[str, Any]:
        values = {name: _write_number(float(column[number])) for name, column in self.values.items()}
        row: dict[str, Any] = {
            "id": self.ids[number],
            "class": str(self.classes[number]),
            "cluster": str(self.clusters[number]),
            "values": values,
        }
        return row | ({"hits": list(self.hits[number])} if self.hits else {})


def load_scores(path: Path) -> Scores:
    """Reads the scores in `path`; raises InvalidScores for anything that `save` did not write."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidScores(f"{path} cannot be read as scores: {error}") from error
    if not isinstance(body, dict) or body.get("schema_version") != SCHEMA:
        raise InvalidScores(
            f"{path} holds no scores of schema {SCHEMA}: make it again with `python -m evaluation run`"
        )
    try:
        return _parse_scores(body)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidScores(
            f"{path} lacks or garbles {error}: make it again with `python -m evaluation run`"
        ) from error


def _parse_scores(body: Mapping[str, Any]) -> Scores:
    rows = body["queries"]
    names = list(rows[0]["values"]) if rows else []
    return Scores(
        model=body["model"],
        data=body["data"],
        k=int(body["k"]),
        ids=tuple(row["id"] for row in rows),
        classes=np.array([row["class"] for row in rows], dtype=np.str_),
        clusters=np.array([row["cluster"] for row in rows], dtype=np.str_),
        values={
            name: np.array([_read_number(row["values"][name]) for row in rows], dtype=np.float64) for name in names
        },
        hits=tuple(tuple(row["hits"]) for row in rows) if rows and "hits" in rows[0] else (),
        photos=body["photos"],
        facts=body["facts"],
        hit_classes=body.get("hit_classes", {}),  # files of before have none
    )


def _write_number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _read_number(written: float | None) -> float:
    return math.nan if written is None else float(written)
