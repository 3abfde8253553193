"""One notice in each format that parsing reads: made again it is the same, and parsed it is all there."""

import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from configs.settings import ParsingSettings
from parsing import ocr
from parsing.documents import Parsed, ToParse
from parsing.formats import FORMATS
from parsing.parse import parse_files
from parsing.unpack import unpack_files

SAMPLES = Path(__file__).parents[2] / "samples"
FILES = sorted((SAMPLES / "each_format").iterdir())
TITLE = "Opening hours of the tool library"
ENGLISH = "Members may borrow two tools at a time and bring them back within a week, clean and dry."
VIETNAMESE = "Thành viên được mượn hai dụng cụ một lần và trả lại trong vòng một tuần, sạch sẽ và khô ráo."
TABLES = (".csv", ".tsv", ".ods")
OLD_FONTS = ("notice-tcvn3.txt", "notice-vni.txt")
WITHOUT_TABLE = (".odp", ".png", ".jsonl", ".rtf", ".tex")
NOT_MADE_HERE = {"msg", "xls", "doc", "ppt"}


@pytest.fixture(scope="module")
def parsed() -> dict[str, Parsed]:
    """By the way to each, what lies in archives and letters too."""
    how = ParsingSettings(workers=2)
    found: dict[str, bytes] = {}
    for one in unpack_files(_to_parse({path.name: path.read_bytes() for path in FILES}), how):
        ways = [FILES[int(one.document_id, 16)].name]
        found[ways[0]] = one.kept
        for member in one.members:
            ways.append(f"{ways[0 if member.inside is None else member.inside + 1]}!/{member.path}")
            found[ways[-1]] = member.content if member.kept is None else member.kept
    names = list(found)
    return {names[int(one.document_id, 16)]: one for one in parse_files(_to_parse(found), how)}


def _to_parse(files: dict[str, bytes]) -> Iterator[ToParse]:
    return (ToParse(f"{number:032x}", "0" * 32, name.rpartition("/")[2], content) for number, (name, content) in enumerate(files.items()))


def test_making_them_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SAMPLES / "make_formats.py", tmp_path], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {path.name: path.read_bytes() for path in FILES}


def test_every_format_has_its_sample(parsed: dict[str, Parsed]) -> None:
    found = {one.report.format for one in parsed.values() if one.report}
    unread = set() if ocr.installed(()) else {"image"}
    assert found == {name for one in FORMATS for name in one.names} - NOT_MADE_HERE - unread


def test_what_lies_in_the_letter_and_the_archive_comes_out_as_it_would_alone(parsed: dict[str, Parsed]) -> None:
    inside = {way: one for way, one in parsed.items() if "!/" in way}
    assert inside.keys() == {
        "letter.eml!/notice.csv",
        "notices.zip!/one/notice.txt",
        "notices.zip!/letter.eml",
        "notices.zip!/letter.eml!/notice.csv",
        "notices.zip!/more.zip",
        "notices.zip!/more.zip!/notice.html",
    }
    for way, one in inside.items():
        if (name := way.rpartition("/")[2]) in parsed:
            assert one.elements == parsed[name].elements
    assert [one.text for one in parsed["notices.zip"].elements] == ["one/notice.txt", "letter.eml", "more.zip"]


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix != ".zip"], ids=lambda path: path.name)
def test_the_whole_notice_comes_out(parsed: dict[str, Parsed], path: Path) -> None:
    document = parsed[path.name]
    if path.suffix == ".png" and not ocr.installed(("vie",)):
        pytest.skip("tesseract with Vietnamese is not installed")
    assert document.report is not None
    assert document.report.coverage in (1, None)
    assert document.report.flag is None
    text = unicodedata.normalize("NFC", " ".join(" ".join(one.text for one in document.elements).split()))
    if path.suffix == ".png":  # Text recognition misreads an accent here and there.
        assert SequenceMatcher(None, f"{TITLE} {ENGLISH} {VIETNAMESE}", text, autojunk=False).ratio() > 0.95
    elif path.suffix not in TABLES:
        assert (VIETNAMESE.lower() in text.lower()) if path.name in OLD_FONTS else (VIETNAMESE in text and ENGLISH in text)
    if path.suffix not in WITHOUT_TABLE and path.name not in OLD_FONTS:
        assert all(cell in text for cell in ("Tuesday", "12", "Saturday", "18"))
