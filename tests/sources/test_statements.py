"""What is stated about documents is read exactly, or refused with the place and the reason."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import SourceSettings
from contracts.errors import SettingsError
from contracts.results import Failure
from sources.folder import FolderSource
from sources.manifest import read_manifest
from sources.statements import merged_terms, read_sidecar


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"classification: restricted\nclassification: public\n", "line 2: `classification` is stated twice"),
        (b"title: [SECRET", "line 2: is not YAML"),
        (b"a: 1\n  b: : 2\n", "is not YAML"),
        (b"SECRET", "is not a list of `key: value` lines"),
        (b"- title: a\n", "is not a list"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b"title: \x01", "is not YAML"),
        (b"date: 2024-99-99\n", "is not YAML"),
        (b"!!python/object/apply:os.system ['SECRET']", "is not YAML"),
        (b"title: !x SECRET", "is not YAML"),
        (b"[" * 16_000, "nests lists and mappings"),
        (b"{? " * 5_000, "nests lists and mappings"),
        (b"- " * 8_000, "nests lists and mappings"),
        (b"a" * 16_385, "is larger than 16384 bytes"),
        (b"*a", "is not YAML"),
        (b"---\ntitle: a\n---\ntitle: b\n", "is not YAML"),
        (b"? [a, b]\n: c\n", "is not YAML"),
        (b"<<: 5\ntitle: a\n", "is not YAML"),
    ],
)
def test_a_sidecar_that_cannot_be_read_says_why_and_quotes_nothing(content: bytes, message: str) -> None:
    failure = read_sidecar(content, "a.docx.meta.yaml")
    assert isinstance(failure, Failure)
    assert failure.rule == "terms.unreadable"
    assert failure.detail.startswith("a.docx.meta.yaml: ")
    assert message in failure.detail
    assert "SECRET" not in failure.detail


def test_a_sidecar_may_be_empty_or_begin_with_a_byte_order_mark() -> None:
    assert read_sidecar(b"", "w") == {}
    assert read_sidecar(b"# nothing yet\n", "w") == {}
    assert read_sidecar("\ufefftitle: Hồ sơ\n".encode(), "w") == {"title": "Hồ sơ"}
    assert read_sidecar("title: Hồ sơ\n".encode("utf-16"), "w") == {"title": "Hồ sơ"}


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_statement_or_a_failure(content: bytes) -> None:
    said = read_sidecar(content, "w")
    assert isinstance(said, Failure) or isinstance(merged_terms([(said, "w")]), dict | Failure)


def test_a_later_statement_overrides_key_by_key_and_an_empty_one_overrides_nothing() -> None:
    earlier = {"owner": "Legal", "groups": "hr", "retention_days": "30", "expires_at": "2030-01-01T00:00:00"}
    later = {"owner": " ", "groups": [], "retention_days": None, "title": "T"}
    assert merged_terms([(earlier, "m"), (later, "s")]) == {
        "expires_at": "2030-01-01T00:00:00Z",
        "groups": [],
        "owner": "Legal",
        "retention_days": 30,
        "title": "T",
    }


def test_both_endings_of_a_sidecar_are_read_the_second_over_the_first(tmp_path: Path) -> None:
    for name, content in {"a": "", "a.meta.yaml": "owner: one\ntitle: T\n", "a.meta.yml": "owner: two\n"}.items():
        (tmp_path / name).write_text(content)
    (listed,) = FolderSource("s", SourceSettings(path=tmp_path), tmp_path).list()
    assert listed.terms == {"owner": "two", "title": "T"}


def test_a_manifest_in_csv_states_what_its_cells_say(tmp_path: Path) -> None:
    path = tmp_path / "terms.CSV"
    path.write_bytes('\ufeffuri, groups ,title\r\n./a.txt,hr; legal,"one, ""two""\nthree"\r\n\r\ncafe\u0301.txt,,\u2028\r\n'.encode())
    stated = read_manifest(path, key="sources.hr.manifest")
    assert stated == {
        "a.txt": ({"groups": "hr; legal", "title": 'one, "two"\nthree'}, "terms.CSV line 3"),
        "café.txt": ({"groups": "", "title": "\u2028"}, "terms.CSV line 5"),
    }


def test_a_manifest_in_jsonl_states_what_its_objects_say(tmp_path: Path) -> None:
    path = tmp_path / "terms.jsonl"
    path.write_text('{"uri": "a.txt", "groups": ["hr"], "title": "\u2028"}\n\n{"uri": "b.txt"}\n', encoding="utf-8")
    assert read_manifest(path, key="k") == {
        "a.txt": ({"groups": ["hr"], "title": "\u2028"}, "terms.jsonl line 1"),
        "b.txt": ({}, "terms.jsonl line 3"),
    }


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "line 1 has no column `uri`"),
        ("t.csv", b"uri;groups\na;b\n", "line 1 has no column `uri`"),
        ("t.csv", b"uri,title,title\n", "line 1 names the column `title` twice"),
        ("t.csv", b"uri,classifcation\n", "line 1 names the column `classifcation`, which is not a term. Terms are title, owner"),
        ("t.csv", b"uri,title\na,SECRET,c\n", "line 2 has 3 cells, the first line 2"),
        ("t.csv", b"uri,title\na\n", "line 2 has 1 cells, the first line 2"),
        ("t.csv", b"uri,title\n,SECRET\n", "line 2 has no `uri`"),
        ("t.csv", b'uri,title\na,"SECRET\n', "is not CSV"),
        ("t.csv", b"uri\na\n./a\n", "line 3 states `a` again, after t.csv line 2"),
        ("t.csv", b"uri\n\xff\n", "is not UTF-8"),
        ("t.jsonl", b'{"uri": "a"}\n{SECRET', "line 2 is not JSON"),
        ("t.jsonl", b'["uri"]', "line 1 is not an object"),
        ("t.jsonl", b'{"title": "SECRET"}', "line 1 has no `uri`"),
        ("t.jsonl", b'{"uri": 5}', "line 1 has no `uri`"),
        ("t.jsonl", b'{"uri": "a", "groups": "hr", "groups": ""}', "line 1 states a key twice"),
        ("t.jsonl", b'{"uri": "a"}\n{"uri": "a"}', "line 2 states `a` again"),
        ("t.jsonl", b"[" * 100_000, "line 1 is not JSON"),
        ("t.xlsx", b"", "is neither .csv nor .jsonl"),
    ],
)
def test_a_broken_manifest_stops_the_listing_with_file_and_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "a").write_text("")
    with pytest.raises(SettingsError) as caught:
        list(FolderSource("hr", SourceSettings(path=tmp_path, manifest=Path(name)), tmp_path).list())
    assert str(caught.value).startswith("sources.hr.manifest: ")
    assert name in str(caught.value)
    assert message in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_missing_manifest_stops_the_listing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"sources\.hr\.manifest: .*gone\.csv cannot be read: No such file"):
        list(FolderSource("hr", SourceSettings(path=tmp_path, manifest=Path("gone.csv")), tmp_path).list())


def test_a_bad_value_in_a_manifest_is_the_problem_of_its_document_alone(tmp_path: Path) -> None:
    for name, content in {"a": "", "b": "", "t.csv": "uri,classification\na,SECRET\nb,public\n"}.items():
        (tmp_path / name).write_text(content)
    first, second = FolderSource("hr", SourceSettings(path=tmp_path, manifest=Path("t.csv")), tmp_path).list()
    assert first.problem is not None
    assert first.problem.detail.startswith("t.csv line 2: `classification`: Input should be 'public'")
    assert (second.problem, second.terms) == (None, {"classification": "public"})
