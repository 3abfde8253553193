"""A blob store gives back the bytes that were put, or says why not, and keeps nothing of what was forgotten."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import StoreUnavailable, UnreadableDocument
from lake.blobs import BlobStore
from lake.sealing import MemorySealer

DOCUMENTS = [f"ab{number:030x}" if number % 2 else f"{number:032x}" for number in range(5)]
VERSIONS = [hashlib.md5(bytes([number])).hexdigest() for number in range(3)]
SECRET = b"Frau Nguyen owes 4711 euros"


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs", MemorySealer())


def files(blobs: BlobStore) -> list[str]:
    return sorted(path.relative_to(blobs.folder).as_posix() for path in blobs.folder.rglob("*") if path.is_file())


ids = st.sampled_from(DOCUMENTS)
step = st.one_of(
    st.tuples(st.just("put"), ids, st.sampled_from(VERSIONS), st.binary(max_size=20)),
    st.tuples(st.just("forget"), st.sets(ids)),
    st.tuples(st.just("keep_only"), ids, st.sets(st.sampled_from(VERSIONS))),
    st.tuples(st.just("purge")),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(step, max_size=12))
def test_any_sequence_of_putting_and_forgetting_holds_what_a_dict_would(tmp_path_factory: pytest.TempPathFactory, steps: list) -> None:
    blobs = BlobStore(tmp_path_factory.mktemp("blobs"), MemorySealer())
    model: dict[tuple[str, str], bytes] = {}
    for verb, *what in steps:
        if verb == "put":
            blobs.put(*what)
            model[what[0], what[1]] = what[2]
        elif verb == "forget":
            before = sum(document in what[0] for document, _ in model)
            forgotten = blobs.forget(what[0])
            assert (forgotten.copy, forgotten.before, forgotten.after) == ("blobs", before, 0)
            model = {place: content for place, content in model.items() if place[0] not in what[0]}
        elif verb == "keep_only":
            dropped = [place for place in model if place[0] == what[0] and place[1] not in what[1]]
            assert blobs.keep_only(*what) == len(dropped)
            model = {place: content for place, content in model.items() if place not in dropped}
        else:
            assert blobs.purge() == "purged"
    assert {place: blobs.get(*place) for place in model} == model
    assert blobs.sealer.keys.keys() == model.keys()
    assert blobs.count(DOCUMENTS) == len(model)
    assert len(files(blobs)) == len(model)
    shutil.rmtree(blobs.folder)


def test_a_blob_lies_under_its_ids_and_shows_nothing_of_its_content(blobs: BlobStore) -> None:
    blobs.put(DOCUMENTS[1], VERSIONS[0], SECRET)
    assert files(blobs) == [f"ab/{DOCUMENTS[1]}-{VERSIONS[0]}"]
    assert SECRET not in (blobs.folder / files(blobs)[0]).read_bytes()


def test_many_documents_are_put_at_once(blobs: BlobStore) -> None:
    documents = [(document, version, f"{document} {version}".encode()) for document in DOCUMENTS for version in VERSIONS]
    blobs.put_many(documents)
    assert [blobs.get(document, version) for document, version, _ in documents] == [content for *_, content in documents]


def test_putting_again_heals_a_damaged_blob(blobs: BlobStore) -> None:
    blobs.put(DOCUMENTS[0], VERSIONS[0], SECRET)
    (blobs.folder / files(blobs)[0]).write_bytes(b"")
    blobs.put(DOCUMENTS[0], VERSIONS[0], SECRET)
    assert blobs.get(DOCUMENTS[0], VERSIONS[0]) == SECRET


def test_a_missing_blob_says_which_and_what_to_do(blobs: BlobStore) -> None:
    with pytest.raises(UnreadableDocument, match=rf"document {DOCUMENTS[0]}, version {VERSIONS[0]}: no blob in .* Ingest it again"):
        blobs.get(DOCUMENTS[0], VERSIONS[0])


@pytest.mark.parametrize(
    "harm", [lambda b: b[:-1], lambda b: b"", lambda b: bytes([b[0] ^ 1]) + b[1:], lambda b: b[:-1] + bytes([b[-1] ^ 1])]
)
def test_a_tampered_blob_is_never_returned(blobs: BlobStore, harm) -> None:  # type: ignore[no-untyped-def]
    blobs.put(DOCUMENTS[0], VERSIONS[0], SECRET)
    path = blobs.folder / files(blobs)[0]
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(UnreadableDocument):
        blobs.get(DOCUMENTS[0], VERSIONS[0])


def test_a_blob_under_another_documents_name_is_never_returned(blobs: BlobStore) -> None:
    blobs.put_many([(DOCUMENTS[0], VERSIONS[0], b"one"), (DOCUMENTS[2], VERSIONS[0], b"two")])
    one, two = (blobs.folder / path for path in files(blobs))
    shutil.copy(two, one)
    with pytest.raises(UnreadableDocument):
        blobs.get(DOCUMENTS[0], VERSIONS[0])


def test_forgetting_destroys_the_keys_so_that_a_backup_of_the_blobs_is_unreadable(blobs: BlobStore, tmp_path: Path) -> None:
    blobs.put(DOCUMENTS[0], VERSIONS[0], SECRET)
    shutil.copytree(blobs.folder, tmp_path / "backup")
    blobs.forget(DOCUMENTS[:1])
    restored = BlobStore(tmp_path / "backup", blobs.sealer)
    with pytest.raises(UnreadableDocument):
        restored.get(DOCUMENTS[0], VERSIONS[0])


def test_what_a_killed_process_left_is_counted_and_swept(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(BaseException):
        pass

    def kill(_point: str) -> None:
        raise KilledError

    blobs.put(DOCUMENTS[0], VERSIONS[0], b"old")
    monkeypatch.setattr("lake.blobs.reach", kill)
    with pytest.raises(KilledError):
        blobs.put(DOCUMENTS[0], VERSIONS[1], SECRET)
    assert blobs.count(DOCUMENTS[:1]) == 2
    assert blobs.get(DOCUMENTS[0], VERSIONS[0]) == b"old"
    with pytest.raises(UnreadableDocument):
        blobs.get(DOCUMENTS[0], VERSIONS[1])
    assert blobs.sweep() == 1
    assert blobs.sweep() == 0
    assert blobs.count(DOCUMENTS[:1]) == 1


def test_a_failed_write_leaves_no_unfinished_file(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreUnavailable, match="No space left on device"):
        blobs.put(DOCUMENTS[0], VERSIONS[0], SECRET)
    assert files(blobs) == []


def test_only_opaque_ids_become_file_names(blobs: BlobStore) -> None:
    for name in ("../../etc/passwd", "handbook.docx", ""):
        with pytest.raises(ValueError, match="128-bit ids"):
            blobs.put(name, VERSIONS[0], b"")
        with pytest.raises(ValueError, match="128-bit ids"):
            blobs.count([name])


def test_an_absent_store_holds_nothing(blobs: BlobStore) -> None:
    assert (blobs.count(DOCUMENTS), blobs.forget(DOCUMENTS).before, blobs.purge(), blobs.sweep()) == (0, 0, "purged", 0)
    assert not blobs.folder.exists()


def test_the_bytes_are_on_disk_before_the_blob_has_its_name(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    sync, move = os.fsync, Path.replace
    monkeypatch.setattr("os.fsync", lambda descriptor: (events.append("sync"), sync(descriptor))[1])
    monkeypatch.setattr(Path, "replace", lambda path, target: (events.append("move"), move(path, target))[1])
    (blobs.folder / DOCUMENTS[0][:2]).mkdir(parents=True)
    blobs.put(DOCUMENTS[0], VERSIONS[0], SECRET)
    assert events == ["sync", "move", "sync"]


def test_sealing_makes_keys_before_any_file(blobs: BlobStore) -> None:
    class BrokenSealer(MemorySealer):
        def seal_many(self, documents: Sequence[tuple[str, str, bytes]], /) -> list[bytes]:
            raise StoreUnavailable("keys: gone")

    with pytest.raises(StoreUnavailable, match="keys: gone"):
        BlobStore(blobs.folder, BrokenSealer()).put(DOCUMENTS[0], VERSIONS[0], SECRET)
    assert not blobs.folder.exists()
