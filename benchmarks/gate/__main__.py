"""`make gate`: judges the shipped default wherever a bundle or the models' code changed since it was judged last.

It is judged on two sets. `drawn` is a shop of another seed than those that training draws, and unseen. `clothing` are
shared photos, and the last stage of the shipped default's training sees all of them: what it gets there says that
nothing broke, not how good it is on photos of others.
"""

import argparse
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.command_line import ROOT
from benchmarks.gate.data_sets import draw_shop, link_shared_photos
from benchmarks.stage import find_elasticsearch
from models.bundles.registry import list_bundles
from models.settings import ModelSettings

KEPT = ROOT / "docs" / "gate"  # in git: what was judged last, and the pages
WORK = ROOT / "var" / "gate"
FALLBACK = "color"  # what the default has to stand up to, until a promotion says what serves
SEEN = {"drawn": "unseen in training", "clothing": "photos the shipped default was trained on"}
MADE_OF_OTHERS = {"variant_of", "parts", "pca_explained_variance"}  # metrics of int8 variants, hybrids, PCAs
log = logging.getLogger("benchmarks")


@dataclass(frozen=True, slots=True)
class GateResult:
    """One run of the gate on one data set."""

    data: str
    passed: bool
    result: str
    report: str


def find_shipped_default() -> str | None:
    """Finds the newest bundle of the project that was trained, as `name/version`; None where none is.

    What was made of others (in int8, as a part of a hybrid, cut by a PCA) may be newer, and is not the default.
    """
    listed = [one.bundle for one in list_bundles(ModelSettings(bundles=ROOT / "bundles")) if one.bundle]
    trained = [
        one for one in listed if one.manifest.origin == "trained" and not MADE_OF_OTHERS & one.manifest.metrics.keys()
    ]
    if not trained:
        return None
    newest = max(trained, key=lambda one: one.manifest.created)
    return f"{newest.name}/{newest.version}"


def compute_state(root: Path = ROOT) -> str:
    """Returns hex digits that change with any bundle and with the code of `models/`."""
    digest = hashlib.sha256()
    for file in sorted(_list_watched_files(root)):
        digest.update(
            f"{file.relative_to(root).as_posix()} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode()
        )
    return digest.hexdigest()


def _list_watched_files(root: Path) -> Iterator[Path]:
    yield from (root / "bundles").glob("*/*/bundle.json")  # each holds the hashes of its other files
    yield from (root / "bundles").glob("*/*/model.onnx")
    yield from (root / "models").rglob("*.py")


def read_verdict(kept: Path, now: str) -> list[GateResult] | None:
    """Reads how it ended when this very state was judged last; None when it never passed."""
    try:
        content = json.loads((kept / "state.json").read_text(encoding="utf-8"))
        judged = [GateResult(**one) for one in content["judged"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return judged if content["state"] == now and all(one.passed for one in judged) else None


def choose_vectors_folder(now: str, root: Path) -> Path:
    """Returns the folder below `root` of the vectors made in the state `now`; those of other states are removed.

    Evaluations keep vectors by model and photo: a changed decoder or preprocessing would be judged by its old ones.
    """
    folder = root / now[:16]
    for other in root.iterdir() if root.is_dir() else ():
        if other != folder:
            shutil.rmtree(other)
    return folder


def judge(candidate: str, data: Path, url: str, vectors: Path) -> GateResult:
    """Runs `python -m evaluation gate`, which keeps `vectors` there; raises SystemExit where it could not judge."""
    options = ["--candidate", candidate, "--baseline", FALLBACK, "--data", os.path.relpath(data, ROOT), "--json"]
    own = {"GATE_FOLDER": str(ROOT / "var" / "gates"), "EVALUATION_FOLDER": str(vectors)}
    environment = {**os.environ, "ELASTICSEARCH_URL": url} | own
    done = subprocess.run(
        [sys.executable, "-m", "evaluation", "gate", *options],
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
    return GateResult(data.name, bool(body["passed"]), body["result"], body["report"])


def keep_results(judged: list[GateResult], now: str) -> list[GateResult]:
    """Copies results and pages into docs/gate, beside the state they hold for."""
    KEPT.mkdir(parents=True, exist_ok=True)
    stored = []
    for one in judged:
        result, report = (KEPT / f"{one.data}{Path(file).suffix}" for file in (one.result, one.report))
        shutil.copyfile(one.result, result)
        shutil.copyfile(one.report, report)
        paths = (str(file.relative_to(ROOT)) for file in (result, report))
        stored.append(GateResult(one.data, one.passed, *paths))
    content = {"state": now, "judged": [asdict(one) for one in stored]}
    (KEPT / "state.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return stored


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    parser.add_argument("--candidate", default=None, help="default: the newest trained bundle of the project")
    parser.add_argument("--again", action="store_true", help="judge though nothing changed")
    parser.add_argument("--keep", action="store_true", help="put results, pages and state into docs/gate, to commit")
    options = parser.parse_args()
    if options.keep and options.candidate:
        parser.error("--keep marks this state as passed, which takes the default: leave --candidate out")
    return options


def main() -> None:
    options = _parse_options()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    now, candidate = compute_state(), options.candidate or find_shipped_default()
    if candidate is None:
        print(f"gate: no bundle was trained, and {FALLBACK} against itself proves nothing: nothing to judge")
        return
    judged = None if options.again or options.keep or options.candidate else read_verdict(KEPT, now)
    if judged is not None:
        print("gate: no bundle and no code of models/ changed since it passed")
    else:
        judged = judge_all(candidate, now)
        if options.keep and all(one.passed for one in judged):
            judged = keep_results(judged, now)
    for one in judged:
        print(f"gate on {one.data} ({SEEN[one.data]}): {'passed' if one.passed else 'FAILED'}, report: {one.report}")
    sys.exit(not all(one.passed for one in judged))


def judge_all(candidate: str, now: str) -> list[GateResult]:
    """Judges the candidate on every data set that is there."""
    sets = [draw_shop(WORK / "drawn", os.cpu_count() or 1), link_shared_photos(WORK / "clothing")]
    if sets[-1] is None:
        log.info("no ../shared/data/clothing here: judged on drawn photos alone")
    vectors = choose_vectors_folder(now, WORK / "vectors")
    with find_elasticsearch() as settings:
        url = settings.elasticsearch_url[0]
        return [judge(candidate, data, url, vectors) for data in sets if data is not None]


if __name__ == "__main__":
    main()
