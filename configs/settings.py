"""Every setting, typed, with its default and a sentence.

`ragkeep.yaml` holds them; `RAGKEEP_SECTION__KEY` in the environment wins over it.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from configs.banding import Banding, choose_banding
from configs.endpoint import JurisdictionCode
from configs.model import ModelSettings
from configs.prices import listed_prices
from configs.purposes import canonical_all
from configs.section import Section
from configs.stores import StoreSettings
from contracts.terms import Classification, Terms


def _terms(value: object) -> object:
    return value or {}


Purposes = Annotated[tuple[str, ...], AfterValidator(canonical_all)]


class SourceSettings(Section):
    kind: Literal["folder"] = Field("folder", description="what the source is")
    path: Path = Field(description="the folder, relative to this file")
    include: tuple[str, ...] = Field(("**/*",), description="globs of files to take")
    exclude: tuple[str, ...] = Field((), description="globs of files to leave")
    password_file: Path | None = Field(None, description="passwords of locked PDF files, one a line, tried in turn; relative to this file")
    manifest: Path | None = Field(None, description="CSV or JSONL with a `uri` column and terms per file, relative to `path`")
    priority: int = Field(0, description="among duplicates the source with the lower number is kept")
    terms: Annotated[Terms, BeforeValidator(_terms)] = Field(Terms(), description="terms of every document that states none of its own")


class ParsingSettings(Section):
    reader: Literal["unstructured", "kreuzberg"] = Field(
        "unstructured",
        description="what reads Word and OpenDocument text files and books; `kreuzberg` comes with the extra `kreuzberg`. Another reader "
        "gives other elements: a change parses all again",
    )
    seconds: float = Field(60, gt=0, description="wall time for one file, per started 10 MB")
    memory_mb: int = Field(3072, ge=512, description="memory for one file")
    max_file_mb: int = Field(100, ge=1, description="a larger file is quarantined unread")
    workers: int = Field(0, ge=0, description="parser processes; 0: one a core")
    unpacked_mb: int = Field(250, ge=1, le=450, description="what may come out of one archive or message, all levels together")
    unpacked_files: int = Field(10_000, ge=1, description="files that may come out of one archive or message, all levels together")
    unpacked_depth: int = Field(4, ge=1, description="archives and messages that may lie within each other")
    languages: tuple[str, ...] = Field((), description="ISO 639-1 codes to choose from; empty: detect freely")
    ocr_languages: tuple[str, ...] = Field(
        ("vie", "eng"), description="tesseract's names of the languages of scans and pictures; of these, those that are installed are used"
    )
    ocr_seconds: float = Field(1800, ge=0, description="wall time for one file beyond `seconds` that text recognition may take")
    min_coverage: float = Field(
        0.8, ge=0, le=1, description="a file of whose text, by a second reader's count, a smaller share came out is quarantined …"
    )
    flag_coverage: float = Field(0.95, ge=0, le=1, description="… and below this share it is flagged: see `ragkeep status --flagged`")


class CleaningSettings(Section):
    min_characters: int = Field(2, ge=1, description="an element with fewer letters and digits is dropped")
    boilerplate_pages: float = Field(
        0.5, gt=0, le=1, description="a line on at least this share of a document's pages (3 or more) is dropped"
    )


class ChunkingSettings(Section):
    kind: Literal["recursive", "sentences", "semantic", "fixed"] = Field(
        "sentences",
        description="`sentences`: windows of whole sentences, ended where the text itself is divided; `recursive`: by structure alone; "
        "`semantic`: runs of sentences that mean alike, which embeds every sentence too; `fixed`: windows of so many tokens",
    )
    max_tokens: int | None = Field(200, ge=16, description="of the embedding model, never more than it reads; `null`: as many as it reads")
    min_tokens: int = Field(24, ge=0, description="a smaller piece is joined to its neighbour where both fit")
    overlap_tokens: int = Field(
        0, ge=0, description="that a chunk repeats of the one before; kinds `fixed` and `sentences` only, at most half of `max_tokens`"
    )
    embed_headings: bool = Field(
        True, description="embed a chunk with the titles above it, as many as fit; what is shown and compared stays the same"
    )

    @model_validator(mode="after")
    def _overlaps_by_half_at_most(self) -> "ChunkingSettings":
        if self.overlap_tokens and self.kind not in ("fixed", "sentences"):
            raise ValueError(f"overlap_tokens: chunks of kind {self.kind} do not overlap; leave it at 0, or choose `fixed` or `sentences`")
        if self.max_tokens and 2 * self.overlap_tokens > self.max_tokens:
            raise ValueError(f"overlap_tokens: {self.overlap_tokens} is more than half of max_tokens ({self.max_tokens}); lower it")
        return self


class DedupSettings(Section):
    threshold: float = Field(0.7, gt=0, le=1, description="Jaccard similarity of word shingles from which two chunks say the same")
    shingle_words: int = Field(5, ge=1, description="words in a shingle")
    recall: float = Field(
        0.98,
        gt=0,
        lt=1,
        description="chance, at least, that a pair just at the threshold is found; more similar ones are with a higher one",
    )
    bands: int | None = Field(None, ge=1, description="bands of a signature; if empty, they and `rows` follow from threshold and recall")
    rows: int | None = Field(None, ge=1, description="hashes in a band; stated together with `bands`, and not without")
    numbers_differ: bool = Field(True, description="chunks that differ in a number or a date are never duplicates")

    @model_validator(mode="after")
    def _can_be_banded(self) -> "DedupSettings":
        if (self.bands is None) != (self.rows is None):
            raise ValueError("bands and rows: state both, or neither, and they follow from threshold and recall")
        try:
            self.banding()
        except ValueError as error:
            raise ValueError(f"recall: {error}. Raise the threshold, lower recall, or state bands and rows") from None
        return self

    def banding(self) -> Banding:
        """As stated, or as threshold and recall demand."""
        return Banding(self.bands, self.rows) if self.bands and self.rows else choose_banding(self.threshold, self.recall)


class PolicySettings(Section):
    controller: str = Field("", description="who decides on the data, name and contact, as receipts of consent state it")
    purposes: Purposes = Field(("retrieval",), description="purposes that this index serves; a document is admitted for those it allows")
    partial_consent: Literal["refuse", "redact_mentions", "redact_passages"] = Field(
        "refuse",
        description="what becomes of a document of several people of whom some do not consent: it is refused, or goes on without what "
        "names them, or without every passage that does; who does not say under `mentions` how it names them is refused",
    )
    may_leave: tuple[Classification, ...] | None = Field(
        None,
        description="where `model.url` is another machine: classifications of which texts may be sent there; of others nothing is indexed",
    )
    may_go_to: dict[JurisdictionCode, tuple[JurisdictionCode, ...]] = Field(
        {},
        description="there too: jurisdictions of documents, each with the others that their texts may be sent to. Texts may always be sent "
        "within their own; of documents that may not be sent nothing is indexed",
    )
    withhold_documents: int = Field(10, ge=0, description="removals are withheld if more than this many documents …")
    withhold_share: float = Field(0.1, ge=0, le=1, description="… and more than this share of a source would go at once")


class RetrievalSettings(Section):
    hybrid: bool = Field(True, description="search by words as well as by meaning")
    depth: int = Field(
        50, ge=1, le=4000, description="passages taken from each of both searches, by meaning and by words, before both weigh all of them"
    )
    fusion: Literal["scores", "ranks"] = Field(
        "scores",
        description="`scores`: the weighed sum of both scores, each stretched to 0 … 1 over what was found; `ranks`: of both reciprocal "
        "ranks",
    )
    meaning_weight: float = Field(0.6, ge=0, le=1, description="weight of the meaning; the words have the rest")


class ReaderSettings(Section):
    groups: tuple[str, ...] = Field((), description="groups the reader is in")
    clearance: Classification = Field(Classification.PUBLIC, description="the highest classification the reader may see")
    purposes: Purposes = Field(("retrieval",), description="purposes the reader may search for")


class GateSettings(Section):
    suite: str = Field(description="name of the suite's folder or of the file of golden questions")
    metric: str = Field("ndcg@10", description="the measure that may not fall")
    tolerance: float = Field(0.01, ge=0, description="by how much its mean may fall, in the measure's own unit")


class EvaluationSettings(Section):
    depth: int = Field(50, ge=10, le=1000, description="passages looked at for each question, of which a document counts by its best")
    gates: tuple[GateSettings, ...] = Field((), description="what a new model or another setting has to pass: suite, metric and tolerance")
    questions: tuple[Path, ...] = Field(
        (), description="files of golden questions, relative to this file, that another model is asked before it may answer"
    )
    sample: int = Field(100, ge=0, description="beginnings of passages that another model and the one that answers are asked for …")
    sample_tolerance: float = Field(0.02, ge=0, le=1, description="… and the share of them that may be worse off")


class CostSettings(Section):
    currency: str = Field(listed_prices()["currency"], description="of the prices below")
    machine_hour: float = Field(listed_prices()["machine_hour"], ge=0, description="price of an hour of the machine that runs the flows")
    million_tokens: float = Field(listed_prices()["million_tokens"], ge=0, description="price of a million tokens given to the model")


class NotifySettings(Section):
    webhook: str | None = Field(
        None, pattern=r"^https?://", description="URL that gets a JSON object per event; unset: events go to the log only"
    )


class Settings(BaseSettings):
    """All of `ragkeep.yaml`."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="RAGKEEP_", env_nested_delimiter="__")

    sources: dict[str, SourceSettings] = Field({}, description="where documents come from")
    stores: StoreSettings = Field(StoreSettings(), description="where things are kept")
    model: ModelSettings = Field(ModelSettings(), description="the embedding model")
    parsing: ParsingSettings = Field(ParsingSettings(), description="limits of the parser")
    cleaning: CleaningSettings = Field(CleaningSettings(), description="what is dropped before chunking")
    chunking: ChunkingSettings = Field(ChunkingSettings(), description="where texts are cut")
    dedup: DedupSettings = Field(DedupSettings(), description="what counts as a duplicate")
    policies: PolicySettings = Field(PolicySettings(), description="what is admitted, and what waits for a person")
    retrieval: RetrievalSettings = Field(RetrievalSettings(), description="how what is found is ranked")
    readers: dict[str, ReaderSettings] = Field({}, description="who may search, and how far they see")
    notify: NotifySettings = Field(NotifySettings(), description="who is told")
    evaluation: EvaluationSettings = Field(EvaluationSettings(), description="how retrieval is measured, and what has to hold")
    costs: CostSettings = Field(CostSettings(), description="by which runs state their price; the defaults stand in configs/prices.yaml")

    @model_validator(mode="after")
    def _sends_only_what_may_leave(self) -> "Settings":
        if self.model.recipient and not self.policies.may_leave:
            raise ValueError("policies.may_leave: model.url is another machine; state the classifications of which texts may be sent to it")
        if self.model.recipient and not self.model.located_in:
            raise ValueError("model.located_in: model.url is another machine; state the jurisdiction that it is in, such as VN or EU")
        if self.model.recipient and self.chunking.kind == "semantic":
            raise ValueError("chunking.kind: `semantic` would send sentences to another machine before they are admitted; choose another")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, whose content arrives as arguments; nothing else is read."""
        return env_settings, init_settings
