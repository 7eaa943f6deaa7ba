"""Renders one self-contained HTML page: figures of two models, worst queries and changes, with thumbnails."""

import base64
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from catalog.errors import VisualSearchError
from evaluation.reporting import model_changes
from evaluation.reporting.model_changes import ScoreComparison
from evaluation.reporting.templating import open_templates
from evaluation.scores import Scores
from models.photos import PhotoError, decode

SIDE = 96  # pixels of a thumbnail, shown at two thirds on ordinary screens
SHOWN = 10  # hits per row
QUERIES = 15  # per section


class Thumbnails:
    """Makes photos into data: URIs; what cannot be read has none."""

    def __init__(self, photos: dict[str, str]) -> None:
        self._photos = photos
        self._made: dict[str, str] = {}

    def __call__(self, item: str) -> str:
        if item not in self._made:
            self._made[item] = self._make(item)
        return self._made[item]

    def _make(self, item: str) -> str:
        try:
            photo = decode(Path(self._photos[item]).read_bytes())
        except (KeyError, OSError, PhotoError, VisualSearchError):
            return ""
        photo.thumbnail((SIDE * 2, SIDE * 2), Image.Resampling.LANCZOS)
        side = min(photo.size)
        left, top = (photo.width - side) // 2, (photo.height - side) // 2
        out = BytesIO()
        photo.crop((left, top, left + side, top + side)).resize((SIDE, SIDE)).save(out, "JPEG", quality=72)
        return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"


def render_comparison(pair: ScoreComparison, queries: int = QUERIES) -> str:
    """Returns the page's HTML; it loads nothing from anywhere."""
    templates = open_templates()
    templates.globals["thumbnail"] = Thumbnails({**pair.before.photos, **pair.after.photos})
    class_of = {**pair.before.hit_classes, **pair.after.hit_classes}
    class_of |= dict(zip(pair.after.ids, pair.after.classes.tolist(), strict=True))
    return templates.get_template("compare.html.j2").render(
        before=pair.before,
        after=pair.after,
        figures=model_changes.compute_macro_changes(pair),
        classes=model_changes.compute_class_changes(pair),
        sections=[
            {"title": title, "about": about, "rows": [_make_row(pair, row, class_of) for row in rows]}
            for title, about, rows in _make_sections(pair, queries)
        ],
    )


def _make_sections(pair: ScoreComparison, queries: int) -> list[tuple[str, str, list[int]]]:
    """Returns title, explanation and rows of each section."""
    lost, gained = (model_changes.find_largest(pair, queries, sign) for sign in (-1, 1))
    worst = model_changes.find_worst(pair.after, queries)
    return [
        ("Lost most", "Queries whose precision fell, the largest loss first.", lost),
        ("Gained most", "Queries whose precision rose, the largest gain first.", gained),
        (f"Worst of {pair.after.model}", "Queries with the fewest hits of their class.", worst),
    ]


def _make_row(pair: ScoreComparison, row: int, class_of: dict[str, str]) -> dict[str, Any]:
    name = str(pair.after.classes[row])
    return {
        "id": pair.after.ids[row],
        "class": name,
        "cluster": str(pair.after.clusters[row]),
        "sides": [_make_side(scores, row, name, class_of) for scores in (pair.before, pair.after)],
    }


def _make_side(scores: Scores, row: int, name: str, class_of: dict[str, str]) -> dict[str, Any]:
    hits: Sequence[str] = scores.hits[row][:SHOWN] if scores.hits else ()
    shown = [{"id": hit, "class": class_of.get(hit, "?"), "kind": _mark_hit(class_of.get(hit), name)} for hit in hits]
    return {"model": scores.model, "precision": float(scores.values["precision"][row]), "hits": shown}


def _mark_hit(of: str | None, wanted: str) -> str:
    """Returns how a hit is marked: not at all where its class is not known."""
    if of is None:
        return "unknown"
    return "right" if of == wanted else "wrong"
