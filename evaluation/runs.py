"""Measures one model: on a labelled set put on a shelf of the index, or on a catalogue that is there already."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from catalog.domain.space import Space
from catalog.elastic import Catalogue
from catalog.settings import CatalogSettings
from catalog.similarity import Vectors
from evaluation.data.dataset import Dataset, Item
from evaluation.data.features import Extractor, Hog
from evaluation.data.label_table import OVERALL, Table
from evaluation.data.leakage import Leak, close_pairs, report
from evaluation.data.prepare import rows_of, vectors_of
from evaluation.embedding_cache import EmbeddingCache
from evaluation.errors import InvalidDataset
from evaluation.measure import DEPTH, Asked, K, Progress, full_average_precision, measure
from evaluation.rankers import IndexRanker, NumpyRanker, Ranker, ranked_all
from evaluation.scores import Scores
from evaluation.temporary_index import put_vectors, shelf
from models.bundles.bundle import Bundle
from models.runtime.opening import open_embedder

BASELINES = {"hog": Hog}
ANN_QUERIES = 200
ALIKE = 0.98  # cosine of the measured model from which two photos of different clusters are reported


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure; `limit` asks that many queries, evenly over the classes, None all of them."""

    k: int = K
    depth: int = DEPTH
    threads: int = 2
    limit: int | None = None
    ann_recall: bool = False
    progress: Progress = field(default=lambda done, total: None)


def extractor_of(model: str | Bundle) -> Extractor:
    """A baseline or a bundle by name; raises BundleNotFound, InvalidBundle."""
    if isinstance(model, str) and model in BASELINES:
        return BASELINES[model]()
    return open_embedder(model, "auto")


def score_model(
    model: str | Bundle,
    dataset: Dataset,
    cache: EmbeddingCache,
    settings: CatalogSettings,
    options: Options = Options(),
    leaks: Sequence[Leak] = (),
) -> Scores:
    """Scores of a bundle or baseline on a prepared set, through a shelf on the index that `settings` name.

    Raises InvalidDataset when the model embeds none of the photos, BundleNotFound, Unavailable.
    """
    extractor = extractor_of(model)
    found = vectors_of(extractor, dataset, cache)
    with shelf(dataset, settings) as catalogue:
        items = put_vectors(catalogue, extractor.space, dataset, found)
        if not items:
            raise InvalidDataset(f"{extractor.space.name} has no embedding for any photo of {dataset.name}")
        measured = replace(dataset, items=tuple(items))
        vectors = rows_of(measured, found, extractor.space.dims)
        scores = score_table(catalogue, extractor.space, Table(items), vectors, options)
    facts = {
        "dataset": {"name": dataset.name, "items": len(dataset.items), "without_embedding": _missing(dataset, items)},
        "notes": list(dataset.notes),
        "leakage": report(leaks) | {"alike_for_this_model": _alike(items, vectors)},
    }
    photos = {item.id: str(item.photo.absolute()) for item in items if item.photo}
    return replace(scores, data=dataset.fingerprint, photos=photos, facts={**scores.facts, **facts})


def score_table(catalogue: Catalogue, space: Space, table: Table, vectors: Vectors, options: Options) -> Scores:
    """Scores of the queries of a table whose items are embedded in `catalogue`; `vectors` [n, dims] by row."""
    queries = chosen(table, options.limit)
    asked = Asked(queries, space.name, options.k, options.depth, options.threads)
    found = measure(table, IndexRanker(catalogue), asked, options.progress)
    reference = NumpyRanker(table, vectors)
    values = found.values | {"ap_full": full_average_precision(table, reference, queries)}
    facts: dict[str, Any] = {"plans": found.plans, "ap_depth": options.depth, "dims": space.dims}
    facts["same_as_numpy"] = _overlap(table, reference, queries, found.hits)
    if options.ann_recall:
        facts["ann"] = ann_recall(catalogue, table, asked)
    return Scores(
        model=space.name,
        data="",
        k=options.k,
        ids=tuple(table.items[query].id for query in queries),
        classes=table.classes[list(queries)],
        clusters=np.array([table.items[query].cluster for query in queries], dtype=np.str_),
        values=values,
        hits=found.hits,
        facts=facts,
        hit_classes=_classes_of(table, found.hits),
    )


def chosen(table: Table, limit: int | None) -> list[int]:
    """Rows to ask: all, or `limit` of them, as many of each class as there are.

    They are drawn by a hash of their ids, so that a table that lacks a few of them asks the others all the same.
    """
    count = len(table.items)
    if limit is None or limit >= count:
        return list(range(count))
    seen: dict[str, int] = {}
    turns: list[tuple[int, int, int]] = []
    for row in sorted(range(count), key=lambda row: hashlib.sha256(table.items[row].id.encode()).digest()):
        name = str(table.classes[row])
        turns.append((seen.setdefault(name, 0), len(turns), row))
        seen[name] += 1
    return sorted(row for _, _, row in sorted(turns)[:limit])


def ann_recall(catalogue: Catalogue, table: Table, asked: Asked) -> dict[str, Any]:
    """Recall@k of the plan that production chooses against the exact one, and which plans it chose.

    This says how well the index finds what the model means, nothing of how good that is.
    """
    queries = asked.queries[:: max(1, len(asked.queries) // ANN_QUERIES)]
    questions = [table.question(query, OVERALL, asked.k, asked.model) for query in queries]
    usual, exact = (_answers(IndexRanker(catalogue, mode), questions, asked.threads) for mode in (None, True))
    shares = [len(set(a.ids) & set(b.ids)) / len(b.ids) for a, b in zip(usual, exact, strict=True) if b.ids]
    plans = [answer.strategy for answer in usual]
    return {
        "recall": float(np.mean(shares)) if shares else None,
        "k": asked.k,
        "queries": len(queries),
        "plans": {name: plans.count(name) for name in sorted(set(plans))},
    }


def _answers(ranker: Ranker, questions: Sequence[Any], threads: int) -> list[Any]:
    return [ranked for _, ranked in ranked_all(ranker, questions, threads)]


def _overlap(
    table: Table, reference: NumpyRanker, queries: Sequence[int], hits: Sequence[tuple[str, ...]]
) -> float | None:
    """Share of the k best that plain numpy finds too: below 1 by ties or an approximate plan alone."""
    shares = []
    for query, names in zip(queries, hits, strict=True):
        best = reference.rows(query, OVERALL)[: len(names)]
        if len(best):
            shares.append(len({table.items[row].id for row in best} & set(names)) / len(best))
    return float(np.mean(shares)) if shares else None


def _classes_of(table: Table, hits: Sequence[tuple[str, ...]]) -> dict[str, str]:
    """The class of each hit that is labelled; a catalogue has others too."""
    names = sorted({name for one in hits for name in one} & table.row.keys())
    return {name: table.items[table.row[name]].class_name for name in names}


def _missing(dataset: Dataset, items: Sequence[Item]) -> int:
    return len(dataset.items) - len(items)


def _alike(items: Sequence[Item], vectors: Vectors) -> int:
    """Pairs of different clusters that this model can hardly tell apart: leaks, or its own blindness."""
    return sum(items[a].cluster != items[b].cluster for a, b in close_pairs(vectors, ALIKE))
