"""Names an embedding space: the vectors of one version of one model, comparable only with each other."""

import re
from dataclasses import dataclass

from catalog.errors import InvalidInput

PART = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
MAX_DIMS = 4096  # Elasticsearch 8.19's limit for dense_vector


@dataclass(frozen=True, slots=True)
class Space:
    """`<model>__<version>` of `dims` float32 values; raises InvalidInput for other names or sizes."""

    model: str
    version: str
    dims: int

    def __post_init__(self) -> None:
        for part in (self.model, self.version):
            if not PART.fullmatch(part):
                raise InvalidInput(
                    f"'{part}' cannot be part of a space name: use lower-case letters, digits, single underscores"
                )
        if not 1 <= self.dims <= MAX_DIMS:
            raise InvalidInput(f"{self.dims} dimensions: a space has 1 to {MAX_DIMS}")

    @property
    def name(self) -> str:
        return f"{self.model}__{self.version}"

    @property
    def field(self) -> str:
        """Path of the vector inside a product document."""
        return vector_field(self.name)

    @classmethod
    def parse(cls, name: str, dims: int) -> "Space":
        """Returns the space called `name`; raises InvalidInput unless it reads `<model>__<version>`."""
        model, _, version = name.rpartition("__")
        return cls(model, version, dims)


def vector_field(space_name: str) -> str:
    """Path of the vector of a space inside a product document."""
    return f"embedding.{space_name}.vector"
