"""What holds for the settings of every room."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field
from pydantic_settings import BaseSettings
from typer.testing import CliRunner

from catalog.errors import InvalidSetting
from catalog.settings import CatalogSettings, EnvironmentSettings
from demo.__main__ import app as demo
from demo.settings import DemoSettings
from engine.errors import OptionsError
from engine.settings import EngineSettings
from visual_search.all_settings import CLASSES, list_settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("settings", CLASSES)
def test_defaults_are_valid_and_everything_is_described(settings: type[BaseSettings]) -> None:
    assert settings.load({}) == settings(**({"home": Path.home()} if settings is EngineSettings else {}))
    assert all(field.description for field in settings.model_fields.values())


def test_each_room_has_a_class_of_its_own() -> None:
    assert len({settings.__name__ for settings in CLASSES}) == len(CLASSES)
    assert {settings.__module__ for settings in CLASSES} | {"benchmarks.rivals.settings"} == {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in ROOT.glob("[a-z]*/**/settings.py")
        if path.parts[len(ROOT.parts)] != "var"
    }


def test_every_setting_is_listed_once_with_its_default() -> None:
    found = {setting.name: setting for setting in list_settings()}
    assert len(found) == len(list_settings()) > 70
    assert found["API_PORT"].default == "8000" and "port" in found["API_PORT"].description
    assert found["TRUSTED_HOSTS"].default == "localhost,127.0.0.1"
    assert found["GATE_FOLDER"].default == "var/gates"
    assert found["BUNDLES"].default == found["ELASTICSEARCH_PASSWORD"].default == ""
    assert found["PUBLIC_STATUS"].default == "false"
    assert not {"PATH", "HOME"} & set(found)


class Shop(EnvironmentSettings):
    """A room of this test's own."""

    shop_size: int = Field(3, ge=1, le=9, description="how big it is")
    shop_name: str = Field(description="what it is called")


def test_the_environment_is_read_by_load_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SIZE", "5")
    monkeypatch.setenv("SHOP_NAME", "corner")
    assert Shop.load() == Shop(shop_size=5, shop_name="corner")
    assert Shop(shop_name="x").shop_size == 3
    assert Shop.load({"SHOP_NAME": "x", "SHOP_SIZE": "", "shop_size": "7"}).shop_size == 3


@pytest.mark.parametrize("value", ["0", "10", "many", " ", "1e3"])
def test_a_wrong_value_is_one_line_with_name_and_meaning(value: str) -> None:
    with pytest.raises(
        InvalidSetting, match=r"^the setting SHOP_SIZE is wrong: .*; it means: how big it is$"
    ) as found:
        Shop.load({"SHOP_NAME": "x", "SHOP_SIZE": value})
    assert found.value.detail == {"setting": "SHOP_SIZE"}


def test_a_missing_value_is_named() -> None:
    with pytest.raises(InvalidSetting, match="SHOP_NAME is wrong: Field required"):
        Shop.load({})


def test_a_password_is_not_repeated() -> None:
    secret = "http://shop:hunter2@host"
    with pytest.raises(InvalidSetting) as found:
        CatalogSettings.load({"ELASTICSEARCH_URL": ",", "INDEX_PREFIX": secret})
    assert "hunter2" not in found.value.message


def test_the_local_engine_is_found_by_its_port() -> None:
    assert CatalogSettings.load({"ENGINE_PORT": "9300"}).elasticsearch_url == ("http://127.0.0.1:9300",)
    both = {"ENGINE_PORT": "9300", "ELASTICSEARCH_URL": "http://a:1,http://b:2"}
    assert CatalogSettings.load(both).elasticsearch_url == ("http://a:1", "http://b:2")


def test_the_engine_has_errors_of_its_own() -> None:
    with pytest.raises(OptionsError, match=r"ENGINE_PORT='70000' is wrong: .* 65535; it means"):
        EngineSettings.load({"ENGINE_PORT": "70000"})


def test_the_demos_children_see_its_photos(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMAGE_ROOTS", "/photos")
    monkeypatch.setenv("HEALTH_PORT", "9")
    found = DemoSettings.load({"DEMO_DIR": str(tmp_path)}).child_environment()
    assert found["IMAGE_ROOTS"] == f"/photos:{tmp_path}/shop"
    assert (found["HEALTH_PORT"], found["PUBLIC_STATUS"]) == ("9", "true")


def test_a_wrong_setting_of_the_demo_is_one_line() -> None:
    answer = CliRunner().invoke(demo, ["stop"], env={"API_PORT": "none"})
    assert answer.exit_code == 2
    assert answer.stderr.startswith("demo: the setting API_PORT is wrong") and answer.stderr.count("\n") == 1
