"""What the code has is documented, and what is documented is there: settings, codes, endpoints, commands, paths."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.http.errors import STATUS
from catalog.domain.filter_fields import format_table
from tests.unit import documented_facts as facts

ROOT = facts.ROOT
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
CITABLE = {".py", ".java", ".js", ".css", ".html", ".j2", ".toml", ".yml", ".yaml", ".conf"}
OUTSIDE = re.compile(r"DESIGN\.md|§|\b[Ii]ssue \d|/tmp/\w+/|/work/")
SECTION = "### Why a photo could not be used"
MADE_BY_RUNNING = ("var/", ".venv/")


@cache
def read(page: str) -> str:
    return (ROOT / page).read_text()


@cache
def commands() -> dict[str, Any]:
    return facts.commands()


def read_rows(page: str, heading: str = "") -> Iterator[list[str]]:
    """Yields the cells of every table row of a page, or of the section under a heading."""
    text = read(page)
    if heading:
        level = len(heading) - len(heading.lstrip("#"))
        _, _, text = text.partition(f"\n{heading}\n")
        assert text, f"{page} has no heading {heading}"
        text = re.split(rf"\n#{{1,{level}}} ", text)[0]
    for line in text.splitlines():
        if line.startswith("| ") and "---" not in line:
            yield [cell.strip() for cell in line.strip("|").split("|")]


def find_code_words(text: str) -> list[str]:
    """Returns what stands in backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def read_column(page: str, number: int, heading: str = "") -> set[str]:
    """Returns everything in backticks in a column of a page's tables."""
    return {word for cells in read_rows(page, heading) for word in find_code_words(cells[number])}


def test_every_setting_is_documented_and_no_other() -> None:
    assert read_column("docs/settings.md", 0) == set(facts.settings())


def test_the_defaults_on_the_page_are_those_of_the_code() -> None:
    """Where the code has none, or computes it, the page says so in words."""
    units = {"MB": 10**6, "million": 10**6, "MiB": 1 << 20}
    documented = {
        cells[0].strip("`"): cells[1].strip("`") for cells in read_rows("docs/settings.md") if "`" in cells[0]
    }
    wrong = {}
    for name, default in facts.settings().items():
        number, _, unit = documented[name].partition(" ")
        value = f"{int(number) * units[unit]}" if unit in units else documented[name]
        if default not in ("", value):
            wrong[name] = f"{documented[name]}, not {default}"
    assert wrong == {}


@pytest.mark.parametrize("page", NAMES)
def test_a_page_names_settings_that_exist(page: str) -> None:
    """What looks like a variable in backticks is a setting, one of the compose file's, or a tool's."""
    compose = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assigned = {word.partition("=")[0] for word in find_code_words(read(page))}
    named = {word for word in assigned if facts.VARIABLE.fullmatch(word)}
    assert named - set(facts.settings()) - compose - {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} == set()


def test_every_endpoint_is_documented_and_no_other() -> None:
    assert read_column("docs/api.md", 0, "## Endpoints") == facts.endpoints()


@pytest.mark.parametrize("page", NAMES)
def test_a_page_names_endpoints_that_exist(page: str) -> None:
    known = {re.sub(r"\{\w+\}", "[^/]+", each.split()[1]) for each in facts.endpoints()}
    for path in re.findall(r"/v1/[\w/{}.-]+(?![\w…])", read(page)):
        plain = path.rstrip("./")
        assert any(re.fullmatch(each, plain) or each.startswith(f"{plain}/") for each in known), path


def test_every_parameter_is_documented() -> None:
    path = {"name", "rule_id"}
    written = {
        word for page in ("docs/api.md",) for word in re.findall(r"\w+", " ".join(find_code_words(read(page))))
    }
    assert facts.parameters() - path - written == set()


def test_the_table_of_filters_is_that_of_the_code() -> None:
    expected = "\n".join(format_table())
    assert expected in read("docs/api.md"), f"put this table of filters into docs/api.md:\n{expected}"


def test_every_error_code_is_documented_and_no_other() -> None:
    codes = facts.http_codes() | facts.class_codes()
    assert {"overloaded", "untrusted_host", "model_failed"} <= codes, "the codes are not found any more"
    documented = read_column("docs/api.md", 1, "## Errors") - {"no", "yes"}
    commands_only = read_column("docs/commands.md", 0, "## Error codes")
    assert not documented & commands_only, "a code stands on one page"
    assert documented | commands_only == codes


def test_what_the_api_raises_is_on_its_page() -> None:
    documented = read_column("docs/api.md", 1, "## Errors")
    assert facts.http_codes() | facts.class_codes("app", "catalog") <= documented


def test_the_documented_status_of_an_error_is_the_one_it_is_answered_with() -> None:
    documented = {
        (cells[0], code) for cells in read_rows("docs/api.md", "## Errors") for code in find_code_words(cells[1])
    }
    for kind, status in STATUS.items():
        assert (str(status), getattr(kind, "code", None)) in documented, kind


def test_every_warning_is_documented_and_no_other() -> None:
    assert read_column("docs/api.md", 0, "## Warnings") == facts.warning_codes() != set()


def test_every_photo_reason_is_documented_and_no_other() -> None:
    documented = {
        find_code_words(cells[0])[0]: cells[1]
        for cells in read_rows("docs/api.md", SECTION)
        if find_code_words(cells[0])
    }
    assert documented == {name: "yes" if again else "no" for name, again in facts.photo_reasons().items()}


def test_every_command_is_documented_and_no_other() -> None:
    documented = {each.removeprefix("visual-search ") for each in read_column("docs/commands.md", 0) if " " in each}
    assert documented == set(commands())


def find_invocations(text: str) -> Iterator[list[str]]:
    """Yields the words of every `visual-search ...` in code, comments left out."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.S | re.M)
    fenced = [line for language, block in blocks if language in ("", "sh") for line in block.splitlines()]
    for line in [*fenced, *find_code_words(re.sub(r"```.*?```", "", text, flags=re.S))]:
        for part in re.split(r"&&|\||;|>", line.partition(" #")[0]):
            words = shlex.split(part) if "visual-search" in part else []
            if words[:1] == ["visual-search"] and len(words) > 1:
                yield words[1:]


@pytest.mark.parametrize("page", NAMES)
def test_a_page_uses_commands_and_options_that_exist(page: str) -> None:
    for words in find_invocations(read(page)):
        if words[0].startswith("-"):
            assert words[0] in {"--help", "--install-completion"}
            continue
        found = [name for name in commands() if words[: len(name.split())] == name.split()]
        if not found:  # a group alone
            assert any(name.startswith(f"{' '.join(words)} ") for name in commands()), words
            continue
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given <= facts.options_of(commands()[found[0]]), words


@pytest.mark.parametrize("page", NAMES)
def test_a_page_uses_make_targets_that_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    code = [
        *find_code_words(read(page)),
        *(line for block in re.findall(r"```.*?```", read(page), re.S) for line in block.splitlines()),
    ]
    named = {word for line in code for word in re.findall(r"(?:^|[;&] ?|[A-Z]=\S+ )make ([a-z-]+)", line)}
    assert named <= targets


def find_paths(page: str) -> Iterator[str]:
    """Yields what a page mentions in backticks that starts with a file or folder of the repository."""
    top = {each.name for each in ROOT.iterdir()} | {"client", "deploy"}
    for word in find_code_words(read(page)):
        path = re.sub(r"[:(].*", "", word)
        first, slash, _ = path.partition("/")
        is_file = re.fullmatch(r"[\w.-]+\.(py|md|toml|yml|lock)|Makefile|Dockerfile", path)
        if (slash and first in top and re.fullmatch(r"[\w./{},*-]+", path)) or is_file:
            yield path


def expand_braces(path: str) -> list[str]:
    """Returns `a/{b,c}.py` as `a/b.py` and `a/c.py`."""
    if not (braces := re.search(r"\{([^{}]*)\}", path)):
        return [path]
    return [found for part in braces[1].split(",") for found in expand_braces(path.replace(braces[0], part, 1))]


@pytest.mark.parametrize("page", NAMES)
def test_a_page_names_paths_that_exist(page: str) -> None:
    here = (ROOT / page).parent
    for mentioned in find_paths(page):
        for path in expand_braces(mentioned):
            if not path.startswith(MADE_BY_RUNNING):
                places = [ROOT] if "/" in path else [ROOT, here, *(ROOT / room for room in facts.ROOMS)]
                assert any(found for place in places for found in place.glob(path.rstrip("/"))), path


@pytest.mark.parametrize("page", NAMES)
def test_links_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if link.startswith("http"):
            continue
        target, _, anchor = link.partition("#")
        file = (ROOT / page).parent / target if target else ROOT / page
        assert file.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}, link


def test_the_readme_is_read_in_five_minutes() -> None:
    text = read("README.md")
    assert len(text.splitlines()) <= 150
    assert re.search(r"^make demo\b", text, re.M) and re.search(r"^make test\b", text, re.M)
    assert [name for name in NAMES if name.startswith("docs/") and f"({name})" not in text] == []


def find_sources() -> Iterator[Path]:
    """Yields the files of the code, comments and all, but for what others wrote and what was made here."""
    rooms = [each for each in ROOT.iterdir() if each.name[0] != "." and each.name != "var"]
    for path in [found for each in rooms for found in (each.rglob("*") if each.is_dir() else (each,))]:
        if "swagger-ui" in path.parts or not path.is_file():
            continue
        if path.suffix in CITABLE or path.name in ("Makefile", "Dockerfile") or path.suffix == ".Dockerfile":
            yield path


def test_code_cites_nothing_outside_the_repository() -> None:
    """`../shared` is named only where its data are read: in tests, benchmarks and `make default-model`."""
    cited = []
    for path in find_sources():
        inside, text = path.relative_to(ROOT), path.read_text()
        if path == Path(__file__):
            continue
        reads_shared = inside.parts[0] in ("tests", "benchmarks", "Makefile", "pyproject.toml")
        if OUTSIDE.search(text) or ("../shared" in text and not reads_shared):
            cited.append(str(inside))
    assert cited == []
