import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import KeyFileError
from ledger.keyfile import KeyMaterial, new_key_material
from ledger.keys import KeyStore
from ledger.signing import SigningKey, key_id, verify


@pytest.fixture
def engine(new_database):
    return new_database("keys")


def bytes_on_disk(engine):
    database = Path(engine.url.database)
    return b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))


def test_the_key_is_made_once_and_every_later_store_signs_with_it(engine):
    material = new_key_material("test")
    first, second = (SigningKey(KeyStore(engine, material)) for _ in range(2))
    assert first.sign(b"said") == second.sign(b"said")
    assert first.public_key_pem() == second.public_key_pem()
    assert len(key_id(first.public_key_pem())) == 32


def test_two_workspaces_sign_differently_even_with_the_same_key_file(new_database):
    material = new_key_material("test")
    one, other = (SigningKey(KeyStore(new_database("keys"), material)) for _ in range(2))
    assert verify(one.public_key_pem(), one.sign(b"x"), b"x")
    assert not verify(one.public_key_pem(), other.sign(b"x"), b"x")


def test_a_signature_holds_for_its_message_alone_and_any_flipped_bit_breaks_it(engine):
    signer = SigningKey(KeyStore(engine, new_key_material("test")))
    pem = signer.public_key_pem()

    @given(st.binary(max_size=40), st.integers(0, 64 * 8 - 1), st.binary(max_size=40))
    @settings(deadline=None, max_examples=40)
    def law(message, bit, other):
        signature = signer.sign(message)
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert verify(pem, signature, message)
        assert not verify(pem, bytes(flipped), message)
        assert not verify(pem, signature[:-1], message)
        assert verify(pem, signature, other) == (other == message)

    law()


def test_rotating_the_workspace_key_keeps_the_signing_key_and_leaves_no_old_wrapping(engine):
    old = new_key_material("old")
    store = KeyStore(engine, old)
    store.verify()
    early, late = SigningKey(store), SigningKey(store)
    pem = early.public_key_pem()
    with sqlite3.connect(engine.url.database) as connection:
        [(before,)] = connection.execute("SELECT wrapped FROM workspace_secret").fetchall()
    connection.close()
    new = KeyMaterial(new_key_material("").key, old.pepper, "new")
    assert store.rotate(new) == 0
    assert pem == early.public_key_pem() == late.public_key_pem() == SigningKey(KeyStore(engine, new)).public_key_pem()
    assert before not in bytes_on_disk(engine)
    with pytest.raises(KeyFileError, match="a sealed secret was altered"):
        SigningKey(KeyStore(engine, old)).sign(b"")


def test_the_private_key_is_nowhere_on_disk_in_clear(engine):
    store = KeyStore(engine, new_key_material("test"))
    SigningKey(store).sign(b"")
    secret = store.secret("signing key", lambda: b"not made again")
    assert len(secret) == 32
    assert secret not in bytes_on_disk(engine)


@pytest.mark.parametrize("change", ["zeroblob(61)", "x'01'", "x''", "substr(wrapped, 1, 40)", "CAST(wrapped || x'00' AS BLOB)"])
def test_an_altered_secret_is_noticed_and_named(engine, change):
    material = new_key_material("test")
    SigningKey(KeyStore(engine, material)).sign(b"")
    with sqlite3.connect(engine.url.database) as connection:
        connection.execute(f"UPDATE workspace_secret SET wrapped = {change}")
    connection.close()
    with pytest.raises(KeyFileError, match=r"sqlite: a sealed secret was altered\. Put back a backup of this file"):
        SigningKey(KeyStore(engine, material)).sign(b"")


def test_a_secret_moved_to_another_name_does_not_open(engine):
    store = KeyStore(engine, new_key_material("test"))
    store.secret("one", lambda: b"1")
    with sqlite3.connect(engine.url.database) as connection:
        connection.execute("UPDATE workspace_secret SET name = 'two'")
    connection.close()
    with pytest.raises(KeyFileError, match="altered"):
        store.secret("two", lambda: b"2")


def test_what_is_no_ed25519_public_key_is_refused_in_one_line():
    curve = generate_private_key(SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for pem in (b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", curve):
        with pytest.raises(KeyFileError, match=r"not an Ed25519 key in PEM\. The workspace that signed prints it with: ragkeep audit key"):
            verify(pem, b"", b"")
