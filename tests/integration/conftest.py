"""Fixtures of the integration tests: a catalogue of its own on the shared engine."""

from collections.abc import Iterator

import pytest

from catalog.elastic import Catalogue, connect
from catalog.settings import Settings


@pytest.fixture
def settings(elasticsearch_url: str, index_prefix: str) -> Settings:
    return Settings.model_validate(
        {"elasticsearch_url": elasticsearch_url, "index_prefix": index_prefix, "index_refresh": "-1"}
    )


@pytest.fixture
def catalogue(settings: Settings) -> Iterator[Catalogue]:
    found = connect(settings)
    found.create()
    yield found
    found.client.close()
