"""Lists the steps of the demo, each a command that a shop's operator would type, and runs them."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demo.settings import DemoSettings


class StepFailed(Exception):
    """Raised when a command of the demo failed; the message holds its last lines."""


@dataclass(frozen=True, slots=True)
class Step:
    """Names a command and its title on the screen; `ok` lists the exit statuses that let the demo go on."""

    title: str
    arguments: Sequence[str]
    ok: Sequence[int] = (0,)


def run(step: Step, settings: DemoSettings) -> dict[str, Any]:
    """Runs a command with `--json` and returns its summary; raises StepFailed with its last lines."""
    command = [sys.executable, "-m", *step.arguments, "--json"]
    terminal = sys.stderr.isatty()  # there the commands show moving progress; elsewhere their log lines would mix in
    done = subprocess.run(
        command,
        env=settings.child_environment(),
        stdout=subprocess.PIPE,
        stderr=None if terminal else subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode not in step.ok:
        said = (done.stderr or "").strip().splitlines()[-5:]
        raise StepFailed(
            "\n".join([f"`python -m {' '.join(step.arguments)}` ended with status {done.returncode}", *said])
        )
    return _parse_summary(done.stdout)


def _parse_summary(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {"items": found}


def list_steps(settings: DemoSettings) -> dict[str, Step]:
    """Returns the steps from a fresh clone to an embedded catalogue, in order."""
    shop = str(settings.shop)
    return {
        "engine": Step("Start Elasticsearch", ["engine", "start"]),
        "samples": Step("Draw a shop", ["samples", "make", shop, "--products", str(settings.demo_products)]),
        "create": Step("Create the catalogue", ["catalog", "create"]),
        # Forced: the demo of another clone, on the same Elasticsearch, has the same products with photos of its own.
        "import": Step("Import its feed", ["catalog", "import", f"{shop}/feed.jsonl", "--force"]),
        "etl": Step("Embed the photos", ["etl", "run", "--model", "fashion"]),
    }
