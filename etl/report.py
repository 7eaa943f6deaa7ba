"""Formats as text what a run did and how far the models are."""

from collections.abc import Mapping, Sequence

from catalog.domain.records import SpaceStatus
from etl.summary import ModelSummary, RunSummary

SETTINGS = {"outside_image_roots": "IMAGE_ROOTS", "blocked_address": "IMAGE_ALLOWED_HOSTS"}


def format_reasons(counts: Mapping[str, int]) -> str:
    """Returns counts by reason as `12 (not_found 10, timeout 2)`, or `0`."""
    if not counts:
        return "0"
    listed = ", ".join(f"{reason} {number:,}" for reason, number in sorted(counts.items(), key=lambda it: -it[1]))
    return f"{sum(counts.values()):,} ({listed})"


def format_run(summary: RunSummary) -> str:
    """Returns the lines that a run ends with."""
    lines = [_format_model(model, summary.seconds) for model in summary.models]
    if summary.clock.stages:
        spent = ", ".join(f"{name} {stage.seconds:.1f} s" for name, stage in sorted(summary.clock.stages.items()))
        lines.append(f"{summary.seconds:.1f} s in all; busy, summed over threads: {spent}")
    if summary.interrupted:
        lines.append("stopped early as asked; what was in flight is written, the next run goes on from here")
    for reason, setting in SETTINGS.items():
        for model in summary.models:
            if reason in model.failed:
                again = f"python -m etl retry --model {model.model} --reason {reason}"
                lines.append(f"{reason}: set {setting} if these photos may be read, then `{again}`")
    return "\n".join(lines)


def _format_model(model: ModelSummary, seconds: float) -> str:
    reused = f", {model.reused:,} reused from an unfinished run" if model.reused else ""
    if model.broken_parts:
        reused += f", {model.broken_parts:,} broken files of VECTOR_STORE set aside (*.bad; the log names them)"
    reused += _format_recheck(model)
    if not model.seen:
        return f"{model.model}: nothing to embed: every photo has an embedding, a failure or a retry to come{reused}"
    rate = model.seen / seconds if seconds else 0.0
    changed = f", moved {model.moved:,}, gone {model.gone:,}" if model.moved or model.gone else ""
    return (
        f"{model.model}: {model.seen:,} seen, done {model.done:,}, failed {format_reasons(model.failed)}, "
        f"retry {format_reasons(model.retry)}{changed}{reused}; {rate:.1f} images/s"
    )


def _format_recheck(model: ModelSummary) -> str:
    asked = model.unchanged + model.replaced + model.kept.total()
    if not asked:
        return ""
    line = f"; asked again for {asked:,}: {model.unchanged:,} unchanged, {model.replaced:,} replaced by another photo"
    return line + (f", vector kept though the photo failed {format_reasons(model.kept)}" if model.kept else "")


def format_restore(space: str, counts: Mapping[str, int]) -> str:
    """Returns one line for a space: what `restore` wrote back, and which files it could not use."""
    line = f"{space}: {counts['restored']:,} restored, {counts['missing']:,} still without an embedding"
    if counts["broken_parts"]:
        line += f"; {counts['broken_parts']:,} broken files set aside (*.bad)"
    if counts["unread_parts"]:
        line += f"; {counts['unread_parts']:,} files could not be read, the log says why"
    return line


def format_status(spaces: Sequence[SpaceStatus], with_image: int) -> str:
    """Returns one block per space: how many are done, pending, to be tried again and failed, by reason."""
    lines = [f"{with_image:,} products with a photo"]
    for status in spaces:
        lines.append(f"{status.space.name} ({status.space.dims} dimensions)")
        lines.append(f"  done     {status.done:,}")
        lines.append(f"  pending  {status.pending:,}")
        lines.append(
            f"  retry    {format_reasons(status.retry_reasons) if status.retry_reasons else f'{status.retry:,}'}"
        )
        lines.append(f"  failed   {format_reasons(status.failed)}")
    if not spaces:
        lines.append("no embeddings yet: run `python -m etl run --model NAME`")
    return "\n".join(lines)
