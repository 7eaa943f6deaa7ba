"""`evaluation leaks`: finds what two sets share that must not, such as a training set and the gate's."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from evaluation.commands.shared import Json, exit_on_error, open_embedding_cache, print_result, show_progress
from evaluation.data.dataset import Dataset, LabelledItem
from evaluation.data.features import HogExtractor, LookExtractor
from evaluation.data.leakage import find_leaks_between, summarize_leaks
from evaluation.data.photo_sets import read_photo_set
from evaluation.data.preparation import embed_dataset, stack_rows

SHOWN = 20


def leaks(
    one: Annotated[Path, typer.Argument(help="a feed or a folder of photos per class")],
    other: Annotated[Path, typer.Argument(help="the set that must share nothing with it")],
    as_json: Json = False,
) -> None:
    """Find photos, near-duplicates, groups and senders that are in both sets; status 1 where there are any."""
    with exit_on_error(as_json):
        both = join_sets(read_photo_set(one), read_photo_set(other))
        with show_progress("photos") as step:
            store = open_embedding_cache(step)
            look, shape = (
                stack_rows(both, embed_dataset(extractor, both, store), extractor.space.dims)
                for extractor in (LookExtractor(), HogExtractor())
            )
        found = find_leaks_between(both.items, look, shape)
    counts = summarize_leaks(found)
    lines = [f"{leak.kind}: {leak.one} and {leak.other}" for leak in found[:SHOWN]]
    more = [f"... and {len(found) - SHOWN} more (--json)"] if len(found) > SHOWN else []
    body = {"sets": [str(one), str(other)], "leaks": len(found), **counts}
    print_result(
        as_json, body, "\n".join([*lines, *more, f"{len(found)} leaks between {one} and {other}: {counts['pairs']}"])
    )
    if found:
        raise typer.Exit(1)


def join_sets(one: Dataset, other: Dataset) -> Dataset:
    """Returns both sets as one; ids say which an item is of: `1:` or `2:`.

    A cluster named by the item's own id says nothing of another set, and gets the same prefix: `hat/1.jpg` of two
    shops are two photos.
    """
    items = [_prefix_item(str(number), item) for number, part in enumerate((one, other), 1) for item in part.items]
    return Dataset(f"{one.name} and {other.name}", tuple(items))


def _prefix_item(part: str, item: LabelledItem) -> LabelledItem:
    name = f"{part}:{item.id}"
    return replace(item, id=name, cluster=name if item.cluster == item.id else item.cluster)
