"""Holds the maintenance commands, which run no model: status, retry, restore."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from catalog.domain.records import SpaceStatus
from etl import wiring
from etl.commands.shared import Json, Models, OneModel, Wait, exit_on_error, find_spaces, print_result
from etl.job import create_run_id
from etl.lease import describe_holder, hold_leases
from etl.report import format_restore, format_status
from etl.stop_signal import StopSignal
from etl.vector_restore import restore_vectors

Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Only photos with this reason; repeatable.")]
Failed = Annotated[bool, typer.Option("--failed", help="Also photos that failed for good.")]


def status(model: OneModel = None, as_json: Json = False) -> None:
    """How far each model has come: done, pending, retry and failed by reason."""
    with exit_on_error(as_json):
        index = wiring.connect_catalogue()
        found = index.status.read()
        wanted = {space.name for space in find_spaces(index, model)}
        spaces = [space for space in found.spaces if space.space.name in wanted]
        body = {
            "products": found.products,
            "with_image": found.with_image,
            "spaces": [_to_dict(one) for one in spaces],
        }
        print_result(as_json, body, format_status(spaces, found.with_image))


def retry(model: Models, reason: Reasons = None, failed: Failed = False, as_json: Json = False) -> None:
    """Let the next run try photos again at once: those waiting, with --failed or --reason failed ones too."""
    with exit_on_error(as_json):
        index = wiring.connect_catalogue()
        statuses = ("retry", "failed") if failed or reason else ("retry",)
        due = {
            space.name: index.embeddings.make_due(space, statuses, reason or ())
            for space in find_spaces(index, model)
        }
        lines = [f"{name}: {count:,} photos are due again" for name, count in due.items()]
        print_result(as_json, {"due": due}, "\n".join(lines))


def restore(model: Models, wait: Wait = False, as_json: Json = False) -> None:
    """Write stored vectors back into an index that lost them, without running a model.

    Ends with status 1 where vectors are missing and files of the vector store could not be used.
    """
    with exit_on_error(as_json):
        index = wiring.connect_catalogue()
        context = wiring.build_context(index)
        body: dict[str, Any] = {}
        for one in wiring.find_models(model, index=index):
            name, holder = one.space.name, describe_holder(f"restore {create_run_id()}")
            index.spaces.ensure(one.space)
            with hold_leases(index.leases, [name], holder, context.to_lease_terms(wait), StopSignal()):
                found = restore_vectors(
                    index, context.store, one.space, context.store.list_parts(name), context.settings
                )
            body[name] = asdict(found)
        print_result(
            as_json, {"spaces": body}, "\n".join(format_restore(name, counts) for name, counts in body.items())
        )
        if any(counts["missing"] and counts["broken_parts"] + counts["unread_parts"] for counts in body.values()):
            raise typer.Exit(1)


def _to_dict(status: SpaceStatus) -> dict[str, Any]:
    body = asdict(status)
    return {"name": status.space.name} | asdict(status.space) | {k: v for k, v in body.items() if k != "space"}
