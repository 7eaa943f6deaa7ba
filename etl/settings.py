"""Settings of the embedding job; the only place of this package that looks at the environment."""

import os
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from catalog.settings import PATIENCE, read


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Settings(BaseModel):
    """How the job works. Field names in upper case are the environment variables."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    vector_store: Annotated[str, Field(min_length=1)] = "var/vectors"  # folder or fsspec URI
    etl_download_threads: Annotated[int, Field(ge=1, le=256)] = 16
    etl_decode_threads: Annotated[int, Field(ge=1, le=256)] = max(2, cores() // 3)
    etl_max_attempts: Annotated[int, Field(ge=1)] = 5  # then a retry becomes failed
    etl_retry_seconds: Annotated[float, Field(gt=0)] = 600.0  # until the second attempt; four times that to the third
    etl_part_rows: Annotated[int, Field(ge=1, le=100_000)] = 512  # photos per Parquet part and index request
    etl_part_seconds: Annotated[float, Field(gt=0)] = 5.0  # how long a vector may wait for its part to fill
    etl_lease_seconds: Annotated[float, Field(gt=0)] = 30.0  # without a sign of life, then another job may take over
    elasticsearch_patience: Annotated[float, Field(ge=0)] = PATIENCE  # seconds it may be away, or refuse writes

    @property
    def model_threads(self) -> int:
        """Cores that decoding leaves to a model on the CPU.

        More than that is slower: ONNX Runtime's threads spin while they wait, on cores that decoding needs (on two
        cores MobileNetV2 went from 46 to 71 photos/s with one thread instead of two).
        """
        return max(1, cores() - self.etl_decode_threads)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; raises InvalidInput naming the variable that is wrong."""
    return read(Settings, environ)
