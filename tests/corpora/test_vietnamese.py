"""Articles of two Vietnamese laws as files of several formats, half of them decomposed: no word and no mark is lost on the way."""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from corpus_rig import DATA, CorpusWorkspace, RememberingParser, read_jsonl

LAWS = DATA / "vn_laws"
WORD = re.compile(r"\w+")
FORMATS = ("txt", "md", "html")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not LAWS.exists(), reason="the Vietnamese laws are not here")]


@dataclass(frozen=True)
class Laws:
    """Each article's text by its file, the chunks made of it in order, and what is served."""

    articles: dict[str, str]
    chunks: dict[str, pl.DataFrame]
    served: pl.DataFrame


def test_every_article_is_vietnamese(laws: Laws) -> None:
    assert {uri: set(chunks["language"]) for uri, chunks in laws.chunks.items()} == {uri: {"vi"} for uri in laws.articles}


def test_every_served_text_is_composed(laws: Laws) -> None:
    assert all(unicodedata.is_normalized("NFC", text) for text in laws.served["text"])


def test_the_words_of_every_article_are_those_of_its_chunks_in_order(laws: Laws) -> None:
    wrong = {
        uri: (len(words), len(found))
        for uri, article in laws.articles.items()
        if (words := WORD.findall(article)) != (found := [word for text in laws.chunks[uri]["text"] for word in WORD.findall(text)])
    }
    assert not wrong


def test_the_same_article_decomposed_is_a_duplicate(laws: Laws) -> None:
    twins = [laws.chunks[uri]["text_key"].to_list() for uri in sorted(laws.articles) if uri.endswith("article-001.txt")]
    again = [laws.chunks[uri]["text_key"].to_list() for uri in sorted(laws.articles) if uri.endswith("article-001-again.txt")]
    assert len(twins) == 2
    assert twins == again
    assert laws.served["text"].n_unique() == laws.served.height


@pytest.fixture(scope="module")
def laws(tmp_path_factory: pytest.TempPathFactory) -> Laws:
    folder = tmp_path_factory.mktemp("laws")
    articles = dict(_write(folder / "documents"))
    workspace = CorpusWorkspace(folder / "workspace", folder / "documents", folder / "laws.key", RememberingParser())
    done = workspace.ingest()
    assert (done.documents.added, done.documents.quarantined) == (len(articles), 0)
    with workspace.open() as opened:
        named = opened.lake.chunks.read().join(opened.lake.manifest.read().select("document_id", "uri"), on="document_id")
    chunks = {str(uri): frame for (uri,), frame in named.sort("uri", "ordinal").partition_by("uri", as_dict=True).items()}
    return Laws(articles, chunks, workspace.served())


def _write(folder: Path) -> Iterator[tuple[str, str]]:
    """Uri and composed text of each file; every other one is written decomposed, and the first article of each law a second time."""
    for law in sorted(LAWS.glob("*.jsonl")):
        (folder / law.stem).mkdir(parents=True)
        for number, article in enumerate(read_jsonl(law), start=1):
            text = unicodedata.normalize("NFC", article["text"])
            names = [f"article-{number:03d}.{FORMATS[(number - 1) % len(FORMATS)]}"]
            if number == 1:
                names.append("article-001-again.txt")
            for name in names:
                written = unicodedata.normalize("NFD", text) if number % 2 == 0 or "again" in name else text
                page = f"<html><body><p>{html.escape(written)}</p></body></html>" if name.endswith("html") else written
                (folder / law.stem / name).write_text(page, encoding="utf-8")
                yield f"{law.stem}/{name}", text
