"""How well a document was parsed is kept beside its elements, shown, and erased with it; the real parser reads the files."""

import io
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flow_rig import NOW, SILENCE, lived_in
from reportlab.pdfgen.canvas import Canvas

from configs.settings import Settings
from contracts.errors import SettingsError
from flows.erase import Selector, erase
from flows.ingest import ingest
from parsing.memory import parse_plain
from ragkeep.inspect import read_document, read_elements, read_flagged, read_quarantine

TORN = b"""<p>A list of the steels that the works at the river bank uses.</p><table><tr><td>SNB22</td><td>hard</td></tr><tr>
<table><br><table><tr><td>The database of steels is free, and who uses it does so at their own risk.
</CENTER></td></tr></table></center>"""
PLAIN = b"The iron bridge at the old mill was closed for repairs in April, since two of its girders had rusted through."
TERMS = {"lawful_basis": "not_personal", "purposes": ["retrieval"], "classification": "public"}


def locked(password: str) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, encrypt=password)
    canvas.drawString(72, 700, "The salary bands of next year are to be found in the safe of the bursar.")
    canvas.save()
    return buffer.getvalue()


@dataclass
class Works:
    root: Path
    settings: Settings

    def open(self):
        return lived_in(self.root / "ws", self.settings, now=NOW)


@pytest.fixture
def works(tmp_path: Path) -> Works:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name, content in (("steels.html", TORN), ("bridge.txt", PLAIN), ("bands.pdf", locked("open sesame"))):
        (folder / name).write_bytes(content)
    source = {"path": folder, "terms": TERMS}
    return Works(tmp_path, Settings(sources={"works": source}, parsing={"workers": 1}))


@pytest.mark.slow
def test_reports_flags_and_passwords_from_the_first_run_to_the_erasure(works: Works) -> None:
    with works.open() as workspace:
        ingest(workspace, ["works"], now=NOW, progress=SILENCE)
        (flagged,) = read_flagged(workspace, now=NOW)
        assert (flagged["uri"], flagged["rule"], flagged["coverage"]) == ("steels.html", "parse.completed", 1)
        assert [one["rule"] for one in read_quarantine(workspace, now=NOW)] == ["pdf.encrypted"]
        report = read_document(workspace, "bridge.txt", now=NOW)["parsing"]
        assert (report["format"], report["coverage"], report["characters"], report["rule"]) == ("txt", 1, len(PLAIN), None)
        assert workspace.lake.reports.read().height == 2

    (works.root / "passwords").write_text("wrong\nopen sesame\n", encoding="utf-8")
    source = works.settings.sources["works"].model_copy(update={"password_file": Path("passwords")})
    works.settings = works.settings.model_copy(update={"sources": {"works": source}})
    with works.open() as workspace:
        ingest(workspace, ["works"], retry_quarantined=True, now=NOW, progress=SILENCE)
        assert read_quarantine(workspace, now=NOW) == []
        assert {row["reader"] for row in workspace.lake.elements.read().to_dicts() if "salary" in row["text"]} == {"pypdfium2"}
        assert workspace.lake.reports.read().height == 3
        erase(workspace, Selector("uri", "steels.html"), now=NOW, progress=SILENCE)
        assert sorted(workspace.lake.reports.read()["format"]) == ["pdf", "txt"]
        assert read_flagged(workspace, now=NOW) == []


def test_a_password_file_that_is_not_there_is_said_before_anything_is_parsed(works: Works) -> None:
    source = works.settings.sources["works"].model_copy(update={"password_file": Path("nowhere")})
    works.settings = works.settings.model_copy(update={"sources": {"works": source}})
    with works.open() as workspace, pytest.raises(SettingsError, match=r"sources\.works\.password_file: .*nowhere cannot be read\. Put"):
        ingest(workspace, ["works"], now=NOW, progress=SILENCE)


def test_links_are_shown_with_the_elements_they_stand_in_and_go_with_the_document(works: Works) -> None:
    link = {"text": "the bridge", "target": "mailto:warden@example.org"}

    def parse(files, how):
        for parsed in parse_plain(files, how):
            yield replace(parsed, elements=tuple(found._replace(links=(link,)) for found in parsed.elements))

    with lived_in(works.root / "ws", works.settings, now=NOW, parse=parse) as workspace:
        ingest(workspace, ["works"], now=NOW, progress=SILENCE)
        assert [row["links"] for row in read_elements(workspace, "bridge.txt", now=NOW)] == [[link]]
        erase(workspace, Selector("uri", "bridge.txt"), now=NOW, progress=SILENCE)
        assert all(row["text"] != PLAIN.decode() for row in workspace.lake.elements.read().to_dicts())
