"""The key store: a data key for each version of each document, wrapped by the workspace's key. With it goes every copy of the bytes."""

import hashlib
import hmac
import os
from collections.abc import Callable, Collection, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, Connection, Engine, LargeBinary, String, Table, delete, select

from contracts.errors import KeyFileError, UnreadableDocument
from contracts.results import Forgotten
from ledger.columns import KEYS
from ledger.database import batches, checkpoint, insert_new, upsert, writing
from ledger.forgetting import count_rows, forget_rows
from ledger.keyfile import LENGTH, KeyMaterial

_DATA_KEY = Table(
    "data_key",
    KEYS,
    Column("document_id", String(32), primary_key=True),
    Column("version_id", String(32), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
_SECRET = Table(
    "workspace_secret",
    KEYS,
    Column("name", String, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
_CHECK = Table(
    "key_check",
    KEYS,
    Column("name", String, primary_key=True),
    Column("digest", String(64), nullable=False),
)
_NONCE = 12
_FORMAT = b"\x01"
"""First byte of everything sealed: AES-256-GCM, nonce, ciphertext, tag."""

Place = tuple[str, str]
"""(document_id, version_id)"""


class KeyStore:
    """Seals and opens documents. Give it a workspace's own key material: `verify` says which of key and pepper is not."""

    name = "keys"

    def __init__(self, engine: Engine, material: KeyMaterial) -> None:
        self._engine = engine
        self._material = material

    def verify(self) -> None:
        """Returns if key and pepper are those that the store was first opened with, else KeyFileError. The first call remembers them."""
        ours = _digests(self._material)
        with self._engine.connect() as connection:
            known = {row.name: row.digest for row in connection.execute(select(_CHECK))}
        if not known:
            with writing(self._engine) as connection:
                insert_new(connection, _CHECK, [{"name": name, "digest": digest} for name, digest in ours.items()])
            return
        wrong = [name for name, digest in ours.items() if known.get(name) != digest]
        if wrong:
            which = " and the ".join(wrong)
            remedy = "Put back the file that this workspace was made with"
            raise KeyFileError(f"{self._material.origin}: the {which} {'are' if wrong[1:] else 'is'} another workspace's. {remedy}")

    def seal_many(self, documents: Sequence[tuple[str, str, bytes]], /) -> list[bytes]:
        """Ciphertexts of (document_id, version_id, plaintext), in order, whose data keys are on disk before this returns.

        All keys are made in one transaction. A version sealed before keeps its data key, so that what was sealed then still opens.
        """
        keys = self._ensured({(document, version) for document, version, _ in documents})
        return [
            _encrypt(keys[document, version], b"document", (document, version), plaintext) for document, version, plaintext in documents
        ]

    def seal(self, document_id: str, version_id: str, plaintext: bytes, /) -> bytes:
        """The ciphertext of one version; many at once are cheaper."""
        return self.seal_many([(document_id, version_id, plaintext)])[0]

    def open(self, document_id: str, version_id: str, ciphertext: bytes, /) -> bytes:
        """The plaintext, exactly as it was sealed under these ids; UnreadableDocument if its key is gone or anything was altered."""
        place = (document_id, version_id)
        key = self._stored({place}).get(place)
        if key is None:
            raise UnreadableDocument(
                f"{_named(place)}: its key was destroyed, so its bytes cannot be read. Ingest it again from its source"
            )
        return _decrypt(key, b"document", place, ciphertext)

    def destroy(self, document_ids: Collection[str], /) -> int:
        """How many data keys of these documents were destroyed. `purge` takes their bytes off the disk."""
        return self.forget(document_ids).before

    def keep_only(self, document_id: str, version_ids: Collection[str], /) -> int:
        """How many data keys of other versions of this document were destroyed."""
        others = (_DATA_KEY.c.document_id == document_id) & _DATA_KEY.c.version_id.not_in(list(version_ids))
        with writing(self._engine) as connection:
            return connection.execute(delete(_DATA_KEY).where(others)).rowcount

    def secret(self, name: str, make: Callable[[], bytes], /) -> bytes:
        """The workspace's secret of that name, made and sealed when it is first asked for; afterwards always the same one."""
        with self._engine.connect() as connection:
            known = self._secrets(connection)
        if name not in known:
            with writing(self._engine) as connection:
                insert_new(connection, _SECRET, [self._secret_row(name, make())])
                known = self._secrets(connection)
        return known[name]

    def documents(self) -> set[str]:
        """Every document that has a data key here."""
        with self._engine.connect() as connection:
            return set(connection.execute(select(_DATA_KEY.c.document_id).distinct()).scalars())

    def rotate(self, material: KeyMaterial, /) -> int:
        """How many data keys are now wrapped by the new key instead, as are the secrets: all or none.

        The pepper must be the same, for erasures to match.

        Write the new key file beside the old one first and move it into place afterwards: whichever one the store wants is then on disk.
        """
        if material.pepper != self._material.pepper:
            raise KeyFileError(f"{material.origin}: the pepper of a workspace never changes. Rotate the key alone")
        rotated = KeyStore(self._engine, material)
        with writing(self._engine) as connection:
            rows = [((row.document_id, row.version_id), row.wrapped) for row in connection.execute(select(_DATA_KEY))]
            keys = {place: _decrypt(self._material.key, b"key", place, wrapped) for place, wrapped in rows}
            upsert(connection, _DATA_KEY, [rotated._row(place, key) for place, key in keys.items()])
            upsert(connection, _SECRET, [rotated._secret_row(name, secret) for name, secret in self._secrets(connection).items()])
            upsert(connection, _CHECK, [{"name": name, "digest": digest} for name, digest in _digests(material).items()])
        self._material = material
        checkpoint(self._engine)
        return len(rows)

    def forget(self, document_ids: Collection[str], /) -> Forgotten:
        return forget_rows(self._engine, _DATA_KEY, self.name, document_ids)

    def count(self, document_ids: Collection[str], /) -> int:
        return count_rows(self._engine, _DATA_KEY, document_ids)

    def purge(self) -> str:
        return "purged" if checkpoint(self._engine) else "pending"

    def _ensured(self, places: set[Place]) -> dict[Place, bytes]:
        keys = self._stored(places)
        if keys.keys() != places:
            with writing(self._engine) as connection:
                fresh = sorted(places - keys.keys())
                insert_new(connection, _DATA_KEY, [self._row(place, AESGCM.generate_key(8 * LENGTH)) for place in fresh])
                return self._read(connection, places)
        return keys

    def _stored(self, places: set[Place]) -> dict[Place, bytes]:
        with self._engine.connect() as connection:
            return self._read(connection, places)

    def _read(self, connection: Connection, places: set[Place]) -> dict[Place, bytes]:
        keys: dict[Place, bytes] = {}
        for batch in batches(sorted({document for document, _ in places})):
            for row in connection.execute(select(_DATA_KEY).where(_DATA_KEY.c.document_id.in_(batch))):
                place = (row.document_id, row.version_id)
                if place in places:
                    keys[place] = _decrypt(self._material.key, b"key", place, row.wrapped)
        return keys

    def _row(self, place: Place, data_key: bytes) -> dict[str, object]:
        return {"document_id": place[0], "version_id": place[1], "wrapped": _encrypt(self._material.key, b"key", place, data_key)}

    def _secrets(self, connection: Connection) -> dict[str, bytes]:
        try:
            rows = connection.execute(select(_SECRET)).all()
            return {row.name: _opened(self._material.key, b"secret", (row.name, ""), row.wrapped) for row in rows}
        except InvalidTag:
            raise KeyFileError(f"{self._engine.url.database}: a sealed secret was altered. Put back a backup of this file") from None

    def _secret_row(self, name: str, secret: bytes) -> dict[str, object]:
        return {"name": name, "wrapped": _encrypt(self._material.key, b"secret", (name, ""), secret)}


def _digests(material: KeyMaterial) -> dict[str, str]:
    """Keyed by the secrets themselves, so that they tell nothing but equality."""
    secrets = {"key": material.key, "pepper": material.pepper}
    return {name: hmac.new(secret, f"ragkeep {name} check".encode(), hashlib.sha256).hexdigest() for name, secret in secrets.items()}


def _encrypt(key: bytes, kind: bytes, place: Place, plaintext: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, plaintext, _bound_to(kind, place))


def _decrypt(key: bytes, kind: bytes, place: Place, sealed: bytes) -> bytes:
    try:
        return _opened(key, kind, place, sealed)
    except InvalidTag:
        raise UnreadableDocument(f"{_named(place)}: its stored {kind.decode()} was altered. Ingest it again from its source") from None


def _opened(key: bytes, kind: bytes, place: Place, sealed: bytes) -> bytes:
    if len(sealed) <= _NONCE or sealed[:1] != _FORMAT:
        raise InvalidTag
    return AESGCM(key).decrypt(sealed[1 : _NONCE + 1], sealed[_NONCE + 1 :], _bound_to(kind, place))


def _bound_to(kind: bytes, place: Place) -> bytes:
    """The associated data: a ciphertext moved to another document, or a wrapped key passed off as a document, does not open."""
    return b"\0".join((_FORMAT, kind, place[0].encode(), place[1].encode()))


def _named(place: Place) -> str:
    return f"document {place[0]}, version {place[1]}"
