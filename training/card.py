"""The model card that travels in the bundle: what the model is, what it saw, how good it is, where it ends."""

from __future__ import annotations

from models.bundle import Bundle
from models.manifest import Record
from training.recipe import Recipe


def text(record: Record, recipe: Recipe, base: Bundle | None) -> str:
    """The card as Markdown."""
    parts = [
        f"# {record.name}",
        _what(record, recipe, base),
        "## Made with",
        f"```\n{record.training.command}\n```",
        _sources(recipe),
        f"{record.training.data_fingerprint}. "
        f"Seed {recipe.seed}, {recipe.schedule.steps} steps of {recipe.schedule.batch} pictures.",
        "## Figures",
        _table(record),
        "`held_out_*` are means over the folds of five that were measured (`held_out_folds`; senders and styles are "
        "never on both sides). No network had seen a photo of its fold when it was measured; the shipped one went on "
        "from there and saw all photos in the end.",
        "## Limits",
        _limits(record),
        "## Licences",
        "\n".join(f"- {what}: {terms}" for what, terms in record.licenses.model_dump().items()),
    ]
    return "\n\n".join(parts) + "\n"


def _what(record: Record, recipe: Recipe, base: Bundle | None) -> str:
    whole = sum(block.share for block in recipe.blocks.values())
    blocks = ", ".join(
        f"{block.kept} dimensions `{name}` with {block.share / whole * (1 - recipe.class_share):.0%} of the cosine"
        + (f" (teacher: {block.teacher})" if block.teacher else "")
        for name, block in recipe.blocks.items()
    )
    if recipe.class_share and record.classes:
        told = f"the roots of its {len(record.classes)} probabilities of `{recipe.classes}`"
        blocks += f", and {told} with {recipe.class_share:.0%}"
    tasks = ", ".join(recipe.tasks) or "none"
    frozen = f" on the frozen bundle {base.space.name}" if base else ""
    return (
        f"An image embedding for finding similar products{frozen}: {record.architecture}; {blocks}. "
        f"Labels it learnt: {tasks}."
    )


def _sources(recipe: Recipe) -> str:
    return "\n".join(
        f"- `{one.name}`: {one.folder}, labels {', '.join(one.labels) or 'category'}" for one in recipe.sources
    )


def _table(record: Record) -> str:
    rows = [f"| {name} | {value} |" for name, value in record.metrics.items() if isinstance(value, int | float | str)]
    return "\n".join(["| figure | value |", "|---|---|", *rows])


def _limits(record: Record) -> str:
    told = f" It tells {len(record.classes)} classes: {', '.join(record.classes)}." if record.classes else ""
    return (
        "One garment a photo, roughly in the middle. Trained on few and particular photos: measure it on your own "
        f"catalogue (`python -m evaluation`) before it serves customers.{told}"
    )
