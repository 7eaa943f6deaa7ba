"""An index in memory that answers every port of `catalog.ports` by the plainest reading of the contract."""

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from catalog import similarity
from catalog.domain.filters import parse as parse_filters
from catalog.domain.filters import values_of
from catalog.domain.matching import passes
from catalog.domain.offers import offers_of, priced
from catalog.domain.product import document, parse
from catalog.domain.records import (
    HISTORY_PRODUCTS,
    CatalogStatus,
    Change,
    ChangeResult,
    HistoryEntry,
    Lease,
    Outcome,
    Pending,
    SpaceStatus,
    StoredProduct,
    WriteResult,
    Written,
)
from catalog.domain.rulebook import UNKNOWN, Rulebook, check_room
from catalog.domain.rules import Rule
from catalog.domain.space import Space
from catalog.domain.synonyms import fold
from catalog.errors import InvalidInput, InvalidVector, Unavailable
from catalog.mapping import VERSION
from catalog.ports import Embedded
from catalog.search.queries import BROWSE_SORTS, PUBLIC_FIELDS
from catalog.search.search_types import (
    IN_STOCK_NEWEST,
    BrowsePage,
    BrowseQuery,
    Hit,
    Plan,
    SimilarPage,
    SimilarQuery,
)
from catalog.similar.implied_filters import without


class FakeCatalogue:
    """All ports over a dictionary; `before_write` is called with each product id to let a test race it."""

    def __init__(self, products: Iterable[Mapping[str, Any]] = (), spaces: Iterable[Space] = ()) -> None:
        self.docs: dict[str, dict[str, Any]] = {}
        self.seq: dict[str, int] = {}
        self.clock = 0
        self.writes = 0
        self.known: dict[str, Space] = {}
        self.history: dict[tuple[str, str], HistoryEntry] = {}
        self.leases: dict[str, Lease] = {}
        self.promotion: str | None = None
        self.merchandising: dict[str, Rule] = {}
        self.down = False
        self.version = VERSION
        self.before_write: Callable[[str], None] = lambda _: None
        for space in spaces:
            self.ensure_space(space)
        for product in products:
            self.put(document(parse(product)))

    # -- helpers of tests
    def put(self, source: Mapping[str, Any]) -> None:
        """Store a document as it is, as another writer would."""
        self.clock += 1
        self.docs[source["id"]] = copy.deepcopy(dict(source))
        self.seq[source["id"]] = self.clock

    def embed(self, product_id: str, space: Space, vector: Any) -> None:
        """Give a product a vector, as the ETL would."""
        url = self.docs[product_id].get("image_url", "")
        outcome = Outcome(product_id, url, "done", vector=similarity.normalize(vector))
        self.docs[product_id].setdefault("image_url", url)
        assert self.write_outcomes(space, [outcome])[0].result in (Written.WRITTEN, Written.UNCHANGED)

    def _check(self) -> None:
        if self.down:
            raise Unavailable("Elasticsearch does not answer: connection refused")

    def _state(self, product_id: str, space: Space) -> dict[str, Any]:
        state: dict[str, Any] = self.docs[product_id].get("embedding", {}).get(space.name, {})
        return state

    def _stored(self, product_id: str) -> StoredProduct:
        source = {k: v for k, v in copy.deepcopy(self.docs[product_id]).items() if k != "embedding"}
        return StoredProduct(product_id, source, self.seq[product_id], 1)

    # -- SearchPort
    def ping(self) -> None:
        self._check()

    def get(self, product_id: str) -> StoredProduct | None:
        self._check()
        return self._stored(product_id) if product_id in self.docs else None

    def get_vectors(self, ids: Sequence[str], spaces: Sequence[Space]) -> Embedded:
        self._check()
        found = {}
        for i in ids:
            if i in self.docs:
                states = {space.name: self._state(i, space).get("vector") for space in spaces}
                vectors = {n: np.asarray(v, dtype=np.float32) for n, v in states.items() if v is not None}
                found[i] = (self._stored(i), vectors)
        return found

    def _public(self, product_id: str, fields: Sequence[str] | None) -> dict[str, Any]:
        wanted = PUBLIC_FIELDS if fields is None else fields
        if unknown := [name for name in wanted if name not in PUBLIC_FIELDS]:
            raise InvalidInput(f"fields: there is no '{unknown[0]}'", field=unknown[0])
        return {k: v for k, v in self.docs[product_id].items() if k in wanted}

    def _facets(self, query: SimilarQuery | BrowseQuery, pool: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        filters, currencies = query.filters, query.counts.price_currencies
        for name in query.counts.facets:
            passing = [self.docs[i] for i in pool if passes(self.docs[i], without(filters, name))]
            if name == "price":
                known = {fold(name) for name in currencies or ()}
                priced_in = [d for d in passing if currencies is None or fold(d.get("currency", "")) in known]
                offers = [offer for d in priced_in for offer in priced(offers_of(d))]
                prices = [offer.price for offer in offers if offer.price is not None]
                found[name] = {"min": min(prices, default=None), "max": max(prices, default=None)}
                continue
            counts: dict[Any, int] = {}
            for source in passing:
                for value in set(values_of(source, name)):
                    counts[value] = counts.get(value, 0) + 1
            ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            found[name] = [{"value": value, "count": count} for value, count in ordered]
        return found

    def similar(self, query: SimilarQuery) -> SimilarPage:
        self._check()
        pool = [
            i
            for i, source in self.docs.items()
            if all(self._state(i, part.space).get("vector") is not None for part in query.parts)
            and not self._excluded(query, source)
            and (query.exclusions.only_ids is None or i in query.exclusions.only_ids)
            and (query.exclusions.only_groups is None or source["group_key"] in query.exclusions.only_groups)
        ]
        passing = [i for i in pool if passes(self.docs[i], query.filters)]
        scored = [(self._score(query, i), i) for i in passing]
        ranked = sorted(
            ((s, i) for s, i in scored if query.score_threshold is None or s >= query.score_threshold),
            key=lambda item: (-item[0], item[1]),
        )
        groups: dict[str, list[tuple[float, str]]] = {}
        for score, i in ranked:
            groups.setdefault(self.docs[i]["group_key"] if query.page.group_size else i, []).append((score, i))
        window = list(groups.values())[query.page.offset : query.page.offset + query.page.limit]
        return SimilarPage(
            hits=[self._hit(query, members) for members in window],
            plan=Plan("exact", "a fake compares with everything", len(passing)),
            total=len(groups) if query.counts.total else None,
            facets=self._facets(query, pool) if query.counts.facets else None,
        )

    def _excluded(self, query: SimilarQuery | BrowseQuery, source: Mapping[str, Any]) -> bool:
        ids, groups = query.exclusions.ids, query.exclusions.groups
        if isinstance(query, SimilarQuery):
            ids, groups = (*query.exclusions.source_ids, *ids), (*query.exclusions.source_groups, *groups)
        named = source["id"] in ids or source["group_key"] in groups
        return named or any(passes(source, excluded) for excluded in query.exclusions.filters)

    def _score(self, query: SimilarQuery, product_id: str) -> float:
        cosines = {
            part.space.name: similarity.cosine(part.vector, [self._state(product_id, part.space)["vector"]])
            for part in query.parts
        }
        return float(similarity.mix(cosines, {part.space.name: part.weight for part in query.parts})[0])

    def _hit(self, query: SimilarQuery, members: Sequence[tuple[float, str]]) -> Hit:
        score, best = members[0]
        group = [Hit(i, s, self._public(i, query.page.fields)) for s, i in members[: query.page.group_size]]
        vectors = {
            part.space.name: np.asarray(self._state(best, part.space)["vector"], dtype=np.float32)
            for part in query.parts
        }
        return Hit(
            best,
            score,
            self._public(best, query.page.fields),
            group if query.page.group_size else None,
            vectors if query.page.with_vectors else None,
        )

    def browse(self, query: BrowseQuery) -> BrowsePage:
        self._check()
        words = (query.q or "").lower().split()
        matching = [i for i, d in self.docs.items() if all(w in d["title"].lower().split() for w in words)]
        within = [i for i in matching if passes(self.docs[i], query.within)]
        pool = [i for i in within if not self._excluded(query, self.docs[i])]
        passing = sorted(i for i in pool if passes(self.docs[i], query.filters))
        name = query.sort.lstrip("-")
        assert query.sort in BROWSE_SORTS or name == "id"
        field = {"price": "effective_price"}.get(name, name)
        if name in ("id", "price", "updated_at", "title"):
            have = [i for i in passing if self.docs[i].get(field) is not None]
            have.sort(key=lambda i: self.docs[i][field], reverse=query.sort.startswith("-"))
            passing = have + [i for i in passing if i not in set(have)]
        if query.sort == IN_STOCK_NEWEST:
            passing.sort(key=lambda i: self.docs[i].get("updated_at", ""), reverse=True)
            passing.sort(key=lambda i: not self.docs[i].get("available"))
        window = passing[query.page.offset : query.page.offset + query.page.limit]
        facets = self._facets(query, pool) if query.counts.facets else None
        return BrowsePage([{"id": i, **self._public(i, query.page.fields)} for i in window], len(passing), facets)

    def spaces(self) -> Sequence[Space]:
        self._check()
        return [self.known[name] for name in sorted(self.known)]

    def promoted(self) -> str | None:
        return self.promotion

    def mapping_version(self) -> int:
        self._check()
        return self.version

    def words(self, key: str) -> Sequence[str]:
        self._check()
        counts = Counter(str(value) for source in self.docs.values() for value in set(values_of(source, key)))
        return sorted(counts, key=lambda word: (-counts[word], word))

    def unknown_words(self, asked: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        self._check()
        found: dict[str, list[str]] = {}
        for key, words in asked.items():
            for word in words:
                name = key.removeprefix("attributes.")
                alone = parse_filters({"attributes": {name: [word]}} if name != key else {key: [word]})
                if not any(passes(source, alone) for source in self.docs.values()):
                    found.setdefault(key, []).append(word)
        return found

    def space_counts(self) -> Sequence[SpaceStatus]:
        self._check()
        return [self.space_status(space) for space in self.spaces()]

    def rules(self) -> Rulebook:
        return UNKNOWN if self.down else Rulebook(self.list_rules())

    # -- RulePort
    def list_rules(self) -> Sequence[Rule]:
        self._check()
        return [self.merchandising[name] for name in sorted(self.merchandising)]

    def put_rule(self, rule: Rule) -> None:
        self._check()
        check_room(rule, self.list_rules())
        self.merchandising[rule.id] = rule

    def delete_rule(self, rule_id: str) -> bool:
        self._check()
        return self.merchandising.pop(rule_id, None) is not None

    def space_status(self, space: Space) -> SpaceStatus:
        states = [self._state(i, space) for i, source in self.docs.items() if source.get("image_url")]

        def reasons(status: str) -> dict[str, int]:
            found: dict[str, int] = {}
            for state in states:
                if state.get("status") == status:
                    found[state["reason"]] = found.get(state["reason"], 0) + 1
            return found

        done = sum(state.get("status") == "done" and state.get("vector") is not None for state in states)
        retry = sum(state.get("status") == "retry" for state in states)
        pending = len(states) - done - retry - sum(state.get("status") == "failed" for state in states)
        added = [*self.known, space.name].index(space.name) + 1
        return SpaceStatus(space, done, pending, retry, reasons("failed"), reasons("retry"), added)

    def status(self) -> CatalogStatus:
        self._check()
        return CatalogStatus(
            products=len(self.docs),
            with_image=sum(bool(d.get("image_url")) for d in self.docs.values()),
            available=sum(bool(d.get("available")) for d in self.docs.values()),
            spaces=[self.space_status(space) for space in self.spaces()],
            index="fake",
        )

    # -- EmbeddingPort
    def ensure_space(self, space: Space) -> None:
        known = self.known.setdefault(space.name, space)
        if known.dims != space.dims:
            raise InvalidInput(
                f"{space.name} has {known.dims} dimensions in the index and {space.dims} in the bundle"
            )

    def _due(self, product_id: str, space: Space) -> bool:
        state = self._state(product_id, space)
        if not self.docs[product_id].get("image_url"):
            return False
        if state.get("status") == "done":
            return state.get("vector") is None
        return not state.get("status") or (state["status"] == "retry" and state["next_try_at"] <= datetime.now(UTC))

    def count_unprocessed(self, space: Space) -> int:
        self._check()
        return sum(self._due(i, space) for i in self.docs)

    def unprocessed(self, space: Space, limit: int | None = None) -> Iterator[Pending]:
        self._check()
        for i in sorted(i for i in self.docs if self._due(i, space))[:limit]:
            state = self._state(i, space) if i in self.docs else {}
            yield Pending(i, self.docs[i]["image_url"], state.get("attempts") or 0, state.get("etag"))

    def embedded(self, space: Space, limit: int | None = None, after: str = "") -> Iterator[Pending]:
        self._check()
        for i in [i for i in sorted(self.docs) if i > after and self._state(i, space).get("vector")][:limit]:
            state = self._state(i, space)
            yield Pending(i, self.docs[i]["image_url"], 0, state.get("etag"), state.get("image_sha256") or "")

    def write_etags(self, space: Space, outcomes: Sequence[Outcome]) -> None:
        self._check()
        for outcome in outcomes:
            source = self.docs.get(outcome.product_id, {})
            same = source.get("image_url") == outcome.image_url
            if same and self._state(outcome.product_id, space).get("image_sha256") == outcome.image_sha256:
                self._state(outcome.product_id, space)["etag"] = outcome.etag
                self._touch(outcome.product_id)

    def write_outcomes(self, space: Space, outcomes: Sequence[Outcome]) -> list[WriteResult]:
        self._check()
        return [self._write_outcome(space, outcome) for outcome in outcomes]

    def _write_outcome(self, space: Space, outcome: Outcome) -> WriteResult:
        if outcome.status == "done":
            try:
                similarity.check_vector(outcome.vector if outcome.vector is not None else [], space.dims)
            except InvalidVector as error:
                return WriteResult(outcome, Written.REFUSED, error.message)
        self.before_write(outcome.product_id)
        source = self.docs.get(outcome.product_id)
        if source is None:
            return WriteResult(outcome, Written.GONE)
        if source.get("image_url") != outcome.image_url:
            return WriteResult(outcome, Written.MOVED)
        state = {name: getattr(outcome, name) for name in Outcome.__slots__ if name != "product_id"}
        state["vector"] = None if outcome.vector is None else [float(v) for v in outcome.vector]
        if self._state(outcome.product_id, space) == state:
            return WriteResult(outcome, Written.UNCHANGED)
        source.setdefault("embedding", {})[space.name] = state
        self._touch(outcome.product_id)
        return WriteResult(outcome, Written.WRITTEN)

    def _touch(self, product_id: str) -> None:
        self.clock += 1
        self.writes += 1
        self.seq[product_id] = self.clock

    def append_history(self, entries: Iterable[HistoryEntry]) -> None:
        self._check()
        for entry in entries:
            known = self.history.get((entry.image_url, entry.space.name))
            kept = [i for i in known.product_ids if i not in entry.product_ids] if known else []
            products = (*kept, *entry.product_ids)[-HISTORY_PRODUCTS:]
            self.history[entry.image_url, entry.space.name] = replace(entry, product_ids=products)

    def retract_history(self, space: Space, photos: Mapping[str, Sequence[str]]) -> None:
        self._check()
        for url, gone in photos.items():
            if known := self.history.pop((url, space.name), None):
                kept = tuple(i for i in known.product_ids if i not in gone)
                if kept:
                    self.history[url, space.name] = replace(known, product_ids=kept)

    def history_products(self, space: Space, urls: Sequence[str]) -> dict[str, frozenset[str]]:
        self._check()
        found = {url: self.history.get((url, space.name)) for url in urls}
        return {url: frozenset(entry.product_ids) for url, entry in found.items() if entry}

    def embedded_photos(self, space: Space, ids: Sequence[str]) -> dict[str, str]:
        self._check()
        states = {i: self._state(i, space) for i in ids if i in self.docs}
        return {i: state["image_url"] for i, state in states.items() if state.get("status") == "done"}

    def read_lease(self, name: str) -> Lease | None:
        self._check()
        return self.leases.get(name)

    def write_lease(self, name: str, holder: str, seconds: float, over: Lease | None) -> Lease | None:
        self._check()
        if self.leases.get(name) != over:
            return None
        self.clock += 1
        self.leases[name] = Lease(name, holder, seconds, self.clock, 1)
        return self.leases[name]

    def drop_lease(self, lease: Lease) -> None:
        self._check()
        if self.leases.get(lease.name) == lease:
            del self.leases[lease.name]

    def make_due(self, space: Space, statuses: Sequence[str], reasons: Sequence[str] = ()) -> int:
        found = 0
        for i in self.docs:
            state = self._state(i, space)
            if state.get("status") in statuses and (not reasons or state.get("reason") in reasons):
                state |= {"status": "retry", "attempts": 0, "next_try_at": datetime.now(UTC)}
                found += 1
        return found

    # -- ProductPort
    def create(self) -> str:
        self._check()
        return "fake"

    def get_many(self, ids: Sequence[str]) -> dict[str, StoredProduct]:
        self._check()
        return {i: self._stored(i) for i in ids if i in self.docs}

    def write(self, changes: Sequence[Change]) -> list[ChangeResult]:
        self._check()
        return [self._change(change) for change in changes]

    def _change(self, change: Change) -> ChangeResult:
        self.before_write(change.id)
        if self.seq.get(change.id) != change.seq_no:
            return ChangeResult(change, "conflict", "somebody else wrote first")
        old = self.docs.get(change.id)
        if change.source is None:
            del self.docs[change.id], self.seq[change.id]
            self.writes += 1
            return ChangeResult(change, "deleted")
        source = copy.deepcopy(dict(change.source))
        if old and change.keep_embedding and old.get("image_url") == source.get("image_url") and "embedding" in old:
            source["embedding"] = old["embedding"]
        self.docs[change.id] = source
        self._touch(change.id)
        return ChangeResult(change, "updated" if old else "created")

    def ids(self) -> Iterator[str]:
        yield from sorted(self.docs)

    def count(self) -> int:
        return len(self.docs)

    def refresh(self) -> None:
        self._check()
