"""Gets the gate's figures: both models measured now, on a labelled set or a catalogue, or saved scores."""

from dataclasses import dataclass
from pathlib import Path

from catalog.elastic import connect
from catalog.settings import CatalogSettings
from evaluation.data.preparation import prepare_set
from evaluation.embedding_cache import EmbeddingCache
from evaluation.model_scoring import EvaluationOptions, score_catalogue, score_model
from evaluation.scores import Scores, load_scores


@dataclass(frozen=True, slots=True)
class GateInputs:
    """Holds both models' scores, and what they were measured on, in words."""

    baseline: Scores
    candidate: Scores
    source: str


def load_inputs(baseline: Path, candidate: Path) -> GateInputs:
    """Loads scores from files of `evaluation run`; raises InvalidScores."""
    return GateInputs(load_scores(baseline), load_scores(candidate), f"{baseline} and {candidate}")


def measure_on_set(
    names: tuple[str, str], data: Path, cache: EmbeddingCache, settings: CatalogSettings, options: EvaluationOptions
) -> GateInputs:
    """Measures baseline and candidate on one labelled set, folded once; raises what `score_model` raises."""
    prepared = prepare_set(data, cache)
    before, after = (score_model(name, prepared.dataset, cache, settings, options, prepared.leaks) for name in names)
    return GateInputs(before, after, str(data))


def measure_on_catalogue(names: tuple[str, str], settings: CatalogSettings, options: EvaluationOptions) -> GateInputs:
    """Measures both on the products that are in the index, which carry the vectors of both already."""
    catalogue = connect(settings)
    before, after = (score_catalogue(catalogue, name, options) for name in names)
    return GateInputs(before, after, f"catalogue {catalogue.names.products}")
