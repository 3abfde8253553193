"""Laws of taking files out of files: what an independent walk finds comes out, hostile members cost nobody else anything."""

import bz2
import gzip
import io
import lzma
import os
import random
import stat
import struct
import tarfile
import zipfile
from email.message import EmailMessage
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import ParsingSettings
from parsing.archive import CONTENTS
from parsing.containers import Opened, unpack
from parsing.documents import ToParse
from parsing.holding import Limits
from parsing.unpack import decode, encode, may_hold_files, unpack_files

PACKERS = {".tar.gz": partial(gzip.compress, mtime=0), ".tar.bz2": bz2.compress, ".tar.xz": lzma.compress, ".tar": bytes}
Tree = dict[str, "bytes | Tree"]


def zipped(members: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def tarred(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


def mailed(attachments: dict[str, bytes]) -> bytes:
    message = EmailMessage()
    message["Subject"] = "What you asked for"
    message.set_content("Here it is.")
    for name, content in attachments.items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    message.set_boundary("between")
    return message.as_bytes()


def packed(name: str, members: dict[str, bytes]) -> bytes:
    if name.endswith(".zip"):
        return zipped(members)
    if name.endswith(".eml"):
        return mailed(members)
    return PACKERS[name[name.index(".tar") :]](tarred(*((tarfile.TarInfo(path), content) for path, content in members.items())))


def opened(content: bytes, name: str = "a.zip", limits: Limits | None = None) -> Opened:
    found = unpack(content, name, limits or Limits())
    assert isinstance(found, Opened)
    return found


def told(found: Opened) -> dict[str, bytes | str]:
    """Every member by the way to it: its bytes, or the rule that kept them."""
    ways: list[str] = []
    for member in found.members:
        ways.append(member.path if member.inside is None else f"{ways[member.inside]}!/{member.path}")
    return {way: member.failure.rule if member.failure else member.content for way, member in zip(ways, found.members, strict=True)}


_names = st.text("abcdeé", min_size=1, max_size=6)
_plain = st.binary(max_size=40).map(lambda content: b"t" + content)  # the bytes of no archive
_files = st.dictionaries(_names.map("{}.txt".format), _plain, min_size=1, max_size=4)
_boxes = _names.flatmap(lambda name: st.sampled_from([f"{name}{ending}" for ending in (*PACKERS, ".zip", ".eml")]))
_trees: st.SearchStrategy[Tree] = _files
for _ in range(3):
    _trees = st.tuples(_files, st.dictionaries(_boxes, _trees, max_size=2)).map(lambda pair: {**pair[0], **pair[1]})


def pack(name: str, tree: Tree) -> bytes:
    return packed(name, {path: pack(path, held) if isinstance(held, dict) else held for path, held in tree.items()})


def walk(name: str, tree: Tree, way: str = "") -> dict[str, bytes]:
    found = {}
    for path, held in tree.items():
        found[way + path] = pack(path, held) if isinstance(held, dict) else held
        if isinstance(held, dict):
            found |= walk(path, held, f"{way}{path}!/")
    return found


@settings(max_examples=60, deadline=None)
@given(_boxes, _trees)
def test_what_comes_out_of_nested_archives_and_messages_is_what_was_put_into_them(name: str, tree: Tree) -> None:
    found = opened(pack(name, tree), name, Limits(depth=20))
    assert told(found) == walk(name, tree)
    assert decode(b"".join(encode(found))) == found


@settings(max_examples=30, deadline=None)
@given(_boxes, _files)
def test_what_is_kept_of_a_container_holds_nothing_of_its_members(name: str, files: dict[str, bytes]) -> None:
    canaries = {path: content + b"canary" + os.urandom(8).hex().encode() for path, content in files.items()}
    kept = opened(packed(name, canaries), name).kept
    assert not any(content in kept for content in canaries.values())
    again = unpack(kept, name, Limits())
    assert again is None or all(not one.content for one in again.members)


def test_a_file_that_holds_nothing_is_kept_as_it_is() -> None:
    assert unpack(b"only text", "a.txt", Limits()) is None
    (answer,) = unpack_files([ToParse("0" * 32, "0" * 32, "a.zip", b"only text")], ParsingSettings())
    assert (answer.kept, answer.holds, answer.members, answer.failure) == (b"only text", False, (), None)


def test_files_are_taken_out_in_a_process_of_its_own_and_one_that_ends_badly_costs_no_other() -> None:
    bent = zipped({"a.txt": b"one"})[:-30]
    files = [ToParse(f"{n:032x}", "0" * 32, f"{n}.zip", content) for n, content in enumerate((zipped({"a.txt": b"one"}), bent))]
    good, bad = sorted(unpack_files(files, ParsingSettings(workers=2)), key=lambda answer: answer.document_id)
    assert [(member.path, member.content) for member in good.members] == [("a.txt", b"one")]
    assert bad.failure is not None
    assert bad.failure.rule == "file.corrupt"


def test_an_archive_that_is_cut_off_is_not_taken_for_one_that_lies_in_it() -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("a.txt", b"one")
        archive.writestr("inner.zip", zipped({"b.txt": b"two"}))
    found = unpack(whole.getvalue()[:-60], "a.zip", Limits())
    assert not isinstance(found, Opened)
    assert found is not None
    assert found.rule == "archive.corrupt"


def test_a_tar_whose_headers_stop_before_its_end_is_corrupt_as_a_whole() -> None:
    content = bytearray(tarred((tarfile.TarInfo("a.txt"), b"one"), (tarfile.TarInfo("b.txt"), b"two")))
    content[1024:1536] = b"x" * 512
    found = unpack(bytes(content), "a.tar", Limits())
    assert not isinstance(found, Opened)
    assert found is not None
    assert found.rule == "archive.corrupt"


def bomb_of_zeros() -> bytes:
    return zipped({"a.txt": bytes(60_000_000)})


@pytest.mark.parametrize(
    ("content", "limits", "rule"),
    [
        (bomb_of_zeros(), Limits(), "archive.too_large"),
        (gzip.compress(bytes(60_000_000)), Limits(), "archive.too_large"),
        (zipped({"a.txt": os.urandom(3_000)}), Limits(bytes=2_000), "archive.too_large"),
        (zipped({f"{n}.txt": b"" for n in range(11)}), Limits(files=10), "archive.too_many"),
        (tarred(*((tarfile.TarInfo(f"{n}.txt"), b"") for n in range(11))), Limits(files=10), "archive.too_many"),
    ],
    ids=["ratio of a ZIP", "ratio of a stream", "size", "count", "count of a TAR"],
)
def test_a_bomb_is_refused_before_anything_of_it_is_unpacked(content: bytes, limits: Limits, rule: str) -> None:
    found = unpack(content, "a.zip", limits)
    assert not isinstance(found, Opened)
    assert found is not None
    assert found.rule == rule


def test_limits_hold_for_all_levels_together_and_what_breaks_them_costs_no_other_member() -> None:
    inner = zipped({f"{n}.txt": b"x" * 400 for n in range(5)})
    box = zipped({"a.txt": b"before", "inner.zip": inner, "z.txt": b"after"})
    assert told(opened(box, limits=Limits(files=7)))["inner.zip"] == "archive.too_many"
    assert len(told(opened(box, limits=Limits(files=8)))) == 8
    assert told(opened(box, limits=Limits(bytes=2_000)))["inner.zip"] == "archive.too_large"
    shallow = told(opened(box, limits=Limits(depth=1)))
    assert shallow == {"a.txt": b"before", "inner.zip": "archive.too_deep", "z.txt": b"after"}


def test_a_sparse_member_counts_as_large_as_it_says() -> None:
    member = tarfile.TarInfo("a.txt")
    content = bytearray(tarred((member, b"one")))
    content[124:136] = b"%011o\0" % 8_000_000_000
    content[148:156] = b"%06o\0 " % (sum(content[:148]) + 8 * 32 + sum(content[156:512]))
    found = unpack(bytes(content), "a.tar", Limits())
    assert not isinstance(found, Opened)
    assert found is not None
    assert found.rule in ("archive.too_large", "archive.corrupt")


def test_names_that_lead_out_links_devices_and_locked_members_are_refused_one_by_one() -> None:
    link, device, hard = tarfile.TarInfo("link"), tarfile.TarInfo("device"), tarfile.TarInfo("hard")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    device.type = tarfile.CHRTYPE
    hard.type, hard.linkname = tarfile.LNKTYPE, "a.txt"
    names = ("../out.txt", "/etc/passwd", "sub/../../out.txt", "a.txt")
    members = [*((tarfile.TarInfo(name), b"x") for name in names), (link, b""), (device, b""), (hard, b"")]
    assert told(opened(tarred(*members), "a.tar")) == {
        "../out.txt": "archive.unsafe_name",
        "etc/passwd": "archive.unsafe_name",
        "sub/../../out.txt": "archive.unsafe_name",
        "a.txt": b"x",
        "link": "archive.not_a_file",
        "device": "archive.not_a_file",
        "hard": "archive.not_a_file",
    }


def test_a_link_a_locked_member_and_a_windows_path_of_a_zip() -> None:
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(link, b"/etc/passwd")
        archive.writestr("locked.txt", b"secret")
        archive.writestr("C:\\users\\a.txt", b"x")
        archive.writestr("sub\\b.txt", b"y")
    content = bytearray(written.getvalue())
    for head, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = [n for n in range(len(content)) if content[n : n + 4] == head][1]
        content[at + flags : at + flags + 2] = struct.pack("<H", 1)
    assert told(opened(bytes(content))) == {
        "link": "archive.not_a_file",
        "locked.txt": "archive.encrypted",
        "C:/users/a.txt": "archive.unsafe_name",
        "sub/b.txt": b"y",
    }


def test_a_member_whose_bytes_are_damaged_costs_no_other() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("a.txt", b"one one one")
        archive.writestr("b.txt", b"two")
    damaged = written.getvalue().replace(b"one one", b"one 1ne", 1)
    assert told(opened(damaged)) == {"a.txt": "archive.unreadable", "b.txt": b"two"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_equal_names_the_later_ones_are_numbered_past_those_that_are_there() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in (("a.txt", b"1"), ("a.txt", b"2"), ("a (2).txt", b"3"), ("a.txt", b"4")):
            archive.writestr(name, content)
    assert told(opened(written.getvalue())) == {"a.txt": b"1", "a (3).txt": b"2", "a (2).txt": b"3", "a (4).txt": b"4"}


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["Übung für Anfänger.txt", "Grüße.txt"], "cp437"),
        (["Договор аренды.txt", "Отчёт.txt"], "cp866"),
        (["報告書.txt", "議事録.txt"], "shift_jis"),
        (["Thư mời họp cổ đông.txt"], "utf-8"),
    ],
)
def test_names_of_old_archives_are_read_by_the_code_page_that_all_of_them_together_speak_for(names: list[str], encoding: str) -> None:
    marks = {f"{'x' * (len(name.encode(encoding)) - 1)}{n}": name for n, name in enumerate(names)}
    content = zipped(dict.fromkeys(marks, b"content"))
    for mark, name in marks.items():
        content = content.replace(mark.encode(), name.encode(encoding))
    assert set(told(opened(content))) == set(names)


@pytest.mark.parametrize("ending", [".tar", ".zip"])
def test_an_archive_whose_first_member_is_a_pdf_is_no_pdf(ending: str) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("a.pdf", b"%PDF-1.7")
    content = written.getvalue() if ending == ".zip" else packed("a.tar", {"a.pdf": b"%PDF-1.7"})
    assert told(opened(content, f"a{ending}")) == {"a.pdf": b"%PDF-1.7"}


def test_attachments_with_the_same_name_a_path_or_none_all_come_out() -> None:
    message = EmailMessage()
    message.set_content("Two pictures.")
    for name in ("image.png", "C:\\photos\\image.png", None):
        message.add_attachment(b"x", maintype="image", subtype="png", filename=name)
    assert list(told(opened(message.as_bytes(), "a.eml"))) == ["image.png", "image (2).png", "image (3).png"]


def test_the_text_of_an_archive_is_the_list_of_its_names() -> None:
    assert opened(zipped({"a.txt": b"1", "sub/b.txt": b"2"})).kept == CONTENTS + b"a.txt\n\nsub/b.txt"


def test_what_cannot_hold_a_file_is_not_asked() -> None:
    office = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"})
    assert not may_hold_files(office, "a.docx")
    assert not may_hold_files(b"text", "a.txt")
    assert all(may_hold_files(packed(f"a{ending}", {"a.txt": b"x"}), f"a{ending}") for ending in (*PACKERS, ".zip", ".eml"))


def bend(content: bytes, chance: random.Random) -> bytes:
    """Cut off, with bits turned, or with something in between."""
    bent = bytearray(content)
    place = chance.randrange(len(bent))
    match chance.randrange(3):
        case 0:
            del bent[place:]
        case 1:
            for _ in range(chance.randrange(1, 8)):
                bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
        case 2:
            bent[place:place] = chance.randbytes(chance.randrange(1, 40))
    return bytes(bent)


def check_bent(times: int) -> None:
    """Each gets an answer in this very process; what comes out of an archive that opens is whole, or says why not."""
    files = {"a.txt": b"hello world " * 20, "c.txt": b"zz" * 100}
    inner = zipped(files)
    wholes = {f"a{end}": packed(f"a{end}", files | {"in.zip": inner}) for end in (*PACKERS, ".zip", ".eml")}
    chance = random.Random(times)
    for _ in range(times):
        name = chance.choice(sorted(wholes))
        found = unpack(bend(wholes[name], chance), name, Limits())
        if isinstance(found, Opened):
            assert all(member.content == b"" for member in found.members if member.failure)
            if name.endswith(".zip"):
                assert all(member.content in (*files.values(), inner) for member in found.members if not member.failure)


def test_bent_archives_get_an_answer_and_no_member_that_is_not_whole() -> None:
    check_bent(300)


@pytest.mark.soak
def test_ten_thousand_bent_archives_do_too() -> None:
    check_bent(10_000)
