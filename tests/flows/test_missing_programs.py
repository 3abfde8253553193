"""A document that only lacked a program is tried again by itself once the program is there, and by no run before."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from flow_rig import Twin

from contracts.results import Failure
from flows import ingest
from parsing import ocr, tools
from parsing.documents import Parsed
from parsing.memory import parse_plain

OLD = b"Minutes of the board from the days before anybody had heard of a zipped document, in a very old file."


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of those that are installed."""
    there: set[str] = set()
    monkeypatch.setattr(shutil, "which", lambda name, **_: f"/usr/bin/{name}" if name in there else None)
    return there


def test_a_run_parses_what_was_quarantined_for_want_of_a_program_when_it_is_there(
    tmp_path: Path, programs: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def parse(files, how):
        files = list(files)
        asked.append(len(files))
        for parsed in parse_plain(files, how):
            missing = Failure("format.needs_libreoffice", "an old file", "Install LibreOffice and ingest again.")
            yield parsed if "soffice" in programs else Parsed(parsed.document_id, parsed.version_id, (), missing)

    bring = ingest.bring_up_to_date
    monkeypatch.setattr(ingest, "bring_up_to_date", lambda workspace, *rest, **more: bring(replace(workspace, parse=parse), *rest, **more))
    twin = Twin(tmp_path / "ws", files={"open": {"minutes.doc": OLD}, "people": {}})
    twin.ingest()
    twin.ingest()
    assert sum(asked) == 1
    assert twin.served() == []
    programs.add("soffice")
    twin.ingest()
    assert sum(asked) == 2
    assert [row["text"] for row in twin.served()] == [OLD.decode()]
    twin.ingest()
    assert sum(asked) == 2


def test_only_documents_whose_program_is_there_are_worth_another_try(programs: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rules = ["format.needs_libreoffice", "ocr.not_installed", "pdf.no_text_layer", "file.corrupt"]
    how = Twin(Path()).settings.parsing
    monkeypatch.setattr(ocr, "_known", lambda: ("vie",) if "tesseract" in programs else ())
    assert tools.curable(rules, how) == set()
    programs.update(("libreoffice", "tesseract"))
    assert tools.curable(rules, how.model_copy(update={"ocr_languages": ["vie"]})) == {*rules[:3]}
    assert tools.curable(rules, how.model_copy(update={"ocr_languages": ["deu"]})) == {rules[0]}
    assert tools.curable(rules[3:], how) == set()
