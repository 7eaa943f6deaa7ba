"""Prices come from a file, and a wrong file says what is wrong with it."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalog.elastic import connect
from catalog.errors import InvalidInput
from catalog.search.planning.planner import Planner
from catalog.search.planning.prices import FILE, Costs, CostsFile, SearchPrice, read_costs
from catalog.settings import CatalogSettings


def write(folder: Path, text: bytes) -> str:
    path = folder / "costs.json"
    path.write_bytes(text)
    return str(path)


def test_no_file_means_the_defaults() -> None:
    assert read_costs("") == Costs()


def test_what_was_kept_is_read_again_and_the_gateway_plans_with_it(tmp_path: Path) -> None:
    costs = replace(Costs(), script=SearchPrice(9.0, per_value=0.5), bulk=SearchPrice(1.0), cores=12)
    path = write(tmp_path, FILE.dump_json(CostsFile(costs, "a machine", "2026-01-02")))
    assert read_costs(path) == costs
    assert connect(CatalogSettings(planner_costs=path)).similar.planner == Planner(costs)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"no json", "the file"),
        (b"[]", "the file"),
        (b'{"costs": {}, "date": ""}', "machine"),
        (b'{"costs": {"cores": 0}, "machine": "", "date": ""}', "costs.cores"),
        (b'{"costs": {"script": {"base": -1}}, "machine": "", "date": ""}', "costs.script.base"),
        (b'{"costs": {"flats": {"flat": {"bse": 1}}}, "machine": "", "date": ""}', "costs.flats.flat.bse"),
        (b'{"costs": {"flats": {"round": {}}}, "machine": "", "date": ""}', "costs.flats.round"),
        (b'{"costs": {"script": {"base": NaN}}, "machine": "", "date": ""}', "costs.script.base"),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, text: bytes, told: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InvalidInput) as raised:
        read_costs(path)
    assert "PLANNER_COSTS" in raised.value.message
    assert told in raised.value.message
    assert "calibrate" in raised.value.message


def test_a_missing_file_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="run `make calibrate`"):
        connect(CatalogSettings(planner_costs=str(tmp_path / "gone.json")))


def test_a_file_that_cannot_be_read_says_which_and_why(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=f"PLANNER_COSTS: cannot read {tmp_path}/gone.json .No such file"):
        read_costs(f"{tmp_path}/gone.json")
    path = write(tmp_path, b'{"costs": {"cores": 0}, "machine": "", "date": ""}')
    with pytest.raises(InvalidInput, match=f"{path} is no file of .*: costs.cores: Input should be greater than"):
        read_costs(path)
