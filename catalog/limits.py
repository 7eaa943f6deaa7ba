"""Holds page sizes and limits of searches; the API, its OpenAPI text and the tests of docs/api.md read them here."""

SIMILAR_PAGE_SIZE = 10  # hits of a page where nobody says how many
BROWSE_PAGE_SIZE = 20
MAX_PAGE_SIZE = 200
MAX_WINDOW = 1000  # offset + limit: pages end here
RERANK_POOL = 200  # best hits that are reordered, whatever page is asked for; behind them they come by similarity
MAX_GROUP_SIZE = 20  # products of each group
MAX_EXCLUDED_IDS = 1000
MAX_FILTER_VALUES = 1000  # per key; far below Elasticsearch's 65,536 terms, above any shop's facet
MAX_MODELS = 8  # of one question
MAX_FACTOR = 1000.0  # of a price band, and weight of a model
MAX_EXAMPLES = 100  # positive ones, and as many negative ones
MAX_SEARCHES = 50  # of a batch
MAX_API_KEYS = 1000  # revoked ones included, of which the oldest then gives way
MAX_BULK_LINES = 10_000  # products of one bulk
MAX_SHOWN_FAILURES = 200  # photos that the status names
MAX_LISTED_FAILURES = 10_000  # that `etl failures` lists: what one search gives
