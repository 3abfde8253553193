"""A source in memory: the twin of the folder, for tests and notebooks."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contracts.errors import Vanished
from contracts.ports import Listed
from contracts.results import Failure
from sources.statements import merged_terms

_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class MemorySource:
    """The port `Source` over a dict of uri to bytes, and one of uri to stated terms. Change the dicts and it lists the change."""

    name: str
    files: Mapping[str, bytes]
    terms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def list(self) -> Iterator[Listed]:
        for uri, content in sorted(self.files.items()):
            terms = merged_terms([(self.terms.get(uri, {}), uri)])
            yield Listed(
                uri=uri,
                size=len(content),
                stat=f"{len(content)}:{hashlib.sha256(content).hexdigest()[:16]}",
                modified_at=_ALWAYS,
                terms={} if isinstance(terms, Failure) else terms,
                problem=terms if isinstance(terms, Failure) else None,
            )

    def read(self, uri: str, /) -> bytes:
        if uri not in self.files:
            raise Vanished(Failure("source.vanished", f"{uri}: no longer in its source.", "Nothing to do."))
        return self.files[uri]
