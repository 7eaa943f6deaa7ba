"""Finds the Java Development Kit that runs the server and compiles its script plugin."""

import logging
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import NoJdk
from engine.settings import EngineSettings

log = logging.getLogger(__name__)

OLDEST = 17  # what Elasticsearch 8.19 is compiled for
NEWEST_TRIED = 25  # a newer one is taken only where there is no other
FETCHED = "25"
# The entitlement module needs jdk.jlink at run time; the plugin is compiled with jdk.compiler.
REQUIRED = frozenset({"jdk.jlink", "jdk.compiler"})
VECTOR = "jdk.incubator.vector"
INSTALLED = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/java/*",
    "/opt/jdk*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
)
IN_HOME = (".sdkman/candidates/java/*", ".jdks/*", "Library/Java/JavaVirtualMachines/*/Contents/Home")
ADVICE = (
    f"install a full JDK {OLDEST} or later ({NEWEST_TRIED} is best; Debian: openjdk-{OLDEST}-jdk-headless) "
    "or set ES_JAVA_HOME to one"
)


@dataclass(frozen=True)
class Jdk:
    home: Path
    major: int
    version: str
    vector: bool

    @property
    def numbers(self) -> tuple[int, ...]:
        """Returns the version in a form that sorts 21.0.10 behind 21.0.9."""
        return tuple(map(int, re.findall(r"\d+", self.version)))


def inspect(home: Path) -> Jdk | str:
    """Returns the JDK in this folder, or a text why it cannot serve. Reads its `release` file and starts nothing."""
    try:
        release = dict(re.findall(r'^(\w+)="(.*)"$', (home / "release").read_text("utf-8"), re.MULTILINE))
    except OSError:
        return f"{home} has no readable file `release`, so it is no JDK"
    version = release.get("JAVA_VERSION", "0")
    major = int(re.split(r"[.\-+_]", version.removeprefix("1."))[0] or 0)
    if major < OLDEST:
        return f"{home} is Java {version}, older than {OLDEST}"
    lacking = REQUIRED - set(release.get("MODULES", "").split())
    if lacking or not all((home / "bin" / tool).exists() for tool in ("java", "javac", "keytool")):
        return f"{home} is Java {version} but not a full JDK (needs bin/javac, {', '.join(sorted(REQUIRED))})"
    return Jdk(home, major, version, VECTOR in release.get("MODULES", "").split())


def find_jdk(
    settings: EngineSettings,
    usable: Callable[[Path], bool],
    installed: tuple[str, ...] = INSTALLED,
    fetch: Callable[[Path], Path] | None = None,
) -> Jdk:
    """Returns ES_JAVA_HOME, else JAVA_HOME, else the best installed JDK, else one fetched by cjdk.

    `usable` says whether the server's user may read a folder. Raises NoJdk where nothing serves.
    """
    if settings.es_java_home:
        chosen = _check(settings.es_java_home, usable)
        if isinstance(chosen, str):
            raise NoJdk(f"ES_JAVA_HOME: {chosen}; correct it, or unset it to search for a JDK")
        return chosen
    if settings.java_home:
        chosen = _check(settings.java_home, usable)
        if isinstance(chosen, Jdk):
            return chosen
        log.warning("JAVA_HOME passed over: %s", chosen)
    found = [jdk for home in _iterate_installed(settings, installed) if isinstance(jdk := _check(home, usable), Jdk)]
    if found:
        return max(found, key=lambda jdk: (jdk.major <= NEWEST_TRIED, jdk.vector, jdk.numbers))
    return _fetch(settings, usable, fetch or fetch_with_cjdk)


def fetch_with_cjdk(cache: Path) -> Path:
    """Downloads a JDK into the cache folder, readable by all users; returns its home."""
    import cjdk  # only where no JDK is installed

    return Path(cjdk.java_home(vendor="temurin", version=FETCHED, cache_dir=cache))


def _fetch(settings: EngineSettings, usable: Callable[[Path], bool], fetch: Callable[[Path], Path]) -> Jdk:
    log.info("no JDK found, fetching Java %s", FETCHED)
    try:
        home = fetch(settings.engine_cache / "jdk")
    except Exception as error:  # cjdk lets errors of its HTTP client through
        raise NoJdk(f"no JDK found, and none could be fetched ({error}): {ADVICE}") from error
    chosen = _check(home, usable)
    if isinstance(chosen, str):
        raise NoJdk(f"no JDK found, and the fetched one does not serve ({chosen}): {ADVICE}")
    return chosen


def _check(home: Path, usable: Callable[[Path], bool]) -> Jdk | str:
    found = inspect(home)
    if isinstance(found, Jdk) and not usable(home / "bin"):
        return f"{home} cannot be read by the user as whom the server runs"
    return found


def _iterate_installed(settings: EngineSettings, patterns: tuple[str, ...]) -> Iterator[Path]:
    seen = set()
    for home in _iterate_candidates(settings, patterns):
        if home not in seen:
            seen.add(home)
            yield home


def _iterate_candidates(settings: EngineSettings, patterns: tuple[str, ...]) -> Iterator[Path]:
    java = shutil.which("java", path=settings.path)
    if java:
        yield Path(java).resolve().parent.parent
    for pattern in patterns:
        yield from (path.resolve() for path in Path("/").glob(pattern.lstrip("/")))
    for pattern in IN_HOME:
        yield from (path.resolve() for path in settings.home.glob(pattern))
