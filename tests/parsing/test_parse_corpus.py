"""Real files of every format: each parses, or fails for the reason that it ought to."""

from pathlib import Path

import pytest

from configs.settings import ParsingSettings
from parsing import libreoffice
from parsing.documents import ToParse
from parsing.parse import parse_files

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FOLDERS = ("docs_unstructured", "docs_docling")
EXPECTED = {
    **({} if libreoffice.installed() else dict.fromkeys(("legacy_sample.doc", "duplicate-paragraphs.doc"), "format.needs_libreoffice")),
    "fake-encrypted.msg": "mail.encrypted",
    "picture.pptx": "parse.no_text",
    "empty.xlsx": "parse.no_text",
    "password.pdf": "pdf.encrypted",
}


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="the shared corpus is not here")
def test_every_file_of_the_corpus_parses_or_says_why_not() -> None:
    paths = sorted(path for folder in FOLDERS for path in (DATA / folder).rglob("*") if path.is_file() and ".expected" not in path.name)
    files = (ToParse(f"{number:032x}", "0" * 32, path.name, path.read_bytes()) for number, path in enumerate(paths))
    outcomes = {paths[int(one.document_id, 16)].name: one for one in parse_files(files, ParsingSettings())}
    assert len(paths) > 100
    assert {name: one.failure.rule for name, one in outcomes.items() if one.failure} == EXPECTED
    assert "Student falls ill" in [one.text for one in outcomes["textbox.docx"].elements]
    assert all(one.elements for name, one in outcomes.items() if name not in EXPECTED)
