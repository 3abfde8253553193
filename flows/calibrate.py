"""An int8 model of this workspace: made, measured against float32 on its own texts, and kept only if it is near enough."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from chunking.embedded import embedded_texts
from contracts.errors import SettingsError, UsageError
from contracts.ports import Embedder
from embeddings.calibration import MODEL, RECORD, Calibration, read_calibration
from embeddings.keep import keep_text, new_folder
from embeddings.model import SentenceEmbedder
from evaluation.fidelity import cosines, known_item_ndcg_at_10, overlap_at_10
from flows.model import LocalModel
from flows.workspace import Workspace

_CALIBRATE, _MEASURE = 300, 500
"""Texts at most."""
_LEAST = 40
"""Texts for either."""


def calibrate(workspace: Workspace, given: Sequence[str] = (), /, *, now: datetime) -> Calibration:
    """What was measured of the int8 model, which is there from now on. Raises SettingsError, with the figures, where it is not near enough,
    and UsageError where there is one already or where texts are too few.

    It is fitted to the `given` texts, else to texts served here whose lawful basis is that they are about nobody: numbers that were fitted
    to people's texts would outlive their erasure. It is measured on other texts that are served, of which nothing is kept but the figures.
    """
    model = workspace.model
    if not isinstance(model, LocalModel):
        raise UsageError("calibrate: this workspace's model is not computed here")
    folder = model.exports / "int8"
    if read_calibration(folder):
        raise UsageError(f"calibrate: there is an int8 model, and another would be another model. Delete {folder} to make one anew")
    fitted, measured = _choose_texts(workspace, given, now)
    with new_folder(folder) as unfinished:
        made = _make(model, fitted, measured, unfinished)
        if made.shortcomings:
            raise SettingsError(f"calibrate: the int8 model is refused: {'; '.join(made.shortcomings)}. Use bfloat16 or float32")
        keep_text(unfinished / RECORD, json.dumps(asdict(made), indent=1))
    return made


def _choose_texts(workspace: Workspace, given: Sequence[str], now: datetime) -> tuple[list[str], list[str]]:
    """To fit and to measure, no text in both, chosen by their ids, which are hashes: as good as by lot, and the same every time."""
    tokenizer = workspace.model.tokenizer
    rows = workspace.lake.rows.read(columns=["chunk_id", "text", "heading_path", "lawful_basis", "expires_at"])
    served = rows.filter((pl.col("expires_at") == 0) | (pl.col("expires_at") > now.timestamp())).sort("chunk_id")
    about_nobody = served.filter(pl.col("lawful_basis") == "not_personal")
    fitting = about_nobody.head(0 if given else min(_CALIBRATE, about_nobody.height // 2))
    measuring = served.join(fitting, on="chunk_id", how="anti").head(_MEASURE)
    embedded = [embedded_texts(part, workspace.settings.chunking, tokenizer) for part in (fitting, measuring)]
    fitted, measured = list(given[:_CALIBRATE]) or embedded[0], embedded[1]
    for line, length in enumerate(tokenizer.count(fitted), start=1):
        if length > tokenizer.window:
            raise UsageError(f"calibrate: text {line} has {length} tokens, the model reads {tokenizer.window}. Shorten it")
    if len(fitted) < _LEAST:
        raise UsageError(
            f"calibrate: {len(fitted)} texts to fit to, and {_LEAST} are needed. Give a file of others, one a line, with --texts, "
            "or ingest more documents whose lawful basis is not_personal"
        )
    if len(measured) < _LEAST:
        raise UsageError(f"calibrate: {len(measured)} texts to measure on, and {_LEAST} are needed. Ingest more documents first")
    return fitted, measured


def _make(model: LocalModel, fitted: Sequence[str], measured: Sequence[str], into: Path) -> Calibration:
    whole = model.computing("openvino", "float32")
    exported = whole.exported()
    from embeddings.openvino_runner import OpenVinoRunner
    from embeddings.quantise import quantise

    quantise(whole.folder, exported, fitted, into / MODEL)
    small = SentenceEmbedder(whole.folder, whole.identity, runner=OpenVinoRunner(replace(whole.folder, dtype="int8"), into / MODEL))
    exact, near = whole.embedder.embed_documents(measured), small.embed_documents(measured)
    same = cosines(exact, near)
    return Calibration(
        calibrated_with=len(fitted),
        measured_on=len(measured),
        cosine_mean=round(float(same.mean()), 5),
        cosine_min=round(float(same.min()), 5),
        overlap_at_10=round(overlap_at_10(exact, near), 4),
        ndcg_at_10_float32=round(_halves_find_halves(whole.embedder, measured), 4),
        ndcg_at_10_int8=round(_halves_find_halves(small, measured), 4),
    )


def _halves_find_halves(embedder: Embedder, texts: Sequence[str]) -> float:
    """Retrieval without anybody's judgement: the first half of each text asks for the second."""
    halves = [_halve(text) for text in texts]
    questions, answers = (embedder.embed_documents([half[which] for half in halves]) for which in (0, 1))
    return known_item_ndcg_at_10(questions, answers)


def _halve(text: str) -> tuple[str, str]:
    """At the white space nearest after the middle, else in the middle."""
    cut = text.find(" ", len(text) // 2)
    cut = cut if cut > 0 else len(text) // 2
    return text[:cut], text[cut:]
