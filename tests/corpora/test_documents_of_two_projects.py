"""Documents that two parsing projects test themselves with, through the real command line: each is served, or it is said why not."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from corpus_rig import DATA, NOW, OPEN

from configs.load import load_settings
from flows.decide import Decision, decide
from flows.workspace import open_workspace
from parsing import libreoffice, ocr

FOLDERS = ("docs_docling", "docs_unstructured")
ATTACHED = frozenset(
    f"docs_unstructured/{uri}"
    for uri in (
        "eml/email-replace-mime-encodings-error-2.eml!/image001.jpg",
        "eml/fake-email-image-embedded.eml!/unstructured_logo.png",
        "eml/mime-no-body.eml!/image.jpg",
        "msg/fake-email-attachment.msg!/fake-attachment.txt",
    )
)
"""What lies in the files, each a document of its own."""
CANNOT = {
    **({} if libreoffice.installed() else dict.fromkeys(("legacy_sample.doc", "duplicate-paragraphs.doc"), "format.needs_libreoffice")),
    "fake-encrypted.msg": "mail.encrypted",
    "picture.pptx": "parse.no_text",
    "empty.xlsx": "parse.no_text",
    "password.pdf": "pdf.encrypted",
    **({} if ocr.installed(()) else dict.fromkeys(("image001.jpg", "unstructured_logo.png"), "ocr.not_installed")),
    "image.jpg": "file.corrupt" if ocr.installed(()) else "ocr.not_installed",
    "group-shapes-nested.pptx": "clean.nothing_left",  # a drawing whose shapes hold a letter each
}
"""The files that have no text for us, and the rule that says so."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not all((DATA / name).exists() for name in FOLDERS), reason="the two projects' documents are not here"),
]


@dataclass(frozen=True)
class Ingest:
    """The files, what two runs in a row and the list of quarantined documents said, and what was then in the workspace."""

    files: frozenset[str]
    first: dict[str, Any]
    second: dict[str, Any]
    quarantined: dict[str, dict[str, Any]]
    chunks: pl.DataFrame
    """chunk_id, uri, text."""
    decision: Decision
    served: frozenset[str]
    """Ids in the index."""


def test_every_listed_file_and_all_that_lies_in_it_is_seen_and_the_reference_outputs_are_left_out(ingest: Ingest) -> None:
    assert ingest.first["documents"]["seen"] == len(ingest.files | ATTACHED) > 100
    assert not any(".expected." in uri for uri in ingest.chunks["uri"].unique())


def test_what_is_quarantined_has_a_rule_a_detail_and_a_remedy(ingest: Ingest) -> None:
    rules = {uri.rpartition("/")[2]: entry["rule"] for uri, entry in ingest.quarantined.items()}
    assert rules == CANNOT
    assert all(entry["detail"] and entry["remedy"] for entry in ingest.quarantined.values())
    assert ingest.first["documents"]["quarantined"] == len(ingest.quarantined)


def test_every_other_file_has_chunks(ingest: Ingest) -> None:
    assert set(ingest.chunks["uri"]) == (ingest.files | ATTACHED) - ingest.quarantined.keys()
    assert ingest.first["documents"]["added"] == ingest.chunks["uri"].n_unique()


def test_every_chunk_is_served_or_another_that_is_served_stands_for_it(ingest: Ingest) -> None:
    decision = ingest.decision
    assert decision.refused.is_empty()
    assert ingest.served == set(decision.wanted["chunk_id"])
    assert set(decision.redundant["representative"]) <= ingest.served
    assert sorted([*decision.wanted["chunk_id"], *decision.redundant["chunk_id"]]) == ingest.chunks["chunk_id"].sort().to_list()


def test_a_second_run_embeds_and_writes_nothing(ingest: Ingest) -> None:
    second = ingest.second
    assert (second["embedded"], second["cache_hits"], second["upserted"], second["deleted"]) == (0, 0, 0, 0)
    assert second["chunks"] == ingest.first["chunks"]
    assert second["documents"]["unchanged"] == ingest.first["documents"]["added"]


@pytest.fixture(scope="module")
def ingest() -> Iterator[Ingest]:
    with tempfile.TemporaryDirectory(prefix="ragkeep-corpora-") as name:
        place = Path(name)
        files = _lay_out(place)
        first, second = _ragkeep(place, "ingest"), _ragkeep(place, "ingest")
        quarantined = {entry["uri"]: entry for entry in _ragkeep(place, "status", "--quarantined")}
        with open_workspace(place / "workspace", load_settings(place / "ragkeep.yaml"), base=place, command="test", now=NOW) as workspace:
            manifest = workspace.lake.manifest.read().select("document_id", "uri")
            chunks = workspace.lake.chunks.read().join(manifest, on="document_id").select("chunk_id", "uri", "text")
            decision = decide(workspace, now=NOW)
            served = frozenset(chunk_id for batch in workspace.index.read() for chunk_id in batch["chunk_id"])
        _tell(first, second, quarantined)
        yield Ingest(files, first, second, quarantined, chunks, decision, served)


def _lay_out(place: Path) -> frozenset[str]:
    """The uris that ought to be found: one project keeps its own outputs beside the inputs, and the settings leave them out."""
    every = sorted(path for folder in FOLDERS for path in (DATA / folder).rglob("*") if path.is_file())
    inputs = [path for path in every if ".expected." not in path.name]
    outputs = [path for path in every if ".expected." in path.name][::10]
    for path in (*inputs, *outputs):
        target = place / "documents" / path.relative_to(DATA)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    source = {"path": "documents", "exclude": ["**/*.expected.md"], "terms": OPEN}
    (place / "ragkeep.yaml").write_text(yaml.safe_dump({"sources": {"projects": source}}), encoding="utf-8")
    return frozenset(path.relative_to(DATA).as_posix() for path in inputs)


def _ragkeep(place: Path, *arguments: str) -> Any:
    call = [str(Path(sys.executable).with_name("ragkeep")), "--workspace", "workspace", *arguments, "--json"]
    return json.loads(subprocess.run(call, cwd=place, check=True, capture_output=True, text=True).stdout)


def _tell(first: dict[str, Any], second: dict[str, Any], quarantined: dict[str, dict[str, Any]]) -> None:
    """What pytest shows with -s, and where a law fails."""
    print(f"\nfirst {first}\nsecond {second}")
    for uri, entry in sorted(quarantined.items()):
        print(f"{entry['rule']:<28}{uri}: {entry['detail']} {entry['remedy']}")
