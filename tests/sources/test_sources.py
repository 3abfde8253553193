"""What every source promises, asked of the folder and of its twin in memory."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from configs.settings import SourceSettings
from contracts.errors import Vanished
from contracts.ports import Source
from sources.folder import FolderSource
from sources.memory import MemorySource

Make = Callable[[Mapping[str, bytes], Mapping[str, Mapping[str, Any]]], Source]
FILES = {"b.txt": b"two", "a/c.md": b"", "Tài liệu/hồ sơ.txt": b"\xff\x00", "a.txt": b"one"}


@pytest.fixture(params=["folder", "memory"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    def folder(files: Mapping[str, bytes], terms: Mapping[str, Mapping[str, Any]]) -> Source:
        for uri, content in files.items():
            (tmp_path / uri).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / uri).write_bytes(content)
        for uri, stated in terms.items():
            (tmp_path / f"{uri}.meta.yaml").write_text(yaml.safe_dump(dict(stated), allow_unicode=True), encoding="utf-8")
        return FolderSource("hr", SourceSettings(path=tmp_path), tmp_path)

    return folder if request.param == "folder" else lambda files, terms: MemorySource("hr", files, terms)


class TestEverySource:
    def test_lists_every_document_once_ordered_by_uri(self, make: Make) -> None:
        source = make(FILES, {})
        assert [listed.uri for listed in source.list()] == sorted(FILES)
        assert list(source.list()) == list(source.list())
        assert source.name == "hr"

    def test_reads_the_bytes_that_it_listed(self, make: Make) -> None:
        source = make(FILES, {})
        assert {listed.uri: source.read(listed.uri) for listed in source.list()} == FILES
        assert {listed.uri: listed.size for listed in source.list()} == {uri: len(content) for uri, content in FILES.items()}

    def test_reads_without_having_listed(self, make: Make) -> None:
        assert make(FILES, {}).read("a/c.md") == b""

    @pytest.mark.parametrize("uri", ["gone.txt", "", "../secret", "/etc/passwd", "a", "a/../b.txt"])
    def test_says_that_a_document_vanished(self, make: Make, uri: str) -> None:
        with pytest.raises(Vanished) as caught:
            make(FILES, {}).read(uri)
        assert caught.value.failure.rule == "source.vanished"

    def test_gives_the_terms_that_were_stated_and_no_others(self, make: Make) -> None:
        stated = {
            "groups": ["hr", "legal"],
            "classification": "internal",
            "date": "2026-01-02",
            "owner": "Nguyễn",
            "subjects": "p1; p2",
            "title": "",
        }
        by_uri = {listed.uri: listed for listed in make(FILES, {"a.txt": stated}).list()}
        assert by_uri["a.txt"].terms == {
            "classification": "internal",
            "date": "2026-01-02",
            "groups": ["hr", "legal"],
            "owner": "Nguyễn",
            "subjects": ["p1", "p2"],
        }
        assert list(by_uri["a.txt"].terms) == sorted(by_uri["a.txt"].terms)
        assert by_uri["b.txt"].terms == {}
        assert all(listed.problem is None for listed in by_uri.values())

    @pytest.mark.parametrize(
        ("stated", "message"),
        [
            ({"classifcation": "public"}, "`classifcation` is not a term (did you mean classification?)"),
            ({"classification": "SECRET-VALUE"}, "`classification`: Input should be 'public'"),
            ({"retention_days": "SECRET-VALUE"}, "`retention_days`: Input should be a valid integer"),
            ({"groups": [1]}, "`groups.0`: Input should be a valid string"),
            ({"SECRET-VALUE of a letter": "x"}, "a key is not a term"),
            ({5: "x"}, "a key is not a term"),
        ],
    )
    def test_makes_terms_that_cannot_be_read_a_problem_of_their_document_alone(self, make: Make, stated: Any, message: str) -> None:
        by_uri = {listed.uri: listed for listed in make(FILES, {"a.txt": stated}).list()}
        problem = by_uri["a.txt"].problem
        assert problem is not None
        assert problem.rule == "terms.unreadable"
        assert message in problem.detail
        assert problem.detail.startswith("a.txt")
        assert "SECRET-VALUE" not in problem.detail
        assert by_uri["a.txt"].terms == {}
        assert by_uri["b.txt"].problem is None

    def test_an_empty_list_is_a_statement_and_an_empty_value_is_not(self, make: Make) -> None:
        by_uri = {
            listed.uri: listed.terms for listed in make(FILES, {"a.txt": {"groups": []}, "b.txt": {"groups": " ; ", "owner": None}}).list()
        }
        assert by_uri["a.txt"] == {"groups": []}
        assert by_uri["b.txt"] == {}
