"""Formats as text what a run did and how far the models are."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

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
    lines += [line for model in summary.models for line in _format_left(model)]
    return "\n".join(lines)


def _format_model(model: ModelSummary, seconds: float) -> str:
    reused = f", {model.reused:,} reused from an unfinished run" if model.reused else ""
    if model.broken_parts:
        reused += f", {model.broken_parts:,} broken files of VECTOR_STORE set aside (*.bad; the log names them)"
    if model.recognized:
        reused += f", {model.recognized:,} reused, photo moved"
    reused += _format_recheck(model)
    if not model.seen:
        return f"{model.model}: {_describe_idleness(model)}{reused}"
    rate = model.seen / seconds if seconds else 0.0
    changed = f", moved {model.moved:,}, gone {model.gone:,}" if model.moved or model.gone else ""
    return (
        f"{model.model}: {model.seen:,} seen, done {model.done:,}, failed {format_reasons(model.failed)}, "
        f"retry {format_reasons(model.retry)}{changed}{reused}; {rate:.1f} images/s"
    )


def _describe_idleness(model: ModelSummary) -> str:
    if model.left is None or not model.lacking_share:
        return "nothing to embed: every photo has an embedding"
    lacking = model.left.retry + sum(model.left.failed.values())
    return f"no photo is due: {lacking:,} of {lacking + model.left.done + model.left.pending:,} have no embedding"


def _format_left(model: ModelSummary) -> list[str]:
    """Returns what became of the photos without an embedding, with what to do: for a setting, a next try, or none."""
    if model.left is None:
        return []
    lines = []
    command = f"--model {model.model}"
    failed = dict(model.left.failed)
    for reason, setting in SETTINGS.items():
        if number := failed.pop(reason, 0):
            again = f"`python -m etl retry {command} --reason {reason}`"
            lines.append(f"  {number:,} wait for {setting} ({reason}): set it if they may be read, then {again}")
    if model.left.retry:
        when = format_moment(model.left.next_try_at) or "the next run"
        reasons = ", ".join(f"{reason} {number:,}" for reason, number in model.left.retry_reasons.items())
        again = f"`python -m etl retry {command}` tries them now"
        lines.append(f"  {model.left.retry:,} wait for another try ({reasons}), the next at {when}; {again}")
    if failed:
        lines.append(f"  failed for good {format_reasons(failed)}; `python -m etl failures {command}` names them")
    return lines


def format_moment(moment: datetime | None) -> str:
    """Returns a moment to the minute, in UTC; the empty string for None."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


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
        if status.next_try_at:
            lines[-1] += f", the next at {format_moment(status.next_try_at)}"
        lines.append(f"  failed   {format_reasons(status.failed)}")
    if not spaces:
        lines.append("no embeddings yet: run `python -m etl run --model NAME`")
    return "\n".join(lines)
