"""How blobs are sealed: the seam to whoever keeps the keys, and a keeper in memory for tests and notebooks."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contracts.errors import UnreadableDocument

_NONCE = 12


class Sealer(Protocol):
    """Encrypts each version under a key of its own."""

    def seal_many(self, documents: Sequence[tuple[str, str, bytes]], /) -> list[bytes]:
        """Ciphertexts of (document_id, version_id, plaintext), in order; their keys are safe before this returns."""
        ...

    def open(self, document_id: str, version_id: str, ciphertext: bytes, /) -> bytes:
        """The plaintext; UnreadableDocument where the key is gone or the bytes are not those sealed under these ids."""
        ...

    def destroy(self, document_ids: Collection[str], /) -> object:
        """Make every blob of these documents unreadable, wherever copies of it lie."""
        ...

    def keep_only(self, document_id: str, version_ids: Collection[str], /) -> object:
        """Make every blob of other versions of this document unreadable."""
        ...


@dataclass(frozen=True, slots=True)
class MemorySealer:
    """AES-256-GCM with keys that die with the process."""

    keys: dict[tuple[str, str], bytes] = field(default_factory=dict, repr=False)

    def seal_many(self, documents: Sequence[tuple[str, str, bytes]], /) -> list[bytes]:
        return [self._seal(*document) for document in documents]

    def open(self, document_id: str, version_id: str, ciphertext: bytes, /) -> bytes:
        try:
            key = self.keys[document_id, version_id]
            return AESGCM(key).decrypt(ciphertext[:_NONCE], ciphertext[_NONCE:], f"{document_id}-{version_id}".encode())
        except (KeyError, InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            raise UnreadableDocument(f"document {document_id}: its key is gone or its bytes were altered. Ingest it again") from None

    def destroy(self, document_ids: Collection[str], /) -> None:
        for place in [place for place in self.keys if place[0] in document_ids]:
            del self.keys[place]

    def keep_only(self, document_id: str, version_ids: Collection[str], /) -> None:
        for place in [place for place in self.keys if place[0] == document_id and place[1] not in version_ids]:
            del self.keys[place]

    def _seal(self, document_id: str, version_id: str, plaintext: bytes) -> bytes:
        key = self.keys.setdefault((document_id, version_id), AESGCM.generate_key(256))
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(key).encrypt(nonce, plaintext, f"{document_id}-{version_id}".encode())
