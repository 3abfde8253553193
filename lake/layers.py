"""The tables of the lake, layer by layer. A new table is one more line here, and erasure reaches it."""

from dataclasses import dataclass
from pathlib import Path

from contracts.tables import Chunk, Dropped, IndexRow, Manifest, ParsedElement, ParseReport, Quarantined
from lake.tables import LakeTable


@dataclass(frozen=True, slots=True)
class Lake:
    """Every table under one folder. Bronze is what sources gave; silver and gold can be made again from it."""

    folder: Path
    buckets: int

    @property
    def manifest(self) -> LakeTable:
        """Bronze: the documents and their terms."""
        return LakeTable("lake/bronze/manifest", Manifest, self.folder / "bronze" / "manifest", self.buckets, "ragkeep ingest")

    @property
    def elements(self) -> LakeTable:
        """Silver: what the parser found."""
        return LakeTable("lake/silver/elements", ParsedElement, self.folder / "silver" / "elements", self.buckets)

    @property
    def reports(self) -> LakeTable:
        """Silver: how well each document was parsed."""
        return LakeTable("lake/silver/reports", ParseReport, self.folder / "silver" / "reports", self.buckets)

    @property
    def dropped(self) -> LakeTable:
        """Silver: what cleaning let fall, by rule."""
        return LakeTable("lake/silver/dropped", Dropped, self.folder / "silver" / "dropped", self.buckets)

    @property
    def chunks(self) -> LakeTable:
        """Silver: slices of the documents' texts."""
        return LakeTable("lake/silver/chunks", Chunk, self.folder / "silver" / "chunks", self.buckets)

    @property
    def rows(self) -> LakeTable:
        """Gold: the index as it ought to stand, all but its vectors."""
        return LakeTable("lake/gold/rows", IndexRow, self.folder / "gold" / "rows", self.buckets)

    @property
    def quarantine(self) -> LakeTable:
        """Documents that could not go on."""
        return LakeTable("lake/quarantine", Quarantined, self.folder / "quarantine", self.buckets, "ragkeep ingest")

    @property
    def copies(self) -> tuple[LakeTable, ...]:
        """All of them, each a `DerivedCopy`."""
        return (self.manifest, self.elements, self.reports, self.dropped, self.chunks, self.rows, self.quarantine)

    def compact(self) -> int:
        """How many fewer files there are now: tables that many small commits made slow to read are joined, the others left alone."""
        return sum(table.compact() for table in self.copies)
