"""A suite from a folder, in either of two layouts. Whatever is wrong with it is one line that names the file and the line."""

from pathlib import Path

from contracts.errors import UsageError
from evaluation.beir import read_beir
from evaluation.excerpts import read_excerpts
from evaluation.suite import Suite

_LAYOUTS = (
    "corpus.jsonl with queries*.jsonl and qrels*.tsv (or a `doc_id` in each query), or corpora/ with questions.jsonl; "
    "a file of golden questions ends in .yaml"
)


def read_suite(folder: Path, /) -> Suite:
    """The suite that lies in a folder, its questions in the files' order. Raises UsageError."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder. A suite is {_LAYOUTS}")
    if (folder / "corpus.jsonl").is_file():
        return read_beir(folder)
    if (folder / "corpora").is_dir() and (folder / "questions.jsonl").is_file():
        return read_excerpts(folder)
    raise UsageError(f"{folder}: not a suite. A suite is {_LAYOUTS}")
