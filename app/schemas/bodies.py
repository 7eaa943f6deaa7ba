"""Bodies of POSTs, and the catalogue questions they make."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.words import MAX_EXCLUDED, ProductId, SimilarOptions
from catalog.filters import Filters
from catalog.similar import SimilarRequest


class SearchSource(BaseModel):
    """What to look like. Each kind of query is one key here."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    product_id: ProductId = Field(description="a product of the catalogue")


class SearchBody(SimilarOptions):
    """Body of `POST /v1/search`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    query: SearchSource
    filter: Filters = Field(Filters(), description="a list means any of, different keys mean all of")
    exclude_ids: Annotated[tuple[ProductId, ...], Field(max_length=MAX_EXCLUDED)] = Field(
        (), description="products that shall not be in the answer"
    )

    def request(self) -> SimilarRequest:
        """The question."""
        return SimilarRequest(
            product_id=self.query.product_id, filters=self.filter, exclude_ids=self.exclude_ids, **self.options()
        )
