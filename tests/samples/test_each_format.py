"""One notice in each format that parsing reads: made again it is the same, and parsed it is all there."""

import subprocess
import sys
import unicodedata
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from configs.settings import ParsingSettings
from parsing import ocr
from parsing.documents import Parsed, ToParse
from parsing.formats import FORMATS
from parsing.parse import parse_files

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
    files = (ToParse(f"{number:032x}", "0" * 32, path.name, path.read_bytes()) for number, path in enumerate(FILES))
    return {FILES[int(one.document_id, 16)].name: one for one in parse_files(files, ParsingSettings(workers=2))}


def test_making_them_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SAMPLES / "make_formats.py", tmp_path], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {path.name: path.read_bytes() for path in FILES}


def test_every_format_has_its_sample(parsed: dict[str, Parsed]) -> None:
    found = {one.report.format for one in parsed.values() if one.report}
    unread = set() if ocr.installed(()) else {"image"}
    assert found == {name for one in FORMATS for name in one.names} - NOT_MADE_HERE - unread


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
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
