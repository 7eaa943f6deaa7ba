"""Helpers of the evaluation's commands: embeddings kept on this machine, and how far a command has come."""

import logging
from functools import partial

from catalog import cli_support
from catalog.cli_support import Json, Step, print_result
from evaluation.embedding_cache import EmbeddingCache
from evaluation.settings import EvaluationSettings

__all__ = ["Json", "exit_on_error", "open_embedding_cache", "print_result", "show_progress"]
exit_on_error = partial(cli_support.exit_on_error, "evaluation")
show_progress = partial(cli_support.show_steps, logging.getLogger("evaluation"))


def open_embedding_cache(step: Step) -> EmbeddingCache:
    """Returns the embeddings that are kept on this machine."""
    return EmbeddingCache(EvaluationSettings.load().evaluation_folder / "embeddings", step)
