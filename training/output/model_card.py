"""Renders the model card of a bundle: what the model is, what it was trained on, how good it is, its limits."""

from __future__ import annotations

from collections.abc import Mapping

from models.bundles.bundle import Bundle
from models.bundles.manifest import ModelDescription
from training.learning.stages import TrainingJob
from training.recipe import Recipe

RECIPE_FILE = "recipe.json"  # beside the card
SECONDS, PARITY = "training_seconds", "torch_parity_cosine"
UNSTEADY = (SECONDS, PARITY)  # may differ when the same version is made again, and the bundle's files must not


def render_card(
    record: ModelDescription, recipe: Recipe, job: TrainingJob, known: Mapping[str, Bundle], base: Bundle | None
) -> str:
    """Returns the card as Markdown, the same for the same version; `recipe` is that of the job's stage."""
    parts = [
        f"# {record.name}",
        _describe_model(record, recipe, base),
        "## Made with",
        "```\n" + "\n".join(job.list_commands(RECIPE_FILE)) + "\n```",
        f"`{RECIPE_FILE}` lies beside this card.{_describe_bundles(known)} {_describe_steps(recipe, job)}",
        _describe_sources(recipe),
        f"{record.training.data_fingerprint}. Seed {recipe.seed}.",
        "## Figures",
        _render_figures(record),
        "`held_out_*` are means over the folds of five that were measured (`held_out_folds`; senders and styles are "
        "never on both sides). No network had seen a photo of its fold when it was measured; the shipped one went on "
        "from there and saw all photos in the end.",
        "## Limits",
        _describe_limits(record),
        "## Licences",
        "\n".join(f"- {what}: {terms}" for what, terms in record.licenses.model_dump().items()),
    ]
    return "\n\n".join(parts) + "\n"


def _describe_model(record: ModelDescription, recipe: Recipe, base: Bundle | None) -> str:
    part, share = recipe.class_part, recipe.class_part.share if recipe.class_part else 0.0
    whole = sum(block.share for block in recipe.blocks.values())
    blocks = ", ".join(
        f"{block.dims_shown} dimensions `{name}` with {block.share / whole * (1 - share):.0%} of the cosine"
        + (f" (teacher: {block.teacher})" if block.teacher else "")
        for name, block in recipe.blocks.items()
    )
    if part:
        many = record.dims - recipe.dims
        blocks += f", and the roots of its {many} probabilities of `{part.task}` with {share:.0%}"
    tasks = ", ".join(recipe.tasks) or "none"
    frozen = f" on the frozen bundle {base.space.name}" if base else ""
    return (
        f"An image embedding for finding similar products{frozen}: {record.architecture}; {blocks}. "
        f"Labels it learnt: {tasks}."
    )


def _describe_bundles(known: Mapping[str, Bundle]) -> str:
    if not known:
        return ""
    names = ", ".join(f"{name}/{bundle.version}" for name, bundle in known.items())
    return f" It needs these bundles, in `BUNDLES` or below `TRAINING_FOLDER`/bundles: {names}."


def _describe_steps(recipe: Recipe, job: TrainingJob) -> str:
    parts = [recipe.schedule] if job.refined is None else [job.recipe.schedule, recipe.schedule]
    return ", then ".join(f"{one.steps} steps of {one.batch} pictures" for one in parts) + "."


def _describe_sources(recipe: Recipe) -> str:
    return "\n".join(
        f"- `{one.name}`: {one.folder}, labels {', '.join(one.labels) or 'category'}" for one in recipe.sources
    )


def _render_figures(record: ModelDescription) -> str:
    steady = {name: value for name, value in record.metrics.items() if name not in UNSTEADY}
    rows = [f"| {name} | {value} |" for name, value in steady.items() if isinstance(value, int | float | str)]
    return "\n".join(["| figure | value |", "|---|---|", *rows])


def _describe_limits(record: ModelDescription) -> str:
    classes = f" It tells {len(record.classes)} classes: {', '.join(record.classes)}." if record.classes else ""
    return (
        "One garment a photo, roughly in the middle. Trained on few and particular photos: measure it on your own "
        f"catalogue (`python -m evaluation`) before it serves customers.{classes}"
    )
