"""`evaluation leaks`: what two sets share that must not, such as a training set and the gate's."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from evaluation.commands.shared import Json, errors_told, open_embedding_cache, show, show_progress
from evaluation.data import leakage, photo_sets
from evaluation.data.dataset import Dataset, Item
from evaluation.data.features import Hog, Look
from evaluation.data.prepare import rows_of, vectors_of

SHOWN = 20


def leaks(
    one: Annotated[Path, typer.Argument(help="a feed or a folder of photos per class")],
    other: Annotated[Path, typer.Argument(help="the set that must share nothing with it")],
    as_json: Json = False,
) -> None:
    """Find photos, near-duplicates, groups and senders that are in both sets; status 1 where there are any."""
    with errors_told(as_json):
        both = joined(photo_sets.read(one), photo_sets.read(other))
        with show_progress("photos") as step:
            store = open_embedding_cache(step)
            look, shape = (
                rows_of(both, vectors_of(extractor, both, store), extractor.space.dims)
                for extractor in (Look(), Hog())
            )
        found = leakage.between(both.items, look, shape)
    counts = leakage.report(found)
    lines = [f"{leak.kind}: {leak.one} and {leak.other}" for leak in found[:SHOWN]]
    more = [f"... and {len(found) - SHOWN} more (--json)"] if len(found) > SHOWN else []
    body = {"sets": [str(one), str(other)], "leaks": len(found), **counts}
    show(
        as_json, body, "\n".join([*lines, *more, f"{len(found)} leaks between {one} and {other}: {counts['pairs']}"])
    )
    if found:
        raise typer.Exit(1)


def joined(one: Dataset, other: Dataset) -> Dataset:
    """Both sets as one; ids say which an item is of: `1:` or `2:`.

    A cluster that is but the item's own id says nothing of another set, and is marked alike: `hat/1.jpg` of two shops
    are two photos.
    """
    items = [_of(str(number), item) for number, part in enumerate((one, other), 1) for item in part.items]
    return Dataset(f"{one.name} and {other.name}", tuple(items))


def _of(part: str, item: Item) -> Item:
    name = f"{part}:{item.id}"
    return replace(item, id=name, cluster=name if item.cluster == item.id else item.cluster)
