"""The witness finds whatever is there, in whatever form, and nothing else; what it cannot read, it says."""

import gzip
import json
import os
import random
import sqlite3
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import UsageError
from forensics.eyes import prove_eyes
from forensics.match import Matcher, Piece
from forensics.needles import forms, read_needles
from forensics.plants import PLANTS, Secret
from forensics.scan import Scanned, scan

MODEST = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = "Đỗ Thị Hồng “zq-canary-7f3a” & Søn"
VECTOR = np.arange(1, 9, dtype="<f4").tobytes()
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=3, max_size=40).filter(lambda text: len(text.encode()) >= 8)


def told(folder: Path, *needles: bytes) -> Scanned:
    return scan(folder, needles)


def test_its_eyes_see_every_encoding_and_imagine_nothing() -> None:
    eyes = prove_eyes()
    assert len(eyes) == len(PLANTS) > 40
    assert [eye for eye in eyes if not eye.sees or eye.imagines] == []


@pytest.mark.parametrize("name", PLANTS)
def test_another_secret_in_its_place_is_not_found(tmp_path: Path, name: str) -> None:
    PLANTS[name](tmp_path, Secret(TEXT.replace("7f3a", "7f3b"), VECTOR[:-1] + b"\x00"))
    scanned = told(tmp_path, TEXT.encode(), VECTOR)
    assert scanned.proves_absence
    assert scanned.files == len(list(tmp_path.iterdir())) > 0


@MODEST
@given(
    text=texts, name=st.sampled_from([name for name in PLANTS if "vector" not in name and "lower" not in name and "name of" not in name])
)
def test_any_text_is_found_in_any_encoding(tmp_path_factory: pytest.TempPathFactory, text: str, name: str) -> None:
    folder = tmp_path_factory.mktemp("planted")
    PLANTS[name](folder, Secret(text, VECTOR))
    scanned = told(folder, text.encode())
    assert (scanned.found and not scanned.unread) or b"\0" in text.encode(), name
    assert all(found.needle == 0 for found in scanned.found)


@MODEST
@given(
    content=st.binary(min_size=8, max_size=64),
    before=st.binary(max_size=9),
    form=st.sampled_from([bytes, b64encode, lambda b: b.hex().encode()]),
)
def test_any_bytes_are_found_as_they_are_and_in_digits(
    tmp_path: Path, content: bytes, before: bytes, form: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "file").write_bytes(form(before + content + b"end"))
    assert told(tmp_path, content).found


@MODEST
@given(contents=st.lists(st.binary(max_size=300), max_size=4), sought=st.binary(min_size=8, max_size=12), cut=st.integers(0, 290))
def test_what_is_reported_is_really_there(tmp_path: Path, contents: list[bytes], sought: bytes, cut: int) -> None:
    """Every hit in plain bytes, at its place, and every place."""
    for path in tmp_path.iterdir():
        path.unlink()
    for number, content in enumerate(contents):
        (tmp_path / str(number)).write_bytes(content[:cut] + sought + content[cut:] if number % 2 else content)
    scanned = told(tmp_path, sought)
    plain = {(found.file.rpartition("/")[2], found.offset) for found in scanned.found if (found.decoder, found.form) == ("raw", "as it is")}
    assert plain == {(str(n), c.find(sought)) for n in range(len(contents)) if sought in (c := (tmp_path / str(n)).read_bytes())}


@MODEST
@given(text=texts, data=st.data())
def test_a_row_of_sqlite_is_found_wherever_its_pages_end(tmp_path: Path, text: str, data: st.DataObject) -> None:
    path = tmp_path / "base.sqlite"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA page_size=512")
        database.execute("CREATE TABLE t (a, b)")
        for _ in range(data.draw(st.integers(0, 20))):
            database.execute("INSERT INTO t VALUES (?, ?)", (os.urandom(20), "x" * 600))
        before, after = data.draw(st.integers(0, 1_200)), data.draw(st.integers(0, 1_200))
        database.execute("INSERT INTO t VALUES (1, ?)", ("x" * before + text + "x" * after,))
    scanned = told(tmp_path, text.encode(), b"not there at all")
    assert {found.needle for found in scanned.found} == {0}


def test_a_needle_longer_than_several_pages_is_found(tmp_path: Path) -> None:
    needle = random.Random(5).randbytes(3_000)
    with closing(sqlite3.connect(tmp_path / "base.sqlite", isolation_level=None)) as database:
        database.execute("PRAGMA page_size=512")
        database.execute("CREATE TABLE t (a)")
        database.execute("INSERT INTO t VALUES (?)", (b"x" * 777 + needle + b"y" * 777,))
    assert {found.decoder for found in told(tmp_path, needle).found} == {"sqlite overflow"}


def test_the_two_spellings_of_a_letter_are_one_needle(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(unicodedata.normalize("NFD", TEXT))
    (tmp_path / "b").write_text(unicodedata.normalize("NFC", TEXT))
    for form in ("NFC", "NFD"):
        found = told(tmp_path, unicodedata.normalize(form, TEXT).encode()).found
        assert {each.file for each in found} == {f"{tmp_path.name}/a", f"{tmp_path.name}/b"}


def test_a_delta_table_keeps_a_deleted_row_until_it_is_purged(tmp_path: Path) -> None:
    from deltalake import DeltaTable

    pl.DataFrame({"id": [1, 2], "text": [TEXT, "kept"]}).write_delta(tmp_path / "table")
    DeltaTable(tmp_path / "table").delete("id = 1")
    scanned = told(tmp_path, TEXT.encode())
    assert {found.decoder.partition(" ")[0] for found in scanned.found} >= {"parquet", "raw"}, "in a page, and in the statistics"


def test_a_report_is_json_and_says_nothing_of_the_needle(tmp_path: Path) -> None:
    folder = tmp_path / f"folder of {TEXT}"
    folder.mkdir()
    (folder / "plain.txt").write_text(f"two times {TEXT}, {TEXT}")
    scanned = scan([folder, tmp_path / "plain"], [b"elsewhere", TEXT.encode()])
    report = json.dumps(asdict(scanned), ensure_ascii=False)
    assert "canary" not in report
    assert [(found.needle, found.times) for found in scanned.found if found.decoder == "raw"] == [(1, 2)]
    assert "name" in {found.decoder for found in scanned.found}
    assert scanned.unread[0].file == "plain"
    assert not scanned.proves_absence


def test_many_small_files_and_one_hit(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number}.txt").write_text(f"nothing {number}" + (TEXT if number == 217 else ""))
    scanned = told(tmp_path, TEXT.encode())
    assert (scanned.files, {found.file for found in scanned.found}) == (300, {f"{tmp_path.name}/217.txt"})


@pytest.mark.parametrize("start", [b"PAR1", b"\x1f\x8b\x08", b"ARROW1\0\0", b"\xff\xff\xff\xff\x10\0\0\0"])
def test_a_broken_file_is_looked_through_as_it_is_and_reported(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "broken").write_bytes(start + b"\x07" * 40 + TEXT.encode())
    scanned = told(tmp_path, TEXT.encode())
    assert [found.decoder for found in scanned.found] == ["raw"]
    assert [(unread.file, "damaged" in unread.problem) for unread in scanned.unread] == [(f"{tmp_path.name}/broken", True)]


def test_what_is_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    whole = gzip.compress(TEXT.encode() + random.Random(1).randbytes(20_000))
    (tmp_path / "cut.gz").write_bytes(whole[:15_000])
    scanned = told(tmp_path, TEXT.encode())
    assert scanned.found[0].decoder == "gzip at 0: raw"
    assert len(scanned.unread) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "shut").write_text(TEXT)
    (tmp_path / "shut").chmod(0)
    assert told(tmp_path, TEXT.encode()).unread[0].problem == "cannot be read (PermissionError)"


@MODEST
@given(name=st.sampled_from([name for name in PLANTS if name != "the name of a file"]), data=st.data())
def test_damaged_bytes_end_no_scan(tmp_path: Path, name: str, data: st.DataObject) -> None:
    """Some bytes of a file are others, and its end is missing: what comes out may be less, but it comes out."""
    for path in tmp_path.iterdir():
        path.unlink()
    PLANTS[name](tmp_path, Secret(TEXT, VECTOR))
    for path in tmp_path.iterdir():
        content = bytearray(path.read_bytes())
        for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(content)), st.integers(0, 255)), min_size=1, max_size=9)):
            content[place % len(content)] = value
        path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    assert told(tmp_path, TEXT.encode(), VECTOR).files == len(list(tmp_path.iterdir()))


def test_links_and_pipes_are_told_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text(TEXT)
    folder = tmp_path / "inside"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(folder / "pipe")
    scanned = told(folder, TEXT.encode())
    assert scanned.found == ()
    assert sorted(unread.file for unread in scanned.unread) == ["inside/link", "inside/pipe"]
    assert not told(tmp_path / "missing", TEXT.encode()).proves_absence


def test_a_bomb_is_not_unpacked_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forensics.read._UNPACKED", 1_000_000)
    (tmp_path / "bomb").write_bytes(gzip.compress(b"\0" * 5_000_000))
    assert "more than 1000000 bytes" in told(tmp_path, TEXT.encode()).unread[0].problem
    nest = TEXT.encode()
    for _ in range(6):
        nest = gzip.compress(nest)
    (tmp_path / "bomb").write_bytes(nest)
    assert "lies within 4 others" in told(tmp_path, TEXT.encode()).unread[0].problem


def test_needles_are_read_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "needles"
    path.write_text(f"{TEXT}\n\nhex:00ff00ff00ff00ff\n", encoding="utf-8")
    assert read_needles(path) == (TEXT.encode(), b"\0\xff" * 4)
    path.write_text("hex:xyz\n")
    with pytest.raises(UsageError, match="line 1: what follows hex: must be pairs of hexadecimal digits"):
        read_needles(path)
    path.write_text("\n")
    with pytest.raises(UsageError, match="no needle in it"):
        read_needles(path)
    with pytest.raises(UsageError, match=r"the needles cannot be read \(FileNotFoundError\)"):
        read_needles(tmp_path / "absent")


def test_a_needle_that_turns_up_by_chance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needle 1 has 3 bytes; fewer than 8 turn up by chance"):
        told(tmp_path, b"long enough", b"abc")


@MODEST
@given(needles=st.lists(st.binary(min_size=8, max_size=80), max_size=5), content=st.binary(max_size=200), pick=st.integers(0, 4))
def test_the_matcher_finds_what_find_finds(needles: list[bytes], content: bytes, pick: int) -> None:
    content = content + (needles[pick] if pick < len(needles) else b"") + content
    patterns = forms(needles)
    found = {(pattern.needle, pattern.form, offset) for _, pattern, offset in Matcher(patterns).find([Piece("raw", 0, content)])}
    expected = {(p.needle, p.form, at) for p in patterns for at in range(len(content)) if content.startswith(p.sought, at)}
    assert found == expected
