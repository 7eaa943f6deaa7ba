"""Browsing the catalogue by filters and words."""

from dataclasses import replace

from catalog.elastic.connection import IndexConnection
from catalog.elastic.stores.spaces import SpaceStore
from catalog.search import facet_queries, queries
from catalog.search.search_types import BrowsePage, BrowseQuery


class BrowsingStore:
    """Finds products that pass filters."""

    def __init__(self, connection: IndexConnection, spaces: SpaceStore) -> None:
        self._connection = connection
        self._spaces = spaces

    def search(self, query: BrowseQuery) -> BrowsePage:
        """Returns a page of products that pass the filters."""
        query = replace(query, mapping_version=self._spaces.get_mapping_version())
        (answer,) = self._connection.msearch([queries.build_browse_search(query)], queries.compute_preference(query))
        facets = query.counts.facets
        return BrowsePage(
            products=[{"id": hit["_id"], **hit["_source"]} for hit in answer["hits"]["hits"]],
            total=facet_queries.read_groups(answer["aggregations"])
            if query.page.group_size
            else answer["hits"]["total"]["value"],
            facets=facet_queries.read_facets(facets, answer["aggregations"]) if facets else None,
        )
