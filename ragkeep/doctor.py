"""What of this machine and of a workspace is as it should be, what could be better, and what is wrong."""

import ctypes.util
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import polars as pl

from configs.languages import model_for
from configs.model import ModelSettings
from contracts.errors import RagkeepError
from embeddings.calibration import read_calibration
from embeddings.choose import choose
from embeddings.describe import ModelFolder
from embeddings.languages import stated_languages, unfit_languages
from embeddings.processor import Processor
from flows.model import LocalModel
from flows.workspace import Workspace
from ledger.vector_tables import place_of
from parsing import libreoffice, ocr
from ragkeep.models import Answering, read_answering
from vectorstore.milvus import MilvusStore

_FEATURES = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16", "asimd", "i8mm", "bf16")
_NOTABLE_SHARE = 0.02
"""Of chunks in a language that the model was not made for: fewer are quotations, and errors of the language's detection."""
_INSTALL = "Install what the lock names: make install"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    state: Literal["ok", "warning", "error"]
    found: str
    remedy: str = ""
    """What to do about a warning or an error."""


def examine_machine(processor: Processor, /, *, ocr_languages: tuple[str, ...]) -> Iterator[Finding]:
    """The processor, the backends that are installed, and the programs that parsing and duplicates do without where they are missing."""
    known = ", ".join(name for name in _FEATURES if name in processor.features)
    yield Finding("processor", "ok", f"{processor.name}, {processor.cores} cores; {known or 'its features are not told on this system'}")
    yield Finding("graphics cards", "ok", f"{processor.graphics} that torch can use")
    best = choose(ModelSettings(backend="auto", dtype="auto"), processor)
    yield Finding("fastest backend", "ok", f"{best.backend} in {best.dtype} ({best.why}); int8 (ragkeep calibrate) is faster")
    yield Finding("torch", "ok", version("torch"))
    yield _package("openvino", "the model runs on torch, half to two thirds as fast")
    yield _package("nncf", "no int8 model can be made")
    yield _package("numba", "duplicates are found by numpy, with the same result, some twenty times slower")
    yield _system("libmagic", ctypes.util.find_library("magic"), "file types are told by signature and name only")
    yield _system("LibreOffice", libreoffice.installed(), "doc and ppt files go to quarantine")
    languages = ocr.installed(ocr_languages)
    missing = [name for name in ocr_languages if name not in languages.split("+")]
    if languages and missing:
        yield Finding("tesseract", "warning", f"lacks {', '.join(missing)}; has {languages}", "Install its packages of these languages")
    else:
        yield _system("tesseract", languages, "scans and pictures go to quarantine")


def examine_workspace(workspace: Workspace, processor: Processor, /) -> Iterator[Finding]:
    """The model, whether it suits the texts, and the stores of vectors. That it was opened says that its ledger and its keys are whole."""
    yield Finding("ledger and keys", "ok", f"open, in {workspace.root}")
    if isinstance(workspace.model, LocalModel):
        try:
            yield from _examine_model(workspace, workspace.model, processor)
        except RagkeepError as error:
            yield Finding("model", "error", str(error))
    yield _vector_store(workspace)
    yield _vector_cache(workspace)


def _examine_model(workspace: Workspace, model: LocalModel, processor: Processor) -> Iterator[Finding]:
    calibrated = read_calibration(model.exports / "int8")
    yield (
        Finding("int8 model", "ok", f"mean cosine {calibrated.cosine_mean} to float32, on {calibrated.measured_on} texts of this workspace")
        if calibrated
        else Finding("int8 model", "ok", "none was made here (ragkeep calibrate)")
    )
    folder = model.folder
    yield Finding("model", "ok", f"{model.how.name}, {folder.dimensions} dimensions, {model.tokenizer.window} tokens of a text")
    how = f"{folder.backend} in {folder.dtype}{', exact' if folder.exact else ''} ({model.choice.why})"
    if model.how.backend == "http":
        where = f"texts are sent to {model.recipient}" if model.recipient else "on this machine"
        yield Finding("backend", "ok", f"{model.served_as} at {model.how.url}, {where}; whether it answers was not tried")
    elif importlib.util.find_spec(folder.backend) is None:
        yield Finding("backend", "error", f"{how}, which is not installed", _INSTALL)
    elif folder.dtype == "bfloat16" and processor.features and not (processor.bfloat16 or processor.graphics):
        yield Finding("backend", "warning", f"{how}, which this processor only imitates", "float32 is faster here; it is another model")
    else:
        yield Finding("backend", "ok", how)
    yield _languages(workspace, folder)
    yield _answering(read_answering(workspace))


def _answering(model: Answering) -> Finding:
    if model.refused:
        since = f"refused since {model.refused_at:%Y-%m-%d %H:%M}: {model.refused}"
        found = f"{model.answers}; {model.stated}, which the settings name, is {since}"
        return Finding("answers", "warning", found, "Put the old settings back, or try again with: ragkeep reindex")
    if model.answers in ("", model.stated):
        return Finding("answers", "ok", model.answers or "none yet")
    found = f"{model.answers}; the settings name {model.stated}"
    return Finding("answers", "warning", found, "The next ingest builds it beside and judges it, or now: ragkeep reindex")


def _languages(workspace: Workspace, folder: ModelFolder) -> Finding:
    chunks = workspace.lake.chunks.read(columns=["language"])["language"].value_counts()
    counts = dict(chunks.filter(pl.col("language") != "").iter_rows())
    notable = [name for name, count in counts.items() if count >= _NOTABLE_SHARE * sum(counts.values())]
    stated = stated_languages(folder.path)
    found = f"texts: {', '.join(sorted(notable)) or 'none yet'}; model: {', '.join(sorted(stated)) or 'its card does not say'}"
    unfit = unfit_languages(stated, notable)
    if not unfit:
        return Finding("languages", "ok", found)
    advice = f"Name one that was under model.name, such as {model_for(unfit[0])}; the next ingest compares both before it moves"
    return Finding("languages", "warning", f"{found}. The model was not made for {', '.join(unfit)}", advice)


def _vector_store(workspace: Workspace) -> Finding:
    """A server is asked; Milvus Lite is a file, and starts too slowly to be asked for nothing."""
    uri = workspace.settings.stores.milvus_uri
    if not uri:
        return Finding("vector store", "ok", "Milvus Lite, in the workspace")
    try:
        index = workspace.index
        owed = index.owes_until() if isinstance(index, MilvusStore) else None
    except RagkeepError as error:
        return Finding("vector store", "error", str(error))
    if owed is None:
        return Finding("vector store", "ok", f"{uri} answers")
    until = f"{datetime.fromtimestamp(owed, UTC):%Y-%m-%d %H:%M} UTC"
    return Finding("vector store", "warning", f"{uri} answers; it holds erased bytes until {until}", "From then on run: ragkeep purge")


def _vector_cache(workspace: Workspace) -> Finding:
    """A file or a server that cannot be opened, or not by the key that is there, would else be met in the middle of a run."""
    try:
        sharer, place = workspace.vectors.sharer, place_of(workspace.vectors.engine)
    except RagkeepError as error:
        return Finding("vector cache", "error", str(error))
    if sharer.addresses == workspace.identity:
        return Finding("vector cache", "ok", f"{place}, of this workspace alone")
    return Finding("vector cache", "ok", f"{place}, shared with who has {sharer.key_file}")


def _package(name: str, without: str) -> Finding:
    try:
        return Finding(name, "ok", version(name))
    except PackageNotFoundError:
        return Finding(name, "warning", f"not installed: {without}", _INSTALL)


def _system(name: str, found: str | None, without: str) -> Finding:
    if found:
        return Finding(name, "ok", found)
    return Finding(name, "warning", f"not installed: {without}", "Install it with the system's packages (make system, or apt, or brew)")
