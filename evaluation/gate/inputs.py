"""Where the gate's figures come from: both models measured now, on a labelled set or a catalogue, or saved scores."""

from dataclasses import dataclass
from pathlib import Path

from catalog.elastic import connect
from catalog.settings import CatalogSettings
from evaluation.data.prepare import prepare
from evaluation.data.stored_catalogue import score_stored
from evaluation.embedding_cache import EmbeddingCache
from evaluation.runs import Options, score_model
from evaluation.scores import Scores, load


@dataclass(frozen=True, slots=True)
class Measured:
    """Both models' scores, and what they were measured on, in words."""

    baseline: Scores
    candidate: Scores
    source: str


def saved(baseline: Path, candidate: Path) -> Measured:
    """From files of `evaluation run`; raises InvalidScores."""
    return Measured(load(baseline), load(candidate), f"{baseline} and {candidate}")


def on_set(
    names: tuple[str, str], data: Path, cache: EmbeddingCache, settings: CatalogSettings, options: Options
) -> Measured:
    """Baseline and candidate on one labelled set, folded once; raises what `score_model` raises."""
    prepared = prepare(data, cache)
    before, after = (score_model(name, prepared.dataset, cache, settings, options, prepared.leaks) for name in names)
    return Measured(before, after, str(data))


def on_catalogue(names: tuple[str, str], settings: CatalogSettings, options: Options) -> Measured:
    """Both on the products that are in the index, which carry the vectors of both already."""
    catalogue = connect(settings)
    before, after = (score_stored(catalogue, name, options) for name in names)
    return Measured(before, after, f"catalogue {catalogue.names.products}")
