"""The vector store under attack: flipped bits, swapped rows, foreign parts, crashes; no wrong vector comes back."""

import os
import random
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.records import Outcome
from catalog.similarity import normalize
from etl.errors import BrokenPart, StoreFailed
from etl.report import format_restore, format_run
from etl.storage import part_format
from etl.storage.part_format import StoredVector
from etl.storage.vector_store import STRAY_AFTER, PartFile, VectorStore
from etl.vector_restore import RestoreCounts, restore_vectors
from models.photos import PhotoSettings
from tests.etl_kit import SPACE, MeanColor, build_context, product, run_job, settings_for
from tests.fakes import FakeCatalogue
from tests.image_server import photo

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WIDE = Space("wide", "v1", 64)


def outcomes(count: int, space: Space = SPACE, first: int = 0) -> list[Outcome]:
    """One unit vector per photo, all different."""
    rows = normalize(np.random.default_rng(first).normal(size=(count, space.dims)))
    return [
        Outcome(f"p{first + n}", f"http://x/{first + n}.jpg", "done", row, f"{first + n:064x}")
        for n, row in enumerate(rows)
    ]


def written_before(space: Space, rows: list[Outcome], version: str | None = None) -> bytes:
    """A part as this project wrote it before it had digests."""
    vectors = np.stack([row.vector for row in rows if row.vector is not None])
    columns = [
        pa.array([row.product_id for row in rows], pa.string()),
        pa.array([row.image_url for row in rows], pa.string()),
        pa.array([row.image_sha256 for row in rows], pa.string()),
        pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), space.dims),
        pa.array([version or space.version] * len(rows), pa.string()),
        pa.array(["r0"] * len(rows), pa.string()),
        pa.array([NOW] * len(rows), pa.timestamp("us", tz="UTC")),
    ]
    names = part_format.build_schema(space.dims).names[:-1]
    fields = [part_format.build_schema(space.dims).field(name) for name in names]
    file = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(columns, schema=pa.schema(fields)), file, compression="zstd")
    return bytes(file.getvalue())


def key(row: StoredVector) -> tuple[str, str, str | None, bytes]:
    return row.product_id, row.image_url, row.image_sha256, row.vector.tobytes()


def changed(data: bytes, change: Callable[[pa.Table], pa.Table]) -> bytes:
    """The part with another table in it, its page checksums right."""
    file = pa.BufferOutputStream()
    pq.write_table(change(pq.read_table(pa.BufferReader(data))), file, write_page_checksum=True)
    return bytes(file.getvalue())


def swapped(table: pa.Table) -> pa.Table:
    """Row 0 with the vector of row 1 and the other way round."""
    order = [1, 0, *range(2, len(table))]
    place = table.schema.get_field_index("vector")
    return table.set_column(place, table.schema.field("vector"), table["vector"].take(pa.array(order)))


# -- what is read is what was written, or nothing


def test_no_flipped_bit_gives_another_vector() -> None:
    data = part_format.encode(WIDE, "r1", outcomes(40, WIDE), NOW)
    right = {key(row) for row in part_format.decode(data, WIDE)}
    assert len(right) == 40
    seeded, refused = random.Random(16), 0
    for _ in range(300):
        bit = seeded.randrange(8 * len(data))
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            assert {key(row) for row in part_format.decode(bytes(damaged), WIDE)} <= right
        except BrokenPart:
            refused += 1
    assert refused > 250, "most of a part is vectors"


def test_a_flipped_bit_is_found_by_the_page_checksum_already() -> None:
    data = part_format.encode(WIDE, "r1", outcomes(40, WIDE), NOW)
    reader = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
    column = reader.metadata.row_group(0).column(reader.schema_arrow.names.index("vector"))
    damaged = bytearray(data)
    start = column.dictionary_page_offset or column.data_page_offset
    damaged[start + column.total_compressed_size // 2] ^= 1
    with pytest.raises(BrokenPart, match=r"(?i)crc|checksum"):
        part_format.decode(bytes(damaged), WIDE)


def test_swapped_vectors_are_refused() -> None:
    data = part_format.encode(SPACE, "r1", outcomes(3), NOW)
    with pytest.raises(BrokenPart, match="digests differ"):
        part_format.decode(changed(data, swapped), SPACE)


@pytest.mark.parametrize("other", [Space("mean", "v2", 4), Space("other", "v1", 4), Space("mean", "v1", 5)])
def test_a_part_of_another_space_or_version_is_refused(other: Space) -> None:
    with pytest.raises(BrokenPart):
        part_format.decode(part_format.encode(SPACE, "r1", outcomes(3), NOW), other)


@pytest.mark.parametrize("columns", [["digest"], ["image_sha256"], ["model_version", "digest"]])
def test_a_part_without_one_of_its_columns_is_refused(columns: list[str]) -> None:
    data = part_format.encode(SPACE, "r1", outcomes(3), NOW)
    with pytest.raises(BrokenPart, match="columns"):
        part_format.decode(changed(data, lambda table: table.drop_columns(columns)), SPACE)


@pytest.mark.parametrize("length", [0, 4, 100, -1, -9])
def test_a_part_cut_short_is_refused(length: int) -> None:
    with pytest.raises(BrokenPart):
        part_format.decode(part_format.encode(SPACE, "r1", outcomes(3), NOW)[:length], SPACE)


def test_a_vector_that_is_not_of_unit_length_is_made_so_and_one_without_direction_left_out() -> None:
    rows = [
        Outcome("a", "u1", "done", np.array([3, 4, 0, 0], dtype=np.float32)),
        Outcome("b", "u2", "done", np.zeros(4, dtype=np.float32)),
    ]
    (row,) = part_format.decode(part_format.encode(SPACE, "r1", rows, NOW), SPACE)
    assert row.product_id == "a"
    assert row.vector == pytest.approx([0.6, 0.8, 0, 0])


# -- parts written before


def test_a_part_written_before_is_read_as_it_was() -> None:
    rows = outcomes(5)
    found = part_format.decode(written_before(SPACE, rows), SPACE)
    assert [key(row) for row in found] == [
        key(StoredVector(row.product_id, row.image_url, row.image_sha256, np.asarray(row.vector))) for row in rows
    ]


@pytest.mark.parametrize("wrong", [[2, 0, 0, 0], [0.5, 0, 0, 0], [0, 0, 0, 0], [np.nan, 0, 0, 1], [np.inf, 0, 0, 0]])
def test_a_part_written_before_with_a_vector_of_another_length_is_refused(wrong: list[float]) -> None:
    row = Outcome("a", "u", "done", np.array(wrong, dtype=np.float32))
    with pytest.raises(BrokenPart, match="unit length"):
        part_format.decode(written_before(SPACE, [*outcomes(2), row]), SPACE)


def test_a_part_written_before_whose_bits_flipped_to_a_signalling_nan_is_refused() -> None:
    vector = np.array([0x7F800001, 0, 0, 0], dtype=np.uint32).view(np.float32)
    with pytest.raises(BrokenPart, match="unit length"):
        part_format.decode(written_before(SPACE, [*outcomes(2), Outcome("a", "u", "done", vector)]), SPACE)


def test_a_part_written_before_of_another_version_is_refused() -> None:
    with pytest.raises(BrokenPart, match="version v9, not v1"):
        part_format.decode(written_before(SPACE, outcomes(2), version="v9"), SPACE)


# -- a broken part stops nobody


def shop_of(count: int) -> FakeCatalogue:
    index = FakeCatalogue([product(number, f"http://x/{number}.jpg") for number in range(count)])
    index.spaces.ensure(SPACE)
    return index


def three_parts(store: VectorStore) -> list[PartFile]:
    return [store.write(SPACE, "r1", number, outcomes(3, first=3 * number), NOW) for number in range(3)]


@pytest.mark.parametrize("scheme", ["", "memory://"])
def test_broken_parts_are_set_aside_and_the_others_restored(
    tmp_path: Path, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    store, index = VectorStore(f"{scheme}{tmp_path}/v"), shop_of(9)
    bad = three_parts(store)[1]
    store._fs.pipe_file(bad.path, changed(store._fs.cat_file(bad.path), swapped))
    found = restore_vectors(index, store, SPACE, store.list_unfinished(SPACE.name), settings_for(tmp_path))
    assert (found.restored, found.missing, found.broken_parts, found.unread_parts) == (6, 3, 1, 0)
    assert sorted(one.product_id for one in index.embeddings.read_unprocessed(SPACE)) == ["p3", "p4", "p5"]
    assert bad not in store.list_parts(SPACE.name)
    assert store._fs.exists(bad.path + ".bad"), "kept for whoever wants to know"
    assert bad.path in caplog.text
    again = restore_vectors(index, store, SPACE, store.list_unfinished(SPACE.name), settings_for(tmp_path))
    assert (again.broken_parts, again.missing) == (0, 3)


def test_a_part_that_the_disk_does_not_give_is_left_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store, index = VectorStore(str(tmp_path / "v")), shop_of(9)
    bad, give = three_parts(store)[1], store._fs.cat_file

    def refuse(path: str, **more: Any) -> bytes:
        if path == bad.path:
            raise OSError(5, "Input/output error")
        return bytes(give(path, **more))

    monkeypatch.setattr(store._fs, "cat_file", refuse)
    found = restore_vectors(index, store, SPACE, store.list_unfinished(SPACE.name), settings_for(tmp_path))
    assert (found.restored, found.broken_parts, found.unread_parts) == (6, 0, 1)
    assert bad in store.list_parts(SPACE.name)
    assert "Input/output error" in caplog.text


def test_a_run_embeds_anew_what_only_a_broken_part_had(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(photo((50 * number + 9, 90, 30)))
    urls = [(folder / f"{number}.jpg").as_uri() for number in range(3)]
    index = FakeCatalogue([product(number, url) for number, url in enumerate(urls)])
    context = build_context(index, tmp_path, PhotoSettings(image_roots=(folder,)))
    left = [Outcome(f"p{n}", url, "done", np.eye(4, dtype=np.float32)[n]) for n, url in enumerate(urls)]
    part = context.store.write(SPACE, "20260101T000000-killed", 0, left, NOW)
    Path(part.path).write_bytes(Path(part.path).read_bytes()[:-20])
    model = MeanColor()
    summary = run_job(context, [model])
    (its,) = summary.models
    assert (its.done, its.reused, its.broken_parts, model.embedded) == (3, 0, 1, 3)
    assert summary.to_dict()["models"][0]["broken_parts"] == 1
    assert "1 broken files of VECTOR_STORE set aside" in format_run(summary)
    assert run_job(context, [model]).models[0].broken_parts == 0
    assert "2 broken files" in format_restore("mean__v1", asdict(RestoreCounts(broken_parts=2)))
    assert "1 files could not be read" in format_restore("mean__v1", asdict(RestoreCounts(unread_parts=1)))


# -- crashes


def test_a_part_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, events = VectorStore(str(tmp_path / "v")), list[str]()
    sync, move = os.fsync, store._fs.mv

    def synced(descriptor: int) -> None:
        events.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        sync(descriptor)

    def moved(source: str, target: str) -> None:
        events.append("rename")
        move(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(store._fs, "mv", moved)
    store.write(SPACE, "r1", 0, outcomes(2), NOW)
    assert events[:3] == ["sync .part-r1-000000.parquet.tmp", "rename", "sync space=mean__v1"]
    assert set(events[3:]) == {"sync v", f"sync {tmp_path.name}"}, "the new folders' own names too"
    events.clear()
    store.write_marker(SPACE.name, "r1", [0], {})
    assert events == ["sync .done-r1.json.tmp", "rename", "sync space=mean__v1"]


@pytest.mark.parametrize("scheme", ["", "memory://"])
def test_what_a_crash_left_half_written_is_swept_once_it_is_old(
    tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = VectorStore(f"{scheme}{tmp_path}/v")
    kept = store.write(SPACE, "r1", 0, outcomes(2), NOW)
    monkeypatch.setattr(store._fs, "mv", lambda *_: (_ for _ in ()).throw(OSError("killed")))
    with pytest.raises(StoreFailed):
        store.write(SPACE, "r1", 1, outcomes(2), NOW)
    monkeypatch.undo()
    assert store.list_parts(SPACE.name) == [kept]
    assert len(store._fs.ls(store._folder(SPACE.name))) == 2
    now = datetime.now(UTC)
    assert store.delete_strays(SPACE.name, now) == 0, "it may be a running job's"
    assert store.delete_strays(SPACE.name, now + STRAY_AFTER + timedelta(minutes=1)) == 1
    assert store._fs.ls(store._folder(SPACE.name), detail=False) == [kept.path]
    assert store.delete_strays("nothing__v1", now) == 0
