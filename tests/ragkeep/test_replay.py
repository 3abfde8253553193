"""What was erased comes back as other files, and a killed purge is ended by the next: by the command line, with the real parser."""

import json
import os
import shutil
import signal
import subprocess
import sys
import unicodedata
from pathlib import Path

import docx
import pytest
from front_door import Site, call, write

ROOT = Path(__file__).resolve().parents[2]
MINUTES = "Hội đồng đã đồng ý rằng bà Lindqvist làm việc tại văn phòng chi nhánh vào thứ Ba hàng tuần, và quản lý của bà cũng vậy."


def _word(path: Path, *paragraphs: str) -> None:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(str(path))


def _save_anew(folder: Path, text: str) -> set[str]:
    """The same words in files of other formats and encodings."""
    write(folder / "marked.md", f"**{text}**\n")
    write(folder / "page.html", f"<!doctype html><html><body><p>{text}</p></body></html>")
    (folder / "utf16.txt").write_bytes(text.encode("utf-16"))
    (folder / "windows.txt").write_bytes(b"\xef\xbb\xbf" + text.replace(", ", ",\r\n").encode())
    (folder / "cp1258.txt").write_bytes("".join(map(_for_cp1258, text)).encode("cp1258"))
    _word(folder / "word.docx", *text.split(", "))
    return {"marked.md", "page.html", "utf16.txt", "windows.txt", "cp1258.txt", "word.docx"}


def _for_cp1258(letter: str) -> str:
    """The code page of Vietnam has the letters, and the tones beside them."""
    parts = unicodedata.normalize("NFD", letter)
    tones = [part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323"]
    return unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones)) + "".join(tones)


def test_an_erased_text_is_refused_in_every_format_and_encoding(site: Site) -> None:
    folder = site.home / "handbook"
    write(folder / "a.txt", MINUTES)
    site.run("ingest")
    would = site.run("erase", "--query", "BÀ  LINDQVIST", "--json").json
    assert (would["dry_run"], len(would["documents"])) == (True, 1)
    assert site.run("erase", "--query", "bà lindqvist", "--yes", "--json").json["documents"] == 1
    saved = _save_anew(folder, MINUTES)
    shutil.copy(folder / "a.txt", folder / "renamed.txt")
    done = site.run("ingest", "--json").json
    assert (done["upserted"], done["documents"]["quarantined"]) == (0, len(saved) + 3), "the place, its copy and the torn file too"
    listed = site.run("status", "--quarantined", "--json").json
    assert {entry["uri"]: entry["rule"] for entry in listed if entry["uri"] != "torn.pdf"} == dict.fromkeys(saved, "erasure.reencoded")
    assert not any("Lindqvist" in hit["text"] and "bà" in hit["text"] for hit in site.search(MINUTES, "-k", "50"))


POINTS = ("purge.batch", "purge.freed", "purge.proven", "audit.appended:2")


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_purge_that_is_killed_is_ended_by_the_next_with_its_final_receipt(site: Site, point: str) -> None:
    (site.home / "staff" / "mai.txt").unlink()
    erased = site.run("erase", "--subject", "mai@works.example", "--yes", "--json").json
    killed = subprocess.run(
        [sys.executable, "-m", "ragkeep", "--workspace", str(site.home), "purge"],
        cwd=ROOT,
        env={**os.environ, "RAGKEEP_KILL_AT": point},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    receipt = Path(erased["receipt"])
    assert json.loads(receipt.read_text())["physical_at"] is None, "it claims no more than was proven before"
    done = site.run("purge", "--json").json
    assert (done["requests"], done["pending"], done["hits"]) == ([erased["request_id"]], 0, 0)
    said = json.loads(receipt.read_text())
    assert said["physical_at"] is not None
    assert said["scan"]["texts_sought"] == 0 < said["scan"]["files"], "by ids alone: her texts were gone before"
    public = write(site.home.parent.parent / "public.pem", site.run("audit", "key").out)
    assert call("receipt", "verify", receipt, "--public-key", public).code == 0
    assert site.run("audit", "verify", "--json").json["problems"] == []


def test_a_purge_in_one_command_says_how_many_texts_it_looked_for(site: Site) -> None:
    erased = site.run("erase", "--query", "mai lindqvist", "--yes", "--purge", "--json").json
    assert erased["state"] == "purged"
    said = json.loads(Path(erased["receipt"]).read_text())
    assert (said["kind"], said["scan"]["texts_sought"], said["scan"]["hits"]) == ("query", 2, 0), "a text and its vector"


def test_erasing_what_has_expired_says_so_where_nothing_has(site: Site) -> None:
    nothing = site.run("erase", "--expired", "--json")
    assert (nothing.code, "the terms of no document that is held have ended" in nothing.err) == (2, True)
    assert site.run("erase", "--expired", "--query", "x").code == 2
