"""A folder of made-up documents, the same for the same number and seed, with the copies and revisions that real folders have."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from random import Random

from benchmarks.prose import record, sentence, title

_SEED = 20_260_101
_FORMATS = ("md", "md", "md", "md", "txt", "txt", "txt", "html", "html", "csv")
_COPY_EVERY = 40
"""One document in so many is a byte-for-byte copy of an earlier one, and one a copy with a sentence changed."""
_MEDIAN_SENTENCES = 14
_MOST_SENTENCES = 160


@dataclass(frozen=True, slots=True)
class Draft:
    """A document before it has a format: paragraphs of sentences under headings, or a table's rows."""

    title: str
    sections: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    rows: tuple[tuple[str, ...], ...]


def write_corpus(folder: Path, documents: int, /) -> list[Path]:
    """The paths of that many new files, in the order of their numbers."""
    return [write_document(folder, number) for number in range(documents)]


def write_document(folder: Path, number: int, /, *, revision: int = 0) -> Path:
    """The path of document `number`, written; another revision is the same text with one sentence, or one row, changed."""
    original, changed = _original(number)
    ending = _FORMATS[original % len(_FORMATS)]
    path = folder / f"year-{number % 7 + 2019}" / f"{'copy-' if original != number else ''}{number:05d}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_render(_draft(original, revision or changed, ending), ending), encoding="utf-8")
    return path


def _original(number: int) -> tuple[int, int]:
    """The document that `number` is a copy of, and the copy's revision."""
    block, place = divmod(number, _COPY_EVERY)
    if place < _COPY_EVERY - 2:
        return number, 0
    return number - _COPY_EVERY // 2 - block % len(_FORMATS), _COPY_EVERY - 1 - place


def _draft(number: int, revision: int, ending: str) -> Draft:
    rng = Random(f"{_SEED}:{number}")
    length = min(_MOST_SENTENCES, max(3, round(rng.lognormvariate(0, 0.8) * _MEDIAN_SENTENCES)))
    heading = title(rng)
    if ending == "csv":
        rows = [record(rng) for _ in range(length)]
        if revision:
            rows[length // 2] = record(Random(f"{_SEED}:{number}:{revision}"))
        return Draft(heading, (), tuple(rows))
    sentences = [sentence(rng) for _ in range(length)]
    if revision:
        sentences[length // 2] = sentence(Random(f"{_SEED}:{number}:{revision}"))
    return Draft(heading, tuple(_sections(sentences, rng)), ())


def _sections(sentences: list[str], rng: Random) -> list[tuple[str, tuple[tuple[str, ...], ...]]]:
    """Three to six sentences a paragraph, two to five paragraphs a section."""
    paragraphs, start = [], 0
    while start < len(sentences):
        end = start + rng.randint(3, 6)
        paragraphs.append(tuple(sentences[start:end]))
        start = end
    sections, start = [], 0
    while start < len(paragraphs):
        end = start + rng.randint(2, 5)
        sections.append((title(rng), tuple(paragraphs[start:end])))
        start = end
    return sections


def _render(draft: Draft, ending: str) -> str:
    if ending == "csv":
        return "\n".join(["place,thing,event,amount", *(",".join(row) for row in draft.rows)]) + "\n"
    if ending == "html":
        body = "\n".join(
            f"<h2>{escape(heading)}</h2>\n" + "\n".join(f"<p>{escape(' '.join(paragraph))}</p>" for paragraph in paragraphs)
            for heading, paragraphs in draft.sections
        )
        return f"<html><head><title>{escape(draft.title)}</title></head><body>\n<h1>{escape(draft.title)}</h1>\n{body}\n</body></html>\n"
    marks = ("# ", "## ") if ending == "md" else ("", "")
    blocks = [f"{marks[0]}{draft.title}"]
    for heading, paragraphs in draft.sections:
        blocks += [f"{marks[1]}{heading}", *(" ".join(paragraph) for paragraph in paragraphs)]
    return "\n\n".join(blocks) + "\n"
