"""PostgreSQL server of our own by pgserver, gone afterwards."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg

URI = "postgres.uri"  # where the servers find the address, in the folder they are given
SETTINGS = {"shared_buffers": "1GB", "dynamic_shared_memory_type": "mmap", "jit": "off"}


@contextmanager
def run_postgres(folder: Path) -> Iterator[int]:
    """Yields the process id of a server whose address stands in `folder`.

    Shared buffers hold everything; /dev/shm is often small in containers, so it is not used.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns of a missing XDG_RUNTIME_DIR at import
        pgserver: Any = import_module("pgserver")  # its package exports nothing by name

    folder.chmod(0o755)  # root's server runs as a user of its own
    data = folder / "postgres"
    server = pgserver.get_server(data, cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for name, value in SETTINGS.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        server.cleanup()
        server = pgserver.get_server(data, cleanup_mode="stop")
        (folder / URI).write_text(server.get_uri())
        yield server.get_postmaster_info().pid
    finally:
        server.cleanup()
