"""Asks the running API one filtered question, as a shopper's page would, and prints its answer."""

from typing import Any
from urllib.parse import urlencode

import requests
from rich.console import Console
from rich.table import Table

from demo.settings import DemoSettings
from demo.steps import StepFailed

MAX_PRICE = 80
WANTED = 5


def find_question(settings: DemoSettings) -> tuple[dict[str, Any], str]:
    """Finds a question (source product, URL) with a size, stock and a price limit that has enough answers."""
    listing = get_json(f"{settings.api}/v1/products?available=true&limit=100")
    for hit in listing["hits"]:
        product = hit["product"]
        for size in product.get("sizes_available", [])[:3]:
            filters = {"size": size, "available": "true", "price_max": MAX_PRICE, "limit": WANTED}
            url = f"{settings.api}/v1/products/{hit['id']}/similar?{urlencode(filters)}"
            if len(get_json(url)["hits"]) == WANTED:
                return product, url
    raise StepFailed("no product of the demo has enough similar ones in stock; this should not happen")


def ask(settings: DemoSettings, console: Console) -> None:
    """Prints the ready-to-paste curl and what it answers."""
    source, url = find_question(settings)
    answer = get_json(f"{url}&fields=title,effective_price,sizes_available")
    size = url.partition("size=")[2].partition("&")[0]
    table = Table(
        title=f"Looks like: {source['title']} (in {size}, in stock, up to {MAX_PRICE} {source['currency']})"
    )
    for column in ("alike", "id", "title", "price", "sizes in stock"):
        table.add_column(column, justify="right" if column in ("alike", "price") else "left")
    for hit in answer["hits"]:
        found = hit["product"]
        table.add_row(
            f"{hit['score']:.3f}",
            hit["id"],
            found["title"],
            f"{found['effective_price']:.2f}",
            " ".join(found.get("sizes_available", [])),
        )
    console.print(table)
    console.print(f"Shop      {settings.api}/\nAPI docs  {settings.api}/docs\nAsk it    ", end="", highlight=False)
    console.print(f"curl -s '{url}'", highlight=False, soft_wrap=True)


def get_json(url: str) -> dict[str, Any]:
    """Returns the JSON that the API answers; raises StepFailed with its error."""
    answer = requests.get(url, timeout=30)
    if not answer.ok:
        raise StepFailed(f"GET {url} answered {answer.status_code}: {answer.text[:500]}")
    found: dict[str, Any] = answer.json()
    return found
