"""A workspace: every store of it opened, locked for one process, and the list of all copies that an erasure walks."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Literal, Protocol

from configs.load import keys_from_environment
from configs.model import ModelSettings
from configs.settings import ParsingSettings, Settings
from configs.tokens import read_token
from contracts.errors import KeyFileError, StoreUnavailable
from contracts.ids import Identity
from contracts.ports import DerivedCopy, Notifier, VectorStore
from flows.model import LocalModel, Model
from flows.notify import close_notifier, open_notifier
from flows.registry import Registry
from lake.blobs import BlobStore
from lake.layers import Lake
from ledger.access import Access
from ledger.approvals import Approvals
from ledger.audit import Audit
from ledger.backfills import Backfills
from ledger.consent import Consent
from ledger.database import open_sqlite
from ledger.duplicates import DuplicateIndex
from ledger.evaluations import Evaluations
from ledger.keyfile import KeyMaterial, create_key_file, read_key_file
from ledger.keys import KeyStore
from ledger.lock import hold
from ledger.migrate import migrate
from ledger.models import Models
from ledger.postgres import open_postgres
from ledger.present import Present
from ledger.progress import StageOutputs
from ledger.receipts import Receipts
from ledger.refusals import Refusal, Refusals
from ledger.requests import Requests
from ledger.runs import Runs
from ledger.served import ServedModels
from ledger.share import files_of_sharers, open_cache
from ledger.signing import SigningKey
from ledger.sources import SourceRegistry
from ledger.suppressions import Suppressions
from ledger.vector_tables import Sharer
from ledger.vectors import VectorCache
from parsing.documents import Parsed, ToParse, Unpacked
from parsing.parse import parse_files
from parsing.unpack import unpack_files
from retrieval.ports import Index as Searchable
from vectorstore.milvus import open_milvus


class Generations(Protocol):
    """A store whose collection is built anew beside the one that answers. Erasures reach both, and the one that was replaced."""

    def made_for(self) -> str:
        """Fingerprint of the model whose vectors are in the collection, "" where there is none."""
        ...

    def beside(self) -> "Index":
        """What is being built for this store's model."""
        ...

    def promote(self) -> None:
        """What was built answers, what answered is kept."""
        ...

    def forget_beside(self, document_ids: Collection[str], /) -> None:
        """What is being built and what is kept hold no row of these documents; what answers is left alone."""
        ...

    def drop(self, generation: Literal["_next", "_before"], /) -> None:
        """What is being built, or what is kept, goes."""
        ...


class Index(VectorStore, Searchable, DerivedCopy, Generations, Protocol):
    """A vector store that is searched, and that is on the list of copies."""

    def outdated(self) -> bool:
        """Whether it was made for another model or schema."""
        ...

    def collection(self) -> str:
        """What `state` names, without counting."""
        ...

    def settle(self) -> None:
        """Make searches fast after many writes."""
        ...

    def recreate(self) -> None:
        """Begin anew with an empty collection."""
        ...

    def close(self) -> None: ...


Parse = Callable[[Iterable[ToParse], ParsingSettings], Iterator[Parsed]]
"""Exactly one Parsed for each file, in any order."""
Unpack = Callable[[Iterable[ToParse], ParsingSettings], Iterator[Unpacked]]
"""Exactly one Unpacked for each file, in any order."""


@dataclass(frozen=True)
class Workspace:
    """Everything that a flow moves data between. Heavy parts (the model, the vector store, the parser) start when they are first used."""

    root: Path
    settings: Settings
    key_file: Path
    identity: Identity
    registry: Registry
    notifier: Notifier
    lake: Lake
    blobs: BlobStore
    keys: KeyStore
    signer: SigningKey
    access: Access
    approvals: Approvals
    audit: Audit
    backfills: Backfills
    consent: Consent
    evaluations: Evaluations
    outputs: StageOutputs
    present: Present
    receipts: Receipts
    refusals: Refusals
    requests: Requests
    runs: Runs
    served: ServedModels
    suppressions: Suppressions
    model: Model
    open_model: Callable[[ModelSettings], Model]
    parse: Parse
    unpack: Unpack
    open_index: Callable[["Workspace"], Index]
    other_models: dict[str, Model] = field(default_factory=dict, repr=False)
    """By fingerprint, as far as they were opened."""
    refusal: Refusal | None = None
    """Of what the settings' file names, which is why `settings` are not quite its own: see `flows.standing`."""
    others: list["Workspace"] = field(default_factory=list, repr=False)
    """The same by other settings, closed with it."""

    @cached_property
    def index(self) -> Index:
        """The collection of this model's vectors, opened when it is first needed."""
        return self.open_index(self)

    @cached_property
    def duplicates(self) -> DuplicateIndex:
        """Which texts say nearly the same."""
        stores = self.settings.stores
        if stores.duplicates_url is None:
            return DuplicateIndex(open_sqlite(self.root / "duplicates.sqlite"), self.settings.dedup)
        # Named by the workspace's pepper, so that several have room in a database, and each finds its own.
        engine = open_postgres(stores.duplicates_url, f"ragkeep_{self.identity.content('duplicate index')[:16]}")
        return DuplicateIndex(engine, self.settings.dedup, frees_after=stores.postgres_frees_after)

    @cached_property
    def vectors(self) -> VectorCache:
        """What was embedded once, here or in a workspace that shares the cache."""
        alone = Sharer(self.identity.content("vector cache")[:16], self.identity, self.key_file)
        return open_cache(self.settings.stores, self.root, alone, base=self.registry.base)

    @property
    def copies(self) -> tuple[DerivedCopy, ...]:
        """Every copy of anything derived from a document, the index first and the manifest, which knows what there is, last."""
        manifest, *layers = self.lake.copies
        return (
            self.index,
            self.present,
            self.vectors,
            self.duplicates,
            *layers,
            self.blobs,
            self.keys,
            self.outputs,
            self.approvals,
            manifest,
        )

    def close(self) -> None:
        """Let go of the stores that were opened."""
        while self.others:
            self.others.pop().close()
        for name in ("index", "vectors", "duplicates"):
            if name in self.__dict__:
                getattr(self, name).close()


@contextmanager
def open_workspace(
    root: Path, settings: Settings, /, *, base: Path, command: str, now: datetime, shared: bool = False
) -> Iterator[Workspace]:
    """The workspace in `root`, made if it is not there, held by this process alone until the block ends.

    `shared` asks for no more than the ledger, the keys and a look into the lake, which many processes may have at once: what people
    decide about their data is recorded while a run is under way. A new workspace is always made alone.

    `base` is the folder that relative paths of the settings start from. Raises WorkspaceLocked, KeyFileError, SettingsError,
    StoreUnavailable or WorkspaceVersionError before anything is changed.
    """
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        if not (shared and (root / "keys.sqlite").exists()):
            stack.enter_context(hold(root, command=command, since=now))
        workspace = _open(root, settings, base, stack)
        stack.callback(workspace.close)
        workspace.keys.verify()
        workspace.suppressions.adopt()
        workspace.consent.adopt()
        stack.callback(workspace.audit.checkpoint, now)
        if not shared:
            workspace.runs.interrupt_unfinished(now)
        yield workspace


def open_milvus_index(workspace: Workspace, /) -> Index:
    """Milvus as the settings name it, else Milvus Lite in the workspace."""
    stores, model = workspace.settings.stores, workspace.model
    uri = stores.milvus_uri or str(workspace.root / "index.db")
    token = read_token(workspace.registry.base / stores.milvus_token_file, "stores.milvus_token_file") if stores.milvus_token_file else None
    frees_after = None if stores.milvus_frees_after_hours is None else stores.milvus_frees_after_hours * 3_600
    return open_milvus(uri, stores.collection, model.identity.dimensions, model.fingerprint, token=token, frees_after=frees_after)


def _open(root: Path, settings: Settings, base: Path, stack: ExitStack) -> Workspace:
    key_file = base / settings.stores.key_file if settings.stores.key_file else root.with_name(f"{root.name}.key")
    outside, consents, audit_log = (root.with_name(f"{root.name}.{name}.jsonl") for name in ("suppressions", "consents", "audit"))
    receipts = root.with_name(f"{root.name}.receipts")
    shared = files_of_sharers(settings.stores, base)
    own = tuple(path.resolve() for path in (root, key_file, outside, consents, audit_log, receipts, *shared))
    material = _key_material(root, key_file)
    if (root / "lake").exists() and not (root / "ledger.sqlite").exists():
        said = "the ledger is missing, and it alone knows what may be served. Put its backup back"
        raise StoreUnavailable(f"{root / 'ledger.sqlite'}: {said}")
    identity = Identity(material.pepper)
    keys, ledger = open_sqlite(root / "keys.sqlite"), open_sqlite(root / "ledger.sqlite")
    stack.callback(keys.dispose)
    stack.callback(ledger.dispose)
    migrate(keys, "keys")
    migrate(ledger, "ledger")
    log_file = root / "logs" / "ragkeep.jsonl"
    stack.callback(close_notifier, log_file)
    key_store = KeyStore(keys, material)
    signer = SigningKey(key_store)
    open_model = partial(LocalModel, base=base, known=Models(ledger), made=root / "models")
    return Workspace(
        root=root,
        settings=settings,
        key_file=key_file,
        identity=identity,
        registry=Registry(settings.sources, base, own, SourceRegistry(ledger), identity),
        notifier=open_notifier(log_file, settings.notify.webhook),
        lake=Lake(root / "lake", settings.stores.buckets),
        blobs=BlobStore(root / "lake" / "bronze" / "blobs", key_store),
        keys=key_store,
        signer=signer,
        access=Access(ledger),
        approvals=Approvals(ledger),
        audit=Audit(ledger, signer, audit_log),
        backfills=Backfills(ledger),
        consent=Consent(ledger, consents),
        evaluations=Evaluations(ledger),
        outputs=StageOutputs(ledger),
        present=Present(ledger),
        receipts=Receipts(ledger),
        refusals=Refusals(ledger),
        requests=Requests(ledger),
        runs=Runs(ledger),
        served=ServedModels(ledger),
        suppressions=Suppressions(ledger, outside),
        model=open_model(settings.model),
        open_model=open_model,
        parse=parse_files,
        unpack=unpack_files,
        open_index=open_milvus_index,
    )


def _key_material(root: Path, key_file: Path) -> KeyMaterial:
    """The workspace's key and pepper; made now if the workspace is new and nobody gave any."""
    given = keys_from_environment()
    is_new = not (root / "keys.sqlite").exists()
    if is_new and (root / "lake").exists():
        raise KeyFileError(
            f"{root / 'keys.sqlite'}: the key store is missing, and documents are here that only it opens. Put its backup back"
        )
    if is_new and not key_file.exists() and not (given["key"] and given["pepper"]):
        return create_key_file(key_file)
    return read_key_file(key_file, key=given["key"], pepper=given["pepper"])
