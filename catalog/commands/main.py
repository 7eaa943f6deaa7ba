"""Command line of the catalogue: `python -m catalog create|import|status|roles|delete|reindex|drop-space`."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from catalog.cli_support import format_table, log_to_stderr
from catalog.commands.advise import advise_layout
from catalog.commands.drop_space import drop_space
from catalog.commands.import_feed import import_feed
from catalog.commands.reindex_state import format_reindex_state
from catalog.commands.shared import Json, exit_on_error, open_catalogue, print_result, show_counts
from catalog.domain.records import CatalogStatus, SpaceStatus
from catalog.elastic.access_roles import roles
from catalog.elastic.names import Names
from catalog.errors import RefusedChange
from catalog.settings import CatalogSettings

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("import")(import_feed)
app.command("advise")(advise_layout)
app.command("drop-space")(drop_space)

Yes = Annotated[bool, typer.Option("--yes", help="Yes, delete it.")]
Discard = Annotated[bool, typer.Option("--discard-unfinished", help="Delete what a killed reindex left.")]


@app.callback()
def main() -> None:
    log_to_stderr()


@app.command()
def create(as_json: Json = False) -> None:
    """Make the index and its alias, if there are none.

    INDEX_SHARDS, INDEX_SORT and INDEX_PRELOAD hold for a new index, VECTOR_INDEX for every new model: `auto` follows
    EXPECTED_PRODUCTS and EXPECTED_UPDATES as `python -m catalog advise` does.
    """
    with exit_on_error(as_json):
        catalogue = open_catalogue()
        index = catalogue.layout.create()
        print_result(
            as_json, {"index": index, "alias": catalogue.names.products}, f"{catalogue.names.products} -> {index}"
        )


@app.command()
def status(as_json: Json = False) -> None:
    """How many products there are and how far each model has come."""
    with exit_on_error(as_json):
        catalogue = open_catalogue()
        found, promoted = catalogue.status.read(), catalogue.promotions.get_promoted()
        body = asdict(found) | {"promoted": promoted, "spaces": [_space_to_dict(space) for space in found.spaces]}
        print_result(as_json, body, _format_status(found, promoted))


@app.command("roles")
def print_roles() -> None:
    """Print the roles of a secured Elasticsearch for this INDEX_PREFIX: {job: body of PUT /_security/role/<name>}.

    `search` is for the API, `rules` beside it where rules may be written, `etl` for imports, jobs and this command.
    """
    with exit_on_error(False):
        typer.echo(json.dumps(roles(Names(CatalogSettings.load().index_prefix)), indent=1))


@app.command()
def delete(yes: Yes = False, as_json: Json = False) -> None:
    """Delete the whole catalogue of this INDEX_PREFIX: products, history, promotions, rules, leases, marks."""
    with exit_on_error(as_json):
        catalogue = open_catalogue()
        if not yes:
            raise RefusedChange(f"this deletes '{catalogue.names.products}' and all its products; repeat with --yes")
        gone = catalogue.layout.drop()
        print_result(
            as_json, {"deleted": gone}, f"deleted {', '.join(gone)}" if gone else "there was nothing to delete"
        )


@app.command()
def reindex(discard_unfinished: Discard = False, as_json: Json = False) -> None:
    """Move the catalogue to a new index with today's mapping; searches and writes go on meanwhile."""
    from catalog.elastic.reindexing.reindex import reindex as move

    with exit_on_error(as_json):
        catalogue = open_catalogue()
        with show_counts("reindex") as progress:
            done = move(catalogue, progress, discard_unfinished=discard_unfinished)
        text = (
            f"{done.old} -> {done.new}: {done.copied:,} copied, {done.replayed:,} replayed, {done.deleted:,} deleted"
        )
        print_result(as_json, asdict(done), "\n".join(filter(None, [text, done.advice()])))


def _space_to_dict(status: SpaceStatus) -> dict[str, Any]:
    body = asdict(status)
    return {"name": status.space.name, **asdict(status.space)} | {k: v for k, v in body.items() if k != "space"}


def _format_status(found: CatalogStatus, promoted: str | None) -> str:
    counts = f"{found.products:,} products, {found.with_image:,} with a photo, {found.available:,} available"
    head = "\n".join([f"{found.index}: {counts}", *format_reindex_state(found)])
    if not found.spaces:
        return f"{head}\nno embeddings yet: run `python -m etl run --model NAME`"
    table = Table("space", "dims", "done", "pending", "retry", "failed", "reasons")
    for space in found.spaces:
        reasons = {**space.failed, **space.retry_reasons}
        table.add_row(
            space.space.name + (" *" if space.space.name == promoted else ""),
            *(
                f"{n:,}"
                for n in (space.space.dims, space.done, space.pending, space.retry, sum(space.failed.values()))
            ),
            ", ".join(f"{reason} {number:,}" for reason, number in reasons.items()),
        )
    return f"{head}\n{format_table(table, 140)}" + ("\n* serves" if promoted else "")
