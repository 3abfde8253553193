"""A folder lists what is there, whatever its names, links and neighbours try."""

import logging
import os
import socket
import sys
import tempfile
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import SourceSettings
from contracts.errors import DocumentUnavailable, SettingsError, StoreUnavailable, Vanished
from contracts.ports import Listed
from sources.folder import FolderSource
from sources.open import open_source


def source(root: Path, **stated: object) -> FolderSource:
    return FolderSource("hr", SourceSettings.model_validate({"path": root, **stated}), root)


def write(root: Path, **files: str | bytes) -> None:
    put(root, files)


def put(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)


def uris(root: Path, **stated: object) -> list[str]:
    return [listed.uri for listed in source(root, **stated).list()]


def one(root: Path, uri: str, **stated: object) -> Listed:
    return {listed.uri: listed for listed in source(root, **stated).list()}[uri]


def test_a_golden_folder(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "handbook.docx": "one",
            "handbook.docx.meta.yaml": "title: Handbook\ngroups: [hr]\nclassification: internal\n",
            "letters/2024/a.eml": "two",
            "letters/2024/a.eml.meta.yml": "subjects: lan@example.org\n",
            "terms.csv": "uri,owner,classification\nhandbook.docx,Legal,restricted\nletters/2024/a.eml,,public\n",
            ".hidden": "x",
            ".git/config": "x",
            "~$handbook.docx": "x",
            "Thumbs.db": "x",
            "letters/.DS_Store": "x",
            "ragkeep.yaml": "sources: {}",
            "letters/drafts/b.txt": "x",
            "orphan.txt.meta.yaml": "title: of nothing",
        },
    )
    os.utime(tmp_path / "handbook.docx", ns=(0, 1_700_000_000_123_456_789))
    listed = list(source(tmp_path, exclude=["drafts"], manifest="terms.csv").list())
    assert [(each.uri, each.size, each.terms, each.problem) for each in listed] == [
        ("handbook.docx", 3, {"classification": "internal", "groups": ["hr"], "owner": "Legal", "title": "Handbook"}, None),
        ("letters/2024/a.eml", 3, {"classification": "public", "subjects": ["lan@example.org"]}, None),
    ]
    assert listed[0].stat == "3:1700000000123456789"
    assert listed[0].modified_at == datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)


def test_include_and_exclude_choose_documents_but_not_their_sidecars(tmp_path: Path) -> None:
    put(tmp_path, {"a.pdf": "", "a.pdf.meta.yaml": "title: A", "b.txt": "", "x/c.pdf": "", "x/d.pdf": ""})
    assert uris(tmp_path, include=["*.pdf"], exclude=["x/c*"]) == ["a.pdf", "x/d.pdf"]
    assert one(tmp_path, "a.pdf", include=["*.pdf"]).terms == {"title": "A"}


hostile = st.binary(min_size=1, max_size=12).map(lambda name: name.replace(b"/", b"%").replace(b"\0", b"%2f"))
readable = st.text(st.sampled_from("aeE\u0301\u0323é%25fF\n\\ ."), min_size=1, max_size=8).map(os.fsencode)
names = st.one_of(hostile, readable).filter(lambda name: not name.startswith((b".", b"~$")) and name.lower() != b"thumbs.db")


@settings(deadline=None, max_examples=80)
@given(st.dictionaries(names, st.binary(max_size=4), max_size=6))
def test_files_of_any_name_are_listed_under_uris_of_their_own_and_read_back(files: dict[bytes, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(content)
        of_folder = source(Path(folder))
        listed = [each.uri for each in of_folder.list()]
        assert len(set(listed)) == len(files)
        assert sorted(of_folder.read(uri) for uri in listed) == sorted(files.values())
        for uri in listed:
            uri.encode()
            assert unicodedata.is_normalized("NFC", uri)
            assert min(uri) >= " "
            assert source(Path(folder)).read(uri) == of_folder.read(uri)


def test_names_are_shown_as_people_write_them(tmp_path: Path) -> None:
    nfd = unicodedata.normalize("NFD", "hồ sơ.txt")
    put(tmp_path, {nfd: "nfd", "100% plan.txt": "", "a%20b.txt": "", "line\nbreak.txt": "", os.fsdecode(b"latin-\xe9.txt"): "latin"})
    assert uris(tmp_path) == ["100% plan.txt", "a%2520b.txt", "hồ sơ.txt", "latin-%E9.txt", "line%0Abreak.txt"]
    assert source(tmp_path).read("hồ sơ.txt") == b"nfd"
    assert source(tmp_path).read("latin-%E9.txt") == b"latin"


def test_two_names_that_differ_in_unicode_form_alone_are_two_documents(tmp_path: Path) -> None:
    nfd = unicodedata.normalize("NFD", "é.txt")
    put(tmp_path, {nfd: "nfd", "é.txt": "nfc", "é.txt.meta.yaml": "title: T"})
    if len(os.listdir(tmp_path)) == 2:
        pytest.skip("this disk takes both forms for one name")
    assert uris(tmp_path) == ["e%CC%81.txt", "é.txt"]
    assert source(tmp_path).read("é.txt") == b"nfc"
    assert source(tmp_path).read("e%CC%81.txt") == b"nfd"
    assert [each.terms for each in source(tmp_path).list()] == [{"title": "T"}, {"title": "T"}]


def test_a_sidecar_in_another_unicode_form_is_found(tmp_path: Path) -> None:
    put(tmp_path, {unicodedata.normalize("NFD", "é.txt"): "x", "é.txt.meta.yaml": "title: T"})
    assert one(tmp_path, "é.txt").terms == {"title": "T"}


def test_links_are_followed_inside_the_root_and_never_out_of_it(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    put(outside, {"secret.txt": "secret", "sidecar": "classification: public"})
    put(root, {"a/one.txt": "1", "b/two.txt": "2"})
    (root / "file-link.txt").symlink_to("a/one.txt")
    (root / "folder-link").symlink_to("a")
    (root / "escape.txt").symlink_to(outside / "secret.txt")
    (root / "escape").symlink_to(outside)
    (root / "dangling.txt").symlink_to("nowhere")
    (root / "itself").symlink_to("itself")
    (root / "a" / "up").symlink_to("..")
    (root / "a" / "to-b").symlink_to("../b")
    (root / "b" / "to-a").symlink_to("../a")
    (root / "sibling").symlink_to("../root-of-another")
    put(tmp_path / "root-of-another", {"x.txt": "x"})
    listed = uris(root)
    assert {"a/one.txt", "b/two.txt", "file-link.txt"} <= set(listed)
    assert not [uri for uri in listed if "escape" in uri or "sibling" in uri or "dangling" in uri or "itself" in uri]
    assert listed == uris(root)
    assert {source(root).read(uri) for uri in listed} == {b"1", b"2"}


def test_a_file_that_becomes_a_link_to_the_outside_cannot_be_read(tmp_path: Path) -> None:
    put(tmp_path, {"root/a.txt": "a", "secret": "secret"})
    of_root = source(tmp_path / "root")
    assert len(list(of_root.list())) == 1
    (tmp_path / "root" / "a.txt").unlink()
    (tmp_path / "root" / "a.txt").symlink_to(tmp_path / "secret")
    with pytest.raises(Vanished):
        of_root.read("a.txt")


def test_a_sidecar_that_is_a_link_to_the_outside_is_a_problem_and_not_silence(tmp_path: Path) -> None:
    put(tmp_path, {"root/a.txt": "a", "terms": "classification: restricted"})
    (tmp_path / "root" / "a.txt.meta.yaml").symlink_to(tmp_path / "terms")
    problem = one(tmp_path / "root", "a.txt").problem
    assert problem is not None
    assert problem.detail == "a.txt.meta.yaml: is a link that leaves the source's folder or points nowhere"


def test_only_regular_files_are_documents(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(tmp_path)
        try:
            server.bind("socket.txt")
        finally:
            os.chdir(here)
    assert uris(tmp_path) == []


def test_folders_may_be_deeper_than_python_recurses(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 400)
    put(tmp_path, {f"{deep}/a.txt": ""})
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        assert uris(tmp_path) == [f"{deep}/a.txt"]
    finally:
        sys.setrecursionlimit(limit)


def test_what_vanishes_while_it_is_listed_is_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, {"a.txt": "", "b.txt": "", "x/c.txt": ""})
    import sources.walk

    stat_of = sources.walk._status

    def racing(entry: os.DirEntry[str], root: str) -> os.stat_result | None:
        if entry.name == "a.txt":
            os.unlink(entry.path)
        found = stat_of(entry, root)
        if entry.name == "x":
            os.unlink(tmp_path / "x" / "c.txt")
            os.rmdir(entry.path)
        return found

    monkeypatch.setattr(sources.walk, "_status", racing)
    assert uris(tmp_path) == ["b.txt"]


def test_an_unreadable_file_is_listed_with_its_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, {"a.txt": "a", "b.txt": "b"})
    monkeypatch.setattr("os.access", lambda path, _mode: not str(path).endswith("a.txt"))
    monkeypatch.setattr(Path, "read_bytes", lambda _path: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    problem = one(tmp_path, "a.txt").problem
    assert problem is not None
    assert (problem.rule, problem.detail) == ("source.unreadable", "a.txt: Permission denied.")
    assert one(tmp_path, "b.txt").problem is None
    with pytest.raises(DocumentUnavailable, match=r"a\.txt: Permission denied\. Make the file readable") as caught:
        source(tmp_path).read("a.txt")
    assert not isinstance(caught.value, Vanished)


def test_an_unreadable_folder_stops_the_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, {"a.txt": "a", "x/b.txt": "b"})
    scan = os.scandir

    def refusing(path: Path) -> object:
        if str(path).rstrip("/").endswith("x"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr("os.scandir", refusing)
    with pytest.raises(StoreUnavailable, match=r"Permission denied\. Make the folder readable, or exclude it"):
        uris(tmp_path)
    assert uris(tmp_path, exclude=["x"]) == ["a.txt"]


def test_a_missing_root_is_a_fault_of_the_settings_and_a_lost_one_is_no_empty_listing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"sources\.hr\.path: folder does not exist: .*gone"):
        open_source("hr", SourceSettings(path=Path("gone")), tmp_path)
    (tmp_path / "here").mkdir()
    of_here = open_source("hr", SourceSettings(path=Path("here")), tmp_path)
    (tmp_path / "here").rmdir()
    with pytest.raises(StoreUnavailable, match="the folder is gone"):
        list(of_here.list())


def test_impossible_times_of_files_are_clamped(tmp_path: Path) -> None:
    from sources.folder import _moment

    assert _moment(10**21) == datetime.max.replace(tzinfo=UTC)
    assert _moment(-(10**21)) == datetime.min.replace(tzinfo=UTC)
    assert _moment(-1_000) == datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def test_nothing_that_a_source_logs_names_a_file_or_a_value(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(tmp_path, {"nguyen.txt": "x", "nguyen.txt.meta.yaml": "owner: [nguyen", "terms.csv": "uri,owner\nother-nguyen.txt,nguyen\n"})
    with caplog.at_level(logging.DEBUG):
        list(source(tmp_path, manifest="terms.csv").list())
    assert "source hr: 1 rows of its manifest name no file" in caplog.text
    assert "nguyen" not in caplog.text
