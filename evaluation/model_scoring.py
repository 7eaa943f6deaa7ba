"""Scores a model: on a labelled set in a temporary index, or on a catalogue that is in the index already."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from catalog.domain.embedding_space import Space
from catalog.elastic import Catalogue
from catalog.settings import CatalogSettings
from catalog.similarity import Vectors
from evaluation.data.dataset import Dataset, LabelledItem
from evaluation.data.features import Extractor, HogExtractor
from evaluation.data.label_table import OVERALL, LabelTable
from evaluation.data.leakage import Leak, find_close_pairs, summarize_leaks
from evaluation.data.preparation import embed_dataset, stack_rows
from evaluation.data.stored_catalogue import read_catalogue
from evaluation.embedding_cache import EmbeddingCache
from evaluation.errors import InvalidDataset
from evaluation.query_metrics import DEPTH, K, Progress, QuerySelection, measure, measure_full_average_precision
from evaluation.rankers import IndexRanker, NumpyRanker, Ranker, rank_all
from evaluation.scores import Scores
from evaluation.temporary_index import open_temporary_index, write_vectors
from models.bundles.bundle import Bundle
from models.runtime.device import open_embedder

BASELINES = {"hog": HogExtractor}
ANN_QUERIES = 200
ALIKE = 0.98  # cosine of the measured model from which two photos of different clusters are reported


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """Describes how to measure; `limit` asks that many queries, evenly over the classes, None all of them."""

    k: int = K
    depth: int = DEPTH
    threads: int = 2
    limit: int | None = None
    ann_recall: bool = False
    progress: Progress = field(default=lambda done, total: None)


def open_extractor(model: str | Bundle) -> Extractor:
    """Opens a baseline or a bundle by name; raises BundleNotFound, InvalidBundle."""
    if isinstance(model, str) and model in BASELINES:
        return BASELINES[model]()
    return open_embedder(model, "auto")


def score_model(
    model: str | Bundle,
    dataset: Dataset,
    cache: EmbeddingCache,
    settings: CatalogSettings,
    options: EvaluationOptions = EvaluationOptions(),
    leaks: Sequence[Leak] = (),
) -> Scores:
    """Scores a bundle or baseline on a prepared set, in a temporary index of the server that `settings` name.

    Raises InvalidDataset when the model embeds none of the photos, BundleNotFound, Unavailable.
    """
    extractor = open_extractor(model)
    found = embed_dataset(extractor, dataset, cache)
    with open_temporary_index(dataset, settings) as catalogue:
        items = write_vectors(catalogue, extractor.space, dataset, found)
        if not items:
            raise InvalidDataset(f"{extractor.space.name} has no embedding for any photo of {dataset.name}")
        measured = replace(dataset, items=tuple(items))
        vectors = stack_rows(measured, found, extractor.space.dims)
        scores = score_table(catalogue, extractor.space, LabelTable(items), vectors, options)
    facts = {
        "dataset": _describe_dataset(dataset, len(items)),
        "notes": list(dataset.notes),
        "leakage": summarize_leaks(leaks) | {"alike_for_this_model": _count_alike(items, vectors)},
    }
    photos = {item.id: str(item.photo.absolute()) for item in items if item.photo}
    return replace(scores, data=dataset.fingerprint, photos=photos, facts={**scores.facts, **facts})


def score_catalogue(catalogue: Catalogue, model: str | None, options: EvaluationOptions) -> Scores:
    """Scores a model on a catalogue of the index; raises what `read_catalogue` raises.

    `data` is the fingerprint of all that is labelled, embedded or not: so two models are measured on the same
    catalogue though one of them lacks the vectors of a few products.
    """
    stored = read_catalogue(catalogue, model)
    scores = score_table(catalogue, stored.space, stored.table, stored.vectors, options)
    about = _describe_dataset(stored.dataset, len(stored.table.items))
    return replace(scores, data=stored.dataset.fingerprint, facts={**scores.facts, "dataset": about})


def score_table(
    catalogue: Catalogue, space: Space, table: LabelTable, vectors: Vectors, options: EvaluationOptions
) -> Scores:
    """Scores the queries of a table whose items are embedded in `catalogue`; `vectors` [n, dims] by row."""
    queries = select_queries(table, options.limit)
    selection = QuerySelection(queries, space.name, options.k, options.depth, options.threads)
    found = measure(table, IndexRanker(catalogue), selection, options.progress)
    reference = NumpyRanker(table, vectors)
    values = found.values | {"ap_full": measure_full_average_precision(table, reference, queries)}
    facts: dict[str, Any] = {"plans": found.plans, "ap_depth": options.depth, "dims": space.dims}
    facts["same_as_numpy"] = _compare_with_numpy(table, reference, queries, found.hits)
    if options.ann_recall:
        facts["ann"] = ann_recall(catalogue, table, selection)
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
        hit_classes=_find_hit_classes(table, found.hits),
    )


def select_queries(table: LabelTable, limit: int | None) -> list[int]:
    """Returns the rows to ask: all, or `limit` of them, as many of each class as there are.

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


def ann_recall(catalogue: Catalogue, table: LabelTable, selection: QuerySelection) -> dict[str, Any]:
    """Returns recall@k of the plan that production chooses against the exact one, and which plans it chose.

    It measures the index alone, not how good the model is.
    """
    queries = selection.queries[:: max(1, len(selection.queries) // ANN_QUERIES)]
    questions = [table.make_query(query, OVERALL, selection.k, selection.model) for query in queries]
    usual, exact = (_rank_all(IndexRanker(catalogue, mode), questions, selection.threads) for mode in (None, True))
    shares = [len(set(a.ids) & set(b.ids)) / len(b.ids) for a, b in zip(usual, exact, strict=True) if b.ids]
    plans = [answer.strategy for answer in usual]
    return {
        "recall": float(np.mean(shares)) if shares else None,
        "k": selection.k,
        "queries": len(queries),
        "plans": {name: plans.count(name) for name in sorted(set(plans))},
    }


def _rank_all(ranker: Ranker, questions: Sequence[Any], threads: int) -> list[Any]:
    return [ranked for _, ranked in rank_all(ranker, questions, threads)]


def _compare_with_numpy(
    table: LabelTable, reference: NumpyRanker, queries: Sequence[int], hits: Sequence[tuple[str, ...]]
) -> float | None:
    """Returns the share of the k best that plain numpy finds too: below 1 by ties or an approximate plan alone."""
    shares = []
    for query, names in zip(queries, hits, strict=True):
        best = reference.rank_rows(query, OVERALL)[: len(names)]
        if len(best):
            shares.append(len({table.items[row].id for row in best} & set(names)) / len(best))
    return float(np.mean(shares)) if shares else None


def _find_hit_classes(table: LabelTable, hits: Sequence[tuple[str, ...]]) -> dict[str, str]:
    """Returns the class of each hit that is labelled; a catalogue has others too."""
    names = sorted({name for one in hits for name in one} & table.row.keys())
    return {name: table.items[table.row[name]].class_name for name in names}


def _describe_dataset(dataset: Dataset, embedded: int) -> dict[str, Any]:
    count = len(dataset.items)
    return {"name": dataset.name, "items": count, "without_embedding": count - embedded}


def _count_alike(items: Sequence[LabelledItem], vectors: Vectors) -> int:
    """Counts pairs of different clusters that this model can hardly tell apart: leaks, or its own blindness."""
    return sum(items[a].cluster != items[b].cluster for a, b in find_close_pairs(vectors, ALIKE))
