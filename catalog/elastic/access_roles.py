"""Defines what each kind of user may do on Elasticsearch, on exactly the indices of one INDEX_PREFIX."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.elastic.names import Names

Role = Mapping[str, Any]  # the body of PUT /_security/role/<name>

LOOK = ("read", "view_index_metadata")
# Without `manage`: who writes rules may make their index, and neither drop nor change it.
WRITE = ("read", "index", "delete", "create_index", "view_index_metadata")
# The same for products, whose index only `etl` makes; `maintenance` is refreshing.
CHANGE = ("read", "index", "delete", "view_index_metadata", "maintenance")
# `manage` holds create_index, delete_index, aliases, mappings, settings, refresh.
KEEP = ("read", "write", "manage")


def roles(names: Names) -> dict[str, Role]:
    """Role by what its users do: `search` asks (the API), `rules` and `products` write those through the API
    (beside `search`), `etl` does all the rest.

    The ETL's makes and drops the index of rules with the catalogue, and reads and writes none of them. API keys are
    read by the API, and made and revoked by whoever has the role `keys`, nobody else.
    """
    products = [names.products, f"/{names.products}-[0-9]+/"]  # a pattern with `*` would reach into other prefixes
    looked_at = [*products, names.promotions, names.rules, names.api_keys]
    moving = f"/{names.products}-reindex-[0-9a-f]+/"  # the alias by which a reindex holds its right to swap
    kept = [*products, moving, *sorted(_bookkeeping(names) - {names.rules, names.api_keys})]
    return {
        "search": _role([], (looked_at, LOOK)),
        "rules": _role([], ([names.rules], WRITE)),
        "products": _role([], (products, CHANGE)),
        "keys": _role([], ([names.api_keys], WRITE)),
        "etl": _role(["monitor"], (kept, KEEP), ([names.rules], ("manage",))),
    }


def _bookkeeping(names: Names) -> set[str]:
    """Every index there is beside the products'."""
    every = {str(getattr(names, name)) for name, kind in vars(Names).items() if isinstance(kind, property)}
    return every - {names.products, names.first}


def _role(cluster: Sequence[str], *grants: tuple[Sequence[str], Sequence[str]]) -> Role:
    return {
        "cluster": list(cluster),
        "indices": [{"names": list(names), "privileges": list(privileges)} for names, privileges in grants],
    }
