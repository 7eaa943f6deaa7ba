"""The stores of the fake catalogue: each answers its port over the dictionaries of one `FakeCatalogue`."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog import similarity
from catalog.domain.api_keys import ApiKey, make_key
from catalog.domain.embedding_space import Space
from catalog.domain.filters import parse as parse_filters
from catalog.domain.filters import values_of
from catalog.domain.matching import passes
from catalog.domain.merchandising_rulebook import UNKNOWN, Rulebook, check_room
from catalog.domain.merchandising_rules import Rule
from catalog.domain.offers import list_names, offers_of, select_priced
from catalog.domain.promotion import Promotion
from catalog.domain.records import (
    HISTORY_PRODUCTS,
    CatalogStatus,
    Change,
    ChangeResult,
    FailedPhoto,
    HistoryEntry,
    IdHashes,
    Lease,
    OfferMark,
    Outcome,
    Pending,
    PhotoColor,
    SpaceStatus,
    StoredProduct,
    WriteResult,
    Written,
)
from catalog.domain.synonyms import fold
from catalog.elastic.photo_stores.photo_colors import build_color_fields
from catalog.errors import InvalidInput, InvalidVector
from catalog.ports import EmbeddedProducts
from catalog.search.product_fields import PHOTO_HASHES, PUBLIC_FIELDS, find_photo_hash, list_stored
from catalog.search.queries import BROWSE_SORTS
from catalog.search.search_types import (
    IN_STOCK_NEWEST,
    BrowsePage,
    BrowseQuery,
    Hit,
    Plan,
    SimilarPage,
    SimilarQuery,
)
from catalog.similar.implied_filters import drop_filter

if TYPE_CHECKING:
    from tests.fakes import FakeCatalogue


class FakeStore:
    """A store over the dictionaries of `shop`."""

    def __init__(self, shop: FakeCatalogue) -> None:
        self.shop = shop


class FakeLayout(FakeStore):
    """There always is an index."""

    def create(self) -> str:
        self.shop.check("write")
        return "fake"


class FakeProducts(FakeStore):
    """Products by id, read and written under their sequence number."""

    def read(self, name: str) -> StoredProduct | None:
        self.shop.check()
        if (i := self._resolve(name)) is None:
            return None
        return replace(self.shop.stored(i), photo_hash=find_photo_hash(self.shop.docs[i]))

    def read_vectors(self, names: Sequence[str], spaces: Sequence[Space]) -> EmbeddedProducts:
        self.shop.check()
        found = {}
        for name in names:
            if i := self._resolve(name):
                states = {space.name: self.shop.state(i, space).get("vector") for space in spaces}
                vectors = {n: np.asarray(v, dtype=np.float32) for n, v in states.items() if v is not None}
                found[name] = (self.shop.stored(i), vectors)
        return found

    def _resolve(self, name: str) -> str | None:
        return name if name in self.shop.docs else self.find_by_sku([name]).get(name)

    def find_by_sku(self, skus: Sequence[str]) -> dict[str, str]:
        self.shop.check()
        owners = [(sku, i) for i in sorted(self.shop.docs, reverse=True) for sku in self.shop.docs[i].get("skus", ())]
        return {sku: i for sku, i in owners if sku in skus}

    def read_many(self, ids: Sequence[str]) -> dict[str, StoredProduct]:
        self.shop.check()
        return {i: self.shop.stored(i) for i in ids if i in self.shop.docs}

    def write(self, changes: Sequence[Change]) -> list[ChangeResult]:
        self.shop.check()
        return [self._change(change) for change in changes]

    def _change(self, change: Change) -> ChangeResult:
        self.shop.before_write(change.id)
        if self.shop.seq.get(change.id) != change.seq_no:
            return ChangeResult(change, "conflict", "somebody else wrote first")
        old = self.shop.docs.get(change.id)
        if change.source is None:
            del self.shop.docs[change.id], self.shop.seq[change.id]
            self.shop.writes += 1
            return ChangeResult(change, "deleted")
        source = copy.deepcopy(dict(change.source))
        givers = [self.shop.docs[i] for i in change.donors if i in self.shop.docs]
        for giver in [*([old] if old and change.keep_embedding else []), *givers]:
            if giver.get("image_url") == source.get("image_url") and "embedding" in giver:
                source.setdefault("embedding", copy.deepcopy(giver["embedding"]))
        self.shop.docs[change.id] = source
        self.shop.touch(change.id)
        return ChangeResult(change, "updated" if old else "created")

    def read_ids(self) -> Iterator[str]:
        yield from sorted(self.shop.docs)

    def find_embedded(self, ids: Sequence[str]) -> frozenset[str]:
        docs = ((i, self.shop.docs[i].get("embedding") or {}) for i in ids if i in self.shop.docs)
        return frozenset(i for i, states in docs if any(state["status"] == "done" for state in states.values()))

    def count_embedded(self) -> int:
        return len(self.find_embedded(list(self.shop.docs)))

    def count(self) -> int:
        return len(self.shop.docs)

    def refresh(self) -> None:
        self.shop.check()


class FakeSearch(FakeStore):
    """Reads filters, facets and fields for both kinds of search."""

    def _public(self, product_id: str, fields: Sequence[str] | None) -> dict[str, Any]:
        if unknown := [name for name in fields or () if name not in PUBLIC_FIELDS]:
            raise InvalidInput(f"fields: there is no '{unknown[0]}'", field=unknown[0])
        wanted, source = list_stored(fields), self.shop.docs[product_id]
        found = {k: v for k, v in source.items() if k in wanted}
        states = source.get("embedding") or {} if PHOTO_HASHES in wanted else {}
        hashes = {n: {"image_sha256": s["image_sha256"]} for n, s in states.items() if "image_sha256" in s}
        return found | ({"embedding": hashes} if hashes else {})

    def _facets(self, query: SimilarQuery | BrowseQuery, pool: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        filters, currencies = query.filters, query.counts.price_currencies
        for name in query.counts.facets:
            passing = [self.shop.docs[i] for i in pool if passes(self.shop.docs[i], drop_filter(filters, name))]
            if name == "price":
                known = {fold(name) for name in currencies or ()}
                priced_in = [d for d in passing if currencies is None or fold(d.get("currency", "")) in known]
                offers = [offer for d in priced_in for offer in select_priced(offers_of(d))]
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

    def _is_named(self, names: Sequence[str] | None, source: Mapping[str, Any]) -> bool:
        return names is None or not list_names(source).isdisjoint(names)

    def _is_excluded(self, query: SimilarQuery | BrowseQuery, source: Mapping[str, Any]) -> bool:
        ids, groups, names = query.exclusions.ids, query.exclusions.groups, query.exclusions.names
        if isinstance(query, SimilarQuery):
            ids, groups = (*query.exclusions.source_ids, *ids), (*query.exclusions.source_groups, *groups)
        named = source["id"] in ids or source["group_key"] in groups or self._is_named(names, source)
        return named or any(passes(source, excluded) for excluded in query.exclusions.filters)


class FakeSimilar(FakeSearch):
    """Compares with everything that passes."""

    def search(self, query: SimilarQuery) -> SimilarPage:
        self.shop.check()
        pool = [
            i
            for i, source in self.shop.docs.items()
            if all(self.shop.state(i, part.space).get("vector") is not None for part in query.parts)
            and not self._is_excluded(query, source)
            and self._is_named(query.exclusions.only_names, source)
            and (query.exclusions.only_groups is None or source["group_key"] in query.exclusions.only_groups)
        ]
        passing = [i for i in pool if passes(self.shop.docs[i], query.filters)]
        scored = [(self._score(query, i), i) for i in passing]
        ranked = sorted(
            ((s, i) for s, i in scored if query.score_threshold is None or s >= query.score_threshold),
            key=lambda item: (-item[0], item[1]),
        )
        groups: dict[str, list[tuple[float, str]]] = {}
        for score, i in ranked:
            groups.setdefault(self.shop.docs[i]["group_key"] if query.page.group_size else i, []).append((score, i))
        window = list(groups.values())[query.page.offset : query.page.offset + query.page.limit]
        return SimilarPage(
            hits=[self._hit(query, members) for members in window],
            plan=Plan("exact", "a fake compares with everything", len(passing)),
            total=self._count(query, [members[0][0] for members in groups.values()]) if query.counts.total else None,
            facets=self._facets(query, pool) if query.counts.facets else None,
        )

    def _count(self, query: SimilarQuery, scores: Sequence[float]) -> int:
        floor = query.counts.floor if query.score_threshold is None else None
        return sum(floor is None or score >= floor for score in scores)

    def _score(self, query: SimilarQuery, product_id: str) -> float:
        cosines = {
            part.space.name: similarity.cosine(part.vector, [self.shop.state(product_id, part.space)["vector"]])
            for part in query.parts
        }
        return float(similarity.mix(cosines, {part.space.name: part.weight for part in query.parts})[0])

    def _hit(self, query: SimilarQuery, members: Sequence[tuple[float, str]]) -> Hit:
        score, best = members[0]
        group = [Hit(i, s, self._public(i, query.page.fields)) for s, i in members[: query.page.group_size]]
        vectors = {
            part.space.name: np.asarray(self.shop.state(best, part.space)["vector"], dtype=np.float32)
            for part in query.parts
        }
        return Hit(
            best,
            score,
            self._public(best, query.page.fields),
            group if query.page.group_size else None,
            vectors if query.page.with_vectors else None,
        )


class FakeBrowsing(FakeSearch):
    """Sorts everything that passes."""

    def search(self, query: BrowseQuery) -> BrowsePage:
        self.shop.check()
        words = (query.q or "").lower().split()
        matching = [i for i, d in self.shop.docs.items() if all(w in d["title"].lower().split() for w in words)]
        within = [i for i in matching if passes(self.shop.docs[i], query.within)]
        pool = [i for i in within if not self._is_excluded(query, self.shop.docs[i])]
        passing = sorted(i for i in pool if passes(self.shop.docs[i], query.filters))
        name = query.sort.lstrip("-")
        assert query.sort in BROWSE_SORTS or name == "id"
        field = {"price": "effective_price"}.get(name, name)
        if name in ("id", "price", "updated_at", "title"):
            have = [i for i in passing if self.shop.docs[i].get(field) is not None]
            have.sort(key=lambda i: self.shop.docs[i][field], reverse=query.sort.startswith("-"))
            passing = have + [i for i in passing if i not in set(have)]
        if query.sort == IN_STOCK_NEWEST:
            passing.sort(key=lambda i: self.shop.docs[i].get("updated_at", ""), reverse=True)
            passing.sort(key=lambda i: not self.shop.docs[i].get("available"))
        if query.page.group_size:
            firsts = {self.shop.docs[i]["group_key"]: i for i in reversed(passing)}
            passing = [i for i in passing if i in firsts.values()]
        window = passing[query.page.offset : query.page.offset + query.page.limit]
        facets = self._facets(query, pool) if query.counts.facets else None
        return BrowsePage([{"id": i, **self._public(i, query.page.fields)} for i in window], len(passing), facets)


class FakeFilterValues(FakeStore):
    """Looks through all products for the values of a filter."""

    def get(self, key: str) -> Sequence[str]:
        self.shop.check()
        counts = Counter(str(value) for source in self.shop.docs.values() for value in set(values_of(source, key)))
        return sorted(counts, key=lambda word: (-counts[word], word))

    def find_unknown(self, asked: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        self.shop.check()
        found: dict[str, list[str]] = {}
        for key, words in asked.items():
            for word in words:
                name = key.removeprefix("attributes.")
                alone = parse_filters({"attributes": {name: [word]}} if name != key else {key: [word]})
                if not any(passes(source, alone) for source in self.shop.docs.values()):
                    found.setdefault(key, []).append(word)
        return found


class FakeSpaces(FakeStore):
    """Knows the spaces that were added."""

    def get_all(self) -> Sequence[Space]:
        self.shop.check()
        return [self.shop.known[name] for name in sorted(self.shop.known)]

    def read_all(self) -> Sequence[Space]:
        return self.get_all()

    def get_mapping_version(self) -> int:
        self.shop.check()
        return self.shop.version

    def get_floors(self) -> Mapping[str, float]:
        self.shop.check()
        return self.shop.floors

    def write_floor(self, space: Space, floor: float | None) -> None:
        self.shop.check("write")
        self.shop.floors.pop(space.name, None)
        if floor is not None:
            self.shop.floors[space.name] = floor

    def ensure(self, space: Space) -> None:
        known = self.shop.known.setdefault(space.name, space)
        if known.dims != space.dims:
            raise InvalidInput(
                f"{space.name} has {known.dims} dimensions in the index and {space.dims} in the bundle"
            )


class FakeStatus(FakeStore):
    """Counts the states of all photos."""

    def ping(self) -> None:
        self.shop.check("probe")

    def get_spaces(self) -> Sequence[SpaceStatus]:
        self.shop.check()
        return [self.read_space(space) for space in self.shop.spaces.get_all()]

    def read_space(self, space: Space) -> SpaceStatus:
        states = [self.shop.state(i, space) for i, source in self.shop.docs.items() if source.get("image_url")]

        def reasons(status: str) -> dict[str, int]:
            found: dict[str, int] = {}
            for state in states:
                if state.get("status") == status:
                    found[state["reason"]] = found.get(state["reason"], 0) + 1
            return found

        done = sum(state.get("status") == "done" and state.get("vector") is not None for state in states)
        retry = sum(state.get("status") == "retry" for state in states)
        pending = len(states) - done - retry - sum(state.get("status") == "failed" for state in states)
        added = [*self.shop.known, space.name].index(space.name) + 1
        times = [state["next_try_at"] for state in states if state.get("status") == "retry"]
        again = min((time for time in times if time is not None), default=None)
        return SpaceStatus(space, done, pending, retry, reasons("failed"), reasons("retry"), again, added)

    def read_failures(
        self, spaces: Sequence[Space], limit: int, reasons: Sequence[str] = ()
    ) -> Sequence[FailedPhoto]:
        self.shop.check()
        every = [
            FailedPhoto(
                space.name,
                i,
                self.shop.docs[i]["image_url"],
                state["status"],
                state["reason"],
                state["attempts"],
                state["next_try_at"],
            )
            for space in spaces
            for i in sorted(self.shop.docs)
            if (state := self.shop.state(i, space)).get("status") in ("failed", "retry")
        ]
        return [one for one in every if not reasons or one.reason in reasons][:limit]

    def read(self) -> CatalogStatus:
        self.shop.check()
        return CatalogStatus(
            products=len(self.shop.docs),
            with_image=sum(bool(d.get("image_url")) for d in self.shop.docs.values()),
            available=sum(bool(d.get("available")) for d in self.shop.docs.values()),
            spaces=[self.read_space(space) for space in self.shop.spaces.get_all()],
            index="fake",
        )


class FakePromotions(FakeStore):
    """Says which space was promoted."""

    def get_promoted(self) -> str | None:
        return self.shop.promotion

    def read_all(self) -> list[Promotion]:
        raise NotImplementedError("the fake knows only which space was promoted")

    def append(self, entry: Promotion, after: int) -> Promotion:
        raise NotImplementedError("the fake knows only which space was promoted")


class FakeRules(FakeStore):
    """Keeps rules."""

    def __init__(self, shop: FakeCatalogue) -> None:
        super().__init__(shop)
        self.kept: dict[str, Rule] = {}

    def get_rulebook(self) -> Rulebook:
        return UNKNOWN if self.shop.down else Rulebook(self._sorted())

    def read_all(self) -> Sequence[Rule]:
        self.shop.check()
        return self._sorted()

    def put(self, rule: Rule) -> None:
        self.shop.check("write")
        check_room(rule, self._sorted())
        self.kept[rule.id] = rule

    def delete(self, rule_id: str) -> bool:
        self.shop.check("write")
        return self.kept.pop(rule_id, None) is not None

    def _sorted(self) -> Sequence[Rule]:
        return [self.kept[name] for name in sorted(self.kept)]


class FakeApiKeys(FakeStore):
    """Keeps what there is to keep of API keys; `give` makes one."""

    def __init__(self, shop: FakeCatalogue) -> None:
        super().__init__(shop)
        self.kept: dict[str, ApiKey] = {}

    def get_all(self) -> Mapping[str, ApiKey]:
        return self.kept

    def peek_all(self) -> Mapping[str, ApiKey]:
        return self.kept

    def give(self, *scopes: str, **changes: Any) -> str:
        key, text = make_key("a test's", scopes, **changes.pop("limits", {}))
        self.kept[key.id] = key.model_copy(update=changes)
        return text


class FakeEmbeddings(FakeStore):
    """Reads and writes states of photos."""

    def _is_due(self, product_id: str, space: Space) -> bool:
        state = self.shop.state(product_id, space)
        if not self.shop.docs[product_id].get("image_url"):
            return False
        if state.get("status") == "done":
            return state.get("vector") is None
        return not state.get("status") or (state["status"] == "retry" and state["next_try_at"] <= datetime.now(UTC))

    def count_unprocessed(self, space: Space) -> int:
        self.shop.check()
        return sum(self._is_due(i, space) for i in self.shop.docs)

    def read_unprocessed(self, space: Space, limit: int | None = None) -> Iterator[Pending]:
        self.shop.check()
        for i in sorted(i for i in self.shop.docs if self._is_due(i, space))[:limit]:
            state = self.shop.state(i, space) if i in self.shop.docs else {}
            yield Pending(i, self.shop.docs[i]["image_url"], state.get("attempts") or 0, state.get("etag"))

    def write_outcomes(self, space: Space, outcomes: Sequence[Outcome]) -> list[WriteResult]:
        self.shop.check()
        return [self._write_outcome(space, outcome) for outcome in outcomes]

    def _write_outcome(self, space: Space, outcome: Outcome) -> WriteResult:
        if outcome.status == "done":
            try:
                similarity.check_vector(outcome.vector if outcome.vector is not None else [], space.dims)
            except InvalidVector as error:
                return WriteResult(outcome, Written.REFUSED, error.message)
        self.shop.before_write(outcome.product_id)
        source = self.shop.docs.get(outcome.product_id)
        if source is None:
            return WriteResult(outcome, Written.GONE)
        if source.get("image_url") != outcome.image_url:
            return WriteResult(outcome, Written.MOVED)
        state = {name: getattr(outcome, name) for name in Outcome.__slots__ if name != "product_id"}
        state["vector"] = None if outcome.vector is None else [float(v) for v in outcome.vector]
        if self.shop.state(outcome.product_id, space) == state:
            return WriteResult(outcome, Written.UNCHANGED)
        source.setdefault("embedding", {})[space.name] = state
        self.shop.touch(outcome.product_id)
        return WriteResult(outcome, Written.WRITTEN)

    def read_photos(self, space: Space, ids: Sequence[str]) -> dict[str, str]:
        self.shop.check()
        states = {i: self.shop.state(i, space) for i in ids if i in self.shop.docs}
        return {i: state["image_url"] for i, state in states.items() if state.get("status") == "done"}

    def make_due(self, space: Space, statuses: Sequence[str], reasons: Sequence[str] = ()) -> int:
        found = 0
        for i in self.shop.docs:
            state = self.shop.state(i, space)
            if state.get("status") in statuses and (not reasons or state.get("reason") in reasons):
                state |= {"status": "retry", "attempts": 0, "next_try_at": datetime.now(UTC)}
                found += 1
        return found


class FakeRechecks(FakeStore):
    """Reads photos that have a vector."""

    def read_embedded(self, space: Space, limit: int | None = None, after: str = "") -> Iterator[Pending]:
        self.shop.check()
        for i in [i for i in sorted(self.shop.docs) if i > after and self.shop.state(i, space).get("vector")][:limit]:
            state = self.shop.state(i, space)
            yield Pending(i, self.shop.docs[i]["image_url"], 0, state.get("etag"), state.get("image_sha256") or "")

    def write_etags(self, space: Space, outcomes: Sequence[Outcome]) -> None:
        self.shop.check()
        for outcome in outcomes:
            source = self.shop.docs.get(outcome.product_id, {})
            same = source.get("image_url") == outcome.image_url
            if same and self.shop.state(outcome.product_id, space).get("image_sha256") == outcome.image_sha256:
                self.shop.state(outcome.product_id, space)["etag"] = outcome.etag
                self.shop.touch(outcome.product_id)


class FakePhotoColors(FakeStore):
    """Keeps what photos show of products without a colour family."""

    def ensure_fields(self) -> None:
        self.shop.check("write")

    def read_due(self, limit: int | None = None) -> Iterator[Pending]:
        self.shop.check()
        due = [i for i, source in sorted(self.shop.docs.items()) if self._is_due(source)]
        for i in due[:limit]:
            source = self.shop.docs[i]
            yield Pending(i, source["image_url"], source.get("photo_color", {}).get("attempts") or 0)

    def _is_due(self, source: Mapping[str, Any]) -> bool:
        known = source.get("photo_color", {})
        if not source.get("image_url") or source.get("color_family"):
            return False
        again = known.get("next_try_at")
        return not known or (known["status"] == "retry" and datetime.fromisoformat(again) <= datetime.now(UTC))

    def make_due(self) -> int:
        tried = [d["photo_color"] for d in self.shop.docs.values() if d.get("photo_color", {}).get("reason")]
        for known in tried:
            known |= {"status": "retry", "attempts": 0, "next_try_at": datetime.now(UTC).isoformat()}
        return len(tried)

    def write(self, colors: Sequence[PhotoColor]) -> list[Written]:
        self.shop.check("write")
        return [self._write(color) for color in colors]

    def _write(self, color: PhotoColor) -> Written:
        self.shop.before_write(color.product_id)
        source = self.shop.docs.get(color.product_id)
        if source is None:
            return Written.GONE
        if source.get("image_url") != color.image_url:
            return Written.MOVED
        source |= build_color_fields(color, source)
        self.shop.touch(color.product_id)
        return Written.WRITTEN


class FakeHistory(FakeStore):
    """Keeps the history of photos."""

    def __init__(self, shop: FakeCatalogue) -> None:
        super().__init__(shop)
        self.entries: dict[tuple[str, str], HistoryEntry] = {}

    def append(self, entries: Iterable[HistoryEntry]) -> None:
        self.shop.check()
        for entry in entries:
            known = self.entries.get((entry.image_url, entry.space.name))
            kept = [i for i in known.product_ids if i not in entry.product_ids] if known else []
            products = (*kept, *entry.product_ids)[-HISTORY_PRODUCTS:]
            self.entries[entry.image_url, entry.space.name] = replace(entry, product_ids=products)

    def retract(self, space: Space, photos: Mapping[str, Sequence[str]]) -> None:
        self.shop.check()
        for url, gone in photos.items():
            if known := self.entries.pop((url, space.name), None):
                kept = tuple(i for i in known.product_ids if i not in gone)
                if kept:
                    self.entries[url, space.name] = replace(known, product_ids=kept)

    def read_products(self, space: Space, urls: Sequence[str]) -> dict[str, frozenset[str]]:
        self.shop.check()
        found = {url: self.entries.get((url, space.name)) for url in urls}
        return {url: frozenset(entry.product_ids) for url, entry in found.items() if entry}


class FakeLeases(FakeStore):
    """Keeps leases."""

    def __init__(self, shop: FakeCatalogue) -> None:
        super().__init__(shop)
        self.held: dict[str, Lease] = {}

    def read(self, name: str) -> Lease | None:
        self.shop.check()
        return self.held.get(name)

    def write(self, name: str, holder: str, seconds: float, over: Lease | None) -> Lease | None:
        self.shop.check()
        if self.held.get(name) != over:
            return None
        self.shop.clock += 1
        self.held[name] = Lease(name, holder, seconds, self.shop.clock, 1)
        return self.held[name]

    def drop(self, lease: Lease) -> None:
        self.shop.check()
        if self.held.get(lease.name) == lease:
            del self.held[lease.name]


class FakeOfferMarks(FakeStore):
    """Keeps marks of imports."""

    def __init__(self, shop: FakeCatalogue) -> None:
        super().__init__(shop)
        self.marks: dict[str, OfferMark] = {}
        self.made = 0

    def read(self, after: datetime | None = None) -> Iterator[OfferMark]:
        self.shop.check()
        yield from [mark for mark in self.marks.values() if after is None or mark.as_of > after]

    def add(self, as_of: datetime, ids: IdHashes) -> None:
        self.shop.check("write")
        self.made += 1
        self.marks[str(self.made)] = OfferMark(str(self.made), as_of, datetime.now(UTC), ids)

    def drop(self, names: Sequence[str]) -> None:
        for name in names:
            self.marks.pop(name, None)
