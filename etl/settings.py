"""Settings of the embedding job; the only place of this package that reads the environment."""

import os

from pydantic import Field

from catalog.settings import PATIENCE, EnvironmentSettings, Patience


def count_cores() -> int:
    """Returns how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class EtlSettings(EnvironmentSettings):
    """Says how the job works: threads, attempts, parts of the vector store, leases."""

    vector_store: str = Field(
        "var/vectors", min_length=1, description="Parquet files of every vector: a folder or an fsspec URI"
    )
    etl_download_threads: int = Field(16, ge=1, le=256, description="threads that fetch photos")
    etl_decode_threads: int = Field(
        default_factory=lambda: max(2, count_cores() // 3),
        ge=1,
        le=256,
        description="threads that decode photos; default a third of the cores, at least two",
    )
    etl_max_attempts: int = Field(5, ge=1, description="attempts before a photo that can be tried again has failed")
    etl_retry_seconds: float = Field(
        600.0, gt=0, description="seconds until the second attempt; four times that until the third"
    )
    etl_part_rows: int = Field(512, ge=1, le=100_000, description="photos per Parquet file and index request")
    etl_part_seconds: float = Field(5.0, gt=0, description="seconds a vector may wait for its Parquet file to fill")
    etl_lease_seconds: float = Field(
        30.0, gt=0, description="seconds without a sign of life after which another job may embed with the same model"
    )
    elasticsearch_patience: Patience = PATIENCE

    @property
    def model_threads(self) -> int:
        """Cores that decoding leaves to a model on the CPU.

        More than that is slower: ONNX Runtime's threads spin while they wait, on cores that decoding needs (on two
        cores MobileNetV2 went from 46 to 71 photos/s with one thread instead of two).
        """
        return max(1, count_cores() - self.etl_decode_threads)
