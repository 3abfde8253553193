"""Whatever a file is, it gets one answer and costs nobody else anything: files that are cut, bent, renamed, nested, empty or explosive."""

import gzip
import io
import os
import random
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from configs.settings import ParsingSettings
from parsing.documents import Parsed, ToParse
from parsing.parse import parse_files

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted(path for path in (ROOT / "samples" / "documents").rglob("*.*") if path.suffix not in (".yaml",))
NAMES = (
    "a.txt",
    "a.pdf",
    "a.docx",
    "a.xlsx",
    "a.eml",
    "a.html",
    "a.csv",
    "a.json",
    "a.xml",
    "a",
    "../../etc/passwd",
    "a\0b.md",
    "é" * 200 + ".rst",
)
SOAK_FILES = int(os.environ.get("RAGKEEP_SOAK_FILES", "10000"))


def laughs() -> bytes:
    """A few hundred bytes of XML that would be three billion."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "ha ha">{entities}]><r>&l9;</r>'.encode()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("../../escaped.txt")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


EXPLOSIVES = {
    "laughs.xml": (laughs(), None),
    "laughs.docx": (zipped({"[Content_Types].xml": b"<Types/>", "_rels/.rels": b"<x/>", "word/document.xml": laughs()}), "file.corrupt"),
    "bomb.docx": (zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b" " * 60_000_000}), "file.too_large"),
    "bomb.odt": (zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b" " * 60_000_000}), "file.too_large"),
    "names.zip": (zipped({"../../escaped.txt": b"out", "/etc/passwd": b"out"}), "archive.unopened"),
    "names.tar": (tarred(b"out"), "archive.unopened"),
    "nested.zip": (zipped({"a.zip": zipped({"b.zip": zipped({"c.txt": b"deep"})})}), "archive.unopened"),
    "squeezed.txt": (gzip.compress(b" " * 10_000_000), "archive.unopened"),
    "deep.html": (b"<div>" * 20_000 + b"deep" + b"</div>" * 20_000, None),
    "deep.json": (b"[" * 50_000 + b"]" * 50_000, "file.corrupt"),
    "deep.eml": (b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" * 300, None),
    "wide.csv": (b"," * 2_000_000, "parse.no_text"),
    "cell.csv": (b'"' + b"x" * 1_000_000, None),
    "title.md": (b"#" * 100_000, None),
    "quotes.md": (b"> " * 5_000 + b"deep", None),
    "zeros.pdf": (b"%PDF-1.7\n" + bytes(100_000), "file.corrupt"),
    "empty.pdf": (b"%PDF-1.7\n%%EOF", "file.corrupt"),
    "nothing.txt": (b"", "file.empty"),
    "spaces.html": (b" " * 100_000, "parse.no_text"),
}
"""Name → bytes and the rule that they end in; None: whatever happens, it is one answer."""


def bent(seed: int, count: int) -> Iterator[ToParse]:
    """Files that were once samples. The same seed gives the same ones."""
    chance = random.Random(seed)
    whole = [path.read_bytes() for path in SAMPLES]
    for number in range(count):
        name, content = chance.choice(SAMPLES).name, bytearray(chance.choice(whole))
        for _ in range(chance.randint(1, 3)):
            content = chance.choice((_cut, _flip, _drop, _repeat, _join))(content, chance, whole)
        yield ToParse(f"{number:032x}", "0" * 32, name if chance.random() < 0.5 else chance.choice(NAMES), bytes(content[:200_000]))


def _cut(content: bytearray, chance: random.Random, _: list[bytes]) -> bytearray:
    return content[: chance.randint(0, len(content))]


def _flip(content: bytearray, chance: random.Random, _: list[bytes]) -> bytearray:
    for _ in range(min(len(content), chance.choice((1, 10, 200)))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return content


def _drop(content: bytearray, chance: random.Random, _: list[bytes]) -> bytearray:
    start = chance.randint(0, len(content))
    del content[start : start + chance.choice((1, 64, 4096))]
    return content


def _repeat(content: bytearray, chance: random.Random, _: list[bytes]) -> bytearray:
    start = chance.randint(0, len(content))
    return content[:start] + content[start : start + 512] * chance.choice((2, 40)) + content[start:]


def _join(content: bytearray, chance: random.Random, whole: list[bytes]) -> bytearray:
    return content + chance.choice(whole)[: chance.choice((100, 10_000))]


def account(files: list[ToParse], how: ParsingSettings) -> list[Parsed]:
    """The answers, after it was checked that there is one for each file and that it is elements or a failure."""
    answers = list(parse_files(files, how))
    assert sorted(answer.document_id for answer in answers) == sorted(file.document_id for file in files)
    for answer in answers:
        assert bool(answer.elements) != bool(answer.failure)
        assert all(element.text.strip() for element in answer.elements)
        assert answer.failure is None or (answer.failure.rule and answer.failure.detail and answer.failure.remedy.endswith("."))
    return answers


def test_files_that_would_explode_are_refused_or_read_and_nothing_is_written_beside_them(tmp_path: Path) -> None:
    names = dict(enumerate(EXPLOSIVES))
    files = [ToParse(f"{number:032x}", "0" * 32, name, EXPLOSIVES[name][0]) for number, name in names.items()]
    answers = {names[int(one.document_id, 16)]: one for one in account(files, ParsingSettings(workers=2, seconds=30))}
    ended = {name: (one.failure.rule if one.failure else None) for name, one in answers.items()}
    assert {name: rule for name, rule in ended.items() if EXPLOSIVES[name][1] not in (None, rule)} == {}
    assert not any("ha ha ha" in element.text for element in answers["laughs.xml"].elements)
    assert not list(Path.cwd().rglob("escaped.txt"))


def test_every_bent_file_is_accounted_for() -> None:
    answers = account(list(bent(20261124, 40)), ParsingSettings(workers=2, seconds=30))
    assert sum(1 for answer in answers if answer.elements) > 5
    assert sum(1 for answer in answers if answer.failure) > 5
    assert not [child for child in psutil.Process().children() if "parsing.zygote" in child.cmdline()]


@pytest.mark.soak
@pytest.mark.timeout(14_400)
def test_ten_thousand_bent_files_are_accounted_for_and_the_parent_does_not_grow() -> None:
    memory: list[int] = []
    how = ParsingSettings(workers=2, seconds=30)
    rules: dict[str, int] = {}
    for start in range(0, SOAK_FILES, 500):
        for answer in account(list(bent(start, min(500, SOAK_FILES - start))), how):
            rule = answer.failure.rule if answer.failure else "elements"
            rules[rule] = rules.get(rule, 0) + 1
        memory.append(psutil.Process().memory_info().rss)
        print(start + 500, memory[-1] // 1_000_000, "MB", rules, flush=True)
    assert sum(rules.values()) == SOAK_FILES
    assert len(memory) < 4 or max(memory[2:]) <= 1.1 * memory[1]
