"""The queries of the embedding job, whole: which photos it takes up, and how outcomes are counted."""

from datetime import UTC, datetime

from catalog.domain.embedding_space import Space
from catalog.search import embedding_queries

SPACE, OTHER = Space("color", "v1", 2), Space("shape", "v2", 2)
STATE = "embedding.color__v1"
PHOTO, VECTOR = {"exists": {"field": "image_url"}}, {"exists": {"field": f"{STATE}.vector"}}
DONE = {"term": {f"{STATE}.status": "done"}}


def test_unprocessed_is_what_has_a_photo_and_no_outcome_a_due_retry_or_a_lost_vector() -> None:
    now = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert embedding_queries.match_unprocessed(SPACE, now) == {
        "bool": {
            "filter": [PHOTO],
            "should": [
                {"bool": {"must_not": [{"exists": {"field": f"{STATE}.status"}}]}},
                {
                    "bool": {
                        "filter": [
                            {"term": {f"{STATE}.status": "retry"}},
                            {"range": {f"{STATE}.next_try_at": {"lte": "2027-01-02T03:04:05+00:00"}}},
                        ]
                    }
                },
                {"bool": {"filter": [DONE], "must_not": [VECTOR]}},
            ],
            "minimum_should_match": 1,
        }
    }


def test_outcomes_are_found_by_status_and_reason() -> None:
    status = {"terms": {f"{STATE}.status": ["failed", "retry"]}}
    reason = {"terms": {f"{STATE}.reason": ["not_found"]}}
    assert embedding_queries.match_status(SPACE, ("failed", "retry"), ()) == {"bool": {"filter": [status]}}
    assert embedding_queries.match_status(SPACE, ("failed", "retry"), ("not_found",)) == {
        "bool": {"filter": [status, reason]}
    }


def test_embedded_photos_are_gone_through_by_id() -> None:
    assert embedding_queries.match_embedded(SPACE, "") == {"bool": {"filter": [PHOTO, VECTOR, DONE]}}
    assert embedding_queries.match_embedded(SPACE, "p7") == {
        "bool": {"filter": [PHOTO, VECTOR, DONE, {"range": {"id": {"gt": "p7"}}}]}
    }


def test_statuses_are_counted_by_space_and_reason_among_products_with_a_photo() -> None:
    def of(space: Space) -> dict[str, object]:
        return {
            "terms": {"field": f"embedding.{space.name}.status"},
            "aggs": {
                "reasons": {"terms": {"field": f"embedding.{space.name}.reason", "size": 50}},
                "with_vector": {"filter": {"exists": {"field": space.field}}},
                "next_try": {"min": {"field": f"embedding.{space.name}.next_try_at"}},
            },
        }

    available = {"filter": {"term": {"available": True}}}
    assert embedding_queries.build_status_aggs([SPACE, OTHER]) == {
        "with_image": {"filter": PHOTO, "aggs": {SPACE.name: of(SPACE), OTHER.name: of(OTHER)}},
        "available": available,
    }
    assert embedding_queries.build_status_aggs([]) == {"with_image": {"filter": PHOTO}, "available": available}
