"""Registry of the rivals that take part besides our API."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.rivals.contestants.annoy_index import AnnoyFixed, AnnoyGrowing
from benchmarks.rivals.contestants.faiss_index import FaissFlat, FaissHnsw
from benchmarks.rivals.contestants.hnswlib_index import Hnswlib
from benchmarks.rivals.contestants.pgvector import PgvectorExact, PgvectorHnsw
from benchmarks.rivals.contestants.rival import Rival


@dataclass(frozen=True, slots=True)
class Contestant:
    title: str
    make: Callable[[], Rival]
    family: str  # one colour in the picture


RIVALS = {
    "annoy-growing": Contestant("annoy, asks for more until enough pass", AnnoyGrowing, "annoy"),
    "annoy-fixed": Contestant("annoy, filters its 100 best", AnnoyFixed, "annoy"),
    "hnswlib": Contestant("hnswlib, filter function", Hnswlib, "hnswlib"),
    "faiss-hnsw": Contestant("faiss HNSW, IDSelector", FaissHnsw, "faiss"),
    "faiss-flat": Contestant("faiss flat, IDSelector (exact)", FaissFlat, "faiss"),
    "pgvector-hnsw": Contestant("pgvector hnsw", PgvectorHnsw, "pgvector"),
    "pgvector-exact": Contestant("pgvector without an index (exact)", PgvectorExact, "pgvector"),
}
# Our own API, by index type of its vectors.
OURS = {"ours-flat": "flat", "ours-int8_hnsw": "int8_hnsw"}
