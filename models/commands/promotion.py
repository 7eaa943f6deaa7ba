"""Commands that decide which version serves: `promote`, `rollback`, and `promotions`, the record of both."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from catalog.cli_support import print_table
from catalog.domain.promotion import Promotion
from catalog.elastic import Catalogue, connect
from catalog.settings import CatalogSettings
from models.bundles.registry import find_bundle
from models.commands.shared import Json, exit_on_error, print_result
from models.promotion import promotions
from models.promotion.promotions import PromotionRequest
from models.settings import ModelSettings

By = Annotated[str, typer.Option("--by", help="who decides this")]
Why = Annotated[str, typer.Option("--why", help="the reason, kept on record")]


def promote(
    name: Annotated[str, typer.Argument(help="color, color/0123456789ab or color__0123456789ab")],
    gate: Annotated[Path, typer.Option(help="the file that `python -m evaluation gate` wrote")],
    by: By,
    why: Why,
    first: Annotated[bool, typer.Option("--first", help="nothing was promoted in this catalogue before")] = False,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="though products lack it (or their photos failed) and vanish")
    ] = False,
    as_json: Json = False,
) -> None:
    """Let a version serve that passed its gate; running services follow within seconds."""
    with exit_on_error(as_json):
        bundle = find_bundle(name, ModelSettings.load())
        entry = promotions.promote(_connect_catalogue(), bundle, gate, PromotionRequest(by, why, first, incomplete))
        print_result(as_json, _to_json(entry), f"{entry.space} serves from now on (promotion {entry.number})")


def rollback(
    by: By,
    why: Why,
    to: Annotated[str | None, typer.Option("--to", help="a version or space that served before")] = None,
    as_json: Json = False,
) -> None:
    """Let the version before the present one serve again; running services follow within seconds."""
    with exit_on_error(as_json):
        entry = promotions.rollback(_connect_catalogue(), PromotionRequest(by, why), to)
        missing = entry.figures["pending"]
        hint = f"; {missing:,} products lack it: run `python -m etl run --model {entry.space}`" if missing else ""
        print_result(as_json, _to_json(entry), f"{entry.space} serves again (promotion {entry.number}){hint}")


def promotions_(as_json: Json = False) -> None:
    """List what served since when, who decided it and why, newest first."""
    with exit_on_error(as_json):
        entries = list(reversed(_connect_catalogue().promotions.read_all()))
        if as_json or not entries:
            print_result(as_json, {"promotions": [_to_json(one) for one in entries]}, "nothing was promoted yet")
            return
        table = Table("", "when", "space", "what", "who", "why")
        for one in entries:
            when = f"{one.at:%Y-%m-%d %H:%M}" if one.at else ""
            table.add_row(str(one.number), when, one.space, one.action, escape(one.by), escape(one.reason))
        print_table(table)


def _connect_catalogue() -> Catalogue:
    return connect(CatalogSettings.load())


def _to_json(entry: Promotion) -> dict[str, Any]:
    return {
        "number": entry.number,
        "space": entry.space,
        "action": entry.action,
        "promoted_at": entry.at.isoformat() if entry.at else None,
        "promoted_by": entry.by,
        "reason": entry.reason,
        "figures": dict(entry.figures),
    }
