"""Builds the script plugin from its Java source and puts it into a server folder of its own.

The server of the Maven distribution has no Painless. What the plugin understands instead is written down in
`plugin/com/visualsearch/script/CosineExpression.java`; see also `GRAMMAR` below.

It also brings a query of its own, `vector_scan`, that gives the same scores several times faster; its form stands in
`plugin/com/visualsearch/scan/VectorScanQueryBuilder.java`. `plugin/simd` is its fastest part.
"""

import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from filelock import FileLock

from engine.errors import PluginError
from engine.install.distribution import VERSION

log = logging.getLogger(__name__)

SOURCE = Path(__file__).parents[1] / "plugin"
NAME = "cosine-script"
SIMD = "simd"  # the part of the source that is compiled for, and loaded by, a JDK with java.lang.foreign
GRAMMAR = """\
cosineSimilarity(params.NAME, 'FIELD') + 1.0
(W * cosineSimilarity(params.NAME, 'FIELD') + W * cosineSimilarity(params.NAME, 'FIELD') + ...) / T + 1.0
W, T: a number or params.NAME; each 'W *' and '/ T' may be left out"""


def hash_source(source: Path = SOURCE) -> str:
    """Returns the first 12 hex digits of the SHA-256 over the plugin's files and the server's version."""
    digest = hashlib.sha256(VERSION.encode())
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        digest.update(path.relative_to(source).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def ensure_home(cache: Path, distribution: Path, java_home: Path, source: Path = SOURCE) -> Path:
    """Returns a server folder that holds the distribution (hard links) and the built plugin.

    Keyed by the source's hash, so that clones with different plugins can run side by side.
    Raises PluginError, with the compiler's message, where the source does not compile.
    """
    target = cache / f"home-{VERSION}-{hash_source(source)}"
    with FileLock(cache / "home.lock"):
        if not target.exists():
            with tempfile.TemporaryDirectory(prefix=".home-", dir=cache) as scratch:
                home = Path(scratch) / "home"
                shutil.copytree(distribution, home, copy_function=os.link)
                build(source, home / "plugins" / NAME, distribution, java_home)
                home.rename(target)
    return target


def build(source: Path, into: Path, distribution: Path, java_home: Path) -> None:
    """Compiles the plugin against the server's jars and writes jar and descriptor into the folder."""
    with tempfile.TemporaryDirectory() as classes:
        compile_java(source, Path(classes), distribution, java_home)
        into.mkdir(parents=True)
        with zipfile.ZipFile(into / f"{NAME}.jar", "w") as jar:
            for path in sorted(Path(classes).rglob("*.class")):
                jar.write(path, path.relative_to(classes).as_posix())
    descriptor = (source / "plugin-descriptor.properties.in").read_text("utf-8")
    (into / "plugin-descriptor.properties").write_text(descriptor.replace("@ELASTICSEARCH_VERSION@", VERSION))
    for path in (into.parent, into, *into.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)


def compile_java(source: Path, classes: Path, distribution: Path, java_home: Path) -> None:
    """Compiles the plugin, raises PluginError if that fails; `simd/` is only tried, since older JDKs cannot."""
    everywhere = [path for path in sorted(source.rglob("*.java")) if SIMD not in path.relative_to(source).parts]
    # --release 17: one build serves whichever JDK the server is next started with.
    failed = _javac(java_home, ["--release", "17"], everywhere, classes, f"{distribution}/lib/*")
    if failed:
        raise PluginError(f"the script plugin in {source} does not compile: {failed}")
    faster = sorted((source / SIMD).rglob("*.java"))
    if faster:
        options = ["--release", "22", "--add-modules", "jdk.incubator.vector"]
        failed = _javac(java_home, options, faster, classes, f"{classes}:{distribution}/lib/*")
        if failed:
            log.info("vectors are scored without SIMD of our own, which needs a JDK 22 or later: %s", failed)


def _javac(java_home: Path, options: list[str], sources: list[Path], classes: Path, class_path: str) -> str:
    """Compiles sources; returns the compiler's error messages, an empty text where there are none."""
    command = [
        str(java_home / "bin" / "javac"),
        *options,
        "-encoding",
        "UTF-8",
        "-d",
        str(classes),
        "-cp",
        class_path,
    ]
    done = subprocess.run([*command, *map(str, sources)], capture_output=True, text=True, check=False)
    return (done.stderr or done.stdout).strip() or "javac failed" if done.returncode != 0 else ""
