import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import KeyFileError, UnreadableDocument
from contracts.results import Forgotten
from lake.sealing import MemorySealer
from ledger.keyfile import KeyMaterial, create_key_file, new_key_material
from ledger.keys import KeyStore

ids = st.text("0123456789abcdef", min_size=32, max_size=32)


@pytest.fixture
def engine(new_database):
    return new_database("keys")


@pytest.fixture(params=["ledger", "memory"])
def sealer(request, engine):
    return KeyStore(engine, new_key_material("test")) if request.param == "ledger" else MemorySealer()


def on_disk(engine):
    """Every byte of the database, its log and its index of the log."""
    database = Path(engine.url.database)
    return b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))


def wrapped_keys(engine):
    connection = sqlite3.connect(engine.url.database)
    rows = {
        (document, version): wrapped
        for document, version, wrapped in connection.execute("SELECT document_id, version_id, wrapped FROM data_key")
    }
    connection.close()
    return rows


class TestEverySealer:
    def test_what_is_sealed_opens_as_it_was_and_is_not_readable_before(self, sealer):
        for plaintext in (b"", b"a secret of Ann's" * 100):
            [sealed] = sealer.seal_many([("d1", "v1", plaintext)])
            assert sealer.open("d1", "v1", sealed) == plaintext
            assert b"secret" not in sealed
        first, second = sealer.seal_many([("d1", "v1", b"x"), ("d1", "v1", b"x")])
        assert first != second

    def test_every_altered_or_cut_byte_is_noticed(self, sealer):
        [sealed] = sealer.seal_many([("d1", "v1", b"text")])
        for position in range(len(sealed)):
            altered = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
            for bad in (altered, sealed[:position]):
                with pytest.raises(UnreadableDocument):
                    sealer.open("d1", "v1", bad)

    def test_a_ciphertext_does_not_open_as_another_document_or_version(self, sealer):
        [sealed] = sealer.seal_many([("d1", "v1", b"text")])
        for place in (("d1", "v2"), ("d2", "v1")):
            sealer.seal_many([(*place, b"other")])
            with pytest.raises(UnreadableDocument):
                sealer.open(*place, sealed)

    def test_a_destroyed_key_opens_nothing_even_after_the_document_is_sealed_again(self, sealer):
        [sealed] = sealer.seal_many([("d1", "v1", b"text")])
        [kept] = sealer.seal_many([("d2", "v1", b"text")])
        sealer.destroy(["d1"])
        with pytest.raises(UnreadableDocument, match="document d1"):
            sealer.open("d1", "v1", sealed)
        [again] = sealer.seal_many([("d1", "v1", b"text")])
        with pytest.raises(UnreadableDocument):
            sealer.open("d1", "v1", sealed)
        assert sealer.open("d1", "v1", again) == sealer.open("d2", "v1", kept) == b"text"


@given(st.lists(st.tuples(ids, ids, st.binary(max_size=50)), max_size=8))
@settings(deadline=None, max_examples=20)
def test_sealed_alone_or_together_a_document_opens_by_another_store_with_the_same_key(new_database, documents):
    engine, material = new_database("keys"), new_key_material("test")
    store = KeyStore(engine, material)
    sealed = [(*document, ciphertext) for document, ciphertext in zip(documents, store.seal_many(documents), strict=True)]
    sealed += [(*document, store.seal(*document)) for document in documents]
    other = KeyStore(engine, material)
    assert all(other.open(document, version, ciphertext) == plaintext for document, version, plaintext, ciphertext in sealed)


def test_errors_tell_a_destroyed_key_from_altered_bytes(engine):
    store = KeyStore(engine, new_key_material("test"))
    sealed = store.seal("d1", "v1", b"text")
    with pytest.raises(UnreadableDocument, match="document d1, version v1: its stored document was altered"):
        store.open("d1", "v1", sealed[:-1])
    with pytest.raises(UnreadableDocument, match="document d1, version v2: its key was destroyed"):
        store.open("d1", "v2", sealed)


def test_a_wrapped_key_cannot_be_passed_off_as_a_document_or_moved(engine):
    store = KeyStore(engine, new_key_material("test"))
    store.seal_many([("d1", "v1", b""), ("d2", "v1", b"")])
    with sqlite3.connect(engine.url.database) as connection:
        connection.execute("UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE document_id = 'd1')")
    connection.close()
    with pytest.raises(UnreadableDocument, match="document d2, version v1: its stored key was altered"):
        store.seal("d2", "v1", b"text")


def test_wrapped_bytes_of_destroyed_keys_are_nowhere_in_the_files_after_purge(engine):
    store, chance = KeyStore(engine, new_key_material("test")), random.Random(7)
    destroyed = set()
    for size in (300, 1, 40, 300, 5, 120) * 2:
        store.seal_many([(f"{chance.getrandbits(128):032x}", "v", b"") for _ in range(size)])
        held = wrapped_keys(engine)
        victims = chance.sample(sorted(held), len(held) // chance.choice([2, 10]))
        destroyed |= {held[victim] for victim in victims}
        assert store.destroy({document for document, _ in victims}) == len(victims)
    assert any(wrapped in on_disk(engine) for wrapped in destroyed)
    assert store.purge() == "purged"
    bytes_left = on_disk(engine)
    assert len(destroyed) > 500
    assert not any(wrapped[at : at + 16] in bytes_left for wrapped in destroyed for at in (0, 16, 32))
    assert all(wrapped in bytes_left for wrapped in wrapped_keys(engine).values())


def test_a_purge_is_pending_while_a_reader_still_sees_the_destroyed_key(engine):
    store = KeyStore(engine, new_key_material("test"))
    store.seal("d1", "v1", b"")
    reader = sqlite3.connect(engine.url.database, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM data_key").fetchone() == (1,)
    store.destroy(["d1"])
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    assert store.purge() == "pending"
    reader.close()
    assert store.purge() == "purged"


def test_keys_count_and_forget_by_document(engine):
    store = KeyStore(engine, new_key_material("test"))
    store.seal_many([("d1", "v1", b""), ("d1", "v2", b""), ("d2", "v1", b"")])
    assert store.count(["d1", "d9"]) == 2
    assert store.forget(["d1", "d9"]) == Forgotten("keys", 2, 0)
    assert store.count(["d2"]) == 1


def test_the_right_key_and_pepper_are_told_from_wrong_ones(engine):
    ours, other = new_key_material("ours.key"), new_key_material("other")
    for _ in range(2):
        KeyStore(engine, ours).verify()
    for key, pepper, said in (
        (other.key, ours.pepper, r"ours\.key: the key is another workspace's\. Put back"),
        (ours.key, other.pepper, r"ours\.key: the pepper is another workspace's\. Put back"),
        (other.key, other.pepper, r"ours\.key: the key and the pepper are another workspace's\. Put back"),
    ):
        with pytest.raises(KeyFileError, match=said):
            KeyStore(engine, KeyMaterial(key, pepper, "ours.key")).verify()


def test_rotation_keeps_every_document_readable_and_leaves_no_old_wrapping_on_disk(engine, tmp_path):
    old = create_key_file(tmp_path / "w.key")
    new = KeyMaterial(new_key_material("").key, old.pepper, "new.key")
    store = KeyStore(engine, old)
    store.verify()
    documents = [(f"d{number}", "v", b"%d" % number) for number in range(200)]
    sealed = dict(zip((name for name, _, _ in documents), store.seal_many(documents), strict=True))
    before = wrapped_keys(engine)
    assert store.rotate(new) == 200
    for rotated in (store, KeyStore(engine, new)):
        rotated.verify()
        assert all(rotated.open(document, "v", ciphertext) == document[1:].encode() for document, ciphertext in sealed.items())
    with pytest.raises(KeyFileError, match="the key is another workspace's"):
        KeyStore(engine, old).verify()
    assert not any(wrapped in on_disk(engine) for wrapped in before.values())


def test_rotation_refuses_another_pepper_and_changes_nothing_when_a_key_is_altered(engine):
    material = new_key_material("test")
    store = KeyStore(engine, material)
    store.seal_many([("d1", "v1", b""), ("d2", "v1", b"")])
    with pytest.raises(KeyFileError, match=r"other\.key: the pepper of a workspace never changes"):
        store.rotate(new_key_material("other.key"))
    with sqlite3.connect(engine.url.database) as connection:
        connection.execute("UPDATE data_key SET wrapped = zeroblob(61) WHERE document_id = 'd2'")
    connection.close()
    before = wrapped_keys(engine)
    with pytest.raises(UnreadableDocument, match="d2"):
        store.rotate(KeyMaterial(new_key_material("").key, material.pepper, "new"))
    assert wrapped_keys(engine) == before
