"""Formats what `catalog status` says of a reindex: that it runs, was killed, or left something behind."""

from collections.abc import Iterator

from catalog.domain.records import CatalogStatus


def format_reindex_state(found: CatalogStatus) -> Iterator[str]:
    """Yields one line for each thing that an operator should know; none where all is in order."""
    if found.reindex == "running":
        waiting = "; writes wait for it" if found.writes_blocked else ""
        yield f"a reindex is running{waiting}"
    elif found.reindex == "killed":
        state = "it blocks all writes" if found.writes_blocked else "its unfinished index is still there"
        yield f"a reindex was killed, and {state}: the next import or run undoes it, or `python -m catalog create`"
    elif found.writes_blocked:
        yield (
            "writes are blocked, and no reindex is on record: somebody set index.blocks.write, or a reindex of an "
            "older version was killed; `python -m catalog reindex --discard-unfinished` makes an index without it"
        )
    if found.old_index:
        yield "the index was made by an older version and lacks fields of today: run `python -m catalog reindex`"
    if found.left_over:
        names = ", ".join(found.left_over)
        yield f"left over by a reindex: {names}; `python -m catalog create` deletes what was replaced"
