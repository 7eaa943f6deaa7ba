"""Asks the running demo what the API's documentation shows, and keeps questions and answers for /openapi.json."""

import base64
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
from PIL import Image

from demo.settings import DemoSettings
from demo.steps import StepFailed

SHOES, OTHERS = "p000014", ("p000192", "p000047")
CHANGED, GONE = "p000399", "p000398"  # products that writes are tried on
RULE = {"action": "pin", "position": 1, "target": {"ids": [OTHERS[0]]}, "when": {"filter": {"category": ["Pumps"]}}}
HAT = {"title": "Straw hat", "category": ["Hats"], "currency": "EUR", "price": 19.9, "color": "natural"}
SIDE = 64  # pixels of the photo that examples carry in them
SHORT = 4  # numbers that an example shows of an embedding
LINES = 6  # that an example shows of a text
# Method and address, and `path`, `query`, named `bodies`, `lines` or `photo` of a question; `path` and the first body
# are what `/docs` fills in, and the answer to that body is kept.
Question = dict[str, Any]


def list_questions(photo: str) -> dict[str, Question]:
    """Returns the questions in the order in which they are asked; `photo` is one in base64."""
    product = {"product_id": SHOES}
    few = {"fields": ["title", "effective_price"], "limit": 2}
    filters = {"color_family": ["blue", "green"], "price": {"lte": 80}, "available": True}
    by_product = {"query": {"product_id": "p000000"}, "filter": filters, **few}
    by_photo = {"query": {"image": photo}, **few}
    by_examples = {"query": {"positive": [SHOES, OTHERS[0]], "negative": [OTHERS[1]]}, "diversity": 0.3, **few}
    batch = {"searches": [{"query": product, **few}, {"query": {"product_id": "unknown"}}]}
    return {
        "getHealth": {"get": "/healthz"},
        "getReadiness": {"get": "/readyz"},
        "getMetrics": {"get": "/metrics"},
        "similarProducts": {"get": "/v1/products/{product_id}/similar", "path": product, "query": {"limit": 2}},
        "searchProducts": {
            "post": "/v1/search",
            "bodies": {"product": by_product, "photo": by_photo, "examples": by_examples},
        },
        "searchByPhoto": {"post": "/v1/search/image", "photo": photo, "query": {"limit": 2}},
        "searchBatch": {"post": "/v1/search/batch", "bodies": {"two searches, one fails": batch}},
        "browseProducts": {"get": "/v1/products", "query": {"limit": 2}},
        "getProduct": {"get": "/v1/products/{product_id}", "path": product},
        "getPhoto": {"get": "/v1/products/{product_id}/photo", "path": product},
        "putProduct": {"put": "/v1/products/{product_id}", "path": {"product_id": "hat-1"}, "bodies": {"a hat": HAT}},
        "patchProduct": {
            "patch": "/v1/products/{product_id}",
            "path": {"product_id": CHANGED},
            "bodies": {"a sale": {"sale_price": 9.9}, "the sale is over": {"sale_price": None}},
        },
        "writeProducts": {
            "post": "/v1/products/bulk",
            "lines": [{"id": "hat-2", **HAT}, {"op": "patch", "id": CHANGED, "sale_price": 8.9}, {"title": "no id"}],
        },
        "deleteProduct": {"delete": "/v1/products/{product_id}", "path": {"product_id": GONE}},
        "putRule": {"put": "/v1/rules/{rule_id}", "path": {"rule_id": "summer"}, "bodies": {"a pin": RULE}},
        "listRules": {"get": "/v1/rules"},
        "deleteRule": {"delete": "/v1/rules/summer"},  # not filled in: there is none until one is put
        "listModels": {"get": "/v1/models"},
        "getModel": {"get": "/v1/models/{name}", "path": {"name": "fashion"}},
        "predict": {
            "post": "/v1/models/{name}/predict",
            "path": {"name": "fashion"},
            "bodies": {"photo": {"image": photo, "top": 3}},
        },
        "getCatalogStatus": {"get": "/v1/catalog/status"},
    }


def record(settings: DemoSettings, out: Path) -> int:
    """Writes examples of all operations to `out`, returns how many; raises StepFailed where one is refused."""
    questions = list_questions(_draw_photo(settings))
    examples = {name: _ask(settings, question) for name, question in questions.items()}
    _clean_up(settings)
    out.write_text(json.dumps(examples, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    return len(examples)


def _draw_photo(settings: DemoSettings) -> str:
    """Returns the photo of the shoes in base64, small enough to be read over."""
    photo = requests.get(f"{settings.api}/v1/products/{SHOES}/photo", params={"width": 160}, timeout=30)
    small, file = Image.open(BytesIO(photo.content)).convert("RGB"), BytesIO()
    small.resize((SIDE, SIDE)).save(file, "JPEG", quality=40)
    return base64.b64encode(file.getvalue()).decode()


def _ask(settings: DemoSettings, question: Question) -> dict[str, Any]:
    method, address = next(iter(question.items()))
    url = settings.api + address.format(**question.get("path", {}))
    content: dict[str, Any] = {"params": question.get("query")}
    if "photo" in question:
        files = {"image": ("shoes.jpg", base64.b64decode(question["photo"]))}
        content = {"data": question["query"], "files": files}
    elif "lines" in question:
        lines = "\n".join(json.dumps(each) for each in question["lines"])
        content = {"data": lines, "headers": {"Content-Type": "application/x-ndjson"}}
    answers = []
    for body in question.get("bodies", {"": None}).values():
        answer = requests.request(method, url, json=body, timeout=60, **content)
        if not answer.ok:
            raise StepFailed(f"{method.upper()} {url} answered {answer.status_code}: {answer.text[:500]}")
        answers.append(_shorten(answer))
    kept: dict[str, Any] = {name: question[name] for name in ("path", "bodies") if name in question}
    return {**kept, "answer": answers[0]} if answers[0] is not None else kept


def _shorten(answer: requests.Response) -> Any:
    """Returns what an example shows of an answer: an embedding's and a text's beginning, no picture."""
    if answer.headers["Content-Type"].startswith("text/"):
        return "\n".join(answer.text.splitlines()[:LINES]) + "\n"
    if not answer.headers["Content-Type"].startswith("application/json"):
        return None
    found = answer.json()
    if "embedding" in found:
        found["embedding"] = found["embedding"][:SHORT]
    return found


def _clean_up(settings: DemoSettings) -> None:
    """Takes back what was written, but for the product that is gone."""
    for name in ("hat-1", "hat-2"):
        requests.delete(f"{settings.api}/v1/products/{name}", timeout=30)
    requests.patch(f"{settings.api}/v1/products/{CHANGED}", json={"sale_price": None}, timeout=30)
