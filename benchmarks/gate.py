"""`make gate`: judges the shipped default wherever a bundle or the models' code changed since it was judged last."""

import argparse
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gate_data import drawn_shop, shared_photos
from benchmarks.stage import elasticsearch
from models.registry import list_bundles
from models.settings import Settings as ModelSettings

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "docs" / "gate"  # in git: what was judged last, and the pages
WORK = ROOT / "var" / "gate"
FALLBACK = "color"  # what the default has to stand up to, until a promotion says what serves
log = logging.getLogger("benchmarks")


@dataclass(frozen=True, slots=True)
class Judged:
    """One run of the gate."""

    data: str
    passed: bool
    result: str
    report: str


def shipped_default() -> str:
    """The newest trained bundle of the project, as `name/version`; the fallback itself where none is."""
    listed = [one.bundle for one in list_bundles(ModelSettings(bundles=ROOT / "bundles")) if one.bundle]
    trained = [one for one in listed if one.manifest.origin == "trained"]
    if not trained:
        return FALLBACK
    newest = max(trained, key=lambda one: one.manifest.created)
    return f"{newest.name}/{newest.version}"


def state(root: Path = ROOT) -> str:
    """Hex digits that change with any bundle and with the code of `models/`."""
    digest = hashlib.sha256()
    for file in sorted(_watched(root)):
        digest.update(
            f"{file.relative_to(root).as_posix()} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode()
        )
    return digest.hexdigest()


def _watched(root: Path) -> Iterator[Path]:
    yield from (root / "bundles").glob("*/*/bundle.json")  # each holds the hashes of its other files
    yield from (root / "bundles").glob("*/*/model.onnx")
    yield from (root / "models").rglob("*.py")


def known(kept: Path, now: str) -> list[Judged] | None:
    """How it ended when this very state was judged last; None when it never was."""
    try:
        content = json.loads((kept / "state.json").read_text(encoding="utf-8"))
        judged = [Judged(**one) for one in content["judged"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return judged if content["state"] == now and all(one.passed for one in judged) else None


def judge(candidate: str, data: Path, url: str) -> Judged:
    """Run `python -m evaluation gate`; raises SystemExit where it could not judge."""
    arguments = [
        "gate",
        "--candidate",
        candidate,
        "--baseline",
        FALLBACK,
        "--data",
        os.path.relpath(data, ROOT),
        "--json",
    ]
    environment = {**os.environ, "ELASTICSEARCH_URL": url, "GATE_FOLDER": str(ROOT / "var" / "gates")}
    done = subprocess.run(
        [sys.executable, "-m", "evaluation", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(done.returncode)
    body: dict[str, Any] = json.loads(done.stdout)
    for reason in body["reasons"]:
        log.info("FAILED on %s: %s", data.name, reason)
    return Judged(data.name, bool(body["passed"]), body["result"], body["report"])


def keep(judged: list[Judged], now: str) -> list[Judged]:
    """Put results and pages into git's reach, beside the state they hold for."""
    KEPT.mkdir(parents=True, exist_ok=True)
    stored = []
    for one in judged:
        result, report = (KEPT / f"{one.data}{Path(file).suffix}" for file in (one.result, one.report))
        shutil.copyfile(one.result, result)
        shutil.copyfile(one.report, report)
        paths = (str(file.relative_to(ROOT)) for file in (result, report))
        stored.append(Judged(one.data, one.passed, *paths))
    content = {"state": now, "judged": [{name: getattr(one, name) for name in Judged.__slots__} for one in stored]}
    (KEPT / "state.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return stored


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    parser.add_argument("--candidate", default=None, help="default: the newest trained bundle of the project")
    parser.add_argument("--again", action="store_true", help="judge though nothing changed")
    parser.add_argument("--keep", action="store_true", help="put results, pages and state into docs/gate, to commit")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    now, candidate = state(), options.candidate or shipped_default()
    judged = None if options.again or options.keep or options.candidate else known(KEPT, now)
    if judged is not None:
        print("gate: no bundle and no code of models/ changed since it passed")
    else:
        judged = _judged(candidate)
        if options.keep and all(one.passed for one in judged):
            judged = keep(judged, now)
    for one in judged:
        print(f"gate on {one.data}: {'passed' if one.passed else 'FAILED'}, report: {one.report}")
    sys.exit(not all(one.passed for one in judged))


def _judged(candidate: str) -> list[Judged]:
    sets = [drawn_shop(WORK / "drawn", os.cpu_count() or 1), shared_photos(WORK / "clothing")]
    if sets[-1] is None:
        log.info("no ../shared/data/clothing here: judged on drawn photos alone")
    with elasticsearch() as settings:
        return [judge(candidate, data, settings.elasticsearch_url[0]) for data in sets if data is not None]


if __name__ == "__main__":
    main()
