"""`etl failures`: which photos have no embedding, for people, for programs and for spreadsheets."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from catalog.domain.records import Outcome
from etl import wiring
from etl.commands.main import app
from tests.etl_kit import OTHER, SPACE, product
from tests.fakes import FakeCatalogue

LATER = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> FakeCatalogue:
    found = FakeCatalogue([product(number, f"https://a.example/{number}.jpg") for number in range(5)], [SPACE, OTHER])
    found.docs["p3"]["image_url"] = "=cmd|' /C calc'!A0"
    found.embed("p0", SPACE, [1, 0, 0, 0])
    found.embeddings.write_outcomes(
        SPACE,
        [
            Outcome("p1", "https://a.example/1.jpg", "failed", reason="not_found"),
            Outcome("p2", "https://a.example/2.jpg", "retry", reason="timeout", attempts=3, next_try_at=LATER),
        ],
    )
    found.embeddings.write_outcomes(OTHER, [Outcome("p3", "=cmd|' /C calc'!A0", "failed", reason="not_found")])
    monkeypatch.setattr(wiring, "connect_catalogue", lambda: found)
    return found


def ask(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["failures", *arguments])
    assert done.exit_code == status, done.output
    return done.stdout


def test_people_get_aligned_lines_with_the_whole_address(shop: FakeCatalogue) -> None:
    assert ask("--model", "mean").splitlines() == [
        "  product  reason     attempts  next try              photo",
        "mean__v1:",
        "  p1       not_found  1         none                  https://a.example/1.jpg",
        "  p2       timeout    3         2026-03-01 04:30 UTC  https://a.example/2.jpg",
    ]
    assert "… and more: --limit N shows up to 10,000" in ask("--limit", "2")
    assert "… and more" not in ask("--limit", "3")
    assert ask("--reason", "blocked_address") == "no photo has failed or waits for another try\n"


def test_programs_get_json(shop: FakeCatalogue) -> None:
    told = json.loads(ask("--json", "--limit", "2", "--reason", "not_found", "--reason", "timeout"))
    assert told["more"] is True
    assert [(one["space"], one["product_id"]) for one in told["failures"]] == [
        ("corner__v1", "p3"),
        ("mean__v1", "p1"),
    ]


def test_spreadsheets_get_no_formulas(shop: FakeCatalogue) -> None:
    rows = list(csv.DictReader(io.StringIO(ask("--csv"))))
    assert [(row["space"], row["product_id"], row["status"], row["next_try_at"]) for row in rows] == [
        ("corner__v1", "p3", "failed", ""),
        ("mean__v1", "p1", "failed", ""),
        ("mean__v1", "p2", "retry", "2026-03-01T04:30:00+00:00"),
    ]
    assert rows[0]["image_url"].startswith("'=")


def test_a_model_that_never_ran_is_named(shop: FakeCatalogue) -> None:
    ask("--model", "no_such", status=2)
