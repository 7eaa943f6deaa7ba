"""The JDK that is chosen, with folders that look like JDKs."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import NoJdk
from engine.install import jdk
from engine.settings import EngineSettings

FULL = "java.base jdk.compiler jdk.jlink jdk.incubator.vector"


def fake_jdk(folder: Path, version: str, modules: str = FULL) -> Path:
    (folder / "bin").mkdir(parents=True)
    for tool in ("java", "javac", "keytool"):
        (folder / "bin" / tool).touch(mode=0o755)
    (folder / "release").write_text(f'IMPLEMENTOR="Nobody"\nJAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return folder


def refuse(cache: Path) -> Path:
    raise OSError("no network")


def find(tmp_path: Path, fetch=refuse, usable=lambda folder: True, **named: Path) -> jdk.Jdk:
    settings = EngineSettings(home=tmp_path / "home", path=str(tmp_path / "path"), engine_cache=tmp_path, **named)
    return jdk.find_jdk(settings, usable, installed=(f"{tmp_path}/jvm/*",), fetch=fetch)


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [
        ({"a": ("17.0.15", FULL), "b": ("21.0.2", FULL)}, "b"),
        ({"a": ("21.0.2", FULL), "b": ("24", FULL.replace("jdk.incubator.vector", ""))}, "a"),
        ({"a": ("25.0.1", "java.base jdk.incubator.vector"), "b": ("17.0.1", FULL)}, "b"),
        ({"a": ("1.8.0_402", FULL), "b": ("17", FULL)}, "b"),
        ({"a": ("25.0.3", FULL), "b": ("31-ea", FULL)}, "a"),
        ({"a": ("31-ea", FULL)}, "a"),
        ({"a": ("21.0.9", FULL), "b": ("21.0.10", FULL)}, "b"),
    ],
    ids=["newest", "vector-module-first", "full-jdk", "java-8", "untried", "untried-if-alone", "update-number"],
)
def test_the_best_installed_one_wins(tmp_path, installed, chosen):
    for name, (version, modules) in installed.items():
        fake_jdk(tmp_path / "jvm" / name, version, modules)
    assert find(tmp_path).home == tmp_path / "jvm" / chosen


def test_environment_wins_over_newer_ones(tmp_path):
    fake_jdk(tmp_path / "jvm" / "new", "25")
    old, older = fake_jdk(tmp_path / "old", "21"), fake_jdk(tmp_path / "older", "17")
    assert find(tmp_path, java_home=old).major == 21
    assert find(tmp_path, es_java_home=older, java_home=old).major == 17


def test_an_unfit_es_java_home_is_an_error_that_names_it(tmp_path):
    fake_jdk(tmp_path / "jvm" / "new", "25")
    jre = fake_jdk(tmp_path / "jre", "21", "java.base")
    with pytest.raises(NoJdk, match=r"ES_JAVA_HOME: .*/jre is Java 21 but not a full JDK .*jdk\.jlink"):
        find(tmp_path, es_java_home=jre)
    with pytest.raises(NoJdk, match=r"nowhere has no readable file `release`"):
        find(tmp_path, es_java_home=tmp_path / "nowhere")


def test_an_unfit_java_home_is_passed_over_with_a_word(tmp_path, caplog):
    fake_jdk(tmp_path / "jvm" / "new", "25")
    assert find(tmp_path, java_home=fake_jdk(tmp_path / "java8", "1.8.0_402")).major == 25
    assert "java8 is Java 1.8.0_402, older than 17" in caplog.text


def test_one_that_the_servers_user_cannot_read_is_passed_over(tmp_path):
    fake_jdk(tmp_path / "jvm" / "closed", "25")
    fake_jdk(tmp_path / "jvm" / "open", "17")
    assert find(tmp_path, usable=lambda folder: "closed" not in str(folder)).major == 17


def test_java_on_the_path_is_followed_to_its_home(tmp_path):
    home = fake_jdk(tmp_path / "elsewhere", "21")
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "java").symlink_to(home / "bin" / "java")
    assert find(tmp_path).home == home


def test_where_none_is_installed_one_is_fetched_into_the_cache(tmp_path):
    assert find(tmp_path, fetch=lambda cache: fake_jdk(cache / "fetched", "25")).home == tmp_path / "jdk" / "fetched"


def test_no_jdk_at_all_says_what_to_do(tmp_path):
    with pytest.raises(NoJdk, match=r"no JDK found.*no network.*install a full JDK 17 or later.*ES_JAVA_HOME"):
        find(tmp_path)
