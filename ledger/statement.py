"""Signed statements: a JSON object whose signature anyone can check with the public key alone."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from ledger.signing import Signer, key_id, verify

_ENVELOPE = frozenset({"statement", "key", "signature"})


def canonical(document: Mapping[str, Any], /) -> bytes:
    """What is signed: JSON without `signature`, members sorted, no white space, ASCII."""
    said = {name: value for name, value in document.items() if name != "signature"}
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode("ascii")


def sign_statement(kind: str, said: Mapping[str, Any], signer: Signer, /) -> dict[str, Any]:
    """What is said, with `statement` (its kind, so that none passes for another), `key` (id of the public key) and `signature` (hex)."""
    document = {"statement": kind, **said, "key": key_id(signer.public_key_pem())}
    return document | {"signature": signer.sign(canonical(document)).hex()}


def read_statement(kind: str, document: Any, fields: Collection[str], pem: bytes, /) -> list[str]:
    """What is wrong with a statement, a sentence each; nothing if the owner of the public key made it just so, with just these fields."""
    if not isinstance(document, Mapping):
        return ["it is not a JSON object"]
    if document.get("statement") != kind:
        return [f"it is not a {kind}"] if "statement" in document else ["the field statement is missing"]
    wanted = _ENVELOPE | frozenset(fields)
    wrong = [f"the field {name} is missing" for name in sorted(wanted - document.keys())]
    wrong += [f"the field {name} does not belong" for name in sorted(document.keys() - wanted)]
    if wrong:
        return wrong
    return [] if _is_signed(document, pem) else [_why_not(document, pem)]


def _why_not(document: Mapping[str, Any], pem: bytes) -> str:
    ours = key_id(pem)
    if document["key"] == ours:
        return "what it says, or its signature, was changed after it was signed"
    if _is_signed({**document, "key": ours}, pem):
        return "its field key was changed after it was signed"
    return f"it was signed with the key {document['key']}, and the public key given is {ours}"


def _is_signed(document: Mapping[str, Any], pem: bytes) -> bool:
    try:
        signature = bytes.fromhex(document["signature"])
        is_canonical = signature.hex() == document["signature"]
    except (TypeError, ValueError):
        return False
    return is_canonical and verify(pem, signature, canonical(document))
