"""Suites in the layout of BEIR: `corpus.jsonl`, `queries*.jsonl`, and which documents answer which query in `qrels*.tsv`.

N. Thakur et al., "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models" (2021). A query may name
its one document itself, under `doc_id`.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from contracts.errors import UsageError
from evaluation.lines import Line, read_lines
from evaluation.suite import Asked, Document, Suite

_LONGEST_NAME = 100
_Grades = dict[str, dict[str, int]]


def read_beir(folder: Path, /) -> Suite:
    """Every document and every query to which a document is relevant. Raises UsageError with the file and line that are wrong."""
    documents = {document.name: document for document in _unique(folder / "corpus.jsonl")}
    lines = [line for path in sorted(folder.glob("queries*.jsonl")) for line in read_lines(path)]
    if not lines:
        raise UsageError(f"{folder}: no query. They stand in queries.jsonl or queries_*.jsonl, one JSON object with _id and text a line")
    texts = {line.text("_id", "id"): line.text("text") for line in lines}
    grades = _grades(folder, lines, documents)
    strangers = sorted(grades.keys() - texts.keys())
    if strangers:
        raise UsageError(f"{folder}: qrels name a query {strangers[0]!r} that no queries*.jsonl has ({len(strangers)} such in all)")
    questions = tuple(Asked(name, text, grades[name]) for name, text in texts.items() if any(grades.get(name, {}).values()))
    if not questions:
        raise UsageError(f"{folder}: no query has a relevant document. Say which in qrels*.tsv, or in each query as `doc_id`")
    return Suite(folder.resolve().name, tuple(documents.values()), questions)


def _unique(path: Path) -> Iterator[Document]:
    seen: set[str] = set()
    for line in read_lines(path):
        name = line.text("_id", "id")
        if name in seen:
            raise UsageError(f"{line.where}: document {name!r} is there twice")
        seen.add(name)
        title = line.said.get("title") or ""
        yield Document(name, _file(name), "\n\n".join(part for part in (str(title).strip(), line.text("text")) if part))


def _file(name: str) -> str:
    """A file's name for a document's id, whatever the id is made of."""
    plain = quote(name, safe=" ")
    if plain.startswith(".") or plain != plain.strip() or len(plain) > _LONGEST_NAME:
        plain = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"{plain}.txt"


def _grades(folder: Path, lines: list[Line], documents: Mapping[str, Document]) -> _Grades:
    grades: _Grades = defaultdict(dict)
    for where, query, document, grade in (*_judged(folder), *_named(lines)):
        if document not in documents:
            raise UsageError(f"{where}: document {document!r} is not in corpus.jsonl")
        grades[query][document] = grade
    return dict(grades)


def _judged(folder: Path) -> Iterator[tuple[str, str, str, int]]:
    for path in sorted((*folder.glob("qrels*.tsv"), *folder.glob("qrels/*.tsv"))):
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            cells = text.split("\t")
            where = f"{path}, line {number}"
            if len(cells) == 3 and cells[2].strip().lstrip("-").isdecimal():
                yield where, cells[0].strip(), cells[1].strip(), max(0, int(cells[2]))
            elif text.strip() and number > 1:
                raise UsageError(f"{where}: expected query-id, corpus-id and a whole number, with tabs between them")


def _named(lines: list[Line]) -> Iterator[tuple[str, str, str, int]]:
    for line in lines:
        if "doc_id" in line.said:
            yield line.where, line.text("_id", "id"), line.text("doc_id"), 1
