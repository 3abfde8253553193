"""Identity: opaque 128-bit keyed hashes, the only names by which documents, people and texts are known outside their layer.

File names, people and texts can be personal data, and ids linger in logs, filters and primary keys; without the
workspace's pepper nobody can compute an id from a guess. `HMAC-SHA256(pepper, kind, parts…)`, truncated to 128 bits, in hex.
Each part is length-prefixed, so `("ab", "c")` and `("a", "bc")` never meet.
"""

import hashlib
import hmac
import json
import unicodedata
from dataclasses import dataclass, field

ID_PATTERN = r"^[0-9a-f]{32}$"


@dataclass(frozen=True, slots=True)
class Identity:
    """The id functions of one workspace. Equal peppers give equal ids, so a rebuilt workspace keeps its names."""

    pepper: bytes = field(repr=False)

    def document(self, source_id: str, uri: str, /) -> str:
        """The place: (source, uri)."""
        return self._digest(b"document", source_id.encode(), uri.encode())

    def member(self, document_id: str, path: str, /) -> str:
        """The place in another document: (that document, path within it)."""
        return self._digest(b"member", document_id.encode(), path.encode("utf-8", "surrogatepass"))

    def version(self, content: bytes, /) -> str:
        """The bytes."""
        return self._digest(b"version", content)

    def chunk(self, document_id: str, text: str, occurrence: int, /) -> str:
        """The text of a chunk in its document; `occurrence` counts from 0 among equal texts of that document."""
        return self._digest(b"chunk", document_id.encode(), text.encode(), str(occurrence).encode())

    def subject(self, identifier: str, /) -> str:
        """A person, by the identifier that the source uses; case, outer space and Unicode form do not matter."""
        return self._digest(b"subject", unicodedata.normalize("NFC", identifier).strip().casefold().encode())

    def text(self, text: str, /) -> str:
        """A text, whoever holds it: the key of duplicates, of caches and of suppressions."""
        return self._digest(b"text", text.encode())

    def access(self, groups: tuple[str, ...], classification: str, purposes: tuple[str, ...], /) -> str:
        """A set of access terms; the order of groups and purposes does not matter."""
        parts = (str(len(groups)), *sorted(groups), classification, *sorted(purposes))
        return self._digest(b"access", *(part.encode() for part in parts))

    def content(self, *parts: str) -> str:
        """Anything that a row says, for `row_hash`."""
        return self._digest(b"content", *(part.encode() for part in parts))

    def _digest(self, kind: bytes, *parts: bytes) -> str:
        said = b"".join((kind, *(piece for part in parts for piece in (len(part).to_bytes(8, "big"), part))))
        return hmac.digest(self.pepper, said, "sha256").hex()[:32]


def bucket(document_id: str, buckets: int, /) -> int:
    """The partition of the lake that holds a document, 0 ≤ bucket < buckets."""
    return int(document_id[:8], 16) % buckets


def fingerprint(stage: str, /, **settings: object) -> str:
    """A stage's settings, rules version and model identity as 128 bits: the address of its output, so nothing stale passes for fresh."""
    canonical = json.dumps({"stage": stage, **settings}, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
