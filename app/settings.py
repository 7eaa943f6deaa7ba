"""Settings of the API; the only place of this package that looks at the environment."""

import os
from typing import Literal

from pydantic import Field

from catalog.domain.api_keys import RateText
from catalog.settings import API_PORT, EnvironmentSettings, Port, Words


class ApiSettings(EnvironmentSettings):
    """Says how the API serves; lists are comma-separated."""

    api_host: str = Field("127.0.0.1", description="address to listen on")
    api_port: Port = Field(API_PORT, description="port to listen on")
    api_workers: int = Field(2, ge=1, le=64, description="processes; one per core is enough, they wait a lot")
    api_threads: int = Field(
        8, ge=1, le=256, description="threads of each process; two of them are kept for `/healthz` and `/readyz`"
    )
    health_host: str = Field("127.0.0.1", description="address of the health port")
    health_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="port of `/healthz`, `/readyz`, `/metrics`, `/v1/catalog/status`; default API_PORT + 1, 0: none",
    )
    public_status: bool = Field(
        False, description="whether `/metrics` and `/v1/catalog/status` are served on API_PORT as well"
    )
    request_timeout: float = Field(
        60.0, gt=0, le=600, description="seconds a request has to arrive and an answer to be taken; 10 for headers"
    )
    graceful_timeout: int = Field(20, ge=1, le=600, description="seconds running requests have to end after SIGTERM")
    shutdown_delay: float = Field(
        1.0, ge=0, le=300, description="seconds between failing readiness and refusing connections after SIGTERM"
    )
    max_content_length: int = Field(1 << 20, ge=1024, description="largest request body without a photo, in bytes")
    max_upload_length: int = Field(
        20_000_000,
        ge=1024,
        description="largest request body with a photo in it (`/v1/search...`) or with many products, in bytes",
    )
    max_uploads: int = Field(
        4,
        ge=1,
        le=256,
        description="requests with a photo that each process works on at a time; more are answered 429",
    )
    image_url_timeout: float = Field(
        5.0, gt=0, le=60, description="seconds a photo at an `image_url` has to arrive; at most IMAGE_TIMEOUT"
    )
    photo_cache_bytes: int = Field(
        32_000_000, ge=0, description="memory of each process for scaled photos of products, in bytes"
    )
    trusted_hosts: Words = Field(
        ("localhost", "127.0.0.1"),
        min_length=1,
        description="Host headers that are answered, `.shop.example` with all below it; `*` answers every one",
    )
    cors_origins: Words = Field((), description="origins whose pages may call the API from a browser; `*` means all")
    public_search: bool = Field(True, description="whether anybody may ask questions; if not, a key is needed for it")
    allow_anonymous_writes: bool = Field(
        False, description="whether anybody may write products and rules without a key"
    )
    api_key_rate: RateText | Literal[""] = Field(
        "", description="most requests with a key that has no rate of its own, `50/s`, `600/m`; default unlimited"
    )
    log_format: Literal["json", "text"] = Field("text", description="`json` writes one object per line")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    access_log: bool = Field(False, description="whether every request is logged")
    search_timeout: float = Field(
        5.0, gt=0, le=60, description="seconds Elasticsearch has for one answer, all calls together"
    )
    prometheus_multiproc_dir: str = Field(
        "", description="folder for the counters of all processes; default temporary"
    )

    @property
    def health(self) -> int:
        """Returns the health port, 0 where there is none: HEALTH_PORT, by default API_PORT + 1."""
        return self.api_port + 1 if self.health_port is None else self.health_port


def export(name: str, value: str) -> None:
    """Sets a variable that a library reads from the environment at import and nowhere else."""
    os.environ[name] = value
