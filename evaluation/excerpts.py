"""Suites whose questions are answered by excerpts: `corpora/NAME.md`, and `questions.jsonl` with the offsets of what answers each."""

from collections import Counter
from pathlib import Path
from typing import Any

from contracts.errors import UsageError
from evaluation.lines import Line, read_lines
from evaluation.spans import Passage
from evaluation.suite import Asked, Document, Suite


def read_excerpts(folder: Path, /) -> Suite:
    """Every file of `corpora/` and every question. An excerpt is at its offsets to the letter, or UsageError says which is not."""
    documents = {path.stem: Document(path.stem, path.name, _content(path)) for path in sorted((folder / "corpora").iterdir())}
    questions = tuple(_asked(number, line, documents) for number, line in enumerate(read_lines(folder / "questions.jsonl")))
    if not questions:
        raise UsageError(f"{folder / 'questions.jsonl'}: no question in it")
    twice = [name for name, count in Counter(asked.question_id for asked in questions).items() if count > 1]
    if twice:
        raise UsageError(f"{folder / 'questions.jsonl'}: question {twice[0]!r} is there twice")
    return Suite(folder.resolve().name, tuple(documents.values()), questions)


def _content(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{path}: not a file of UTF-8 text") from None


def _asked(number: int, line: Line, documents: dict[str, Document]) -> Asked:
    corpus = line.text("corpus_id")
    if corpus not in documents:
        raise UsageError(f"{line.where}: corpora/ has no {corpus!r}; there are: {', '.join(documents)}")
    references = line.said.get("references")
    if not isinstance(references, list) or not references:
        raise UsageError(f"{line.where}: `references` is no list of excerpts {{content, start_index, end_index}}")
    passages = tuple(_passage(reference, corpus, documents[corpus].content, line.where) for reference in references)
    question_id = line.text("qid", "_id", "id") if {"qid", "_id", "id"} & line.said.keys() else str(number)
    return Asked(question_id, line.text("question"), passages=passages, slices={"corpus": corpus})


def _passage(reference: Any, corpus: str, text: str, where: str) -> Passage:
    try:
        start, end, content = int(reference["start_index"]), int(reference["end_index"]), reference["content"]
    except (TypeError, KeyError, ValueError):
        raise UsageError(f"{where}: a reference has content, start_index and end_index") from None
    if not 0 <= start < end <= len(text) or text[start:end] != content:
        raise UsageError(f"{where}: characters {start} to {end} of {corpus} are not the reference's content")
    return Passage(corpus, start, end)
