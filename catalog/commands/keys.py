"""API keys: make one, list them, revoke one: `visual-search keys create|list|revoke`."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, get_args

import typer
from rich.table import Table

from catalog import cli_support
from catalog.cli_support import WIDE, format_table, log_to_stderr
from catalog.commands.shared import Json, open_catalogue, print_result
from catalog.domain.api_keys import ApiKey, make_key
from catalog.domain.api_keys import Scope as ScopeName
from catalog.errors import ApiKeyNotFound, InvalidApiKey

app = typer.Typer(
    help="Make, list and revoke API keys.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

Scope = StrEnum("Scope", list(get_args(ScopeName)))  # type: ignore[misc]
exit_on_error = partial(cli_support.exit_on_error, "keys")
PERIOD = re.compile(r"([1-9][0-9]{0,4})(h|d|w)", re.ASCII)
HOURS = {"h": 1, "d": 24, "w": 168}

Name = Annotated[str, typer.Argument(help="Whose key it is, for people: `feed import`.")]
Scopes = Annotated[
    list[Scope],
    typer.Option("--scope", help="`catalog` writes products, `admin` rules, `search` asks questions."),
]
Expires = Annotated[str | None, typer.Option(help="When it ends: 12h, 90d, 4w, or a date such as 2030-01-31.")]
RateOption = Annotated[str | None, typer.Option("--rate", help="Most requests: 50/s, 600/m, 1000/h.")]
Which = Annotated[str, typer.Argument(help="The key's id (vs_…) or its name.")]


@app.callback()
def main() -> None:
    log_to_stderr()


@app.command()
def create(
    name: Name, scopes: Scopes, expires: Expires = None, rate: RateOption = None, as_json: Json = False
) -> None:
    """Make a key and print it, this once: only its hash is kept.

    The key alone is on standard output. It works within two seconds.
    """
    with exit_on_error(as_json):
        ends = _read_expiry(expires) if expires else None
        key, text = make_key(name, tuple(str(scope) for scope in scopes), expires_at=ends, rate=rate)
        open_catalogue().api_keys.add(key)
        print_result(as_json, {**_describe(key), "key": text}, text)
        if not as_json:
            until = f"until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "until it is revoked"
            typer.echo(f"{key.public_id} has the scopes {', '.join(key.scopes)}, {until}.", err=True)
            typer.echo("Keep it now: it cannot be shown again. Send it as `Authorization: Bearer KEY`.", err=True)


@app.command("list")
def list_keys(as_json: Json = False) -> None:
    """List all keys and whether they are active, expired or revoked; nothing secret of them."""
    with exit_on_error(as_json):
        keys = open_catalogue().api_keys.read_all()
        print_result(as_json, {"keys": [_describe(key) for key in keys]}, _format_keys(keys))


@app.command()
def revoke(which: Which, as_json: Json = False) -> None:
    """Take a key's rights for ever; it stops working within two seconds."""
    with exit_on_error(as_json):
        store = open_catalogue().api_keys
        key = store.revoke(_find_id(which, list(store.read_all())))
        print_result(as_json, _describe(key), f"{key.public_id} ({key.name}) is revoked")


def _read_expiry(text: str) -> datetime:
    """Reads a period from now or a date; raises InvalidApiKey for one that is none or not to come."""
    now = datetime.now(UTC)
    if found := PERIOD.fullmatch(text):
        return now + timedelta(hours=int(found[1]) * HOURS[found[2]])
    try:
        ends = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidApiKey(f"--expires: '{text}' is neither a period (12h, 90d, 4w) nor a date") from None
    ends = ends if ends.tzinfo else ends.replace(tzinfo=UTC)
    if ends <= now:
        raise InvalidApiKey(f"--expires: {text} is past")
    return ends


def _find_id(which: str, keys: list[ApiKey]) -> str:
    """Returns the id of the key that `which` names: a whole key, its shown part, its id, or its name."""
    by_id = which.removeprefix("vs_").partition("_")[0]
    if any(key.id == by_id for key in keys):
        return by_id
    named = [key for key in keys if key.name == which]
    alive = [key for key in named if key.find_fault(datetime.now(UTC)) is None] or named
    if len(alive) == 1:
        return alive[0].id
    if alive:
        raise InvalidApiKey(
            f"{len(alive)} keys have this name: name one of {', '.join(key.public_id for key in alive)}"
        )
    raise ApiKeyNotFound("no key has this id or name; `visual-search keys list` lists them all")


def _describe(key: ApiKey) -> dict[str, Any]:
    state = key.find_fault(datetime.now(UTC)) or "active"
    return {**key.model_dump(mode="json", exclude={"hash"}), "id": key.public_id, "state": state}


def _format_time(written: str | None) -> str:
    return written[:16].replace("T", " ") if written else ""


def _format_keys(keys: Any) -> str:
    if not keys:
        return 'there are no keys; `visual-search keys create "feed import" --scope catalog` makes one'
    table = Table("id", "name", "scopes", "rate", "created (UTC)", "ends (UTC)", "state")
    for key in map(_describe, keys):
        made, ends = (_format_time(key[name]) for name in ("created_at", "expires_at"))
        table.add_row(key["id"], key["name"], ", ".join(key["scopes"]), key["rate"] or "", made, ends, key["state"])
    return format_table(table, WIDE)


if __name__ == "__main__":
    app()
