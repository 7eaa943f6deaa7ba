"""Browses the catalogue: a page of what passes filters, in the currency that its prices are compared in."""

from dataclasses import replace

from catalog.domain.pricing import choose_currency
from catalog.ports import SearchIndex
from catalog.search import filter_warnings
from catalog.search.search_types import BrowsePage, BrowseQuery

PRICE_SORTS = ("price", "-price")


def browse(index: SearchIndex, query: BrowseQuery) -> BrowsePage:
    """Returns the page, with warnings; raises InvalidFilter where prices in several currencies would be compared."""
    asked, warnings = query.filters, filter_warnings.warn_of_old_index(index)
    if not warnings:  # an older index compares whatever prices there are, as it did before
        bounded = query.filters.price is not None and query.filters.price.is_bounded
        compared = bounded or query.sort in PRICE_SORTS
        priced = choose_currency(index, query.filters, None, compared=compared, facet="price" in query.counts.facets)
        # A sort alone drops nothing: what has no price, or no currency where there is only one, has its place in it.
        filters = priced.filters if bounded else query.filters
        query = replace(query, filters=filters, counts=replace(query.counts, price_currencies=priced.facet))
        warnings = priced.warnings
    page = index.browsing.search(query)
    few = filter_warnings.warn_of_few_hits(index, asked, len(page.products), query.page.limit)
    return replace(page, warnings=(*page.warnings, *warnings, *few))
