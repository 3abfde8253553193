"""Counts and outcomes, each with a name, a type and a unit."""

from dataclasses import astuple, dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one document cannot go on. `detail` never quotes content."""

    rule: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class DocumentCounts:
    """Each listed or known document is in exactly one of these, `seen` apart."""

    seen: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    withheld: int = 0

    def __add__(self, other: "DocumentCounts", /) -> "DocumentCounts":
        return DocumentCounts(*map(sum, zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class ChunkCounts:
    """Of the whole workspace after the run: produced = redundant + refused + wanted."""

    produced: int = 0
    redundant: int = 0
    refused: int = 0
    wanted: int = 0


@dataclass(frozen=True, slots=True)
class Applied:
    """What one synchronisation did to the index, in rows."""

    embedded: int = 0
    cache_hits: int = 0
    upserted: int = 0
    deleted: int = 0
    tokens: int = 0
    """Of what was embedded, as its model counts them."""

    def __add__(self, other: "Applied", /) -> "Applied":
        return Applied(*map(sum, zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a run of `ingest` did; `ragkeep ingest --json` prints it."""

    documents: DocumentCounts
    chunks: ChunkCounts
    embedded: int
    cache_hits: int
    upserted: int
    deleted: int
    tokens: int
    seconds: float
    price: float
    """Of the tokens and the seconds, by the settings under `costs`."""
    run_id: str
    refused: str = ""
    """Why what the settings name does not answer; the index before it holds what this run brought."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What one derived copy held of some documents before and after it was told to forget them."""

    copy: str
    before: int
    after: int
    shared: int = 0
    """Entries that stay because another document owns them too."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure reached so far: `suppressed`, then `deleted` from every copy, then `purged`, its bytes proven gone."""

    request_id: str
    state: str
    documents: int
    copies: tuple[Forgotten, ...] = field(default=())
    redacted: int = 0
    """Documents of several people that stay without the one who was erased."""
    purge: str = "pending"
    logical_at: datetime | None = None
    physical_at: datetime | None = None
    receipt: str | None = None
    """The signed receipt's file."""
