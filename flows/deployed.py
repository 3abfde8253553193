"""Prefect's side of the flows: each verb as a deployment runs it. The only module that imports Prefect.

A deployment's parameters are stored by Prefect's server, its logs and artifacts too. So parameters are folders, files and names of
sources, never a person's identifier or a text; logs and artifacts are counts; no result is persisted and nothing is cached.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from configs.load import find_settings_file, load_settings, workspace_folder
from configs.offline import go_offline
from contracts.errors import RagkeepError, SettingsError, StoreUnavailable, UsageError
from contracts.results import Ingested
from flows.backfill import Window
from flows.backfill import backfill as run_backfill
from flows.erase import resume_erasures
from flows.expire import Expired
from flows.expire import expire as run_expire
from flows.ingest import ingest as run_ingest
from flows.purge import Purged
from flows.purge import purge as run_purge
from flows.reconcile import Reconciled
from flows.reconcile import reconcile as run_reconcile
from flows.registry import choose
from flows.reindex import Reindexed
from flows.reindex import reindex as run_reindex
from flows.standing import by_what_answers
from flows.workspace import Workspace, open_workspace

go_offline()  # before Prefect is imported, which reads the switches then

from prefect import flow, get_run_logger  # noqa: E402
from prefect.artifacts import create_table_artifact  # noqa: E402
from prefect.context import FlowRunContext  # noqa: E402

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PATIENCE_SECONDS = 3600.0
"""How long a run waits for a workspace that another run holds, or for a store that does not answer, before it fails."""
_LONGEST_PAUSE_SECONDS = 60.0

Result = TypeVar("Result", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Resumed:
    """Erasures that were open and are done now, and the documents they took."""

    requests: int
    documents: int


@flow(persist_result=False)
def ingest(
    workspace: str = ".ragkeep", settings: str | None = None, source: str | None = None, retry_quarantined: bool = False
) -> Ingested:
    """The index holds what its sources want; `source` names one of them, else all are read. Makes the workspace if it is not there."""

    def work(opened: Workspace, now: datetime, progress: Logged) -> Ingested:
        chosen = choose(opened.registry, source, say=progress.say)
        return run_ingest(opened, chosen, retry_quarantined=retry_quarantined, now=now, progress=progress)

    return _run(work, "ingest", workspace, settings, create=True)


@flow(persist_result=False)
def backfill(  # noqa: PLR0913  a parameter of the deployment is an argument
    source: str,
    workspace: str = ".ragkeep",
    settings: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    prefix: str = "",
    partitions: int = 8,
) -> Ingested:
    """A window of a source is processed again. Started by hand; run again with the same parameters, it goes on where it stopped."""

    def work(opened: Workspace, now: datetime, progress: Logged) -> Ingested:
        window = Window.of(since=since, until=until, prefix=prefix, partitions=partitions)
        return run_backfill(opened, source, window, restart=False, now=now, progress=progress)

    return _run(work, "backfill", workspace, settings)


@flow(persist_result=False)
def erase(workspace: str = ".ragkeep", settings: str | None = None) -> Resumed:
    """Every erasure that the ledger holds open is carried out.

    What to erase is no parameter: Prefect keeps those, and a person's identifier would stay there for ever. `ragkeep erase` records the
    request in the ledger, under a keyed hash, and begins; this run finishes what a killed process left.
    """

    def work(opened: Workspace, now: datetime, progress: Logged) -> Resumed:
        done = resume_erasures(opened, now=now, progress=progress)
        return Resumed(len(done), sum(erased.documents for erased in done))

    return _run(work, "erase", workspace, settings)


@flow(persist_result=False)
def expire(workspace: str = ".ragkeep", settings: str | None = None) -> Expired:
    """What has expired is out of every store, and changed consents and terms are applied."""
    return _run(lambda opened, now, progress: run_expire(opened, now=now, progress=progress), "expire", workspace, settings)


@flow(persist_result=False)
def reconcile(workspace: str = ".ragkeep", settings: str | None = None, repair: bool = False) -> Reconciled:
    """The vector store is read back and compared with what it should hold; with `repair` the difference is mended."""

    def work(opened: Workspace, now: datetime, progress: Logged) -> Reconciled:
        return run_reconcile(opened, repair=repair, now=now, progress=progress)

    return _run(work, "reconcile", workspace, settings)


@flow(persist_result=False)
def reindex(workspace: str = ".ragkeep", settings: str | None = None) -> Reindexed:
    """The index is built anew beside the one that answers, by the settings' model, and takes its place if it passes. Started by hand."""
    return _run(lambda opened, now, progress: run_reindex(opened, now=now, progress=progress), "reindex", workspace, settings, insist=True)


@flow(persist_result=False)
def purge(workspace: str = ".ragkeep", settings: str | None = None) -> Purged:
    """The bytes of everything that was erased since the last purge are freed, which is proven by a scan; final receipts are issued."""
    return _run(lambda opened, now, progress: run_purge(opened, now=now, progress=progress), "purge", workspace, settings)


@dataclass(frozen=True, slots=True)
class Logged:
    """A Progress that says when a stage is through, with its count."""

    say: Callable[[str], None]

    def advance(self, stage: str, done: int, total: int, /) -> None:
        """Say nothing on the way; Prefect stores every line."""
        if done >= total:
            self.say(f"{stage}: {total}")


def _run(
    work: Callable[[Workspace, datetime, Logged], Result],
    verb: str,
    workspace: str,
    settings: str | None,
    *,
    create: bool = False,
    insist: bool = False,
) -> Result:
    """What `work` returns once it had the workspace. A held workspace or a store out of reach is waited for, with growing pauses."""
    say = _say()
    attempts = Retrying(
        retry=retry_if_exception_type(StoreUnavailable),
        wait=wait_random_exponential(multiplier=2, max=_LONGEST_PAUSE_SECONDS),
        stop=stop_after_delay(PATIENCE_SECONDS),
        before_sleep=lambda state: say(_why_wait(state)),
        reraise=True,
    )
    folder = workspace_folder(Path(workspace))

    def attempt() -> Result:
        now = datetime.now(UTC)
        with _discreet(verb), _open(folder, settings, verb, now, create=create) as opened:
            return work(opened if insist else by_what_answers(opened), now, Logged(say))

    result = attempts(attempt)
    _publish(verb, result, say)
    return result


@contextmanager
def _open(folder: Path, settings: str | None, verb: str, now: datetime, *, create: bool) -> Iterator[Workspace]:
    if not create and not folder.is_dir():
        raise UsageError(f"{folder}: no workspace here. Make one with: ragkeep --workspace {folder} init")
    file = Path(settings).absolute() if settings else find_settings_file(folder)
    if file and not file.is_file():
        raise SettingsError(f"{file}: no such file. Write one with: ragkeep init")
    base = file.parent if file else folder.parent
    with open_workspace(folder, load_settings(file), base=base, command=f"{verb} (Prefect)", now=now) as opened:
        yield opened


@contextmanager
def _discreet(verb: str) -> Iterator[None]:
    """Prefect stores the text of an error, and a library's may quote a document: of those only the kind and the place are passed on."""
    try:
        yield
    except RagkeepError as error:
        raise error from None
    except Exception as error:
        what = f"unexpected {type(error).__name__} at {_place(error)}"
        raise RagkeepError(
            f"{what}; its text may quote a document and is left out. Without Prefect it shows: ragkeep --debug {verb}"
        ) from None


def _place(error: Exception) -> str:
    """File and line that raised."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "unknown place"


def _why_wait(state: RetryCallState) -> str:
    why = state.outcome.exception() if state.outcome else None
    return f"waiting {state.upcoming_sleep:.0f} s: {why}"


def _say() -> Callable[[str], None]:
    """Prefect's log of this run; silence where the function is called without Prefect."""
    return get_run_logger().info if FlowRunContext.get() else lambda _: None


def _publish(verb: str, result: "DataclassInstance", say: Callable[[str], None]) -> None:
    """The counts as log line and as an artifact named after the flow."""
    counts = dict(_counts(asdict(result)))
    say(", ".join(f"{name} {count}" for name, count in counts.items()))
    if isinstance(result, Ingested | Reindexed) and result.refused:
        say(f"what the settings name does not answer: {result.refused}. What answered before goes on. Try again with: ragkeep reindex")
    if FlowRunContext.get():
        create_table_artifact([{"what": name, "count": count} for name, count in counts.items()], key=f"ragkeep-{verb}")


def _counts(fields: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Every number, under the names that lead to it."""
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _counts(value, f"{prefix}{name} ")
        elif isinstance(value, int | float):
            yield f"{prefix}{name}", value
