"""The workspace's signature: an Ed25519 key, kept sealed in the key store, and what anyone can check with its public half."""

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from contracts.errors import KeyFileError

if TYPE_CHECKING:
    from ledger.keys import KeyStore

_SECRET = "signing key"  # noqa: S105


class Signer(Protocol):
    """Signs for one workspace."""

    def sign(self, message: bytes, /) -> bytes: ...
    def public_key_pem(self) -> bytes: ...


class SigningKey:
    """The Signer of a workspace. Its key is made when it is first used, and stays the same when the workspace's key is rotated."""

    def __init__(self, keys: "KeyStore") -> None:
        self._keys = keys

    def sign(self, message: bytes, /) -> bytes:
        """64 bytes that only this workspace can make, the same ones for the same message."""
        return self._private.sign(message)

    def public_key_pem(self) -> bytes:
        """What others check signatures with; not a secret."""
        return self._private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._keys.secret(_SECRET, _make))


def verify(pem: bytes, signature: bytes, message: bytes, /) -> bool:
    """Whether the owner of this public key signed exactly this message. KeyFileError if the PEM is no Ed25519 public key."""
    try:
        _load(pem).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def key_id(pem: bytes, /) -> str:
    """A short name of a public key: 128 bits of the SHA-256 of its 32 bytes, in hex."""
    return hashlib.sha256(_load(pem).public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:32]


def _load(pem: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError("the public key is not an Ed25519 key in PEM. The workspace that signed prints it with: ragkeep audit key")
    return key


def _make() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes_raw()
