"""Options that the commands of the embedding job share."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer

from catalog import cli_support
from catalog.cli_support import Json, print_result
from catalog.domain.embedding_space import Space
from catalog.elastic import Catalogue
from catalog.errors import SpaceNotFound

__all__ = ["Json", "Models", "OneModel", "Wait", "exit_on_error", "find_spaces", "print_result"]
exit_on_error = partial(cli_support.exit_on_error, "etl")
Models = Annotated[
    list[str],
    typer.Option("--model", help="A model as `python -m models list` names it; may be given several times."),
]
OneModel = Annotated[list[str] | None, typer.Option("--model", help="Only this model, or a space by its full name.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for another job that embeds with the same model.")]


def find_spaces(index: Catalogue, names: Sequence[str] | None) -> list[Space]:
    """Returns the spaces of the index called `names`, all of them where it is None; raises SpaceNotFound."""
    present = index.spaces.get_all()
    if names is None:
        return list(present)
    names = [name.replace("/", "__") for name in names]
    for name in names:
        if not any(name in (space.model, space.name) for space in present):
            known = ", ".join(space.name for space in present) or "none"
            raise SpaceNotFound(f"no product has been embedded with '{name}' yet; there are: {known}")
    return [space for space in present if space.model in names or space.name in names]
