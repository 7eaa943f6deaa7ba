"""Command `drop-space`: drops the vectors of one version of a model, never of the one that serves."""

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.commands.shared import Json, exit_on_error, open_catalogue, print_result, show_counts
from catalog.errors import RefusedChange, SpaceNotFound
from catalog.similar import resolve_space

if TYPE_CHECKING:
    from catalog.elastic import Catalogue

Yes = Annotated[bool, typer.Option("--yes", help="Yes, drop them.")]
Discard = Annotated[bool, typer.Option("--discard-unfinished", help="Delete what a killed reindex left.")]


def drop_space(
    space: Annotated[str, typer.Argument(help="<model>__<version>, as `python -m catalog status` lists it")],
    yes: Yes = False,
    discard_unfinished: Discard = False,
    as_json: Json = False,
) -> None:
    """Drop the vectors of one version; searches and writes go on, the version that serves is refused.

    The products move to a new index without them, as in `reindex`: that alone gives the room on disk back.
    """
    from catalog.elastic.reindexing.reindex import reindex

    with exit_on_error(as_json):
        catalogue = open_catalogue()
        known = {one.name: one for one in catalogue.spaces.read_all()}
        if space not in known:
            raise SpaceNotFound(f"there is no space {space}; there are: {', '.join(known) or 'none'}")
        _refuse_serving_space(catalogue, space)
        done = catalogue.status.read_space(known[space]).done
        if not yes:
            raise RefusedChange(f"this drops the vectors of {done:,} products; repeat with --yes")
        with show_counts("drop-space") as progress:
            again = partial(_refuse_serving_space, catalogue, space)  # it may have been promoted meanwhile
            moved = reindex(
                catalogue, progress, discard_unfinished=discard_unfinished, without=(space,), before_swap=again
            )
        text = "\n".join(filter(None, [f"{space} dropped: {done:,} vectors", moved.advice()]))
        print_result(as_json, {"dropped": space, "vectors": done, **asdict(moved)}, text)


def _refuse_serving_space(catalogue: "Catalogue", space: str) -> None:
    """Raises RefusedChange; promotions are read anew, because cached ones may be seconds old."""
    promoted = [entry.space for entry in catalogue.promotions.read_all()[-1:]]
    if space in (*promoted, resolve_space(catalogue, None).name):
        raise RefusedChange(f"{space} serves: promote another version first (`python -m models promote`)")
